"""The first task of a restore: what will be done, and every reason not to, before anything is changed."""

from typing import Any

from airflow.sdk import Context

from camunda_backup import manifests
from camunda_backup.cluster_files import overlaps, read_files
from camunda_backup.clusters import AnyCluster, Cluster
from camunda_backup.cold_planning import RESTORE_CHECKS, ColdSurvey
from camunda_backup.errors import Rejected
from camunda_backup.look import Look
from camunda_backup.operators.check import others_running
from camunda_backup.operators.step import RunbookStep
from camunda_backup.planning import CHECKS
from camunda_backup.rdbms_clusters import RdbmsCluster
from camunda_backup.rdbms_planning import RDBMS_CHECKS, RdbmsSurvey
from camunda_backup.runtimes import runtime_of
from camunda_backup.surveys import Survey


def mistakes(context: Context, name: str) -> list[str]:
    """Return what is wrong with how the run was started."""
    params, found = context["params"], []
    declared = context["dag"].params  # the run's own params hold whatever its conf does
    if unknown := sorted(set(context["dag_run"].conf or {}) - set(declared)):
        found.append(f"unknown in the run's conf: {', '.join(unknown)}; known are {', '.join(sorted(declared))}")
    if not params["dry_run"] and params["confirm"] != name:
        found.append(f"confirm must be the cluster's name, {name}, when dry_run is off")
    return found


class PlanRestore(RunbookStep):
    """Look at the set, the cluster and the runtime; fail with every problem, or return the plan.

    The run's params are ``backup_id`` (None: the newest set), ``dry_run`` and ``confirm``. Returns the plan as JSON
    types, with ``text``, the plan as Markdown, and ``manifest``.

    :param cluster: the cluster file
    :param location: where manifests are kept
    :param kind: of the sets that are restored, ``hot`` or ``cold``
    """

    def __init__(self, *, cluster: AnyCluster, location: str, kind: str = manifests.HOT, **kwargs: Any):
        super().__init__(**kwargs)
        self.cluster = cluster
        self.location = location
        self.kind = kind

    def step(self, context: Context) -> dict[str, Any]:
        """Plan; raises Rejected with every problem."""
        cluster = self.cluster
        problems = [*mistakes(context, cluster.name), *others_running(context, cluster)]
        survey = self._survey(context, problems)
        if survey is not None:
            problems += [*self._problems(survey), *overlaps(cluster, read_files()[0])]
        if problems or survey is None:
            raise Rejected(f"{cluster.name} cannot be restored so; nothing was changed:\n- " + "\n- ".join(problems))
        plan = survey.plan()
        text = plan.as_markdown()
        self.log.info("The plan, of which nothing is done yet:\n%s", text)
        return {**plan.as_json(), "text": text, "manifest": dict(survey.manifest)}

    def _newest(self) -> int | None:
        found = manifests.newest(self.location, self.cluster.name, self.kind)
        return int(found["backup_id"]) if found else None

    def _survey(self, context: Context, problems: list[str]) -> Survey | None:
        """Return the survey of the wanted set, or None after saying why there is none."""
        cluster = self.cluster
        known = manifests.backup_ids(self.location, cluster.name)
        wanted = context["params"]["backup_id"] or self._newest()
        config = cluster.runtime_config()
        if wanted is None:
            cold = "cold " * (self.kind == manifests.COLD)
            problems.append(f"there is no complete {cold}backup of {cluster.name} in {self.location}")
        elif wanted not in known:
            shown = ", ".join(map(str, known[:5])) or "none"
            problems.append(f"there is no complete backup {wanted} in {self.location}; the newest are: {shown}")
        needed = bool(cluster.processes)
        if config is None and needed:
            problems.append("runtime is missing in the cluster file: nothing says how components stop and start")
        if wanted not in known or wanted is None or (config is None and needed):
            return None
        manifest = manifests.read(self.location, cluster.name, wanted)
        kind = manifests.kind(manifest)
        if kind != self.kind:
            problems.append(f"backup {wanted} is {self._otherwise(kind)}")
            return None
        runtime = runtime_of(config) if config else None
        cancels = bool(context["params"].get("cancel_restore"))
        if isinstance(cluster, RdbmsCluster):
            return RdbmsSurvey(cluster, manifest, runtime, Look(cluster), cancels)
        if self.kind == manifests.COLD and isinstance(cluster, Cluster):
            return ColdSurvey(cluster, manifest, runtime, Look(cluster), cancels)
        return Survey(cluster, manifest, runtime, Look(cluster), cancels)

    def _problems(self, survey: Survey) -> list[str]:
        match survey:
            case RdbmsSurvey():
                return survey.problems(RDBMS_CHECKS)
            case ColdSurvey():
                return survey.problems(RESTORE_CHECKS)
        return survey.problems(CHECKS)

    def _otherwise(self, kind: str) -> str:
        if manifests.RDBMS in (kind, self.kind):
            return "of another kind of secondary storage than the cluster file's"
        job = "cold_restore" if kind == manifests.COLD else "restore"
        return f"a {kind} one; restore it with {self.cluster.dag_id(job)}"
