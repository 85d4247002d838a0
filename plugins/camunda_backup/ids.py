"""Backup IDs: rising numbers, one per try of a backup set, never used twice."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum


class IdScheme(StrEnum):
    """What a backup ID is made of; a cluster keeps one scheme for good."""

    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"
    DATETIME = "datetime"


def now_in(scheme: IdScheme, now: datetime) -> int:
    """Return ``now`` as a backup ID.

    :param now: an aware time in UTC
    """
    match scheme:
        case IdScheme.SECONDS:
            return int(now.timestamp())
        case IdScheme.MILLISECONDS:
            return int(now.timestamp() * 1000)
        case IdScheme.DATETIME:
            return int(now.strftime("%Y%m%d%H%M%S"))


def mint(scheme: IdScheme, now: datetime, known: Iterable[int]) -> int:
    """Return a backup ID above every known one.

    Zeebe refuses an ID that is not higher than all it has seen (409, recorded from Camunda 8.6.0), so an ID
    that another scheme or another clock made is exceeded rather than collided with.

    :param now: an aware time in UTC
    :param known: IDs of every component and of every snapshot in the repository
    """
    return max(now_in(scheme, now), max(known, default=0) + 1)
