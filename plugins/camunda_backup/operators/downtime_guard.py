"""Nobody leaves a cluster stopped after a cold backup without being told."""

import time
from dataclasses import replace
from typing import Any

from airflow.sdk import Context, DagRunState

from camunda_backup import downtimes
from camunda_backup.errors import CamundaBackupError, RestoreFailed
from camunda_backup.operators.step import RunbookStep
from camunda_backup.runtimes import runtime_of
from camunda_backup.states import runs_as

ACTIVE: list[str] = [DagRunState.RUNNING, DagRunState.QUEUED]


class GuardDowntime(RunbookStep):
    """Fail when a cold backup that is over has left something stopped; nothing is started here.

    :param cluster: name of the cluster
    :param config: its ``runtime``, see ``Cluster.runtime_config``
    """

    ui_color = "#ffd9d9"

    def __init__(self, *, cluster: str, config: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.config = config

    def step(self, context: Context) -> str:
        """Look; raises RestoreFailed with what does not run."""
        downtime = downtimes.read(self.cluster)
        if downtime is None or downtime.ended_at is not None:
            return "no cold backup keeps anything stopped"
        owner = f"run {downtime.run_id} of {downtime.dag_id}"
        if context["ti"].get_dr_count(dag_id=downtime.dag_id, run_ids=[downtime.run_id], states=ACTIVE):
            return f"{owner} is active"
        down = [sentence for one in downtime.ran if (sentence := self._trouble(one))]
        if down:
            raise RestoreFailed(
                f"{owner} has stopped {self.cluster} and is over, but {'; '.join(down)}: start it by hand, Zeebe first,"
                " or clear that run's start tasks"
            )
        downtimes.write(self.cluster, replace(downtime, ended_at=time.time()))
        return f"everything that {owner} has stopped runs again"

    def _trouble(self, one: str) -> str | None:
        try:
            return None if runtime_of(self.config).is_started(runs_as(one)) else f"{one} does not run"
        except CamundaBackupError as error:
            return f"whether {one} runs cannot be told: {error}"
