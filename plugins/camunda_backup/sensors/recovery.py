"""Zeebe restores itself: into recovering mode, its partitions out of the backup, and back to work."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context

from camunda_backup.api.restore_api import COMPLETED, ENDED_BADLY, IN_PROGRESS, Changes, Progress
from camunda_backup.clusters import AnyCluster
from camunda_backup.errors import NotYet, RestoreFailed
from camunda_backup.hooks.camunda import ExportingHook
from camunda_backup.hooks.recovery import RecoveryHook
from camunda_backup.recovery import recovery, require_at_work
from camunda_backup.sensors.step import RunbookSensor
from camunda_backup.standing import require_healthy_zeebe, require_quiet

SENT = "sent"  # of the task's state store: it outlives tries and clearing
LATE = 60.0  # seconds that a wait ends before the sensor's own deadline does, with advice


class EnterRecovery(RunbookSensor):
    """Put Zeebe into recovering mode and wait until every partition is in it and it would take the restore.

    Partitions that are there already are a success. Returns ``change_id``, None when nothing had to change.

    :param cluster: the cluster file
    :param backup_id: of the set (templated)
    """

    ui_color = "#f5d6d6"
    template_fields: Sequence[str] = ("backup_id",)

    def __init__(self, *, cluster: AnyCluster, backup_id: Any, **kwargs: Any) -> None:
        super().__init__(deadline=cluster.restore_limits.stop.total_seconds(), **kwargs)
        self.cluster = cluster
        self.backup_id = backup_id

    def begin(self, context: Context) -> dict[str, Any]:
        """Ask for the mode, when no other change is going on; a restore that hangs is cancelled if the run says so."""
        hook = recovery(self.cluster)
        if pending := hook.changes().pending:
            progress = hook.progress()
            if context["params"]["cancel_restore"] and progress is not None and progress.change_id == pending:
                self.log.info("Cancelling change %s: %s", pending, progress)
                hook.cancel(pending)
            raise NotYet(f"change {pending} of the cluster is going on")
        if hook.topology().recovering:
            self.log.info("Zeebe is in recovering mode already")
            return {"change_id": None}
        return {"change_id": hook.enter()}

    def look(self, context: Context, begun: Any) -> dict[str, Any]:
        """Ask for the change, then the partitions, then whether a restore would be taken now."""
        hook, change_id = recovery(self.cluster), begun["change_id"]
        changes = hook.changes()
        if changes.pending:
            raise NotYet(f"change {changes.pending} of the cluster is going on")
        if change_id is not None:
            state = changes.state(change_id)
            if state in ENDED_BADLY:
                raise RestoreFailed(f"Zeebe did not get into recovering mode: change {change_id} is {state}")
            if state != COMPLETED:
                raise NotYet(f"the cluster does not tell of change {change_id}; its last is {changes.last}")
        if active := hook.topology().active_ones:
            raise NotYet(f"{len(active)} partitions are not in recovering mode yet: {active[0]}")
        hook.validate(int(self.backup_id))
        self.log.info("Every partition is in recovering mode, and Zeebe would take backup %s", self.backup_id)
        return {"change_id": change_id}


class RestorePartitions(RunbookSensor):
    """Let Zeebe restore its partitions, and wait until that change of the cluster has completed.

    A restore that this task has sent is followed and not sent again, also by another try and after clearing. One that
    failed, or was given up on, is cancelled by the next try, which sends it again. Returns ``change_id``.

    :param cluster: the cluster file
    :param backup_id: of the set (templated)
    """

    ui_color = "#d6e4f5"
    template_fields: Sequence[str] = ("backup_id",)

    def __init__(self, *, cluster: AnyCluster, backup_id: Any, **kwargs: Any) -> None:
        self.limit = cluster.restore_limits.partitions.total_seconds()
        super().__init__(deadline=self.limit + LATE, **kwargs)
        self.cluster = cluster
        self.backup_id = backup_id

    def begin(self, context: Context) -> str:
        """Find what an earlier try has sent, or send the restore."""
        hook, sent = recovery(self.cluster), context["task_state_store"].get(SENT)
        progress, changes = hook.progress(), hook.changes()
        if isinstance(sent, dict):
            known = self._sent_before(hook, sent, progress, changes)
            if known is not None:
                self._note(context, known)
                self.log.info("Change %s was asked for before: it is not sent again", known)
                return known
        if changes.pending or progress is not None:
            raise RestoreFailed(
                f"another change of the cluster is going on ({progress or changes.pending}), which this run has not"
                " asked for; wait for it, or cancel it by a new run with cancel_restore on"
            )
        require_quiet(self.cluster)
        self._note(context, None)
        change_id = hook.restore(int(self.backup_id))
        self._note(context, change_id)
        self.log.info("Zeebe has accepted the restore of backup %s as change %s", self.backup_id, change_id)
        return change_id

    def _sent_before(
        self, hook: RecoveryHook, sent: dict[str, Any], progress: Progress | None, changes: Changes
    ) -> str | None:
        """Return the change of an earlier try that is worth following, None when there is none.

        :raises NotYet: it is being cancelled
        :raises RestoreFailed: whether there was one cannot be told
        """
        change_id = sent["change_id"]
        if change_id is None:  # the answer was lost
            if progress is not None and progress.backup_ids == {int(self.backup_id)}:
                return progress.change_id
            if changes.pending is None and not hook.topology().recovering:
                raise RestoreFailed(
                    "Zeebe's answer to the request to restore was lost, and it has left recovering mode: whether it was"
                    " restored cannot be told. Clear the run from enter_recovery with everything downstream"
                )
            return None
        state = changes.state(change_id)
        if state == COMPLETED:
            return None if hook.topology().recovering else str(change_id)  # recovering again: for another restore
        if state != IN_PROGRESS:
            return None
        failed = progress is not None and progress.change_id == change_id and progress.status in ENDED_BADLY
        if failed or sent["given_up"]:
            self.log.info("Cancelling change %s, which an earlier try has given up: %s", change_id, progress)
            hook.cancel(change_id)
        return str(change_id)

    def look(self, context: Context, begun: Any) -> dict[str, Any]:
        """Ask for the progress, and for the change once there is none."""
        hook = recovery(self.cluster)
        progress, changes = hook.progress(), hook.changes()
        state = changes.state(begun)
        if progress is not None and progress.change_id == begun and progress.status in ENDED_BADLY:
            state = progress.status
        if state in ENDED_BADLY:
            raise self._given_up(context, begun, f"the restore (change {begun}) is {state}")
        if state == COMPLETED and changes.pending is None:
            self.log.info("Change %s is COMPLETED: every partition is restored", begun)
            return {"change_id": begun}
        known = state or progress or changes.pending
        if not known and self.age(context) >= self.cluster.limits.grace.total_seconds():
            raise RestoreFailed(
                f"the cluster tells nothing of change {begun}, its last is {changes.last}; clear {self.task_id}, which"
                " sends the restore again while Zeebe is in recovering mode"
            )
        told = f"change {begun} is {state or 'unknown'}" if progress is None else str(progress)
        if self.age(context) >= self.limit:
            raise self._given_up(context, begun, f"not restored after {self.limit:.0f} s: {told}")
        raise NotYet(told)

    def _given_up(self, context: Context, change_id: str, what: str) -> RestoreFailed:
        self._note(context, change_id, given_up=True)
        return RestoreFailed(
            f"{what}; the brokers' logs say why. Mend that and clear {self.task_id}: it takes what has completed"
            f" meanwhile, or cancels the change (DELETE /actuator/cluster/changes/{change_id}) and sends it again."
            " Never switch the mode to PROCESSING by hand: Zeebe's data is a mix of old and restored"
        )

    def _note(self, context: Context, change_id: str | None, *, given_up: bool = False) -> None:
        context["task_state_store"].set(SENT, {"change_id": change_id, "given_up": given_up})


class WaitAtWork(RunbookSensor):
    """Wait until Zeebe is back from recovering mode: every partition active, healthy, led and exporting.

    :param cluster: the cluster file
    :param partitions: how many it must have (templated)
    """

    template_fields: Sequence[str] = ("partitions",)

    def __init__(self, *, cluster: AnyCluster, partitions: Any, **kwargs: Any) -> None:
        super().__init__(deadline=cluster.restore_limits.start.total_seconds(), **kwargs)
        self.cluster = cluster
        self.partitions = partitions

    def look(self, context: Context, begun: Any) -> dict[str, Any]:
        """Ask for the partitions, let exporting run, and ask for the health and the exporters."""
        cluster = self.cluster
        require_at_work(cluster, int(self.partitions))
        exporting = ExportingHook(**cluster.exporting())
        if not exporting.look().runs:
            # The pause is the cluster's configuration, which a restore leaves as it was when the cluster was lost.
            self.log.info("Exporting was paused when the cluster was lost; resuming it")
            exporting.resume()
        require_healthy_zeebe(cluster, int(self.partitions))
        self.log.info("Zeebe is healthy and exports")
        return {}
