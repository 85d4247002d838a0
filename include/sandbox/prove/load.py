"""Continuous work in the background, each acknowledged request of which is written down."""

import itertools
import random
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import requests

from sandbox.errors import SandboxError

from .ledger import Entry, Kind, Ledger
from .shown import Looking
from .zeebe import Zeebe

PER_SECOND = {Kind.START: 4.0, Kind.COMPLETION: 1.0, Kind.CHANGE: 2.0}
POLL_INTERVAL = 0.2


class Load:
    """Starts instances, completes their user tasks and changes their variables, each in a thread of its own.

    :param urls: the cluster's addresses by the names of `ports.py`
    :param ledger: where it is written down
    """

    def __init__(self, urls: Mapping[str, str], ledger: Ledger) -> None:
        self.refused: list[str] = []
        """What came instead of acknowledgements."""
        self._urls = urls
        self._ledger = ledger
        self._over = threading.Event()
        self._running: list[int] = []
        self._tasks: list[tuple[int, int]] = []
        self._tried: set[int] = set()
        self._revisions = itertools.count(1)
        acts = {Kind.START: self._start, Kind.COMPLETION: self._complete, Kind.CHANGE: self._change}
        self._threads = [
            threading.Thread(target=self._work, args=(kind, act), name=kind, daemon=True) for kind, act in acts.items()
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: Mapping[Kind, int], timeout: float) -> None:
        """Wait until so many more requests of each kind are acknowledged.

        :param timeout: in seconds
        :raises SandboxError: they are not in time
        """
        wanted = {kind: self._count(kind) + number for kind, number in more.items()}
        deadline = time.monotonic() + timeout
        while lacking := [kind for kind, number in wanted.items() if self._count(kind) < number]:
            if time.monotonic() > deadline:
                said = self.refused[-1] if self.refused else "nothing was refused"
                raise SandboxError(f"The load does not get on with {', '.join(lacking)}: {said}")
            time.sleep(POLL_INTERVAL)

    def _count(self, kind: Kind) -> int:
        return sum(entry.kind is kind and entry.acknowledged is not None for entry in self._ledger.entries())

    def _work(self, kind: Kind, act: Callable[[Zeebe], None]) -> None:
        with Zeebe(self._urls["zeebe_rest"]) as zeebe:
            while not self._over.wait(1.0 / PER_SECOND[kind]):
                try:
                    act(zeebe)
                except (SandboxError, requests.RequestException) as error:
                    self.refused.append(f"{kind}: {error}")

    def _start(self, zeebe: Zeebe) -> None:
        instance = zeebe.start()
        self._ledger.add(Entry(Kind.START, instance, time.time()))
        self._running.append(instance)

    def _complete(self, zeebe: Zeebe) -> None:
        """Complete a task never tried before: while exporting is paused, Tasklist shows done ones as open."""
        if not self._tasks:
            with Looking(self._urls) as looking:
                found = [one for one in looking.open_tasks().items() if one[0] not in self._tried]
            random.shuffle(found)
            self._tasks = found
        if self._tasks:
            instance, task = self._tasks.pop()
            self._tried.add(instance)
            self._note(Kind.COMPLETION, instance, 0, lambda: zeebe.complete(task).ok)

    def _change(self, zeebe: Zeebe) -> None:
        running = [instance for instance in tuple(self._running) if instance not in self._tried]
        if running:
            instance, revision = random.choice(running), next(self._revisions)  # noqa: S311 - no secret
            self._note(Kind.CHANGE, instance, revision, lambda: zeebe.change(instance, revision).ok)

    def _note(self, kind: Kind, instance: int, revision: int, ask: Callable[[], bool]) -> None:
        """Ask, and write down what was asked for even when no answer comes: it may have been carried out."""
        acknowledged = None
        try:
            acknowledged = time.time() if ask() else None
        finally:
            self._ledger.add(Entry(kind, instance, acknowledged, revision))
