"""`python -m sandbox demo` as its user runs it, on the stand-in."""

import os
import random
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


def test_a_port_that_is_taken_is_one_sentence_and_nothing_is_started(taken_base: int, tmp_path: Path) -> None:
    told = demo(tmp_path / "home", taken_base)
    assert told.returncode == 1
    assert f"{ports.port(taken_base, 'airflow')} (for airflow)" in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert not (tmp_path / "home").exists()
