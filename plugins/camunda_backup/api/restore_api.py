"""The Restore API of Camunda 8.10: a running cluster writes a backup into its own partitions.

Modes, the restore and its progress are asked for at the REST API, changes of the cluster at the management port. From
Camunda's manual, its API description and its published sources; no such cluster was at hand to record answers from.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from camunda_backup.api.messages import Answer, Request, readable
from camunda_backup.errors import CamundaBackupError, Rejected, Unreachable

RECOVERING = "RECOVERING"
IN_PROGRESS, COMPLETED, FAILED, CANCELLED = "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED"
ENDED_BADLY = frozenset({FAILED, CANCELLED})
KNOWN = frozenset({IN_PROGRESS, COMPLETED}) | ENDED_BADLY

ENTER_RECOVERY = Request("PATCH", "/v2/mode", {"mode": RECOVERING})
PROGRESS = Request("GET", "/v2/restore")
TOPOLOGY = Request("GET", "/v2/topology")
CHANGES = Request("GET", "/actuator/cluster")

# What Camunda's validation of a restore says, and what it means here.
REASONS = (
    (
        r"No completed backup found for partition (?P<partition>\d+)",
        "partition {partition} has no completed backup {backup_id} in Zeebe's backup store; restore another backup",
    ),
    (
        r"it has (?P<there>\d+) partitions, but the partition group only has (?P<here>\d+)",
        "the backup has {there} partitions, the cluster {here}; set camunda.cluster.partition-count to {there}",
    ),
    (
        r"no backup store is configured",
        "a broker has no backup store; configure the one that holds the backup on every broker",
    ),
    (
        r"No backupId specified|multiple backups|Time range restore|Cannot specify both",
        "the request did not arrive as it was sent ({message}); look for a proxy that changes it",
    ),
)


class NotRecovering(Rejected):
    """The cluster takes a restore in recovering mode only, and is not in it."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What the cluster says of changes of itself.

    :param pending: the ID of one that is going on
    :param last: the ID of the one that ended last
    :param ended: how that one ended: COMPLETED, FAILED or CANCELLED
    """

    pending: str | None = None
    last: str | None = None
    ended: str | None = None

    def state(self, change_id: str) -> str | None:
        """Return how far a change is, None when the cluster does not tell (any more)."""
        if self.pending == change_id:
            return IN_PROGRESS
        return self.ended if self.last == change_id else None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a restore is that is going on.

    :param restored: copies of partitions that are back, of ``expected``
    :param busy: those that are being restored, as a person reads them
    :param backup_ids: of the backups they are restored from
    """

    change_id: str
    status: str
    restored: int
    expected: int
    busy: tuple[str, ...]
    backup_ids: frozenset[int]

    def __str__(self) -> str:
        told = f"restore {self.status}, {self.restored} of {self.expected} partitions are back"
        return f"{told}, {', '.join(self.busy)}" if self.busy else told


@dataclass(frozen=True, slots=True)
class Copy:
    """One broker's copy of a partition."""

    broker: str
    partition: int
    role: str
    health: str
    state: str

    def __str__(self) -> str:
        return f"partition {self.partition} on broker {self.broker} is {self.state}, {self.role}, {self.health}"


@dataclass(frozen=True, slots=True)
class Topology:
    """Every copy of every partition."""

    copies: tuple[Copy, ...]

    @property
    def recovering(self) -> bool:
        """Whether every partition is in recovering mode."""
        return bool(self.copies) and not self.active_ones

    @property
    def active_ones(self) -> list[Copy]:
        """The copies that are not in recovering mode."""
        return [copy for copy in self.copies if copy.state != "recovering"]

    def ailments(self, partitions: int) -> list[str]:
        """Return what keeps the cluster from being at work again, nothing when all is well.

        :param partitions: how many there must be
        """
        found = [str(copy) for copy in self.copies if (copy.state, copy.health) != ("active", "healthy")]
        led = {copy.partition for copy in self.copies if copy.role == "leader"}
        if leaderless := sorted({copy.partition for copy in self.copies} - led):
            found.append(f"partition {', '.join(map(str, leaderless))} has no leader")
        if len(led) != partitions:
            found.append(f"{len(led)} partitions have a leader, the backup has {partitions}")
        return found


def restore(backup_id: int, *, dry_run: bool = False) -> Request:
    """Ask for a restore of one backup; as a dry run it is only validated, and nothing is changed."""
    return Request("POST", "/v2/restore", {"dryRun": "true"} if dry_run else None, {"backupIds": [backup_id]})


def cancel(change_id: str) -> Request:
    """Ask to cancel a change that is going on; after a restore the cluster stays in recovering mode."""
    return Request("DELETE", f"/actuator/cluster/changes/{change_id}")


def read_change(answer: Answer, trouble: str) -> str:
    """Return the ID of the change that an accepted request has begun.

    :raises Unreachable: try again
    :raises Rejected: it was refused
    """
    if answer.status in {401, 403}:
        raise forbidden(answer, trouble)
    if not answer.ok:
        raise answer.failure(trouble)
    with readable(answer, trouble):
        return str(answer.body["changeId"])


def read_restore(backup_id: int, answer: Answer) -> str:
    """Return the ID of the change that restores, or that would.

    :raises NotRecovering: the cluster is not in recovering mode
    :raises Unreachable: try again
    :raises Rejected: this backup cannot be restored into this cluster; the text says why
    """
    trouble = f"Zeebe refuses to restore backup {backup_id}"
    if not answer.ok:  # validation was seen to answer 404 and 409 as well, and an old patch 500
        for pattern, meaning in REASONS:
            if found := re.search(pattern, answer.message):
                told = meaning.format(**found.groupdict(), backup_id=backup_id, message=answer.message)
                raise Rejected(f"{trouble}: {told}")
    if answer.status == 409:
        raise NotRecovering(f"{trouble}: {answer}; it must be in recovering mode, on every broker")
    return read_change(answer, trouble)


def forbidden(answer: Answer, trouble: str) -> CamundaBackupError:
    """Return the error for somebody who is not signed in, or may not do this."""
    if answer.status == 401:
        return Rejected(f"{trouble}: {answer}; correct the login of connections.rest, or identity of the cluster file")
    return Rejected(f"{trouble}: {answer}; give the client of connections.rest the permission RESTORE on BACKUP")


def read_changes(answer: Answer) -> Changes:
    """Return what the management port says of changes.

    :raises Unreachable: it does not tell
    """
    trouble = "Zeebe does not tell its changes"
    if not answer.ok:
        raise Unreachable(f"{trouble}: {answer}")
    with readable(answer, trouble):
        pending, last = answer.body.get("pendingChange") or {}, answer.body.get("lastChange") or {}
        return Changes(_text(pending, "id"), _text(last, "id"), _text(last, "status"))


def read_progress(answer: Answer) -> Progress | None:
    """Return how far the restore is that is going on, None when none is (any more).

    :raises Unreachable: it does not tell
    :raises Rejected: it may not be asked
    """
    trouble = "Zeebe does not tell how far its restore is"
    if answer.status == 404:
        return None
    if answer.status in {401, 403}:
        raise forbidden(answer, trouble)
    if not answer.ok:
        raise answer.failure(trouble)
    with readable(answer, trouble):
        brokers = answer.body["brokers"]
        copies = [(broker["brokerId"], copy) for broker in brokers for copy in broker["partitions"]]
        status = str(answer.body["status"])
        if status not in KNOWN:
            raise Rejected(f"{trouble}: it is {status!r}, a word that this version of the project does not know")
        return Progress(
            str(answer.body["changeId"]),
            status,
            sum(int(broker["partitionsRestored"]) for broker in brokers),
            sum(int(broker["partitionsToRestore"]) for broker in brokers),
            tuple(f"{copy['partitionId']} on broker {name} RESTORING" for name, copy in _busy(copies)),
            frozenset(int(number) for _, copy in copies for number in copy.get("backupIds") or ()),
        )


def read_topology(answer: Answer) -> Topology:
    """Return the state of every partition on every broker.

    :raises Unreachable: it is not told
    """
    trouble = "Zeebe does not tell the states of its partitions"
    if answer.status in {401, 403}:
        raise forbidden(answer, trouble)
    if not answer.ok:
        raise answer.failure(trouble)
    with readable(answer, trouble):
        return Topology(
            tuple(
                Copy(
                    str(broker.get("brokerId", broker.get("nodeId"))),
                    int(copy["partitionId"]),
                    str(copy["role"]),
                    str(copy["health"]),
                    str(copy["state"]),
                )
                for broker in answer.body["brokers"]
                for copy in broker["partitions"]
            )
        )


def _busy(copies: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    return ((name, copy) for name, copy in copies if copy["state"] == "RESTORING")


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    return None if fields.get(name) is None else str(fields[name])
