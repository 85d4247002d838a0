"""Running a shell command to its end: on the worker here, on other hosts in ``ssh``."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from camunda_backup.errors import Unreachable

Tell = Callable[[str], object]

LOOK = 0.05  # seconds between two looks whether a silent command has ended
LAST_WORDS = 10.0  # seconds that a command has to end by itself when it is told to
KILLED = 5.0  # seconds until a killed process group must be gone
CHUNK = 65536  # bytes

# Ends a process group when its caller is gone or its time is up, and says whether the group is gone. POSIX sh alone.
# A process that may not be signalled is there as well: only "no such process" counts. A command that has ended by
# itself may leave something in the background, unless it is tied.
GUARD = """
group=$1 seconds=$2 tied=$3 LC_ALL=C
export LC_ALL
exec 3<&0 2>/dev/null
is_there() { case $(kill -s 0 -- "$1" 2>&1) in *"o such process"*) return 1 ;; esac; }
is_gone() {
    tries=$1
    while is_there "-$group"; do
        [ "$tries" -gt 0 ] || return 1
        tries=$((tries - 1))
        sleep "$tick"
    done
}
(read -r word && [ "$word" = end ]) <&3 &
reader=$!
(
    exec 3<&- >/dev/null
    while is_there "$group" && [ "$seconds" -gt 0 ]; do
        sleep 1
        seconds=$((seconds - 1))
    done
    kill "$reader"
) &
clock=$!
echo ready
wait "$reader"
asked=$?
kill "$clock"
[ "$asked" = 0 ] || [ "$tied" = tied ] || is_there "$group" || { echo gone; exit 0; }
if sleep 0.1; then tick=0.1 in_one=10; else tick=1 in_one=1; fi
kill -s TERM -- "-$group"
is_gone $((%d * in_one)) || { kill -s KILL -- "-$group"; is_gone $((%d * in_one)); } || { echo there; exit 1; }
echo gone
""" % (LAST_WORDS, KILLED)  # noqa: UP031 - braces belong to the shell

# Waits until the guard is there; a command that is given no input reads nothing after that either.
HELD = """read -r word && [ "$word" = go ] || exit 1
exec /bin/sh -c "$1" """
NO_INPUT = "</dev/null"
GO = b"go\n"


class TimedOut(Unreachable):
    """A command took too long and was seen to end."""


class MayRun(Unreachable):
    """A command began, and its end was not seen: it may still run."""


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
        :param tied: nothing of it may go on when nobody waits for it any more, whatever it left in the background
        :raises TimedOut: it took longer, and is gone
        :raises MayRun: its end was not seen
        :raises NoConnection, Unreachable, Rejected: it was not run, or it was killed
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
        """Run a command with /bin/sh."""
        lines, end = Lines(tell), time.monotonic() + timeout
        words = held(command, HELD + NO_INPUT) if tied else ["/bin/sh", "-c", command]
        with (
            subprocess.Popen(  # noqa: S603 - running a command of the cluster file is what this is for
                words,
                stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                bufsize=0,
            ) as process,
            ended_with_us(process, timeout, tied=tied),
        ):
            self._follow(process, end, lines)
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


@contextmanager
def ended_with_us(process: subprocess.Popen[bytes], timeout: float, *, tied: bool = True) -> Iterator[None]:
    """End a process and its group when its time is up, when following it fails, or when this process is killed.

    :param process: the leader of its own group
    :param timeout: in seconds
    :param tied: it is held until its guard is there, see :func:`held`; what it left in the background ends with it as
        well, and not even killing this process lets it go on
    :raises TimedOut, MayRun: it took longer
    """
    guard = None
    try:
        if tied:
            guard = subprocess.Popen(  # noqa: S603 - our own script
                ["/bin/sh", "-c", GUARD, "guard", str(process.pid), str(guarded_for(timeout)), "tied"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            _let_go(process, guard)
        yield
    except subprocess.TimeoutExpired:
        if end_group(process):
            raise TimedOut(f"it did not end within {timeout:.0f} s and was ended") from None
        raise MayRun(f"it did not end within {timeout:.0f} s, and not when it was killed: it may still run") from None
    except BaseException as error:  # the sink's, the source's, or the task itself is ended
        if not end_group(process) and isinstance(error, Exception):
            raise MayRun(f"{error}; it did not end when it was killed: it may still run") from error
        raise
    finally:
        if guard:
            guard.communicate()


def held(command: str, script: str) -> list[str]:
    """Return the words that run a command once it is let go."""
    return ["/bin/sh", "-c", script, "camunda-backup", command]


def _let_go(process: subprocess.Popen[bytes], guard: subprocess.Popen[bytes]) -> None:
    if process.stdin is None or guard.stdout is None:
        raise TypeError("what is held has an input, and its guard an output")
    guard.stdout.readline()  # it is ready
    process.stdin.write(GO)


def guarded_for(timeout: float) -> int:
    """Return after how many seconds a guard ends a command that its caller has not ended.

    :param timeout: the caller's, in seconds
    """
    return int(timeout + LAST_WORDS + KILLED) + 15


def end_group(process: subprocess.Popen[bytes]) -> bool:
    """End a process and its group, which may say their last words before; return whether all are gone."""
    for number, seconds in ((signal.SIGTERM, LAST_WORDS), (signal.SIGKILL, KILLED)):
        end = time.monotonic() + seconds
        with suppress(PermissionError):
            if _signal(process, number):
                return True
        while time.monotonic() < end:
            process.poll()
            with suppress(PermissionError):  # somebody else's process is there as well
                if _signal(process, 0):
                    return True
            time.sleep(LOOK)
    return False


def _signal(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to a process's group; return whether there is none."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        process.wait()
        return True
    return False
