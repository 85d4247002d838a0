"""The parts of the proof that need no cluster: who was paused when, Zeebe's word, the ledger, the table."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.errors import SandboxError
from sandbox.prove.check import word_on
from sandbox.prove.facts import Word
from sandbox.prove.judgement import Row
from sandbox.prove.ledger import Entry, Kind, Ledger, acknowledged_before, partition_of
from sandbox.prove.pauses import Pause, Sight, pause_in
from sandbox.prove.shown import Looking
from sandbox.prove.table import BEGIN, END, as_markdown, lines, verdict, write_into
from sandbox.prove.trials import Column
from sandbox.prove.zeebe import Zeebe

from .recorded import serving

EXPORTING, PAUSED = frozenset({"EXPORTING"}), frozenset({"PAUSED"})
COMPLETION, CANCELLATION = "POST /v2/user-tasks/7/completion", "POST /v2/process-instances/5/cancellation"
DONE: tuple[int, Any] = (204, "")
GONE = (404, {"title": "NOT_FOUND"})
SWALLOWED = (504, {"title": "io.camunda.zeebe.gateway.rest.TimeoutException"})


def sights(*phases: frozenset[str]) -> list[Sight]:
    return [Sight(float(number), seen) for number, seen in enumerate(phases)]


def test_the_pause_begins_with_the_last_look_before_it() -> None:
    seen = pause_in(sights(EXPORTING, EXPORTING, EXPORTING | PAUSED, PAUSED, EXPORTING, EXPORTING))
    assert seen == Pause(began=1.0, ended=4.0, phases=PAUSED)
    assert seen.seconds == 3.0


@pytest.mark.parametrize(
    ("phases", "said"),
    [
        ((), "no look"),
        ((EXPORTING, EXPORTING), "was not seen"),
        ((PAUSED, EXPORTING), r"not seen .*: PAUSED \(1\), EXPORTING \(1\)"),
        ((EXPORTING, PAUSED), "was not seen"),
        ((EXPORTING, PAUSED, EXPORTING, PAUSED, EXPORTING), "more than once"),
    ],
)
def test_a_pause_that_was_not_seen_whole_is_none(phases: tuple[frozenset[str], ...], said: str) -> None:
    with pytest.raises(SandboxError, match=said):
        pause_in(sights(*phases))


@pytest.mark.parametrize(
    ("completion", "cancellation", "word"),
    [
        ([DONE], [GONE], Word.COMPLETED),
        ([GONE], [DONE], Word.CANCELED),
        ([GONE], [GONE], Word.GONE),
        ([SWALLOWED, DONE], [GONE], Word.COMPLETED),
        ([SWALLOWED, GONE], [GONE], Word.UNCLEAR),
        ([GONE], [SWALLOWED, GONE], Word.UNCLEAR),
    ],
)
def test_zeebe_is_asked_to_complete_and_then_to_cancel(
    completion: list[tuple[int, Any]], cancellation: list[tuple[int, Any]], word: Word
) -> None:
    with serving({COMPLETION: completion, CANCELLATION: cancellation}) as server, Zeebe(server.url, 10) as zeebe:
        assert word_on(zeebe, 5, 7) is word


def test_an_instance_without_a_known_task_is_canceled() -> None:
    with serving({CANCELLATION: [DONE]}) as server, Zeebe(server.url) as zeebe:
        assert word_on(zeebe, 5, None) is Word.CANCELED
        assert [call for call, _ in server.calls] == [CANCELLATION]


def test_a_partition_without_an_answer_is_not_taken_for_one_that_knows_nothing() -> None:
    path = f"POST /v2/user-tasks/{2 << 51}/completion"
    with serving({path: [SWALLOWED, GONE]}) as server, Zeebe(server.url) as zeebe:
        assert [zeebe.knows_not(2), zeebe.knows_not(2, padding=5)] == [False, True]
        assert server.asked(path) == [{}, {"variables": {"padding": "xxxxx"}}]


def test_an_instance_that_operate_has_imported_in_part_has_no_start_yet() -> None:
    items = [{"key": 5, "state": "ACTIVE", "startDate": "2026-01-01T00:00:00.000+0000"}, {"key": 6, "state": "ACTIVE"}]
    pages = [(200, {"items": page, "sortValues": [1]}) for page in (items, [])]
    routes: dict[str, list[tuple[int, Any]]] = {
        "POST /api/login": [(200, {})],
        "POST /v1/process-instances/search": pages,
    }
    with serving(routes) as server, Looking({"operate_web": server.url}) as looking:
        assert {key: one.since for key, one in looking.instances().items()} == {5: 1767225600.0, 6: None}


def test_the_records_tell_the_last_state_of_each_instance() -> None:
    def hit(key: int, intent: str, position: int) -> dict[str, Any]:
        return {"_source": {"value": {"processInstanceKey": key}, "intent": intent}, "sort": [1, position]}

    first = [hit(1, "ELEMENT_ACTIVATED", 1), hit(2, "ELEMENT_ACTIVATED", 2), hit(3, "ELEMENT_ACTIVATED", 3)]
    second = [hit(2, "ELEMENT_COMPLETED", 4), hit(3, "ELEMENT_TERMINATED", 5)]
    pages = [(200, {"hits": {"hits": page}}) for page in (first, second, [])]
    path = "POST /zeebe-record_process-instance_*/_search"
    with serving({path: pages}) as server, Looking({"search": server.url}) as looking:
        assert looking.recorded() == {1: "ACTIVE", 2: "COMPLETED", 3: "CANCELED"}
        assert [body.get("search_after") for body in server.asked(path)] == [None, [1, 3], [1, 5]]


def test_the_ledger_keeps_what_was_acknowledged_when(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "new" / "ledger.jsonl")
    ledger.add(Entry(Kind.START, 2 << 51, 5.0))
    ledger.add(Entry(Kind.CHANGE, 2 << 51, None, 3))
    ledger.add(Entry(Kind.START, (1 << 51) + 9, 6.0))

    assert [entry.instance for entry in acknowledged_before(ledger.entries(), Kind.START, 6.0)] == [2 << 51]
    assert acknowledged_before(ledger.entries(), Kind.CHANGE, 6.0) == []
    assert [partition_of(entry.instance) for entry in ledger.entries()] == [2, 2, 1]
    written = [json.loads(line) for line in (tmp_path / "new" / "ledger.jsonl").read_text().splitlines()]
    assert written[1] == {"kind": "change", "instance": 2 << 51, "acknowledged": None, "revision": 3}


HOLDS = Column("zeebe-first", "zeebe-first, hard pause", (Row("pause", "PAUSED"), Row("phantoms", 0, 9)))
BROKEN = Column("counter-proof", "zeebe-first, soft pause", (Row("pause", "SOFT_PAUSED"), Row("phantoms", 3, 9)))
NOT_CHECKED = Column("secondary-first", "secondary-first, soft pause", failure="The run of x failed.")


def test_a_column_holds_when_it_was_checked_and_nothing_is_wrong() -> None:
    assert [column.holds for column in (HOLDS, BROKEN, NOT_CHECKED)] == [True, False, False]
    assert [verdict(column) for column in (HOLDS, BROKEN, NOT_CHECKED)] == ["0", "3", "not checked"]


def test_the_columns_share_their_rows() -> None:
    found = [
        (what, [cell.cell if cell else None for cell in cells]) for what, cells in lines([HOLDS, NOT_CHECKED, BROKEN])
    ]
    assert found == [("pause", ["PAUSED", None, "SOFT_PAUSED"]), ("phantoms", ["0 of 9", None, "3 of 9"])]


def test_the_page_gets_the_table_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n{BEGIN}\nold\n{END}\n\nrest\n")

    write_into(page, as_markdown([HOLDS, BROKEN], "8.6.3"))

    text = page.read_text()
    assert text.startswith(f"# Page\n\n{BEGIN}\n")
    assert text.endswith(f"\n{END}\n\nrest\n")
    assert "| phantoms | 0 of 9 | **3 of 9** |" in text
    assert ": Camunda 8.6.3, OpenSearch 3.8.0, " in text
    assert "old" not in text


def test_a_page_without_marks_is_not_touched(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n")
    with pytest.raises(SandboxError, match="has no place for the result"):
        write_into(page, "text")
    assert page.read_text() == "# Page\n"
