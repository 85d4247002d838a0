"""The mode of Zeebe's partitions and the changes of the cluster that set it (8.10)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.stand_in.model.clock import zulu
from sandbox.stand_in.model.zeebe import Zeebe

PROCESSING, RECOVERING = "PROCESSING", "RECOVERING"
IN_PROGRESS, COMPLETED, FAILED, CANCELLED = "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED"
PENDING, RESTORING, RESTORED = "PENDING", "RESTORING", "RESTORED"


@dataclass(slots=True)
class Change:
    """One change of the cluster's configuration.

    :param backup_id: of the backup that a restore reads; None: it only changes the mode
    :param progress: states of the partitions that are restored
    """

    number: int
    backup_id: int | None = None
    status: str = IN_PROGRESS
    started_at: str = field(default_factory=zulu)
    completed_at: str | None = None
    progress: dict[int, tuple[str, str | None]] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        """Form the management port shows it in."""
        told: dict[str, Any] = {"id": self.number, "status": self.status, "startedAt": self.started_at}
        return {**told, **({"completedAt": self.completed_at} if self.completed_at else {})}


class Recovery:
    """Which partitions are in recovering mode; at most one change goes on at a time."""

    def __init__(self) -> None:
        self.recovering: set[int] = set()
        self.pending: Change | None = None
        self.last: Change | None = None
        self._numbers = 0

    @property
    def mode(self) -> str:
        """The mode, as far as any partition is not at work."""
        return RECOVERING if self.recovering else PROCESSING

    def complete(self, partitions: Sequence[int]) -> bool:
        """Whether all of these are in recovering mode."""
        return self.recovering.issuperset(partitions)

    def begin(self, backup_id: int | None = None, partitions: Sequence[int] = ()) -> Change:
        """Begin a change; with partitions, they wait for being restored."""
        self._numbers += 1
        self.pending = Change(self._numbers, backup_id, progress=dict.fromkeys(partitions, (PENDING, None)))
        return self.pending

    def end(self, change: Change, status: str) -> None:
        """Come to an end."""
        change.status, change.completed_at = status, zulu()
        self.pending, self.last = None, change

    def restore(self) -> Change | None:
        """The restore that goes on, if one does."""
        return self.pending if self.pending and self.pending.backup_id is not None else None


def planned(change: Change, zeebe: Zeebe, mode: str) -> list[dict[str, Any]]:
    """Give the operations of a change, grouped as later 8.10 versions do."""
    brokers = [str(broker) for broker in range(zeebe.brokers)]
    operations: list[dict[str, Any]] = [
        {"operation": operation, "brokerId": str(broker), "partitionId": number, **more}
        for number in change.progress
        for broker in zeebe.replicas(number)
        for operation, more in (
            ("PartitionPreRestoreOperation", {}),
            ("PartitionRestoreOperation", {"backupIds": [change.backup_id]}),
        )
    ]
    operations += [
        {"operation": operation, "brokerId": broker, "mode": mode}
        for operation in ("ModeChangeOperation", "AwaitModeChangeOperation")
        for broker in brokers
    ]
    if change.progress:
        operations += [{"operation": "UpdateIncarnationNumberOperation", "brokerId": broker} for broker in brokers]
    return [{"physicalTenantId": "default", "operations": operations}]


def restore_status(change: Change, zeebe: Zeebe) -> list[dict[str, Any]]:
    """Give the progress of a restore on each broker."""
    brokers = []
    for broker in range(zeebe.brokers):
        copies = [
            {"partitionId": n, "state": state, "backupIds": [change.backup_id], "completedAt": completed}
            for n, (state, completed) in change.progress.items()
            if broker in zeebe.replicas(n)
        ]
        restored = sum(copy["state"] == RESTORED for copy in copies)
        counts = {"partitionsRestored": restored, "partitionsToRestore": len(copies)}
        brokers.append({"brokerId": str(broker), **counts, "partitions": copies})
    return brokers
