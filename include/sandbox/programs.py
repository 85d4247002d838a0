"""Programs that the sandbox starts.

Each has a process group of its own, and all end with the process that started them.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from .errors import BusyError, SandboxError
from .keeper import send
from .keeping import Keeping
from .loopback import answers

PACKAGE_FOLDER = Path(__file__).resolve().parent.parent
POLL_INTERVAL = 0.2
LOCK_PATIENCE = 20.0

# Waits for a line before it becomes the program: until then the keeper may not know its process group.
GATE = ("/bin/sh", "-c", 'read -r _ && exec "$@" </dev/null', "gate")


def environment(home: Path) -> dict[str, str]:
    """Return the environment that programs of the sandbox get: nothing of the caller's.

    :param home: what they take for the user's home folder
    """
    return {"PATH": os.defpath, "HOME": str(home), "TMPDIR": str(home / "tmp"), "LANG": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class Program:
    """What to start.

    :param name: its name, also that of its log
    :param command: the program and its arguments
    :param environment: all environment variables it gets
    :param folder: its working folder, made if missing
    :param health: an address whose GET succeeds once the program is ready for work; empty for one that just ends
    :param excludes: programs that use the same data, so that only one of them may run
    """

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    folder: Path
    health: str
    excludes: tuple[str, ...] = ()


def python_program(name: str, module: str, arguments: tuple[str, ...], home: Path, health: str) -> Program:
    """Return a module of this package as a program.

    :param name: the program's name
    :param module: the module, below `sandbox`
    :param arguments: its arguments
    :param home: its home folder
    :param health: see `Program`
    """
    command = (sys.executable, "-m", f"sandbox.{module}", *arguments)
    variables = environment(home) | {"PYTHONPATH": str(PACKAGE_FOLDER), "PYTHONUNBUFFERED": "1"}
    return Program(name, command, variables, home, health)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its exit code, negative for the signal that ended it, and all it printed."""

    exit_code: int
    output: str


@dataclass(slots=True)
class Running:
    """A started program, how long it took to become healthy in seconds, and when it was started."""

    program: Program
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)
    seconds: float | None = None


class Programs:
    """Starts, signals and ends programs; whatever is left is ended when this process ends, even by `kill -9`.

    Several threads may use it at once.

    :param home: holds the logs and a lock: one set of programs at a time may use it
    :param patience: seconds to wait for a set before that is still being ended
    :raises SandboxError: another sandbox uses this folder
    """

    def __init__(self, home: Path, patience: float = LOCK_PATIENCE) -> None:
        self.logs = home / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._running: dict[str, Running] = {}
        self._changing = threading.RLock()  # held for moments only, never while something ends
        self._closed = False
        variables = environment(home) | {"PYTHONPATH": str(PACKAGE_FOLDER)}
        self._keeper = Keeping(home, self.logs, variables, patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, program: Program) -> None:
        """Start a program; its output goes to its log.

        :raises BusyError: it is running already, or one that it excludes
        :raises SandboxError: everything is being ended
        """
        self._start(program)

    def run(self, program: Program, timeout: float) -> Ended:
        """Run a program to its end; its output is in its log as well.

        :param timeout: seconds after which it is killed
        :raises BusyError: it is running already, or one that it excludes
        :raises SandboxError: it took longer, or everything is being ended
        """
        log = self.log_path(program.name)
        began = log.stat().st_size if log.exists() else 0
        running = self._start(program)
        try:
            code = running.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise SandboxError(f"{program.name} did not end within {timeout:.0f} s; see {log}.") from None
        finally:
            self._kill(running)
        return Ended(code, log.read_bytes()[began:].decode(errors="replace"))

    def stop(self, *names: str, grace: float = 20.0) -> None:
        """End programs together: ask, wait, then kill.

        :param names: those that are not running are passed over
        :param grace: seconds they get to end by themselves
        """
        with self._changing:
            ending = [self._running[name] for name in names if name in self._running]
        for running in ending:
            send(running.process.pid, signal.SIGTERM)
            send(running.process.pid, signal.SIGCONT)
        deadline = time.monotonic() + grace
        for running in ending:
            with suppress(subprocess.TimeoutExpired):
                running.process.wait(max(0.0, deadline - time.monotonic()))
            self._kill(running)

    def kill(self, name: str) -> None:
        """End a program at once, as a crash would."""
        self._kill(self._started(name))

    def freeze(self, name: str) -> None:
        """Halt a program where it is: it keeps its connections and answers nothing."""
        send(self._started(name).process.pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let a frozen program go on."""
        send(self._started(name).process.pid, signal.SIGCONT)

    @contextmanager
    def kept_ended(self, *names: str) -> Iterator[None]:
        """Let nothing start for a moment.

        :param names: these must not be running
        :raises BusyError: one of them is
        """
        with self._changing:
            self._refuse_while_running(*names)
            yield

    def is_running(self, name: str) -> bool:
        """Return whether a program was started and has not ended; a frozen one runs."""
        running = self._running.get(name)
        return running is not None and running.process.poll() is None

    def has_crashed(self, name: str) -> bool:
        """Return whether a program was started and has ended by itself."""
        running = self._running.get(name)
        return running is not None and running.process.poll() is not None

    def pid(self, name: str) -> int:
        """Return the process ID of a started program, which is also its process group."""
        return self._started(name).process.pid

    def seconds(self, name: str) -> float | None:
        """Return how long a program took to become healthy, in seconds; None if it has not."""
        return self._started(name).seconds

    def log_path(self, name: str) -> Path:
        """Return where a program's output goes."""
        return self.logs / f"{name}.log"

    def is_healthy(self, name: str) -> bool:
        """Return whether a program is ready for work right now.

        :raises SandboxError: it ended
        """
        running = self._started(name)
        if running.process.poll() is not None:
            code = running.process.returncode
            raise SandboxError(f"{name} ended by itself with code {code}; see {self.log_path(name)}.")
        if not answers(running.program.health):
            return False
        if running.seconds is None:
            running.seconds = time.monotonic() - running.started
        return True

    def wait_healthy(self, name: str, timeout: float) -> None:
        """Wait until a program is ready for work.

        :param timeout: seconds from now
        :raises SandboxError: it ended, or did not answer in time
        """
        deadline = time.monotonic() + timeout
        while not self.is_healthy(name):
            if time.monotonic() > deadline:
                raise SandboxError(f"{name} is not up after {timeout:.0f} s; see {self.log_path(name)}.")
            time.sleep(POLL_INTERVAL)

    def close(self) -> None:
        """End every program and the keeper."""
        with self._changing:
            self._closed = True
        self.stop(*self._running)
        with self._changing:
            self._keeper.close()

    def _start(self, program: Program) -> Running:
        with self._changing:
            if self._closed:
                raise SandboxError(f"{program.name} is not started: the sandbox is being stopped.")
            if self.is_running(program.name):
                raise BusyError(f"{program.name} is running already.")
            self._refuse_while_running(*program.excludes)
            if program.name in self._running:  # it ended by itself
                self._kill(self._running[program.name])
            program.folder.mkdir(parents=True, exist_ok=True)
            Path(program.environment.get("TMPDIR", program.folder)).mkdir(parents=True, exist_ok=True)
            with self.log_path(program.name).open("ab") as log:
                process = subprocess.Popen(
                    (*GATE, *program.command),
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=program.folder,
                    env=program.environment,
                    start_new_session=True,
                )
            running = self._running[program.name] = Running(program, process)
            self._keeper.watch(process.pid, self.log_path(program.name))
            with cast("IO[bytes]", process.stdin) as gate:
                gate.write(b"go\n")
            return running

    def _refuse_while_running(self, *names: str) -> None:
        for name in names:
            if self.is_running(name):
                raise BusyError(f"{name} is running; stop it first.")

    def _started(self, name: str) -> Running:
        """Return a program that was started, whether or not it has ended by itself since.

        :raises SandboxError: it was not started, or was stopped
        """
        running = self._running.get(name)
        if running is None:
            raise SandboxError(f"{name} is not running.")
        return running

    def _kill(self, running: Running) -> None:
        send(running.process.pid, signal.SIGKILL)
        running.process.wait()
        with self._changing:
            if self._running.get(running.program.name) is not running:
                return  # another thread was faster
            del self._running[running.program.name]
            self._keeper.forget(running.process.pid)
