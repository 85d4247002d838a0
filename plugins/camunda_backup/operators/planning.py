"""The first task of a restore: what will be done, and every reason not to, before anything is changed."""

from typing import Any

from airflow.sdk import Context

from camunda_backup import manifests
from camunda_backup.cluster_files import overlaps, read_files
from camunda_backup.clusters import AnyCluster
from camunda_backup.errors import Rejected
from camunda_backup.operators.check import others_running
from camunda_backup.operators.step import RunbookStep
from camunda_backup.planning import Survey
from camunda_backup.rdbms_clusters import RdbmsCluster
from camunda_backup.rdbms_planning import survey_of
from camunda_backup.runtimes import runtime_of


class PlanRestore(RunbookStep):
    """Look at the set, the cluster and the runtime; fail with every problem, or return the plan.

    The run's params are ``backup_id`` (None: the newest set), ``dry_run`` and ``confirm``. Returns the plan as JSON
    types, with ``text``, the plan as Markdown, and ``manifest``.

    :param cluster: the cluster file
    :param location: where manifests are kept
    """

    def __init__(self, *, cluster: AnyCluster, location: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.cluster = cluster
        self.location = location

    def step(self, context: Context) -> dict[str, Any]:
        """Plan; raises Rejected with every problem."""
        cluster = self.cluster
        problems = [*self._mistakes(context), *others_running(context, cluster)]
        survey = self._survey(context, problems)
        if survey is not None:
            problems += [*survey.problems(), *overlaps(cluster, read_files()[0])]
        if problems or survey is None:
            raise Rejected(f"{cluster.name} cannot be restored so; nothing was changed:\n- " + "\n- ".join(problems))
        plan = survey.plan()
        text = plan.as_markdown()
        self.log.info("The plan, of which nothing is done yet:\n%s", text)
        return {**plan.as_json(), "text": text, "manifest": dict(survey.manifest)}

    def _mistakes(self, context: Context) -> list[str]:
        """Return what is wrong with how the run was started."""
        params, found = context["params"], []
        declared = context["dag"].params  # the run's own params hold whatever its conf does
        if unknown := sorted(set(context["dag_run"].conf or {}) - set(declared)):
            found.append(f"unknown in the run's conf: {', '.join(unknown)}; known are {', '.join(sorted(declared))}")
        if not params["dry_run"] and params["confirm"] != self.cluster.name:
            found.append(f"confirm must be the cluster's name, {self.cluster.name}, when dry_run is off")
        return found

    def _survey(self, context: Context, problems: list[str]) -> Survey | None:
        """Return the survey of the wanted set, or None after saying why there is none."""
        cluster = self.cluster
        known = manifests.backup_ids(self.location, cluster.name)
        wanted = context["params"]["backup_id"] or max(known, default=None)
        config = cluster.runtime_config()
        if wanted is None:
            problems.append(f"there is no complete backup of {cluster.name} in {self.location}")
        elif wanted not in known:
            shown = ", ".join(map(str, known[:5])) or "none"
            problems.append(f"there is no complete backup {wanted} in {self.location}; the newest are: {shown}")
        needed = bool(cluster.processes)
        if config is None and needed:
            problems.append("runtime is missing in the cluster file: nothing says how components stop and start")
        if wanted not in known or wanted is None or (config is None and needed):
            return None
        manifest = manifests.read(self.location, cluster.name, wanted)
        if (manifest.get("kind") == manifests.RDBMS) != isinstance(cluster, RdbmsCluster):
            problems.append(f"backup {wanted} is of another kind of secondary storage than the cluster file's")
            return None
        runtime = runtime_of(config) if config else None
        cancels = bool(context["params"].get("cancel_restore"))
        return survey_of(cluster, manifest, runtime, cancels=cancels)
