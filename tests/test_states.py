"""Reports: their line of progress, their age, and their way through JSON."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from camunda_backup.states import Component, Phase, Piece, Report

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def snapshot(component: str, part: int, state: str, parts: int = 6) -> Piece:
    return Piece(f"camunda_{component}_100_8.6.0_part_{part}_of_{parts}", state, state == "SUCCESS")


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (Report(Component.ZEEBE, 100, Phase.PENDING, "not visible", found=False), "zeebe: not visible"),
        (
            Report(
                Component.ZEEBE,
                100,
                Phase.PENDING,
                "INCOMPLETE",
                (Piece("partition 1", "COMPLETED", done=True), Piece("partition 2", "DOES_NOT_EXIST", done=False)),
            ),
            "zeebe: INCOMPLETE, 1 of 2 partitions, partition 2 DOES_NOT_EXIST",
        ),
        (
            Report(
                Component.TASKLIST,
                100,
                Phase.RUNNING,
                "IN_PROGRESS",
                (snapshot("tasklist", 1, "SUCCESS"), snapshot("tasklist", 2, "IN_PROGRESS")),
            ),
            "tasklist: IN_PROGRESS, 1 of 6 snapshots, part 2 IN_PROGRESS",
        ),
        (
            Report(
                Component.OPTIMIZE,
                100,
                Phase.COMPLETED,
                "COMPLETED",
                (snapshot("optimize", 1, "SUCCESS", 2), snapshot("optimize", 2, "SUCCESS", 2)),
            ),
            "optimize: COMPLETED, 2 of 2 snapshots",
        ),
        (
            Report(
                Component.RECORDS,
                100,
                Phase.RUNNING,
                "STARTED 1 of 4 shards",
                (Piece("camunda_zeebe_records_backup_100", "STARTED 1 of 4 shards", done=False),),
            ),
            "records: STARTED 1 of 4 shards, 0 of 1 snapshots, camunda_zeebe_records_backup_100 STARTED 1 of 4 shards",
        ),
    ],
    ids=["nothing visible", "partitions", "parts so far", "all parts", "records"],
)
def test_progress_is_one_line_with_what_is_done_and_what_is_being_made(report: Report, line: str) -> None:
    assert report.progress == line


def test_a_report_is_as_old_as_its_oldest_piece() -> None:
    pieces = (
        Piece("partition 1", "COMPLETED", done=True, started_at=NOON),
        Piece("partition 2", "COMPLETED", done=True, started_at=NOON - timedelta(hours=1)),
        Piece("partition 3", "DOES_NOT_EXIST", done=False),
    )
    assert Report(Component.ZEEBE, 1, Phase.RUNNING, "IN_PROGRESS", pieces).started_at == NOON - timedelta(hours=1)


@pytest.mark.parametrize("pieces", [(), (Piece("partition 1", "DOES_NOT_EXIST", done=False),)])
def test_a_report_without_times_has_no_age(pieces: tuple[Piece, ...]) -> None:
    assert Report(Component.ZEEBE, 1, Phase.PENDING, "INCOMPLETE", pieces).started_at is None


def test_a_component_that_does_not_answer_is_a_fault_with_the_reason() -> None:
    report = Report.unreachable(Component.OPERATE, 100, ConnectionError("no route"))
    assert (report.phase, report.found, report.reason) == (Phase.FAULT, False, "no route")


REPORTS = [
    Report(component, 1_763_891_943, phase, "a word", pieces, reason, found)
    for component in Component
    for phase in Phase
    for pieces, reason, found in (
        ((), None, False),
        ((Piece("partition 1", "COMPLETED", True, NOON.replace(microsecond=951101), "8.6.0"),), "why", True),
        ((Piece("a snapshot", "SUCCESS", True), Piece("another", "PARTIAL", False, NOON)), None, True),
    )
]


def test_every_report_comes_back_from_json_as_it_was() -> None:
    for report in REPORTS:
        assert Report.from_json(json.loads(json.dumps(report.as_json()))) == report


def fields(**other: Any) -> dict[str, Any]:
    return {**REPORTS[1].as_json(), **other}


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {key: value for key, value in fields().items() if key != "reason"},
        fields(phase="finished"),
        fields(component="identity"),
        fields(backup_id="one"),
        fields(pieces=[{"state": "SUCCESS"}]),
        fields(pieces=[{"name": "a", "state": "SUCCESS", "done": True, "started_at": "yesterday"}]),
    ],
    ids=["empty", "field missing", "unknown phase", "unknown component", "no ID", "no piece", "no time"],
)
def test_what_is_no_report_does_not_become_one(broken: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Report.from_json(broken)
