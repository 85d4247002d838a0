"""What a run of a DAG looks like right now: a line for each task."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

MARK = "progress: "
ACTIVE = frozenset({"running", "deferred", "up_for_retry", "up_for_reschedule"})
OVER = frozenset({"success", "failed"})
ERROR_LEVELS = frozenset({"error", "critical"})


class RunReader(Protocol):
    """What is asked of Airflow's REST API, see `AirflowClient`."""

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the tasks of a run with their states."""

    def log(
        self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1
    ) -> list[dict[str, Any]]:
        """Return the log of one try of a task."""


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task of a run.

    :param name: its ID, with the map index of a mapped task
    :param state: Airflow's word; `waiting` while it has none
    :param seconds: how long it has run or took
    :param progress: the last progress it told, or nothing
    """

    name: str
    state: str
    seconds: float | None = None
    progress: str = ""


class RunWatch:
    """Looks at a run again and again; what is over is not asked for twice.

    :param airflow: where the run is
    :param dag_id: the DAG
    :param run_id: the run
    """

    def __init__(self, airflow: RunReader, dag_id: str, run_id: str) -> None:
        self._airflow = airflow
        self._dag_id = dag_id
        self._run_id = run_id
        self._told: dict[str, str] = {}
        self._over: set[str] = set()

    def look(self) -> list[TaskLine]:
        """Return the tasks: those that began in the order of their start, then the others."""
        tasks = self._airflow.task_instances(self._dag_id, self._run_id)
        # IDs rise in the order of the DAG.
        tasks.sort(key=lambda task: (task["start_date"] is None, task["start_date"] or "", task["id"]))
        return [self._line(task) for task in tasks]

    def failures(self) -> list[tuple[TaskLine, list[str]]]:
        """Return the failed tasks with the errors in their logs."""
        return [
            (self._line(task), errors_in(self._log(task)))
            for task in self._airflow.task_instances(self._dag_id, self._run_id)
            if task["state"] == "failed" and task["try_number"]
        ]

    def _line(self, task: Mapping[str, Any]) -> TaskLine:
        name, state = task_name(task), task["state"] or "waiting"
        if name not in self._over and state in ACTIVE | OVER and task["try_number"]:
            self._told[name] = progress_in(self._log(task)) or self._told.get(name, "")
        (self._over.add if state in OVER else self._over.discard)(name)
        return TaskLine(name, state, seconds_of(task), self._told.get(name, ""))

    def _log(self, task: Mapping[str, Any]) -> list[dict[str, Any]]:
        identity = (self._dag_id, self._run_id, task["task_id"], task["try_number"], task["map_index"])
        return self._airflow.log(*identity)


def task_name(task: Mapping[str, Any]) -> str:
    """Return the task's ID, with the map index of a mapped task."""
    return f"{task['task_id']}[{task['map_index']}]" if task["map_index"] >= 0 else str(task["task_id"])


def seconds_of(task: Mapping[str, Any], now: datetime | None = None) -> float | None:
    """Return how long a task has run or took, None before its start or when it never ran."""
    if task["start_date"] is None or task["state"] in {"skipped", "upstream_failed"}:
        return None
    started = datetime.fromisoformat(task["start_date"])
    ended = datetime.fromisoformat(task["end_date"]) if task["end_date"] else now or datetime.now(UTC)
    return max(0.0, (ended - started).total_seconds())


def progress_in(entries: Iterable[Mapping[str, Any]]) -> str:
    """Return the last progress in a log, or nothing."""
    told = [event.partition(MARK)[2] for entry in entries if MARK in (event := str(entry.get("event", "")))]
    return told[-1] if told else ""


def errors_in(entries: Iterable[Mapping[str, Any]], most: int = 3) -> list[str]:
    """Return the last errors in a log, each with the exception behind it.

    :param most: how many
    """
    errors = []
    for entry in entries:
        if entry.get("level") in ERROR_LEVELS:
            causes = entry.get("error_detail")
            errors.append(_cause(causes[0]) if causes else str(entry["event"]))
    return errors[-most:]


def _cause(exception: Mapping[str, Any]) -> str:
    """Return what an exception says; Airflow's own only carry the sentence."""
    kind, sentence = str(exception["exc_type"]), str(exception["exc_value"])
    return sentence if kind.startswith("Airflow") else f"{kind}: {sentence}"
