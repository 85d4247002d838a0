"""When exporting was paused, by the broker's own word and nobody else's."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

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
        raise SandboxError("Nobody saw exporting being paused and resumed.")
    if len(paused) != paused[-1] - paused[0] + 1:
        raise SandboxError("Exporting was paused more than once.")
    seen = frozenset[str]().union(*(sights[number].phases for number in paused)) - RUNNING
    return Pause(sights[paused[0] - 1].asked, sights[paused[-1] + 1].asked, seen)


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
                if told.ok:
                    phases = frozenset(str(partition["exporterPhase"]) for partition in told.json().values())
                    self.sights.append(Sight(asked, phases))
