"""Running a shell command on the worker whose output, or input, is data: an archive goes through it in chunks."""

import os
import selectors
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol

from camunda_backup.runtimes.shells import (
    CHUNK,
    HELD,
    LOOK,
    NO_INPUT,
    Ended,
    Lines,
    LocalShell,
    Shell,
    ended_with_us,
    held,
)

Sink = Callable[[bytes], object]


class Feeder(threading.Thread):
    """Gives a command what it reads, while somebody else takes what it prints.

    :param source: what it reads
    :param write: gives it a chunk
    :param close: says that there is no more
    """

    def __init__(self, source: Iterable[bytes], write: Sink, close: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._source, self._write, self._close = source, write, close
        self._trouble: Exception | None = None

    def run(self) -> None:
        """Feed to the end; the source is taken to its end even when the command has read enough before."""
        listening = True
        try:
            for chunk in self._source:
                listening = listening and self._give(chunk)
        except Exception as error:  # noqa: BLE001 - raised again by whoever waits for the command
            self._trouble = error
        with suppress(OSError):
            self._close()

    def _give(self, chunk: bytes) -> bool:
        try:
            self._write(chunk)
        except OSError:  # the command's end says why
            return False
        return True

    def finish(self) -> None:
        """Wait until all is fed; raises what the source raised."""
        self.join()
        if self._trouble is not None:
            raise self._trouble


class PipingShell(Shell, Protocol):
    """Where commands run, those whose output or input is data as well."""

    def pipe(self, command: str, timeout: float, sink: Sink, source: Iterable[bytes] | None = None) -> Ended:
        """Run a command to its end.

        :param timeout: in seconds; then it is ended
        :param sink: is given what it prints, in chunks
        :param source: what it reads; None: nothing
        :returns: how it ended, with the lines of its error output
        :raises TimedOut: it took longer, and is gone
        :raises MayRun: its end was not seen
        :raises NoConnection, Unreachable, Rejected: it was not run, or it was killed
        :raises Exception: what ``sink`` or ``source`` raised; the command is ended then
        """


class LocalPipingShell(LocalShell):
    """Commands on the worker, each in a process group of its own."""

    def pipe(self, command: str, timeout: float, sink: Sink, source: Iterable[bytes] | None = None) -> Ended:
        """Run a command with /bin/sh."""
        lines, end = Lines(None), time.monotonic() + timeout
        with (
            subprocess.Popen(  # noqa: S603 - running a command of the cluster file is what this is for
                held(command, HELD + NO_INPUT if source is None else HELD),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                bufsize=0,
            ) as process,
            ended_with_us(process, timeout),
        ):
            feeder = _feeder(process, source)
            _follow(process, end, lines, sink)
            if feeder:
                feeder.finish()
        return Ended(process.returncode, lines.end())


def _feeder(process: subprocess.Popen[bytes], source: Iterable[bytes] | None) -> Feeder | None:
    if source is None or process.stdin is None:
        return None
    descriptor = process.stdin.fileno()

    def write(chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    feeder = Feeder(source, write, process.stdin.close)
    feeder.start()
    return feeder


def _follow(process: subprocess.Popen[bytes], end: float, lines: Lines, sink: Sink) -> None:
    """Read both outputs until they end and the command has ended."""
    if process.stdout is None or process.stderr is None:
        raise TypeError("its outputs are pipes")
    takers: dict[int, Sink] = {process.stdout.fileno(): sink, process.stderr.fileno(): lines.feed}
    with selectors.DefaultSelector() as selector:
        for descriptor in takers:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(process.args, 0)
            for key, _ in selector.select(LOOK):
                if data := os.read(key.fd, CHUNK):
                    takers[key.fd](data)
                else:
                    selector.unregister(key.fd)
    process.wait(max(0.0, end - time.monotonic()))
