"""Ends what its owner started, once the owner is gone: the only way to be sure after a `kill -9`.

The keeper reads orders from its standard input, one JSON object a line, until the owner's end of the pipe
closes, which the operating system sees to however the owner ends. It also keeps the logs short.
Run as `python -m sandbox.keeper`; `programs.py` is the owner.
"""

import json
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

LOG_LIMIT = 20 * 1024 * 1024
LOG_INTERVAL = 1.0
GRACE = 10.0


def orders(pipe: int) -> Iterator[dict[str, str | int] | None]:
    """Yield each order as it arrives and None every second without one, until the pipe closes.

    :param pipe: the file descriptor to read from
    """
    pending = b""
    while True:
        if not select.select([pipe], [], [], LOG_INTERVAL)[0]:
            yield None
            continue
        received = os.read(pipe, 65536)
        if not received:
            return
        *lines, pending = (pending + received).split(b"\n")
        yield from map(json.loads, lines)
        yield None


def shorten(log: Path) -> None:
    """Start a log afresh when it has grown too long, keeping the old part beside it.

    :param log: a file that its writers opened for appending
    """
    with suppress(FileNotFoundError):
        if log.stat().st_size > LOG_LIMIT:
            shutil.copyfile(log, log.with_suffix(".previous.log"))
            os.truncate(log, 0)


def send(group: int, signal_number: int) -> bool:
    """Signal a process group; return whether there still was one.

    :param group: the process group
    :param signal_number: the signal, 0 to only ask
    """
    try:
        os.killpg(group, signal_number)
    except (ProcessLookupError, PermissionError):  # macOS: no permission for a group of zombies
        return False
    return True


def end(groups: Iterable[int]) -> None:
    """End process groups, politely at first, within `GRACE` seconds.

    :param groups: the process groups
    """
    left = list(groups)
    for group in left:
        send(group, signal.SIGTERM)
        send(group, signal.SIGCONT)  # a frozen process can only then obey
    deadline = time.monotonic() + GRACE
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = [group for group in left if send(group, 0)]
    for group in left:
        send(group, signal.SIGKILL)


def main() -> None:
    """Obey the orders on standard input; at its end, end what is still watched."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watched: dict[int, Path] = {}
    for order in orders(sys.stdin.fileno()):
        if order is None:
            for log in watched.values():
                shorten(log)
        elif "watch" in order:
            watched[int(order["watch"])] = Path(str(order["log"]))
        else:
            watched.pop(int(order["forget"]), None)
    end(watched)


if __name__ == "__main__":
    main()
