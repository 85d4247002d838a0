"""Running a database's own program: its input is fed, its output taken, and its errors kept, all at once."""

import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from camunda_backup.runtimes.shells import CHUNK, MayRun, TimedOut, end_group
from camunda_backup.secrets import harmless


@dataclass(slots=True)
class Finished:
    """How a program ended.

    :param errors: the lines of its error output
    """

    exit_code: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def last_words(self) -> str:
        """The line that says what went wrong; programs of PostgreSQL say that first and explain it afterwards."""
        telling = [line for line in self.errors if "error:" in line or "ERROR:" in line or "FATAL:" in line]
        line = (telling or self.errors or ["it printed nothing"])[0]
        return f"{harmless(line):.300}"


def run(
    words: Sequence[str],
    environment: Mapping[str, str],
    timeout: float,
    *,
    source: Iterable[bytes] = (),
    sink: Callable[[bytes], object] = len,
) -> Finished:
    """Run a program to its end.

    :param environment: all that it gets
    :param timeout: in seconds; then it is ended
    :param source: what it reads; it is taken to its end even when the program ends before
    :param sink: is given what it prints
    :raises TimedOut: it took longer, and is gone
    :raises MayRun: it took longer, and was not seen to end
    :raises Exception: what ``source`` or ``sink`` raised; the program is ended then
    """
    finished = Finished()
    overdue: list[bool] = []
    trouble: list[Exception] = []
    with subprocess.Popen(  # noqa: S603 - the program that the cluster file chooses, without a shell
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        start_new_session=True,
    ) as process:

        def expire() -> None:
            overdue.append(end_group(process))

        threads = [
            threading.Thread(target=_feed, args=(process, source, trouble), daemon=True),
            threading.Thread(target=_listen, args=(process, finished.errors), daemon=True),
        ]
        timer = threading.Timer(timeout, expire)
        for thread in (*threads, timer):
            thread.start()
        try:
            for chunk in _printed(process):
                sink(chunk)
            finished.exit_code = process.wait()
            for thread in threads:
                thread.join()
        except BaseException:  # the sink's, or the task itself is ended
            end_group(process)
            raise
        finally:
            timer.cancel()
            timer.join()  # it may be ending the program just now, and has the last word on why that ended
    if overdue == [False]:
        raise MayRun(f"it did not end within {timeout:.0f} s, and not when it was killed: it may still run")
    if overdue:
        raise TimedOut(f"it did not end within {timeout:.0f} s and was ended")
    if trouble:
        raise trouble[0]
    return finished


def _feed(process: subprocess.Popen[bytes], source: Iterable[bytes], trouble: list[Exception]) -> None:
    if process.stdin is None:
        raise TypeError("its input is a pipe")
    listening = True
    try:
        for chunk in source:
            if listening:
                try:
                    process.stdin.write(chunk)
                except BrokenPipeError:  # it has read enough
                    listening = False
    except Exception as error:  # noqa: BLE001 - raised again by whoever waits for the program
        trouble.append(error)
    with suppress(BrokenPipeError):
        process.stdin.close()


def _printed(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    if process.stdout is None:
        raise TypeError("its output is a pipe")
    while chunk := process.stdout.read(CHUNK):
        yield chunk


def _listen(process: subprocess.Popen[bytes], errors: list[str]) -> None:
    if process.stderr is None:
        raise TypeError("its error output is a pipe")
    errors.extend(text for line in process.stderr if (text := line.decode("utf-8", "replace").strip()))
