"""The first task of a backup: everything that can be known to go wrong, before anything is changed."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context, DagRunState

from camunda_backup.clusters import AnyCluster, Cluster
from camunda_backup.errors import Rejected
from camunda_backup.inspection import Inspection
from camunda_backup.operators.step import RunbookStep

EXCLUSIVE_JOBS = ("back_up", "restore", "cold_back_up", "cold_restore")


def others_running(context: Context, cluster: AnyCluster, jobs: Sequence[str] = EXCLUSIVE_JOBS) -> list[str]:
    """Return a sentence for each other job of the cluster that is running."""
    own = context["dag"].dag_id
    others = [dag_id for job in jobs if (dag_id := cluster.dag_id(job)) != own]
    return [
        f"{dag_id} is running; only one job of a cluster may run at a time"
        for dag_id in others
        if context["ti"].get_dr_count(dag_id=dag_id, states=[DagRunState.RUNNING])
    ]


class CheckCluster(RunbookStep):
    """Run all checks and list every problem at once. Returns what each component says its version is.

    :param cluster: the cluster file
    :param jobs: DAGs of the cluster that must not run at the same time; its own runs exclude each other anyway
    """

    def __init__(self, *, cluster: Cluster, jobs: Sequence[str] = EXCLUSIVE_JOBS, **kwargs: Any):
        super().__init__(**kwargs)
        self.cluster = cluster
        self.jobs = jobs

    def step(self, context: Context) -> dict[str, str]:
        """Check; raises Rejected with every problem."""
        look = Inspection(self.cluster)
        problems = look.problems()
        problems += others_running(context, self.cluster, self.jobs)
        if problems:
            raise Rejected(
                f"{self.cluster.name} cannot be backed up now; nothing was changed:\n- " + "\n- ".join(problems)
            )
        self.log.info("%s is ready for a backup: %s", self.cluster.name, look.versions)
        return look.versions
