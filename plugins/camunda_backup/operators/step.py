"""What every step of the runbook has in common."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context, TaskInstanceState
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from camunda_backup.errors import CamundaBackupError, Unreachable


class RunbookStep(BaseOperator):
    """A step whose errors are one sentence: what may pass is retried, a refusal fails at once.

    Shared by all steps: ``conn_id`` names an Airflow connection of type http, ``version`` the Camunda version of the
    cluster file, ``backup_id`` the ID of the backup set (templated).
    """

    ui_color = "#e8edf4"

    def execute(self, context: Context) -> Any:
        """Run the step; raises AirflowFailException when another try cannot help."""
        try:
            return self.step(context)
        except Unreachable as error:
            raise AirflowException(str(error)) from None
        except CamundaBackupError as error:
            raise AirflowFailException(str(error)) from None

    def step(self, context: Context) -> Any:
        """Do the work.

        :raises CamundaBackupError: with a sentence for the person on call
        """
        raise NotImplementedError


def failed_among(context: Context, watched: Sequence[str]) -> list[str]:
    """Return the tasks of this run that failed.

    :param watched: the tasks to look at
    :raises AirflowSkipException: none did
    """
    ti, run_id = context["ti"], context["run_id"]
    told = ti.get_task_states(dag_id=ti.dag_id, task_ids=list(watched), run_ids=[run_id])
    states: Mapping[str, Any] = told.get(run_id, {})
    failed = [task for task in watched if states.get(task) == TaskInstanceState.FAILED]
    if not failed:
        raise AirflowSkipException("nothing failed on the way; there is nothing to keep")
    return failed


class TimedStep(RunbookStep):
    """A step whose result says when it began and ended, in seconds since the epoch, for the report of a restore."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the step; returns what it returned with ``began_at`` and ``ended_at``."""
        began_at = time.time()
        result: dict[str, Any] = super().execute(context) or {}
        return {**result, "began_at": began_at, "ended_at": time.time()}
