"""The snapshot API of a search engine, as far as a backup needs it; engines differ in the data below."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from camunda_backup.api.messages import UNREADABLE, Answer, Request, readable
from camunda_backup.errors import Rejected
from camunda_backup.states import Component, Phase, Piece, Report

RECORDS_SNAPSHOT = "camunda_zeebe_records_backup_{backup_id}"
COLD_SNAPSHOT = "camunda_cold_{component}_{{backup_id}}"  # begins like no application's own, which these would list
WORDS = {
    "SUCCESS": Phase.COMPLETED,
    "IN_PROGRESS": Phase.RUNNING,
    "STARTED": Phase.RUNNING,
    "INIT": Phase.RUNNING,
    "PARTIAL": Phase.FAILED,  # shards are missing
    "FAILED": Phase.FAILED,
    "INCOMPATIBLE": Phase.FAILED,
}


@dataclass(frozen=True, slots=True)
class Engine:
    """What differs between search engines.

    :param name: as in the cluster file
    :param majors: major versions this was written for
    :param distribution: how the engine names itself in its root answer; None when it does not
    :param policies: path that lists the policies for the life of indices
    :param snapshot_extras: fields a snapshot request needs on this engine
    """

    name: str
    majors: tuple[int, ...]
    distribution: str | None
    policies: str
    snapshot_extras: Mapping[str, Any] = field(default_factory=dict)


def repository_path(repository: str) -> str:
    """Return the path of a snapshot repository."""
    return f"/_snapshot/{quote(repository, safe='')}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot in the repository.

    :param failed_shards: shards that are missing in it
    :param total_shards: shards it should hold
    :param indices: the indices in it
    :param repository: where it is
    """

    name: str
    state: str
    failed_shards: int
    total_shards: int
    started_at: datetime | None
    indices: tuple[str, ...] = ()
    repository: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing is missing in it."""
        return self.state == "SUCCESS" and self.failed_shards == 0


def read_snapshots(answer: Answer, repository: str = "") -> tuple[Snapshot, ...]:
    """Return the snapshots of a ``GET /_snapshot/{repository}/{pattern}``; none when there are none.

    :param repository: its name
    :raises Rejected: the repository is missing or the request was refused
    :raises Unreachable: the engine gave no usable answer
    """
    if answer.status == 404 and error_type(answer) == "snapshot_missing_exception":
        return ()
    if answer.status != 200:
        raise answer.failure("the snapshots cannot be listed")
    with readable(answer, "the snapshots cannot be listed"):
        if failures := answer.body.get("failures"):  # so Elasticsearch lists a missing repository, with a 200
            raise Rejected(f"the snapshots cannot be listed: {failures}")
        return tuple(_snapshot(told, repository) for told in answer.body.get("snapshots", ()))


@dataclass(frozen=True, slots=True)
class RecordsApi:
    """The part of a backup set that the tool itself makes: a snapshot of the exporter's records indices.

    In a cold backup the tool makes those of all components.

    :param repository: name of the snapshot repository
    :param prefix: of the records indices
    :param snapshot: its name, with ``{backup_id}``
    :param indices: what belongs into it; default: all that begin with the prefix
    """

    engine: Engine
    repository: str
    prefix: str
    component: Component = Component.RECORDS
    snapshot: str = RECORDS_SNAPSHOT
    indices: tuple[str, ...] = ()

    def start(self, backup_id: int) -> Request:
        """Ask for the snapshot; the answer does not wait for its end."""
        chosen = ",".join(self.indices) or f"{self.prefix}*"
        body = {"indices": chosen, "include_global_state": False, **self.engine.snapshot_extras}
        return Request("PUT", self._path(backup_id), {"wait_for_completion": "false"}, body)

    def status(self, backup_id: int) -> Request:
        """Ask for the snapshot as the repository lists it.

        Its ``_status`` says SUCCESS before the snapshot is written to its end, and of a partial one on Elasticsearch
        (recorded from Elasticsearch 8.19 and 9.2, and OpenSearch 2.19 and 3.8).
        """
        return Request("GET", self._path(backup_id))

    def read_start(self, backup_id: int, answer: Answer) -> tuple[str, ...]:
        """Return the snapshot's name.

        :raises Rejected: the repository is missing, the name is in use or the request was refused
        :raises Unreachable: the engine could not say; it may or may not have begun
        """
        if answer.ok:
            return (self.snapshot.format(backup_id=backup_id),)
        raise answer.failure(f"{self.component}: the snapshot of {self.prefix}* could not be started")

    def read_status(self, backup_id: int, answer: Answer) -> Report:
        """Return what the engine says of the snapshot; a snapshot of nothing, or without a shard, is a failure."""
        if answer.status != 200:
            missing = answer.status == 404 and error_type(answer) == "snapshot_missing_exception"
            phase = Phase.PENDING if missing else Phase.FAULT if answer.transient else Phase.FAILED
            word = "not visible" if missing else f"HTTP {answer.status}"
            return Report(self.component, backup_id, phase, word, (), answer.message, found=False)
        try:
            return self._report(backup_id, answer.body["snapshots"][0])
        except UNREADABLE as error:
            return Report.unreadable(self.component, backup_id, answer.body, error)

    def _report(self, backup_id: int, told: dict[str, Any]) -> Report:
        word, shards = told["state"], told["shards"]
        phase, reason = WORDS.get(word, Phase.FAILED), None
        if phase is Phase.COMPLETED and not shards["total"]:
            phase, reason = Phase.FAILED, f"it is empty: no index matches {self.prefix}*"
        elif phase is Phase.COMPLETED and shards["failed"]:
            phase, reason = Phase.FAILED, f"{shards['failed']} of {shards['total']} shards are missing in it"
        started = _snapshot(told, self.repository).started_at
        piece = Piece(told["snapshot"], word, phase is Phase.COMPLETED, started)
        return Report(self.component, backup_id, phase, word, (piece,), reason)

    def _path(self, backup_id: int) -> str:
        return f"{repository_path(self.repository)}/{self.snapshot.format(backup_id=backup_id)}"


def _snapshot(told: dict[str, Any], repository: str) -> Snapshot:
    shards = told.get("shards") or {}
    began = told.get("start_time_in_millis")
    return Snapshot(
        told["snapshot"],
        told["state"],
        shards.get("failed", 0),
        shards.get("total", 0),
        datetime.fromtimestamp(began / 1000, UTC) if began else None,
        tuple(told.get("indices") or ()),
        repository,
    )


def error_type(answer: Answer) -> str | None:
    """Return the engine's name for what went wrong, e.g. ``repository_missing_exception``."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    return error.get("type") if isinstance(error, dict) else None
