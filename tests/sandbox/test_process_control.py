"""Parts are looked at, stopped, started, emptied and restored by `python -m sandbox part`, over HTTP."""

import os
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
import requests

from sandbox.process_control import ADDRESS, ProcessControl, variables
from sandbox.programs import Ended, Program, Programs, environment
from tests.observing import exists, until

from .free_ports import free_port

RESTORING = """
import pathlib, sys, time
print("Restoring backup", sys.argv[1], flush=True)
while sys.argv[1] == "7":
    time.sleep(0.1)
pathlib.Path("data").mkdir()
pathlib.Path("data", "log").write_text("restored")
sys.exit(int(sys.argv[1]) % 2)
"""


class SmallCluster:
    """Two parts that only sleep, and a restore application that fills a folder; an odd backup fails, 7 takes long."""

    parts: tuple[str, ...] = ("zeebe", "operate")

    def __init__(self, home: Path) -> None:
        self.home = home
        self.programs = Programs(home)

    def is_running(self, name: str) -> bool:
        return self.programs.is_running(name)

    def stop_part(self, name: str) -> None:
        self.programs.stop(name)

    def start_part(self, name: str) -> None:
        excludes = ("restore",) if name == "zeebe" else ()
        self.programs.start(self._program(name, ("/bin/sleep", "600"), excludes))

    def empty_zeebe(self) -> None:
        with self.programs.kept_ended("zeebe", "restore"):
            (self.home / "data" / "log").unlink(missing_ok=True)

    def restore_zeebe(self, backup_id: int) -> Ended:
        command = (sys.executable, "-c", RESTORING, str(backup_id))
        return self.programs.run(self._program("restore", command, ("zeebe",)), timeout=60)

    def holds_backup(self, backup_id: int) -> bool:
        return backup_id == 42

    def archive_zeebe(self, output: BinaryIO) -> None:
        with self.programs.kept_ended("zeebe"), tarfile.open(fileobj=output, mode="w|") as archive:
            archive.add(self.home / "data", ".")

    def unarchive_zeebe(self, source: BinaryIO) -> None:
        with self.programs.kept_ended("zeebe"), tarfile.open(fileobj=source, mode="r|") as archive:
            archive.extractall(self.home / "data", filter="tar")

    def _program(self, name: str, command: tuple[str, ...], excludes: tuple[str, ...]) -> Program:
        return Program(name, command, environment(self.home), self.home, "", excludes)


class Shell:
    """Runs the command line as a cluster file's commands do."""

    def __init__(self, address: str) -> None:
        self.address = address

    def __call__(self, *arguments: str) -> tuple[int, str]:
        """Run `part`; return its exit code and what it printed, wherever to."""
        told = subprocess.run(  # noqa: S602 - as the runtime of the DAGs does
            f'"$SANDBOX_PYTHON" -m sandbox part {" ".join(arguments)}',
            shell=True,
            env={**os.environ, **variables(self.address)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return told.returncode, (told.stdout + told.stderr).strip()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[SmallCluster]:
    small = SmallCluster(tmp_path)
    with small.programs:
        yield small


@pytest.fixture
def part(cluster: SmallCluster) -> Iterator[Shell]:
    port = free_port()
    control = ProcessControl(port, cluster)
    control.open()
    yield Shell(f"http://127.0.0.1:{port}")
    control.close()


def test_a_part_is_started_and_stopped(part: Shell, cluster: SmallCluster) -> None:
    assert part("state", "operate") == (0, "stopped")
    assert part("start", "operate") == (0, "")
    pid = cluster.programs.pid("operate")
    assert part("start", "operate") == (0, "")
    assert cluster.programs.pid("operate") == pid
    assert part("state", "operate") == (0, "running")
    assert part("stop", "operate") == (0, "")
    assert not exists(pid)
    assert part("stop", "operate") == (0, "")
    assert part("state", "operate") == (0, "stopped")


def test_a_part_that_ended_by_itself_is_stopped_and_can_be_started(part: Shell, cluster: SmallCluster) -> None:
    part("start", "operate")
    os.kill(cluster.programs.pid("operate"), 9)
    until(lambda: part("state", "operate") == (0, "stopped"))
    assert cluster.programs.has_crashed("operate")
    assert part("start", "operate") == (0, "")
    assert part("state", "operate") == (0, "running")


def test_data_of_a_running_zeebe_are_left_alone(part: Shell) -> None:
    part("start", "zeebe")
    for action in ("empty zeebe", "restore zeebe --backup-id 2"):
        assert part(action) == (2, "zeebe is running; stop it first.")


def test_a_restore_tells_its_output_and_its_exit_code(part: Shell, cluster: SmallCluster) -> None:
    assert part("restore", "zeebe", "--backup-id", "2") == (0, "Restoring backup 2")
    assert (cluster.home / "data" / "log").read_text() == "restored"
    code, told = part("restore", "zeebe", "--backup-id", "3")
    assert code == 1
    assert told.startswith("Restoring backup 3\nTraceback")
    assert "FileExistsError" in told
    assert part("empty", "zeebe") == (0, "")
    assert not (cluster.home / "data" / "log").exists()


def test_a_restore_that_goes_on_keeps_zeebe_from_starting(part: Shell, cluster: SmallCluster) -> None:
    ended: list[tuple[int, str]] = []
    restore = threading.Thread(target=lambda: ended.append(part("restore", "zeebe", "--backup-id", "7")))
    restore.start()
    until(lambda: cluster.is_running("restore"))
    for action in ("start zeebe", "empty zeebe"):
        assert part(action) == (2, "restore is running; stop it first.")
    assert part("restore", "zeebe", "--backup-id", "2") == (2, "restore is running already.")
    cluster.stop_part("restore")
    restore.join()
    assert ended == [(128 + 15, "Restoring backup 7")]


def test_an_archive_keeps_links_and_comes_back_as_it_was(part: Shell, cluster: SmallCluster) -> None:
    data = cluster.home / "data"
    data.mkdir()
    (data / "log").write_bytes(os.urandom(3_000_000))
    (data / "hard").hardlink_to(data / "log")
    (data / "soft").symlink_to("log")
    content, archive = (data / "log").read_bytes(), cluster.home / "archive.tar"

    assert part("archive", "zeebe", f"> {archive}") == (0, "")
    for path in data.iterdir():
        path.unlink()
    assert part("unarchive", "zeebe", f"< {archive}") == (0, "")

    assert (data / "log").read_bytes() == content
    assert (data / "hard").samefile(data / "log")
    assert (data / "soft").readlink() == Path("log")


def test_the_data_of_a_running_zeebe_are_not_archived(part: Shell) -> None:
    part("start", "zeebe")
    assert part("archive", "zeebe") == (2, "zeebe is running; stop it first.")
    assert part("unarchive", "zeebe", "< /dev/null") == (2, "zeebe is running; stop it first.")


def test_whether_the_store_holds_a_backup_is_the_exit_code(part: Shell) -> None:
    assert part("has-backup", "zeebe", "--backup-id", "42") == (0, "")
    assert part("has-backup", "zeebe", "--backup-id", "43") == (1, "")


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ("state nosuch", "The sandbox knows no GET /processes/nosuch."),
        ("empty operate", "The sandbox knows no POST /processes/operate/empty."),
        ("restore zeebe", "Say which backup: --backup-id with restore."),
    ],
)
def test_a_mistake_is_one_sentence(part: Shell, action: str, sentence: str) -> None:
    assert part(action) == (2, sentence)


def test_a_sandbox_that_does_not_run_is_one_sentence() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    told = f"The sandbox cannot be asked at {address}: ConnectionError. Is it running?"
    assert Shell(address)("state", "operate") == (2, told)


def test_without_an_address_nothing_is_asked() -> None:
    code, told = Shell("")("state", "operate")
    assert code == 2
    assert told.startswith(f"{ADDRESS} is not set")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"backup_id": "x"}'])
def test_a_restore_without_a_number_is_refused(part: Shell, body: bytes) -> None:
    answer = requests.post(f"{part.address}/processes/zeebe/restore", data=body, timeout=10)
    assert (answer.status_code, answer.json()) == (400, {"message": 'Send {"backup_id": <number>}.'})
