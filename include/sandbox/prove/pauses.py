"""When exporting was paused, by the broker's own word and nobody else's."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import TracebackType
from typing import Any, Self

import requests

from sandbox.errors import SandboxError
from sandbox.loopback import TIMEOUT, session

INTERVAL = 0.1
RUNNING = frozenset({"EXPORTING"})


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at the exporters.

    :param asked: when the broker was asked, in seconds since the epoch
    :param phases: of all partitions
    """

    asked: float
    phases: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of exporting.

    :param began: the last moment at which it certainly had not begun, in seconds since the epoch
    :param ended: the first moment at which every partition was seen exporting again
    :param phases: what the brokers called it
    """

    began: float
    ended: float
    phases: frozenset[str]

    @property
    def seconds(self) -> float:
        """How long it lasted at most."""
        return self.ended - self.began


def pause_in(sights: Sequence[Sight]) -> Pause:
    """Return the pause that was seen.

    :raises SandboxError: there was none, or it has not ended, or there were several
    """
    paused = [number for number, sight in enumerate(sights) if sight.phases != RUNNING]
    if not paused or paused[0] == 0 or paused[-1] + 1 == len(sights):
        raise SandboxError(f"Exporting was not seen being paused and resumed: {_told(sights)}.")
    if len(paused) != paused[-1] - paused[0] + 1:
        raise SandboxError(f"Exporting was paused more than once: {_told(sights)}.")
    seen = frozenset[str]().union(*(sights[number].phases for number in paused)) - RUNNING
    return Pause(sights[paused[0] - 1].asked, sights[paused[-1] + 1].asked, seen)


def _told(sights: Sequence[Sight]) -> str:
    """Return the phases in their order, each with the number of looks at it."""
    groups = ((phases, sum(1 for _ in group)) for phases, group in groupby(sight.phases for sight in sights))
    return ", ".join(f"{'+'.join(sorted(phases)) or 'none'} ({looks})" for phases, looks in groups) or "no look"


class PauseWatch:
    """Looks at the exporters in a thread of its own.

    :param url: Zeebe's management port
    """

    def __init__(self, url: str) -> None:
        self.sights: list[Sight] = []
        self._url = url
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="exporters", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        with session() as direct:
            while not self._over.wait(INTERVAL):
                asked = time.time()
                try:
                    told = direct.get(f"{self._url}/actuator/partitions", timeout=TIMEOUT)
                except requests.RequestException:
                    continue
                if told.ok and (phases := _phases(told.json())):
                    self.sights.append(Sight(asked, phases))


def _phases(partitions: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Return the exporter phases; none while a busy broker does not know that of every partition."""
    phases = [partition.get("exporterPhase") for partition in partitions.values()]
    return frozenset() if None in phases else frozenset(map(str, phases))
