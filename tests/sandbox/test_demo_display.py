"""What stands on the screen while a run goes on, and at the end."""

import io
import re
from typing import Any

import pytest
from rich.console import Console

from sandbox.demo.display import LiveDisplay, PlainDisplay, display_on
from sandbox.demo.progress import TaskLine
from sandbox.demo.summary import addresses_table, parts_table, pause_sentence

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


def test_addresses_stay_whole() -> None:
    screen, written = console(terminal=False)
    address = "http://127.0.0.1:28080/dags/back_up_embedded/runs/manual__84a9bf41289e"
    screen.print(addresses_table({"run in Airflow": address, "Operate": "http://127.0.0.1:28020"}))
    assert address in written.getvalue()
