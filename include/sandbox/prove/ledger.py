"""What was asked of Zeebe under load, and when it acknowledged it."""

import json
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

PARTITION_BITS = 51


class Kind(StrEnum):
    """What was asked for."""

    START = "start"
    COMPLETION = "completion"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Entry:
    """One request.

    :param instance: key of the process instance
    :param acknowledged: when Zeebe's good answer was read, in seconds since the epoch; None when there was none
    :param revision: of a change, the value that the variable was given; values of one instance rise
    """

    kind: Kind
    instance: int
    acknowledged: float | None
    revision: int = 0


class Ledger:
    """The requests in the order of their ends, kept in a file too.

    :param file: one line of JSON for each request
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
        self._file = file
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """Write one request down; may be called by several threads."""
        with self._lock, self._file.open("a") as stream:
            self._entries.append(entry)
            stream.write(json.dumps(asdict(entry)) + "\n")

    def entries(self) -> tuple[Entry, ...]:
        """Return what was written down so far."""
        with self._lock:
            return tuple(self._entries)


def acknowledged_before(entries: Iterable[Entry], kind: Kind, moment: float) -> list[Entry]:
    """Return the requests of one kind that Zeebe had acknowledged at a moment.

    :param moment: in seconds since the epoch
    """
    return [
        entry
        for entry in entries
        if entry.kind is kind and entry.acknowledged is not None and entry.acknowledged < moment
    ]


def partition_of(key: int) -> int:
    """Return the partition that gave out a key: Zeebe keeps its number in the upper bits."""
    return key >> PARTITION_BITS
