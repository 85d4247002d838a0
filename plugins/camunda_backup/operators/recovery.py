"""What a restore by the running cluster leaves behind when it fails: recovering mode, and advice."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context

from camunda_backup.clusters import AnyCluster
from camunda_backup.errors import CamundaBackupError
from camunda_backup.operators.step import RunbookStep, failed_among
from camunda_backup.recovery import ALREADY, recovery

BACK = "PATCH /v2/mode?mode=PROCESSING"


class KeepRecovering(RunbookStep):
    """After a failure on the way: leave the cluster in its mode, and say what to do. Without one it is skipped.

    Nothing is started, stopped or switched here: half-restored data must not be processed, and only a complete restore
    brings the cluster back to work. Returns the tasks that failed.

    :param cluster: the cluster file
    :param watched: the tasks between the approval and the last component's health
    :param replacing: those of them that delete and restore indices
    """

    ui_color = "#f5d6d6"

    def __init__(self, *, cluster: AnyCluster, watched: Sequence[str], replacing: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.watched = watched
        self.replacing = replacing

    def step(self, context: Context) -> list[str]:
        """Look which tasks failed and log the advice."""
        failed = failed_among(context, self.watched)
        ti = context["ti"]
        before = ALREADY in ti.xcom_pull(task_ids="plan")["warnings"]
        self.log.error("%s failed. %s %s", ", ".join(failed), self._standing(), self._advice(failed[0], before))
        return failed

    def _standing(self) -> str:
        """Say which mode the cluster is in."""
        try:
            topology = recovery(self.cluster).topology()
        except CamundaBackupError as error:
            return f"Which mode {self.cluster.name} is in cannot be told: {error}."
        if topology.recovering:
            return f"{self.cluster.name} is in recovering mode and stays in it: it processes nothing."
        if len(topology.active_ones) == len(topology.copies):
            return f"{self.cluster.name} is not in recovering mode."
        return f"{self.cluster.name} is partly in recovering mode."

    def _advice(self, task: str, before: bool) -> str:
        """Say what to do.

        :param before: whether the cluster was in recovering mode before this run
        """
        again = f"When that is mended, clear the run from {task} with everything downstream"
        untouched = task.startswith("stop_") or task == "enter_recovery"
        if untouched and not before:
            back = f"{BACK}, and start" if task == "enter_recovery" else "start"
            return f"No data was touched. {again}; or give up: {back} by hand what was stopped."
        if untouched or task in self.replacing or task == "restore_zeebe":
            return (
                f"{again}: what is done stays done. Never switch the mode to PROCESSING by hand: the data is a mix of"
                " old and restored. The backup itself is untouched; another one can be restored by a new run."
            )
        return f"The data is restored. {again}."
