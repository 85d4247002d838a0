"""What the proof makes of its facts: nothing is wrong with a consistent cluster, and each wrong has its row."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.prove.facts import Arrival, Facts, Word
from sandbox.prove.judgement import Row, judge
from sandbox.prove.ledger import PARTITION_BITS, Entry, Kind
from sandbox.prove.shown import Instance, Shown, Task

ONE, TWO = 1 << PARTITION_BITS, 2 << PARTITION_BITS
PAUSED_AT = 100.0

DONE_BEFORE, CHANGED, OPEN = ONE + 1, ONE + 2, TWO + 1
DONE_IN_THE_PAUSE = TWO + 2
STARTED_IN_THE_PAUSE = TWO + 3
LOST = ONE + 500
NEW = ONE + 600

ENTRIES = (
    *(Entry(Kind.START, key, 10.0) for key in (DONE_BEFORE, CHANGED, OPEN, DONE_IN_THE_PAUSE)),
    Entry(Kind.COMPLETION, DONE_BEFORE, 90.0),
    Entry(Kind.CHANGE, CHANGED, 91.0, 5),
    Entry(Kind.CHANGE, CHANGED, 92.0, 7),
    Entry(Kind.CHANGE, OPEN, None, 8),
    Entry(Kind.START, STARTED_IN_THE_PAUSE, 101.0),
    Entry(Kind.COMPLETION, DONE_IN_THE_PAUSE, 102.0),
    Entry(Kind.CHANGE, CHANGED, 103.0, 9),
    Entry(Kind.START, LOST, 110.0),
)
STATES = {
    DONE_BEFORE: "COMPLETED",
    DONE_IN_THE_PAUSE: "COMPLETED",
    CHANGED: "ACTIVE",
    OPEN: "ACTIVE",
    STARTED_IN_THE_PAUSE: "ACTIVE",
}


def shown(states: dict[int, str]) -> Shown:
    """Return a look at a cluster where all agree on these states."""
    return Shown(
        instances={key: Instance(state, 0.0) for key, state in states.items()},
        tasks={
            key: Task(key + 10, "CREATED" if state == "ACTIVE" else "COMPLETED", 0.0) for key, state in states.items()
        },
        revisions=dict.fromkeys(states, 0) | {CHANGED: 7},
        recorded=states,
        recorded_tasks={key: key + 10 for key in states},
        incidents=0,
    )


CONSISTENT = Facts(
    entries=ENTRIES,
    paused_at=PAUSED_AT,
    unanswered={2: 0, 1: 7},
    first=shown(STATES),
    next_keys={1: LOST - 100, 2: TWO + 400},
    words={key: Word.COMPLETED if state == "ACTIVE" else Word.GONE for key, state in STATES.items()}
    | {LOST: Word.GONE},
    arrivals=[Arrival(NEW, 1.0, 2.5, 1.0)],
    last=shown(dict.fromkeys((*STATES, NEW), "COMPLETED")),
)


def wrong(facts: Facts) -> dict[str, str]:
    """Return the cells of the rows that do not hold."""
    return {row.what: row.cell for row in judge(facts) if not row.holds}


def with_first(key: int, **fields: object) -> Facts:
    """Return the facts with something else shown of one instance right after the restore; None: nothing."""
    changed = {name: {**getattr(CONSISTENT.first, name), key: value} for name, value in fields.items()}
    kept: dict[str, Any] = {
        name: {k: v for k, v in values.items() if v is not None} for name, values in changed.items()
    }
    return replace(CONSISTENT, first=replace(CONSISTENT.first, **kept))


def with_word(key: int, word: Word) -> Facts:
    """Return the facts with another word of Zeebe's on one instance."""
    return replace(CONSISTENT, words={**CONSISTENT.words, key: word})


def with_last(key: int, **fields: object) -> Facts:
    """Return the facts with something else shown of one instance in the end."""
    changed: dict[str, Any] = {name: {**getattr(CONSISTENT.last, name), key: value} for name, value in fields.items()}
    return replace(CONSISTENT, last=replace(CONSISTENT.last, **changed))


def test_nothing_is_wrong_with_a_consistent_cluster() -> None:
    assert wrong(CONSISTENT) == {}


ACTIVE, COMPLETED = Instance("ACTIVE", 0.0), Instance("COMPLETED", 0.0)
CREATED, DONE = Task(1, "CREATED", 0.0), Task(1, "COMPLETED", 0.0)

WRONGS: list[tuple[Callable[[], Facts], str, str]] = [
    (lambda: with_word(OPEN, Word.GONE), "started before the pause, still to do, not in Zeebe", "1 of 2"),
    (lambda: with_word(OPEN, Word.GONE), "ACTIVE in Operate, unknown to Zeebe", "1 of 3"),
    (lambda: with_word(OPEN, Word.GONE), "open in Tasklist, unknown to Zeebe", "1 of 3"),
    (lambda: with_word(OPEN, Word.CANCELED), "running in Zeebe, could not be completed", "1 of 3"),
    (lambda: with_word(OPEN, Word.UNCLEAR), "running in Zeebe, could not be completed", "1 of 3"),
    (lambda: with_first(OPEN, instances=None), "started before the pause, not in Operate", "1 of 4"),
    (lambda: with_first(OPEN, instances=None), "running in Zeebe, not in Operate", "1 of 3"),
    (lambda: with_first(OPEN, tasks=None), "started before the pause, not in Tasklist", "1 of 4"),
    (lambda: with_first(OPEN, tasks=None), "running in Zeebe, not in Tasklist", "1 of 3"),
    (lambda: with_first(OPEN, instances=COMPLETED), "ended in Operate, running in Zeebe", "1 of 3"),
    (lambda: with_first(OPEN, tasks=DONE), "done in Tasklist, running in Zeebe", "1 of 3"),
    (
        lambda: with_word(DONE_BEFORE, Word.COMPLETED),
        "completed before the pause, running again in Zeebe",
        "1 of 1",
    ),
    (
        lambda: with_first(DONE_BEFORE, instances=ACTIVE),
        "completed before the pause, not COMPLETED in Operate",
        "1 of 1",
    ),
    (lambda: with_first(DONE_BEFORE, tasks=CREATED), "completed before the pause, not COMPLETED in Tasklist", "1 of 1"),
    (lambda: with_first(CHANGED, revisions=5), "variable changed before the pause, older value in Operate", "1 of 1"),
    (
        lambda: with_first(CHANGED, revisions=None),
        "variable changed before the pause, older value in Operate",
        "1 of 1",
    ),
    (lambda: with_first(LOST, instances=ACTIVE), "ACTIVE in Operate, unknown to Zeebe", "1 of 4"),
    (lambda: with_first(LOST, tasks=CREATED), "open in Tasklist, unknown to Zeebe", "1 of 4"),
    (lambda: with_first(LOST, instances=COMPLETED), "shown with a key that Zeebe has not given out yet", "1 of 6"),
    (
        lambda: with_first(OPEN, recorded="COMPLETED"),
        "state in Operate other than by Zeebe's records, as restored",
        "1 of 5",
    ),
    (
        lambda: with_last(OPEN, instances=ACTIVE),
        "completed after the restore, not COMPLETED in Operate",
        "1 of 3",
    ),
    (lambda: with_last(OPEN, tasks=CREATED), "completed after the restore, not COMPLETED in Tasklist", "1 of 3"),
    (
        lambda: with_last(OPEN, recorded="ACTIVE"),
        "state in Operate other than by Zeebe's records, in the end",
        "1 of 6",
    ),
    (
        lambda: replace(CONSISTENT, arrivals=[Arrival(NEW, None, 1.0, 1.0)]),
        "new work not in Operate within a minute",
        "1 of 1",
    ),
    (
        lambda: replace(CONSISTENT, arrivals=[Arrival(NEW, 1.0, None, None)]),
        "new work not in Tasklist within a minute",
        "1 of 1",
    ),
    (
        lambda: replace(CONSISTENT, arrivals=[Arrival(NEW, 1.0, 1.0, None)]),
        "new work not COMPLETED in Operate within a minute",
        "1 of 1",
    ),
    (lambda: replace(CONSISTENT, last=replace(CONSISTENT.last, incidents=2)), "incidents", "2 of 6"),
]


@pytest.mark.parametrize(
    ("facts", "row", "cell"), WRONGS, ids=[f"{number}-{row}" for number, (_, row, _) in enumerate(WRONGS)]
)
def test_each_wrong_has_its_row(facts: Callable[[], Facts], row: str, cell: str) -> None:
    assert wrong(facts())[row] == cell


def test_what_was_only_in_flight_at_the_pause_may_be_there_or_not() -> None:
    assert wrong(with_word(DONE_IN_THE_PAUSE, Word.GONE)) == {}
    later = replace(CONSISTENT, words={**CONSISTENT.words, DONE_IN_THE_PAUSE: Word.COMPLETED})
    running = {**STATES, DONE_IN_THE_PAUSE: "ACTIVE"}
    assert wrong(replace(later, first=shown(running))) == {}


def test_a_change_that_came_later_may_be_there() -> None:
    assert wrong(with_first(CHANGED, revisions=9)) == {}


def test_a_partition_without_work_proves_nothing() -> None:
    entries = [entry for entry in ENTRIES if entry.instance < TWO]
    assert wrong(replace(CONSISTENT, entries=entries))["partitions without an instance"] == "1 of 2"


def test_nothing_to_look_at_proves_nothing() -> None:
    assert not Row("phantoms", 0, 0).holds
    entries = [entry for entry in ENTRIES if entry.kind is not Kind.CHANGE]
    found = wrong(replace(CONSISTENT, entries=entries))
    assert found == {"variable changed before the pause, older value in Operate": "0 of 0"}


def test_the_load_is_told_in_numbers() -> None:
    told = {row.what: row.found for row in judge(CONSISTENT)}
    assert told["instances started: before the pause / later"] == "4 / 2"
    assert told["those before the pause, by partition"] == "2 / 2"
    assert told["user tasks completed: before the pause / later"] == "1 / 1"
    assert told["variables changed: before the pause / later"] == "2 / 1"
    assert told["commands after the restore without an answer, by partition"] == "7 / 0"
    assert told["slowest new work to arrive in both, seconds"] == "2"
    assert told["ACTIVE / COMPLETED / CANCELED in the end, by Operate"] == "0 / 6 / 0"
