"""`python -m sandbox demo` as its user runs it, whole, on the stand-in: Python alone, nothing is fetched."""

import re
import socket
from pathlib import Path

from sandbox import ports
from tests.sandbox.test_demo_program import base_port, demo

__all__ = ["base_port"]


def numbers(printed: str, row: str) -> list[str]:
    """Return the cells of a table's row after its name."""
    (line,) = [line for line in printed.splitlines() if line.startswith(f"│ {row} ")]
    return [cell.strip() for cell in line.strip("│").split("│")][1:]


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
