"""`python -m sandbox demo` as its user runs it, on the stand-in."""

import os
import random
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import ports
from sandbox.preflight import Needs, problems

INCLUDE = Path(__file__).parents[2] / "include"


@pytest.fixture
def base_port() -> int:
    while True:
        base = random.randrange(20000, 32000, 100)  # noqa: S311
        wanted = {name: base + offset for name, offset in ports.OFFSETS.items()}
        if not problems(Needs(wanted, memory_mib=0, disk_mib={})):
            return base


@pytest.fixture
def taken_base(base_port: int) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", ports.port(base_port, "airflow"))):
        yield base_port


def demo(home: Path, base_port: int) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "sandbox", "demo", "--stack", "stand-in", "--exit")
    return subprocess.run(  # noqa: S603
        (*command, "--ports", str(base_port), "--home", str(home)),
        env={**os.environ, "PYTHONPATH": str(INCLUDE)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def numbers(printed: str, row: str) -> list[str]:
    """Return the cells of a table's row after its name."""
    (line,) = [line for line in printed.splitlines() if line.startswith(f"│ {row} ")]
    return [cell.strip() for cell in line.strip("│").split("│")][1:]


def test_a_port_that_is_taken_is_one_sentence_and_nothing_is_started(taken_base: int, tmp_path: Path) -> None:
    told = demo(tmp_path / "home", taken_base)
    assert told.returncode == 1
    assert f"{ports.port(taken_base, 'airflow')} (for airflow)" in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert not (tmp_path / "home").exists()


def test_backs_up_the_stand_in_loses_it_and_brings_it_back(base_port: int, tmp_path: Path) -> None:
    told = demo(tmp_path / "home", base_port)
    assert told.returncode == 0, told.stdout + told.stderr
    assert numbers(told.stdout, "process instances active") == ["15", "19", "gone", "15"]
    assert numbers(told.stdout, "user tasks completed") == ["5", "8", "gone", "5"]
    assert numbers(told.stdout, "indices of Camunda")[2] == "0"
    for asked, answered in (("approve asks a person", "Approve"), ("sign_off asks a person", "Accept")):
        assert f"{asked}: " in told.stdout
        assert f"The demo answers {answered} for you" in told.stdout
    assert re.search(r"[1-9][\d.]* s until everything was verified \(RTO\)", told.stdout)
    assert f"http://127.0.0.1:{base_port + 80}/dags/restore_stand_in/runs/manual__" in told.stdout
    for part in ("zeebe", "operate", "tasklist", "optimize", "records"):
        assert f"│ {part}" in told.stdout
    for cold in ("cold_back_up", "cold_restore"):
        assert f"http://127.0.0.1:{base_port + 80}/dags/{cold}_stand_in" in told.stdout
    assert "Exporting was paused (hard) for" in told.stdout
    assert f"http://127.0.0.1:{base_port + 80}/dags/back_up_stand_in/runs/manual__" in told.stdout
    with socket.socket() as caller:
        assert caller.connect_ex(("127.0.0.1", ports.port(base_port, "airflow"))) != 0
