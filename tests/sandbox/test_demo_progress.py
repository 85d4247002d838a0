"""What the demo tells of a run, from answers recorded from Airflow 3.3.2."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.airflow_client import AirflowClient
from sandbox.demo.progress import RunWatch, TaskLine, errors_in, progress_in, seconds_of

from .recorded import serving

RUN = "/api/v2/dags/back_up_x/dagRuns/r/taskInstances"
START = datetime(2026, 11, 23, 12, 17, 26, 800000, tzinfo=UTC)


def task(task_id: str, state: str | None, *, started: int | None = None, tries: int = 1, **more: Any) -> dict[str, Any]:
    start = None if started is None else (START + timedelta(seconds=started)).isoformat()
    return {
        "id": f"01a20856-{task_id}",
        "task_id": task_id,
        "state": state,
        "start_date": start,
        "end_date": None,
        "try_number": tries,
        "map_index": -1,
        **more,
    }


def entry(event: str, level: str = "info", **more: Any) -> dict[str, Any]:
    return {"timestamp": "2026-11-23T12:17:24.176574Z", "event": event, "level": level, **more}


def page(*tasks: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"task_instances": list(tasks), "total_entries": len(tasks)}


def log(*entries: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"content": [{"event": "::group::Log message source details"}, *entries], "continuation_token": None}


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([], ""),
        (["Polling"], ""),
        (["progress: operate: IN_PROGRESS, 3 of 6 snapshots", "Polling"], "operate: IN_PROGRESS, 3 of 6 snapshots"),
        (["progress: 1 of 2", "progress: 2 of 2"], "2 of 2"),
    ],
)
def test_the_last_progress_in_a_log(events: list[str], told: str) -> None:
    assert progress_in([entry(event) for event in events]) == told


def test_errors_carry_what_was_raised() -> None:
    raised = [{"exc_type": "ValueError", "exc_value": "no good", "frames": []}]
    entries = [entry("fine"), entry("Task failed with exception", "error", error_detail=raised)]
    assert errors_in(entries) == ["ValueError: no good"]


def test_airflows_own_exceptions_are_only_their_sentence() -> None:
    raised = [{"exc_type": "AirflowFailException", "exc_value": "zeebe: FAILED", "frames": []}]
    assert errors_in([entry("Task failed with exception", "error", error_detail=raised)]) == ["zeebe: FAILED"]


def test_only_the_last_errors_count() -> None:
    entries = [entry(f"error {number}", "error") for number in range(5)]
    assert errors_in(entries, most=2) == ["error 3", "error 4"]


def test_seconds_of_a_task() -> None:
    now = START + timedelta(seconds=7)
    ended = (START + timedelta(seconds=2.5)).isoformat()
    assert seconds_of(task("a", "running", started=0), now) == 7
    assert seconds_of(task("a", "success", started=0, end_date=ended), now) == 2.5
    assert seconds_of(task("a", None)) is None
    assert seconds_of(task("a", "skipped", started=0, end_date=ended)) is None


def test_looks_at_the_logs_of_what_runs_and_no_longer_at_what_is_over() -> None:
    done = (START + timedelta(seconds=1)).isoformat()
    first = page(
        task("wait", "running", started=3),
        task("later", None, tries=0),
        task("start", "success", started=0, end_date=done),
    )
    second = page(
        task("wait", "success", started=3, end_date=done),
        task("later", "skipped", started=4, tries=0),
        task("start", "success", started=0, end_date=done),
    )
    answers = {
        "POST /auth/token": [(201, {"access_token": "one"})],
        f"GET {RUN}": [first, second],
        f"GET {RUN}/start/logs/1": [log(entry("Done"))],
        f"GET {RUN}/wait/logs/1": [log(entry("progress: 1 of 2")), log(entry("progress: 2 of 2"))],
    }
    with serving(answers) as server:
        watch = RunWatch(AirflowClient(server.url, "admin", "secret"), "back_up_x", "r")
        before, after, _ = watch.look(), watch.look(), watch.look()
        assert [(line.name, line.state, line.progress) for line in before] == [
            ("start", "success", ""),
            ("wait", "running", "1 of 2"),
            ("later", "waiting", ""),
        ]
        assert [(line.name, line.state, line.progress) for line in after] == [
            ("start", "success", ""),
            ("wait", "success", "2 of 2"),
            ("later", "skipped", ""),
        ]
        assert len(server.asked(f"GET {RUN}/start/logs/1")) == 1
        assert len(server.asked(f"GET {RUN}/wait/logs/1")) == 2


def test_tells_which_tasks_failed_and_why() -> None:
    mapped = task(
        "guard", "failed", started=0, tries=2, map_index=1, end_date=(START + timedelta(seconds=1)).isoformat()
    )
    answers = {
        "POST /auth/token": [(201, {"access_token": "one"})],
        f"GET {RUN}": [page(mapped, task("fine", "success", started=0))],
        f"GET {RUN}/guard/logs/2": [log(entry("exporting is paused", "error"))],
    }
    with serving(answers) as server:
        watch = RunWatch(AirflowClient(server.url, "admin", "secret"), "back_up_x", "r")
        assert watch.failures() == [(TaskLine("guard[1]", "failed", 1.0), ["exporting is paused"])]
        assert "map_index=1" in server.queries[-1]
