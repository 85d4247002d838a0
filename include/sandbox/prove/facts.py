"""What was found out about a restored cluster, before anything is made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .ledger import Entry
from .shown import Shown


class Word(StrEnum):
    """What Zeebe said about an instance when it was asked to end it."""

    COMPLETED = "completed"  # it was there, and its user task could be completed
    CANCELED = "canceled"  # it was there, but its user task could not be completed
    GONE = "gone"  # Zeebe has no such instance, or none that still runs
    UNCLEAR = "unclear"  # an answer was lost on the way


@dataclass(frozen=True, slots=True)
class Arrival:
    """An instance that was started after the restore; times are in seconds since then, None: not within the limit.

    :param operate: until Operate showed it
    :param tasklist: until Tasklist showed its user task
    :param completed: from the completion of its user task until Operate showed it as completed
    """

    instance: int
    operate: float | None
    tasklist: float | None
    completed: float | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that was collected.

    :param entries: the load, by what Zeebe acknowledged
    :param paused_at: the last moment before the pause, in seconds since the epoch
    :param unanswered: how many commands each partition left without an answer, before it answered all
    :param first: what the restored cluster showed before it was touched
    :param next_keys: the first key that each partition gave out after the restore
    :param words: Zeebe's own word on every instance that was ever acknowledged or is shown
    :param arrivals: new work
    :param last: what it showed after Zeebe had completed all of it
    """

    entries: Sequence[Entry]
    paused_at: float
    unanswered: Mapping[int, int]
    first: Shown
    next_keys: Mapping[int, int]
    words: Mapping[int, Word]
    arrivals: Sequence[Arrival]
    last: Shown
