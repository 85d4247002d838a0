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


@dataclass(slots=True)
class PartitionBackup:
    """What one partition's backup says, and what it holds."""

    number: int
    state: str = MISSING
    created: str = ""
    updated: str = ""
    failure: str | None = None
    held: Checkpoint = field(default_factory=Checkpoint, repr=False)

    def begin(self, held: Checkpoint) -> None:
        """Take the checkpoint."""
        self.state, self.created = RUNNING, zeebe_time()
        self.updated = self.created
        self.held = held

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
        return {**described, "checkpointPosition": len(self.held.records), **extras, "brokerVersion": version}


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


@dataclass(slots=True)
class ZeebeBackups:
    """All backups and the highest ID ever seen, which burns every lower one."""

    latest: int = 0
    known: dict[int, ZeebeBackup] = field(default_factory=dict)

    def plant(self, number: int, zeebe: Zeebe, version: str) -> None:
        """Put a complete backup there."""
        parts = [PartitionBackup(n) for n in zeebe.partitions]
        for part in parts:
            part.begin(zeebe.checkpoint(part.number))
            part.end(COMPLETED)
        self.known[number] = ZeebeBackup(number, parts, version)
        self.latest = max(self.latest, number)
