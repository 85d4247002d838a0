"""Runs of DAGs before the user's eyes, with answers to what they ask a person."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from sandbox.airflow_client import AirflowClient, AirflowRefusedError
from sandbox.airflow_processes import AirflowProcesses
from sandbox.airflow_settings import USERNAME

from .display import display_on
from .progress import RunWatch, TaskLine

PATIENCE = 1800.0  # seconds
LOOK_INTERVAL = 0.5
ASKING = "awaiting_input"
READING = 5.0  # seconds; a task that is answered before the scheduler saw it wait fails (recorded from Airflow 3.3.2)


class Person:
    """Answers what the tasks of one run ask, once each.

    :param airflow: where the run is
    :param run: the DAG's and the run's ID
    :param answers: the option to choose, by task ID
    :param tell: is told of each answer
    :param reading: seconds that a question is there before it is answered
    """

    def __init__(
        self,
        airflow: AirflowClient,
        run: tuple[str, str],
        answers: Mapping[str, str],
        tell: Callable[[str], None],
        reading: float = READING,
    ) -> None:
        self._airflow = airflow
        self._run = run
        self._answers = dict(answers)
        self._tell = tell
        self._reading = reading
        self._seen: dict[str, float] = {}

    def look(self, lines: Iterable[TaskLine]) -> None:
        """Answer the tasks that have asked for some time."""
        for line in lines:
            if line.state == ASKING and line.name in self._answers:
                seen = self._seen.setdefault(line.name, time.monotonic())
                if time.monotonic() - seen >= self._reading:
                    self._answer(line.name)

    def _answer(self, task_id: str) -> None:
        option = self._answers[task_id]
        try:
            subject = self._airflow.question(*self._run, task_id)["subject"]
            self._airflow.answer(*self._run, task_id, option)
        except AirflowRefusedError as refused:
            if refused.status == 404:  # it does not ask quite yet
                return
            raise
        del self._answers[task_id]
        page = question_address(self._airflow.url, *self._run, task_id)
        self._tell(f"{task_id} asks a person: {subject}")
        self._tell(f"The demo answers {option} for you; else you would do that at {page}")


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of DAGs.

    :param airflow: where they run
    :param console: where they are shown
    """

    airflow: AirflowProcesses
    console: Console

    def run(
        self, dag_id: str, title: str, conf: dict[str, Any], answers: Mapping[str, str] | None = None
    ) -> str | None:
        """Run a DAG and show it; return the run's ID if it succeeded.

        :param title: what it does
        :param conf: its parameters
        :param answers: what to answer to its tasks that ask a person, by task ID
        :raises SandboxError: Airflow cannot load the DAG, or the run does not end
        """
        client = self.airflow.client
        self.airflow.wait_dag(dag_id)
        client.set_paused(dag_id, paused=False)
        run_id = client.trigger(dag_id, conf)
        watch = RunWatch(client, dag_id, run_id)
        with display_on(self.console, title) as display:
            person = Person(client, (dag_id, run_id), answers or {}, display.tell)

            def look() -> None:
                lines = watch.look()
                display.show(lines)
                person.look(lines)

            state = client.wait_run(dag_id, run_id, PATIENCE, LOOK_INTERVAL, look)
        if state == "success":
            return run_id
        self._show_failure(watch, dag_id, run_id)
        return None

    def event(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return what a run recorded as its last asset event; nothing when it recorded none."""
        events = self.airflow.client.asset_events(source_dag_id=dag_id, source_run_id=run_id)
        recorded: dict[str, Any] = events[-1]["extra"] if events else {}
        return recorded

    def address(self, dag_id: str, run_id: str) -> str:
        """Return the page of a run in Airflow's UI."""
        return run_address(self.airflow.url, dag_id, run_id)

    def log_in(self) -> str:
        """Return user and password where only their owner sees them, elsewhere where the password is kept."""
        settings = self.airflow.settings
        shown = f"password {settings.password}" if self.console.is_terminal else f"password in {settings.password_file}"
        return f"{USERNAME}, {shown}"

    def say(self, text: str) -> None:
        """Print a line as it is."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _show_failure(self, watch: RunWatch, dag_id: str, run_id: str) -> None:
        self.say(f"\nThe run of {dag_id} failed:")
        for line, errors in watch.failures():
            self.say(f"- {line.name}: " + ("\n  ".join(errors).replace("\n-", "\n  -") or "no error in its log"))
        logs = self.airflow.settings.task_logs / f"dag_id={dag_id}" / f"run_id={run_id}"
        self.say(f"Full logs: {logs}")
        self.say(f"In Airflow: {self.address(dag_id, run_id)} ({self.log_in()})")


def run_address(airflow: str, dag_id: str, run_id: str) -> str:
    """Return the page of a run in Airflow's UI."""
    return f"{airflow}/dags/{dag_id}/runs/{run_id}"


def question_address(airflow: str, dag_id: str, run_id: str, task_id: str) -> str:
    """Return the page on which a person answers a task in Airflow's UI."""
    return f"{run_address(airflow, dag_id, run_id)}/tasks/{task_id}/required_actions"
