"""Zeebe's own backups, taken continuously and under IDs that it makes itself: asking for one, and what it holds.

From Camunda 8.9 on, after the manual and the API description; no such cluster was at hand to record them from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from camunda_backup.api.backups import BackupApi
from camunda_backup.api.messages import UNREADABLE, Answer, Request, moment
from camunda_backup.errors import Rejected, Unreachable

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One partition's checkpoint, of a backup or of a mere marker.

    :param position: of the checkpoint; everything before it is in the backup
    :param first_position: the first record that a backup holds, where it tells
    """

    partition: int
    checkpoint_id: int
    position: int
    first_position: int | None
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of one partition's log that its backups cover without a gap."""

    partition: int
    start: Checkpoint
    end: Checkpoint

    @property
    def first(self) -> int:
        """The first position that it holds."""
        return self.start.position if self.start.first_position is None else self.start.first_position


@dataclass(frozen=True, slots=True)
class Holdings:
    """What Zeebe's backup store holds.

    :param backups: the newest backup of each partition
    :param ranges: more than one of a partition means that something is missing between them
    """

    backups: tuple[Checkpoint, ...]
    ranges: tuple[Range, ...]


def start_request(api: BackupApi) -> Request:
    """Ask for a backup under an ID that Zeebe makes; without a body, but as JSON all the same."""
    return Request("POST", api.path, headers=JSON)


def read_start(api: BackupApi, answer: Answer) -> int:
    """Return the ID that Zeebe made.

    :raises Rejected: it makes none, or refused
    :raises Unreachable: it could not say; it may or may not have begun
    """
    if answer.status == 400 and "backupId must be provided" in answer.message:
        raise Rejected(
            "Zeebe makes no backup IDs itself, so its continuous backups are off; set"
            " camunda.data.primary-storage.backup.continuous to true and a schedule on every broker"
        )
    trouble = f"{api.component} did not start a backup"
    if answer.status == 409:  # two checkpoints in the same moment, or scaling
        raise Unreachable(f"{trouble}: {answer}")
    if not answer.ok:
        raise answer.failure(trouble)
    try:
        return int(answer.body["backupId"])
    except UNREADABLE as error:
        raise Unreachable(f"{trouble} that it tells the ID of: {answer}") from error


def holdings_request(api: BackupApi) -> Request:
    """Ask what the backup store holds."""
    return Request("GET", f"{api.path}/state")


def read_holdings(api: BackupApi, answer: Answer) -> Holdings:
    """Return what the backup store holds.

    :raises Rejected, Unreachable: it does not tell
    """
    trouble = f"{api.component} does not tell what its backup store holds"
    if not answer.ok:
        raise answer.failure(trouble)
    try:
        backups = tuple(_checkpoint(told, told) for told in answer.body.get("backupStates") or ())
        ranges = tuple(
            Range(int(told["partitionId"]), _checkpoint(told["start"], told), _checkpoint(told["end"], told))
            for told in answer.body.get("ranges") or ()
        )
    except UNREADABLE as error:
        raise Unreachable(f"{trouble}: unreadable answer: {answer}") from error
    return Holdings(backups, ranges)


def _checkpoint(told: Mapping[str, Any], outer: Mapping[str, Any]) -> Checkpoint:
    """Read a checkpoint; the ends of a range leave the partition to the range."""
    first = told.get("firstLogPosition")
    return Checkpoint(
        int(outer["partitionId"]),
        int(told["checkpointId"]),
        int(told["checkpointPosition"]),
        None if first is None else int(first),
        moment(told.get("checkpointTimestamp")),
    )
