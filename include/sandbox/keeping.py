"""The owner's side of `keeper.py`: one keeper for each folder, told what to end when its owner is gone."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from .errors import SandboxError

LOOK_INTERVAL = 0.2


class Keeping:
    """A keeper that runs, and locks its folder until all it watches has ended.

    :param home: the folder, with one keeper at a time
    :param logs: a folder for logs, which are emptied
    :param variables: the keeper's environment
    :param patience: seconds to wait for the keeper of an earlier owner
    :raises SandboxError: another sandbox uses the folder
    """

    def __init__(self, home: Path, logs: Path, variables: Mapping[str, str], patience: float) -> None:
        with _lock(home, patience) as lock, (logs / "keeper.log").open("wb") as log:
            for old in logs.glob("*.log"):
                os.truncate(old, 0)
            self._process = subprocess.Popen(
                (sys.executable, "-m", "sandbox.keeper"),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=variables,
                pass_fds=[lock.fileno()],  # the folder stays locked until everything has ended
                start_new_session=True,
            )
        self._orders = cast("IO[bytes]", self._process.stdin)

    def watch(self, group: int, log: Path) -> None:
        """Let the keeper end a process group in the end, and keep its log short."""
        self._order(watch=group, log=str(log))

    def forget(self, group: int) -> None:
        """Tell the keeper that a process group has ended."""
        with suppress(BrokenPipeError, ValueError):  # the keeper is gone, or no longer listened to
            self._order(forget=group)

    def close(self) -> None:
        """Let the keeper end what is left, and wait for it."""
        self._orders.close()
        self._process.wait()

    def _order(self, **order: str | int) -> None:
        self._orders.write(json.dumps(order).encode() + b"\n")
        self._orders.flush()


def _lock(home: Path, patience: float) -> IO[bytes]:
    """Return the folder's lock file, locked."""
    lock = (home / "lock").open("wb")
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                lock.close()
                raise SandboxError(
                    f"Another sandbox runs in {home}; stop it first, or choose another folder with --home."
                ) from None
            time.sleep(LOOK_INTERVAL)
        else:
            return lock
