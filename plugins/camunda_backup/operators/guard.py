"""The last line of the invariant: nobody leaves exporting paused, and a missing backup is noticed."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Context, DagRunState
from airflow.sdk.exceptions import AirflowSkipException

from camunda_backup import leases, manifests
from camunda_backup.continuity import gaps, oldest_newest
from camunda_backup.errors import BackupFailed, PauseBroken
from camunda_backup.hooks.camunda import ExportingHook
from camunda_backup.hooks.parts import ContinuousHook, Part
from camunda_backup.operators.step import RunbookStep

LOOK_AGAIN = 3.0  # seconds; a backup may pause or resume between two looks
ACTIVE: list[str] = [DagRunState.RUNNING, DagRunState.QUEUED]


def skip_while_restoring(context: Context, restores: Sequence[str]) -> None:
    """Skip the task while one of these DAGs runs."""
    for dag_id in restores:
        if context["ti"].get_dr_count(dag_id=dag_id, states=[DagRunState.RUNNING]):
            raise AirflowSkipException(f"{dag_id} is running; a restored Zeebe exports from its start on")


class GuardExporting(RunbookStep):
    """Fail when exporting is paused and no active backup run is responsible for it; resume it if allowed.

    :param cluster: name of the cluster
    :param exporting: keyword arguments of :class:`~camunda_backup.hooks.camunda.ExportingHook`
    :param resume: whether it may resume exporting
    :param margin: seconds that an active backup has for its own resume beyond max_pause
    :param restores: DAGs that stop Zeebe; while one of them runs there is nothing to look at
    """

    ui_color = "#ffd9d9"

    def __init__(
        self,
        *,
        cluster: str,
        exporting: dict[str, Any],
        resume: bool,
        margin: float,
        restores: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.restores = restores
        self.exporting = exporting
        self.resume = resume
        self.margin = margin

    def step(self, context: Context) -> str:
        """Look twice, then act; raises PauseBroken for a pause that nobody is responsible for."""
        skip_while_restoring(context, self.restores)
        hook = ExportingHook(**self.exporting)
        verdict = self._verdict(hook, context)
        if verdict is not None:
            time.sleep(LOOK_AGAIN)
            verdict = self._verdict(hook, context)
        if verdict is None:
            return "exporting runs, or an active backup has paused it"
        if not self.resume:
            raise PauseBroken(f"{verdict}. The cluster file does not let the guard resume it: resume it by hand.")
        hook.resume()
        seen = hook.look()
        if not seen.runs:
            raise PauseBroken(f"{verdict}. The guard tried to resume it, but it is not running yet: {seen.phases}")
        leases.delete(self.cluster)
        raise PauseBroken(f"{verdict}. The guard has resumed it; exporting runs on every partition again.")

    def _verdict(self, hook: ExportingHook, context: Context) -> str | None:
        """Return why the pause is nobody's, or None when all is well."""
        seen = hook.look()
        if seen.runs:
            return None
        paused = f"exporting of {self.cluster} is paused ({seen.phases})"
        lease = leases.read(self.cluster)  # after the look: a backup writes it before it pauses
        if lease is None:
            return f"{paused} and no backup run says that it needs it"
        owner = f"run {lease.run_id} of {lease.dag_id}"
        ti = context["ti"]
        if not ti.get_dr_count(dag_id=lease.dag_id, run_ids=[lease.run_id], states=ACTIVE):
            return f"{paused} by {owner}, which is not active any more"
        overdue = time.time() - lease.give_up_at
        if overdue > self.margin:
            return f"{paused} by {owner}, {overdue:.0f} s longer than max_pause of the cluster file"
        self.log.info("%s, which is active until %s", f"{paused} by {owner}", _clock(lease.give_up_at))
        return None


class GuardContinuousBackups(RunbookStep):
    """Fail when Zeebe's own backups have a gap, or the newest one is too old; for clusters that are never paused.

    :param cluster: name of the cluster
    :param part: keyword arguments of :class:`~camunda_backup.hooks.parts.Part`, of Zeebe
    :param exporting: keyword arguments of :class:`~camunda_backup.hooks.camunda.ExportingHook`
    :param max_age: seconds
    :param restores: DAGs that stop Zeebe; while one of them runs there is nothing to look at
    """

    ui_color = "#ffd9d9"

    def __init__(
        self,
        *,
        cluster: str,
        part: dict[str, Any],
        exporting: dict[str, Any],
        max_age: float,
        restores: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.part = part
        self.exporting = exporting
        self.max_age = max_age
        self.restores = restores

    def step(self, context: Context) -> str:
        """Look; raises BackupFailed with everything that is wrong with the backups."""
        skip_while_restoring(context, self.restores)
        holdings = ContinuousHook(Part(**self.part)).holdings()
        problems = list(gaps(holdings, set(ExportingHook(**self.exporting).leaders())))
        newest = oldest_newest(holdings)
        age = (datetime.now(UTC) - newest).total_seconds() if newest else None
        if age is not None and age > self.max_age:
            problems.append(
                f"the newest one is {age / 60:.0f} min old, more than the {self.max_age / 60:.0f} min of"
                " zeebe_backups.max_age: does the schedule run, and does the backup store answer?"
            )
        if problems:
            raise BackupFailed(f"Zeebe's own backups of {self.cluster}:\n- " + "\n- ".join(problems))
        return f"they are without a gap, and the newest one is {age or 0:.0f} s old"


class GuardRecoveryPoint(RunbookStep):
    """Fail when the newest complete backup set of a cluster is older than its RPO.

    :param cluster: name of the cluster
    :param location: where manifests are kept
    :param rpo: in seconds; None skips
    """

    ui_color = "#ffd9d9"

    def __init__(self, *, cluster: str, location: str, rpo: float | None, **kwargs: Any):
        super().__init__(**kwargs)
        self.cluster = cluster
        self.location = location
        self.rpo = rpo

    def step(self, context: Context) -> int:
        """Return the newest backup ID; raises BackupFailed when there is none in time."""
        if self.rpo is None:
            raise AirflowSkipException(f"the cluster file of {self.cluster} has no guard.rpo")
        known = manifests.backup_ids(self.location, self.cluster)
        if not known:
            raise BackupFailed(f"{self.cluster} has no complete backup yet; run back_up_{self.cluster}")
        newest = manifests.read(self.location, self.cluster, known[0])
        age = (datetime.now(UTC) - manifests.taken_at(newest)).total_seconds()
        if age > self.rpo:
            raise BackupFailed(
                f"the newest complete backup of {self.cluster}, {known[0]}, is {age / 3600:.1f} h old, more than the"
                f" {self.rpo / 3600:.1f} h of guard.rpo; look at the runs of back_up_{self.cluster}"
            )
        return known[0]


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S UTC")
