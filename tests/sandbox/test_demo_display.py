"""What stands on the screen while a run goes on, and at the end."""

import io
import re
from typing import Any

import pytest
from rich.console import Console

from sandbox.demo.display import LiveDisplay, PlainDisplay, display_on
from sandbox.demo.progress import TaskLine
from sandbox.demo.summary import address_lines, parts_table, pause_sentence, recovery_sentence, tallies_table
from sandbox.demo.tally import Tally

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

MANIFEST: dict[str, Any] = {
    "backup_id": 1795437544,
    "cluster": "embedded",
    "pause": {"mode": "hard", "seconds": 7.27},
    "parts": [
        {
            "component": "zeebe",
            "state": "COMPLETED",
            "seconds": 3.8,
            "pieces": [{"name": "partition 1", "state": "COMPLETED"}, {"name": "partition 2", "state": "COMPLETED"}],
        },
        {
            "component": "records",
            "state": "SUCCESS",
            "seconds": 0.6,
            "pieces": [{"name": "camunda_zeebe_records_backup_1795437544", "state": "SUCCESS"}],
        },
    ],
}


def console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, force_terminal=terminal, width=100, _environ={}), written


def test_plain_lines_come_once_for_each_change() -> None:
    screen, written = console(terminal=False)
    with display_on(screen, "Backing up x") as display:
        assert isinstance(display, PlainDisplay)
        display.show([TaskLine("pause", "queued"), TaskLine("wait_zeebe", "waiting")])
        display.show([TaskLine("pause", "running", 0.2)])
        display.show([TaskLine("pause", "running", 0.7)])
        display.show([TaskLine("pause", "success", 0.9), TaskLine("wait_zeebe", "running", 0.1, "1 of 2 [partitions]")])
        display.show([TaskLine("pause", "success", 0.9), TaskLine("wait_zeebe", "running", 0.6, "2 of 2 [partitions]")])
    lines = [re.sub(r"^ *[\d.]+ s +", "", line) for line in written.getvalue().splitlines()]
    assert [re.sub(r" +", " ", line) for line in lines] == [
        "Backing up x",
        "pause running 0.2",
        "pause success 0.9",
        "wait_zeebe running 0.1 1 of 2 [partitions]",
        "wait_zeebe running 0.6 2 of 2 [partitions]",
    ]


def test_a_terminal_gets_one_table_that_ends_with_the_last_state() -> None:
    screen, written = console(terminal=True)
    with display_on(screen, "Backing up x") as display:
        assert isinstance(display, LiveDisplay)
        display.show([TaskLine("wait_zeebe", "running", 0.2, "0 of 2")])
        display.show([TaskLine("wait_zeebe", "success", 1.2, "2 of 2")])
    last = ANSI.sub("", written.getvalue()).rpartition("Backing up x")[2]
    assert "success" in last
    assert "1.2" in last
    assert "2 of 2" in last
    assert "running" not in last


@pytest.mark.parametrize("said", ["1795437544", "embedded", "zeebe", "partition 2  COMPLETED", "3.8", "SUCCESS"])
def test_the_table_of_parts_says(said: str) -> None:
    screen, written = console(terminal=False)
    screen.print(parts_table(MANIFEST))
    assert said in written.getvalue()


def test_the_pause_is_told_with_its_mode() -> None:
    assert pause_sentence(MANIFEST).startswith("Exporting was paused (hard) for 7.3 s")


def test_addresses_stand_below_each_other() -> None:
    address = "http://127.0.0.1:28080/dags/back_up_embedded/runs/manual__84a9bf41289e"
    lines = address_lines({"run in Airflow": address, "Operate": "http://127.0.0.1:28020"})
    assert lines == [f"run in Airflow  {address}", "Operate         http://127.0.0.1:28020"]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_line_told_in_the_middle_stays(terminal: bool) -> None:
    screen, written = console(terminal=terminal)
    with display_on(screen, "Restoring x") as display:
        display.show([TaskLine("approve", "awaiting_input", 0.2)])
        display.tell("approve asks [a person]")
        display.show([TaskLine("approve", "success", 1.2)])
    lines = ANSI.sub("", written.getvalue()).splitlines()
    assert [line for line in lines if line.endswith("approve asks [a person]")]


TALLIES: dict[str, Tally] = {
    "at the backup": {"process instances active": 15, "user tasks open": 14},
    "before the disaster": {"process instances active": 19, "user tasks open": 18},
    "after it": {"process instances active": None, "user tasks open": None},
    "restored": {"process instances active": 15, "user tasks open": 13},
}


def test_the_restored_numbers_stand_beside_the_others_and_a_difference_is_red() -> None:
    screen, written = console(terminal=True)
    screen.print(tallies_table("x, lost and restored", TALLIES))
    rows = [re.split(r" *│ *", ANSI.sub("", line))[1:-1] for line in written.getvalue().splitlines() if "│" in line]
    assert rows == [
        ["process instances active", "15", "19", "gone", "15"],
        ["user tasks open", "14", "18", "gone", "13"],
    ]
    assert re.search(r"\x1b\[32m *15", written.getvalue())
    assert re.search(r"\x1b\[1;31m *13", written.getvalue())


def test_the_recovery_is_told_with_its_time() -> None:
    report = {"backup_id": 1795437544, "recovery_seconds": {"healthy": 90.24, "verified": 97.06}}
    assert "1795437544" in recovery_sentence(report)
    assert recovery_sentence(report).endswith("and 97.1 s until everything was verified (RTO).")
