"""Whether Zeebe's own backups and a database dump fit together: the one place that decides that.

The restore application takes the backups that reach over the position up to which each partition had been exported into
the database, so there must be one range without a gap from before that position on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from camunda_backup.api.continuous import Checkpoint, Holdings, Range


@dataclass(frozen=True, slots=True)
class Exported:
    """How far a partition had been exported into the database when it was dumped.

    :param least: seen before, or in the dump itself
    :param most: seen after, or in the dump itself
    """

    least: int
    most: int


def as_exported(told: Mapping[str, Any]) -> dict[int, Exported]:
    """Return exported positions out of JSON types, by partition."""
    return {int(number): Exported(**one) for number, one in told.items()}


def gaps(holdings: Holdings, partitions: set[int]) -> Iterator[str]:
    """Yield why Zeebe's backups are not one range without a gap on each of the cluster's partitions."""
    held = {backup.partition for backup in holdings.backups}
    for partition in sorted(partitions):
        if partition not in held:
            yield (
                f"partition {partition} has no backup of its own yet: are continuous backups and a schedule set on"
                " every broker, and has it run?"
            )
            continue
        ranges = _of(holdings, partition)
        if not ranges:
            yield f"the backups of partition {partition} cover no range yet"
        elif len(ranges) > 1:
            stretches = ", ".join(f"{one.first} to {one.end.position}" for one in ranges)
            yield (
                f"the backups of partition {partition} have a gap: they cover positions {stretches}; from a dump before"
                " the gap nothing behind it can be reached. Find out which backup failed or was deleted"
            )
    if strange := sorted(held - partitions):
        yield f"there are backups of partition {', '.join(map(str, strange))}, which the cluster does not have"


def uncovered(
    holdings: Holdings, exported: Mapping[int, Exported], partitions: set[int], backup_id: int | None = None
) -> Iterator[str]:
    """Yield why Zeebe cannot be restored to where a dump of the database ends.

    :param exported: what the dump holds, by partition
    :param backup_id: the backup up to which the ranges must reach; None: any
    """
    if missing := sorted(partitions - exported.keys()):
        yield (
            f"the database knows no exported position of partition {', '.join(map(str, missing))}; the restore"
            " application would refuse it"
        )
    for partition in sorted(partitions & exported.keys()):
        dumped, ranges = exported[partition], _of(holdings, partition)
        covering = [one for one in ranges if one.first <= dumped.least + 1 and dumped.most <= one.end.position]
        if not covering:
            stretches = ", ".join(f"{one.first} to {one.end.position}" for one in ranges) or "none"
            yield (
                f"partition {partition} was exported into the database up to position {dumped.most}, but Zeebe's"
                f" backups cover {stretches}: Zeebe could not be restored to it"
            )
        elif backup_id is not None and all(one.end.checkpoint_id < backup_id for one in covering):
            yield f"the range of partition {partition} ends before backup {backup_id}"


def reached(holdings: Holdings, exported: Mapping[int, Exported], not_before: datetime) -> int | None:
    """Return the newest backup when every partition has it, it is young enough and holds all that was exported."""
    newest = {backup.checkpoint_id for backup in holdings.backups}
    held = {backup.partition: backup for backup in holdings.backups}
    fits = all(
        number in held and dumped.most <= held[number].position and _taken(held[number], not_before)
        for number, dumped in exported.items()
    )
    return newest.pop() if fits and len(newest) == 1 else None


def oldest_newest(holdings: Holdings) -> datetime | None:
    """Return when the newest backup was taken, on the partition whose newest is the oldest."""
    return min((backup.taken_at for backup in holdings.backups if backup.taken_at), default=None)


def _taken(backup: Checkpoint, not_before: datetime) -> bool:
    return backup.taken_at is not None and backup.taken_at >= not_before


def _of(holdings: Holdings, partition: int) -> list[Range]:
    return sorted((one for one in holdings.ranges if one.partition == partition), key=lambda one: one.start.position)
