"""What is in the way is said before anything starts."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.preflight import Needs, problems

MORE_THAN_ANYONE_HAS = 10**9


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_nothing_in_the_way(free_port: int, tmp_path: Path) -> None:
    needs = Needs(ports={"search": free_port}, memory_mib=1, disk_mib={tmp_path / "not" / "there": 1})
    assert problems(needs) == []


def test_a_taken_port_is_named_with_its_server_and_the_way_out(taken_port: int, free_port: int) -> None:
    [problem] = problems(Needs({"search": taken_port, "store": free_port}, memory_mib=1, disk_mib={}))
    assert f"{taken_port} (for search)" in problem
    assert "store" not in problem
    assert "--ports" in problem


def test_a_port_that_is_only_bound_is_taken_too(tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        needs = Needs({"search": bound.getsockname()[1]}, memory_mib=1, disk_mib={tmp_path: 1})
        assert len(problems(needs)) == 1


@pytest.mark.parametrize("port", [80, 70000])
def test_a_port_that_cannot_be_is_told(port: int) -> None:
    [problem] = problems(Needs({"search": port}, memory_mib=1, disk_mib={}))
    assert "between 1024 and 65400" in problem


def test_all_problems_are_told_at_once(taken_port: int, free_port: int, tmp_path: Path) -> None:
    needs = Needs(
        ports={"search": taken_port},
        memory_mib=MORE_THAN_ANYONE_HAS,
        disk_mib={tmp_path: MORE_THAN_ANYONE_HAS},
        download_from=(f"http://127.0.0.1:{free_port}/maven",),
    )
    port, memory, disk, network = problems(needs)
    assert str(taken_port) in port
    assert f"{MORE_THAN_ANYONE_HAS} MiB of memory" in memory
    assert str(tmp_path) in disk
    assert "network" in network
    assert all(problem.count("\n") == 0 and problem.endswith((".", "?")) for problem in (port, memory, disk, network))


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    [problem] = problems(Needs({}, memory_mib=1, disk_mib={tmp_path / "file" / "folder": 1}))
    assert str(tmp_path / "file") in problem
