"""Zeebe's own backups: one state for each partition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sandbox.stand_in.model.clock import zeebe_time
from sandbox.stand_in.model.zeebe import Checkpoint, Zeebe

MISSING = "DOES_NOT_EXIST"
RUNNING = "IN_PROGRESS"
COMPLETED = "COMPLETED"
FAILED = "FAILED"


class StoreTrouble(Exception):
    """The backup store cannot be asked, or refuses."""


@dataclass(slots=True)
class PartitionBackup:
    """What one partition's backup says, and what it holds as long as it is at hand."""

    number: int
    state: str = MISSING
    created: str = ""
    updated: str = ""
    failure: str | None = None
    position: int = 0
    held: Checkpoint = field(default_factory=Checkpoint, repr=False)

    @property
    def completed(self) -> bool:
        """Whether all of it is in the store."""
        return self.state == COMPLETED

    def begin(self, held: Checkpoint) -> None:
        """Take the checkpoint."""
        self.state, self.created = RUNNING, zeebe_time()
        self.updated = self.created
        self.held, self.position = held, len(held.records)

    def end(self, state: str, failure: str | None = None) -> None:
        """Come to an end."""
        self.state, self.failure, self.updated = state, failure, zeebe_time()

    def described(self, version: str, extras: Mapping[str, Any], *, brief: bool) -> dict[str, Any]:
        """Form the API shows it in; the list shows it briefly, later versions with more fields."""
        described: dict[str, Any] = {"partitionId": self.number, "state": self.state}
        if self.state == MISSING:
            return described
        if self.failure:
            described["failureReason"] = self.failure
        described["createdAt"] = self.created
        if brief:
            return {**described, "brokerVersion": version}
        described["lastUpdatedAt"] = self.updated
        if self.failure:
            return described
        return {**described, "checkpointPosition": self.position, **extras, "brokerVersion": version}


@dataclass(slots=True)
class ZeebeBackup:
    """One backup; nobody knows of it before the first partition has seen its checkpoint."""

    number: int
    partitions: list[PartitionBackup]
    version: str

    @property
    def visible(self) -> bool:
        """Whether asking for it finds it."""
        return any(p.state != MISSING for p in self.partitions)

    @property
    def state(self) -> str:
        """State of the whole, by the rules of Camunda's manual."""
        states = {p.state for p in self.partitions}
        if states == {COMPLETED}:
            return COMPLETED
        if FAILED in states:
            return FAILED
        return "INCOMPLETE" if MISSING in states else RUNNING

    def described(self, extras: Mapping[str, Any] = MappingProxyType({}), *, brief: bool = False) -> dict[str, Any]:
        """Form the API shows it in."""
        described: dict[str, Any] = {"backupId": self.number, "state": self.state}
        failed = [p for p in self.partitions if p.failure]
        if failed:
            told = (f"Backup on partition {p.number} failed due to {p.failure}. " for p in failed)
            described["failureReason"] = "".join(told)
        return {**described, "details": [p.described(self.version, extras, brief=brief) for p in self.partitions]}


class ZeebeBackups:
    """All backups, here in memory, and the highest ID ever seen, which burns every lower one.

    Where they are in a store, every call may raise `StoreTrouble`.
    """

    def __init__(self) -> None:
        self.latest = 0
        self._known: dict[int, ZeebeBackup] = {}

    async def all(self) -> list[ZeebeBackup]:
        """Return every backup."""
        return list(self._known.values())

    async def get(self, number: int) -> ZeebeBackup | None:
        """Return one backup."""
        return self._known.get(number)

    async def write(self, backup: ZeebeBackup, part: PartitionBackup) -> None:
        """Note what became of a partition's backup."""
        del part
        self._known[backup.number] = backup

    async def load(self, backup: ZeebeBackup) -> dict[int, Checkpoint]:
        """Return what a complete backup holds of each partition."""
        return {part.number: part.held for part in backup.partitions}

    async def delete(self, number: int) -> None:
        """Delete a backup; one that is not there is no error."""
        self._known.pop(number, None)

    async def plant(self, number: int, zeebe: Zeebe, version: str) -> None:
        """Put a complete backup there."""
        backup = ZeebeBackup(number, [PartitionBackup(n) for n in zeebe.partitions], version)
        for part in backup.partitions:
            part.begin(zeebe.checkpoint(part.number))
            part.end(COMPLETED)
            await self.write(backup, part)
        self.latest = max(self.latest, number)
