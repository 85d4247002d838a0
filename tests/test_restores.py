"""When restored numbers are good enough, and how a plan reads."""

import pytest

from camunda_backup.api import GENERATIONS
from camunda_backup.api.generation import Count
from camunda_backup.restores import Plan, Step, in_units, numbers_table, shortfalls
from camunda_backup.storage.engine import Snapshot
from camunda_backup.storage.restoring import Index

COUNTS = (
    Count("active", "operate", "x", {}, becomes=("completed", "canceled")),
    Count("completed", "operate", "x", {}),
    Count("canceled", "operate", "x", {}),
)
RECORDED = {"active": 10, "completed": 5, "canceled": 1}


@pytest.mark.parametrize(
    "restored",
    [
        RECORDED,
        {"active": 12, "completed": 5, "canceled": 1},  # started after the last export
        {"active": 8, "completed": 6, "canceled": 2},  # ended after the last export
        {"active": 9, "completed": 6, "canceled": 1},
    ],
)
def test_what_zeebe_held_beyond_the_exports_explains_other_numbers(restored: dict[str, int]) -> None:
    assert shortfalls(COUNTS, RECORDED, restored, "now") == []


@pytest.mark.parametrize(
    ("restored", "sentence"),
    [
        ({"active": 10, "completed": 4, "canceled": 1}, "completed: the backup has 5, now 4"),
        ({"active": 9, "completed": 5, "canceled": 1}, "active: the backup has 10, now 9"),
        ({"active": 7, "completed": 6, "canceled": 2}, "active: the backup has 10, now 7"),
        ({"active": 7, "completed": 9, "canceled": 0}, "canceled: the backup has 1, now 0"),
    ],
)
def test_a_number_that_nothing_explains_is_told_with_both(restored: dict[str, int], sentence: str) -> None:
    assert sentence in shortfalls(COUNTS, RECORDED, restored, "now")


def test_a_count_that_either_side_lacks_is_not_looked_at() -> None:
    assert shortfalls(COUNTS, {"completed": 5}, {"active": 0, "completed": 5}, "now") == []
    assert shortfalls(COUNTS, RECORDED, {"completed": 5}, "now") == []


@pytest.mark.parametrize("generation", GENERATIONS, ids=lambda one: one.lines[0])
def test_whatever_explains_or_shows_a_count_is_counted(generation: object) -> None:
    counts = getattr(generation, "counts")  # noqa: B009 - parametrised as an object
    names = {count.name for count in counts}
    assert {name for count in counts for name in count.becomes} <= names
    assert {view.count for view in generation.views} <= names  # type: ignore[attr-defined]


def plan() -> Plan:
    """Return a small plan."""
    part = Snapshot("camunda_operate_7_8.6.0_part_1_of_1", "SUCCESS", 0, 1, None, ("operate-a_",))
    step = Step(
        "operate", (Index("operate-a_", 3, 2048), Index("operate-b_", 1, 100)), (part,), {part.name: 5 * 1024**2}
    )
    return Plan(
        "prod",
        7,
        "2026-11-23T02:00:00+00:00",
        ("8.6.0",),
        2,
        {"zeebe": "zeebe: COMPLETED, 2 of 2 partitions", "operate": "operate: COMPLETED, 1 of 1 snapshots"},
        {"zeebe": False, "operate": True},
        ("broker-0",),
        (step,),
        RECORDED,
        ("zeebe does not run, so nothing was asked through prod_zeebe",),
        made_by={"zeebe": "8.6.0"},
    )


def test_a_plan_names_everything_that_goes_and_comes() -> None:
    text = plan().as_markdown()

    assert "**7** of **prod**" in text
    assert "deletes 2 indices (4 documents, 2.1 KiB), restores 1 snapshot (5.0 MiB)" in text
    assert "- deleted: operate-b_ (1 documents, 100 B)" in text
    assert "- restored: camunda_operate_7_8.6.0_part_1_of_1 (1 index, 5.0 MiB)" in text
    assert "the data of broker-0" in text
    assert "| zeebe | no | 8.6.0 | zeebe: COMPLETED, 2 of 2 partitions |" in text
    assert "- zeebe does not run, so nothing was asked through prod_zeebe" in text


def test_a_plan_is_json_for_the_tasks_behind_it() -> None:
    told = plan().as_json()

    assert told["backup_id"] == 7
    assert told["steps"] == [
        {
            "component": "operate",
            "deleted": [
                {"name": "operate-a_", "documents": 3, "size": 2048},
                {"name": "operate-b_", "documents": 1, "size": 100},
            ],
            "restored": [{"name": "camunda_operate_7_8.6.0_part_1_of_1", "bytes": 5 * 1024**2}],
        }
    ]


def test_numbers_stand_side_by_side() -> None:
    table = numbers_table({"active": 10, "canceled": 1}, {"active": 11, "canceled": 1}, {"active": 11})

    assert "| active | 10 | 11 | 11 |" in table
    assert "| canceled | 1 | 1 |  |" in table


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 1024**4, "5.0 TiB"), (2 * 1024**5, "2048.0 TiB")],
)
def test_bytes_are_written_for_people(size: int, text: str) -> None:
    assert in_units(size) == text
