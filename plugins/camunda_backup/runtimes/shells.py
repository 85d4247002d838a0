"""Running a shell command to its end: on the worker here, on other hosts in ``ssh``."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from camunda_backup.errors import Unreachable

Tell = Callable[[str], object]

LOOK = 0.05  # seconds between two looks whether a silent command has ended
LAST_WORDS = 10.0  # seconds that a command has to end by itself when it is told to
CHUNK = 65536  # bytes


class TimedOut(Unreachable):
    """A command took too long and was ended."""


class NoConnection(Unreachable):
    """The host on which a command should run does not answer."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    :param lines: what it printed on both outputs, without empty lines
    """

    exit_code: int
    lines: tuple[str, ...]

    @property
    def last_line(self) -> str:
        """The last line that it printed."""
        return self.lines[-1] if self.lines else "it printed nothing"


class Shell(Protocol):
    """Where commands run."""

    def run(self, command: str, timeout: float, tell: Tell | None = None, *, tied: bool = False) -> Ended:
        """Run a command and return how it ended.

        :param timeout: in seconds; then the command is ended
        :param tell: is given each line as soon as it is printed, unless it is empty
        :param tied: it must not go on when nobody waits for it any more
        :raises TimedOut: it took longer
        :raises NoConnection, Unreachable, Rejected: it could not be run, or its end could not be seen
        """


class Lines:
    """Cuts what arrives into lines.

    :param tell: is given each line as soon as it is whole
    """

    def __init__(self, tell: Tell | None) -> None:
        self._tell = tell
        self._rest = b""
        self._lines: list[str] = []

    def feed(self, data: bytes) -> None:
        """Take what has arrived."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._add(line)

    def end(self) -> tuple[str, ...]:
        """Return all lines, the unfinished last one as well."""
        self.feed(b"\n")
        return tuple(self._lines)

    def _add(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip()
        if text:
            self._lines.append(text)
            if self._tell:
                self._tell(text)


class LocalShell:
    """Commands on the worker, each in a process group of its own."""

    def run(self, command: str, timeout: float, tell: Tell | None = None, *, tied: bool = False) -> Ended:
        """Run a command with /bin/sh; here every command is tied."""
        lines, end = Lines(tell), time.monotonic() + timeout
        with subprocess.Popen(  # noqa: S603 - running a command of the cluster file is what this is for
            ["/bin/sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            bufsize=0,
        ) as process:
            try:
                self._follow(process, end, lines)
            except subprocess.TimeoutExpired:
                end_group(process)
                raise TimedOut(f"it did not end within {timeout:.0f} s and was ended") from None
            except BaseException:  # the task itself is ended
                end_group(process)
                raise
        return Ended(process.returncode, lines.end())

    @staticmethod
    def _follow(process: subprocess.Popen[bytes], end: float, lines: Lines) -> None:
        """Read until the command ends; what it left running in the background may hold the output open for longer."""
        if process.stdout is None:
            raise TypeError("its output is a pipe")
        output = process.stdout.fileno()
        os.set_blocking(output, False)
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while process.poll() is None:
                if time.monotonic() > end:
                    raise subprocess.TimeoutExpired(process.args, 0)
                if not selector.select(LOOK):
                    continue
                if data := os.read(output, CHUNK):
                    lines.feed(data)
                else:  # it has closed its output and goes on
                    process.wait(max(0.0, end - time.monotonic()))
        with suppress(BlockingIOError):
            while data := os.read(output, CHUNK):
                lines.feed(data)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group, which may say their last words before."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(LAST_WORDS)
    with suppress(ProcessLookupError):  # those of the group that are left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
