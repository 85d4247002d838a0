"""Programs are started, signalled and ended; the keeper ends them when their owner is gone."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox import keeper
from sandbox.errors import BusyError, SandboxError
from sandbox.loopback import answers
from sandbox.programs import PACKAGE_FOLDER, Ended, Program, Programs, environment
from tests.observing import exists, until

# Serves HTTP on a port the system chooses, writes it down, and starts a child that will not end when asked to.
SERVER = """
import http.server, pathlib, subprocess, sys
stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", stubborn])
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler)
pathlib.Path("child").write_text(str(child.pid))
server.serve_forever()
"""

OWNER = """
import pathlib, sys, time
from sandbox.programs import Program, Programs, environment
home = pathlib.Path(sys.argv[1])
programs = Programs(home)
for name in ("one", "two"):
    code = "import time; print('ready', flush=True); time.sleep(600)"
    programs.start(Program(name, (sys.executable, "-c", code), environment(home), home, ""))
programs.freeze("two")
print(programs.pid("one"), programs.pid("two"), flush=True)
time.sleep(600)
"""


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path) as running:
        yield running


@pytest.fixture
def server(programs: Programs, tmp_path: Path, free_port: int) -> Program:
    command = (sys.executable, "-c", SERVER, str(free_port))
    program = Program("server", command, environment(tmp_path), tmp_path / "server", f"http://127.0.0.1:{free_port}/")
    programs.start(program)
    programs.wait_healthy("server", timeout=30)
    return program


def child_of(server: Program) -> int:
    return int((server.folder / "child").read_text())


def test_a_healthy_program_runs_and_took_some_time(programs: Programs, server: Program) -> None:
    assert programs.is_running("server")
    assert (programs.seconds("server") or 0.0) > 0.0
    assert exists(programs.pid("server"))


def test_a_stopped_program_leaves_nothing(programs: Programs, server: Program) -> None:
    pids = programs.pid("server"), child_of(server)
    programs.stop("server", grace=5)
    assert not programs.is_running("server")
    assert not answers(server.health)
    until(lambda: not any(map(exists, pids)))


def test_a_killed_program_can_be_started_again(programs: Programs, server: Program) -> None:
    pid = programs.pid("server")
    programs.kill("server")
    assert not programs.is_running("server")
    programs.start(server)
    programs.wait_healthy("server", timeout=30)
    assert programs.pid("server") != pid


def test_a_frozen_program_answers_nothing_until_it_is_thawed(programs: Programs, server: Program) -> None:
    programs.freeze("server")
    assert not answers(server.health, timeout=0.5)
    assert programs.is_running("server")
    programs.thaw("server")
    programs.wait_healthy("server", timeout=30)


def test_a_frozen_program_can_be_stopped(programs: Programs, server: Program) -> None:
    programs.freeze("server")
    programs.stop("server", grace=10)
    assert not programs.is_running("server")


def test_starting_twice_is_refused(programs: Programs, server: Program) -> None:
    with pytest.raises(SandboxError, match="server is running already"):
        programs.start(server)


def test_a_program_that_ends_while_it_starts_is_told_with_its_log(programs: Programs, tmp_path: Path) -> None:
    programs.start(Program("broken", ("/no/such/program",), environment(tmp_path), tmp_path, "http://127.0.0.1:9/"))
    with pytest.raises(SandboxError, match=r"broken ended by itself with code 127; see .*broken\.log"):
        programs.wait_healthy("broken", timeout=30)
    assert "/no/such/program" in programs.log_path("broken").read_text()


def test_a_program_that_never_answers_is_told(programs: Programs, tmp_path: Path, free_port: int) -> None:
    health = f"http://127.0.0.1:{free_port}/"
    programs.start(Program("mute", ("/bin/sleep", "600"), environment(tmp_path), tmp_path, health))
    with pytest.raises(SandboxError, match="mute is not up after 1 s"):
        programs.wait_healthy("mute", timeout=1)


def test_a_folder_serves_one_set_of_programs_at_a_time(programs: Programs, tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="Another sandbox runs in"):
        Programs(tmp_path, patience=0.2)


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with Programs(tmp_path, patience=5):
            pass


def test_everything_ends_when_the_owner_is_killed(tmp_path: Path) -> None:
    variables = os.environ | {"PYTHONPATH": str(PACKAGE_FOLDER)}
    with subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, env=variables) as owner:  # noqa: S603
        assert owner.stdout
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        until(lambda: (tmp_path / "logs" / "one.log").read_text() == "ready\n")
        assert all(map(exists, pids))
        owner.send_signal(signal.SIGKILL)
    assert len(pids) == 2
    until(lambda: not any(map(exists, pids)))
    with Programs(tmp_path):  # and the folder is free again
        pass


def test_a_program_that_just_ends_is_told_with_what_it_printed(programs: Programs, tmp_path: Path) -> None:
    for word, code in (("first", 0), ("second", 3)):
        command = ("/bin/sh", "-c", f"echo {word}; echo more >&2; exit {code}")
        ended = programs.run(Program("short", command, environment(tmp_path), tmp_path, ""), timeout=30)
        assert ended == Ended(code, f"{word}\nmore\n")
    assert programs.log_path("short").read_text() == "first\nmore\nsecond\nmore\n"
    assert not programs.is_running("short")


def test_a_program_that_does_not_end_is_killed(programs: Programs, tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"long did not end within 1 s; see .*long\.log"):
        programs.run(Program("long", ("/bin/sleep", "600"), environment(tmp_path), tmp_path, ""), timeout=1)
    assert not programs.is_running("long")


def test_programs_that_exclude_each_other_never_run_at_once(programs: Programs, server: Program) -> None:
    other = replace(server, name="other", command=("/bin/sleep", "600"), excludes=("server",))
    with pytest.raises(BusyError, match="server is running; stop it first"):
        programs.start(other)
    with pytest.raises(BusyError, match="server is running"), programs.kept_ended("server"):
        pass
    programs.stop("server", grace=5)
    with programs.kept_ended("server"):
        programs.start(other)


def test_many_threads_may_stop_and_start_one_program(programs: Programs, tmp_path: Path) -> None:
    sleeping = Program("sleeping", ("/bin/sleep", "600"), environment(tmp_path), tmp_path, "")
    pids: list[int] = []

    def restart() -> None:
        for _ in range(10):
            programs.stop("sleeping")
            with suppress(SandboxError):  # another thread started it, or stopped it, a moment before
                programs.start(sleeping)
                pids.append(programs.pid("sleeping"))

    threads = [threading.Thread(target=restart) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    programs.stop("sleeping")
    assert pids
    assert not any(map(exists, pids))


def test_nothing_starts_once_everything_is_being_ended(tmp_path: Path) -> None:
    with Programs(tmp_path) as programs:
        pass
    with pytest.raises(SandboxError, match="the sandbox is being stopped"):
        programs.start(Program("late", ("/bin/sleep", "600"), environment(tmp_path), tmp_path, ""))


def test_what_was_never_started_cannot_be_killed(programs: Programs) -> None:
    with pytest.raises(SandboxError, match="nobody is not running"):
        programs.kill("nobody")


def test_a_log_is_kept_short(programs: Programs, tmp_path: Path) -> None:
    chatter = (
        f"import sys\nfor _ in range({keeper.LOG_LIMIT // 1000 + 1}): print('x' * 1000)\nprint('the end', flush=True)"
    )
    chatter += "\nimport time\nwhile True:\n    time.sleep(0.1)\n    print('and on', flush=True)"
    programs.start(Program("chatty", (sys.executable, "-c", chatter), environment(tmp_path), tmp_path, ""))
    log = programs.log_path("chatty")
    previous = log.with_suffix(".previous.log")
    until(previous.exists)
    until(lambda: "and on" in log.read_text())
    assert log.stat().st_size < keeper.LOG_LIMIT
