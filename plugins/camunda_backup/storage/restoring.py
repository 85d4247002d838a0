"""Bringing snapshots back into a search engine: what to ask, and when every shard is there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from camunda_backup.api.messages import Answer, Request, readable
from camunda_backup.storage.engine import Snapshot, repository_path

SHARD_COLUMNS = "index,shard,prirep,state,unassigned.reason,unassigned.details"
LONGEST_PATH = 3000  # characters; engines refuse request lines above 4096 bytes
STARTED, UNASSIGNED, GIVEN_UP = "STARTED", "UNASSIGNED", "ALLOCATION_FAILED"


@dataclass(frozen=True, slots=True)
class Shard:
    """One primary shard, in the engine's words.

    :param reason: why it is on no node
    """

    index: str
    number: int
    state: str
    reason: str | None
    details: str | None

    @property
    def failed(self) -> bool:
        """Whether the engine tried to bring it back and could not."""
        return self.state == UNASSIGNED and self.reason == GIVEN_UP


@dataclass(frozen=True, slots=True)
class Index:
    """An index with its size.

    :param size: in bytes
    """

    name: str
    documents: int
    size: int


def belongs(index: str, prefixes: Iterable[str]) -> bool:
    """Return whether an index is one of an application's: its prefix ends where a name part ends."""
    return any(index.startswith((f"{prefix}-", f"{prefix}_")) for prefix in prefixes)


def restore_request(repository: str, snapshot: Snapshot) -> Request:
    """Ask for a snapshot's indices to be restored; the answer does not wait for the end."""
    body = {"indices": ",".join(snapshot.indices), "include_global_state": False, "include_aliases": True}
    path = f"{repository_path(repository)}/{snapshot.name}/_restore"
    return Request("POST", path, {"wait_for_completion": "false"}, body)


def in_paths(names: Sequence[str]) -> Iterator[str]:
    """Yield names joined by commas, as many at a time as a request line takes."""
    joined = ""
    for name in names:
        if joined and len(joined) + len(name) >= LONGEST_PATH:
            yield joined
            joined = name
        else:
            joined = f"{joined},{name}" if joined else name
    if joined:
        yield joined


def read_shards(answer: Answer) -> tuple[Shard, ...]:
    """Return the primary shards of a ``GET /_cat/shards``; none when there is no such index.

    :raises Unreachable, Rejected: the engine gave no usable answer
    """
    trouble = "the shards cannot be listed"
    if answer.status == 404:
        return ()
    if not answer.ok:
        raise answer.failure(trouble)
    with readable(answer, trouble):
        return tuple(_shard(row) for row in answer.body if row["prirep"] == "p")


def read_sizes(answer: Answer) -> dict[str, int]:
    """Return the bytes of each snapshot of a ``GET /_snapshot/{repository}/{names}/_status``.

    :raises Unreachable, Rejected: the engine gave no usable answer
    """
    trouble = "the snapshots' sizes cannot be read"
    if not answer.ok:
        raise answer.failure(trouble)
    with readable(answer, trouble):
        return {one["snapshot"]: int(one["stats"]["total"]["size_in_bytes"]) for one in answer.body["snapshots"]}


def templates_of(answer: Answer, prefixes: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the index templates for an application's indices, of a ``GET /_index_template``.

    :raises Unreachable, Rejected: the engine gave no usable answer
    """
    trouble = "the index templates cannot be listed"
    if not answer.ok:
        raise answer.failure(trouble)
    with readable(answer, trouble):
        found = ((one["name"], one["index_template"]["index_patterns"]) for one in answer.body["index_templates"])
        return tuple(sorted(name for name, patterns in found if any(belongs(one, prefixes) for one in patterns)))


def policies_of(answer: Answer, prefixes: Sequence[str]) -> tuple[str, ...]:
    """Return the names of an application's policies; none where the engine has no such plugin.

    Elasticsearch answers with an object by name, OpenSearch with ``policies``.

    :raises Unreachable: the engine gave no usable answer
    """
    trouble = "the index policies cannot be listed"
    if answer.transient:
        raise answer.failure(trouble)
    if not answer.ok:
        return ()
    with readable(answer, trouble):
        listed = answer.body.get("policies")
        names = answer.body if listed is None else [one["_id"] for one in listed]
        return tuple(sorted(name for name in names if belongs(name, prefixes)))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far indices are back.

    :param expected: primary shards that the snapshots hold
    """

    expected: int
    started: int
    failed: tuple[Shard, ...]

    @property
    def done(self) -> bool:
        """Whether every shard is back."""
        return not self.failed and self.started >= self.expected


def progress(snapshots: Sequence[Snapshot], shards: Iterable[Shard]) -> Progress:
    """Return how far the indices of some snapshots are back."""
    wanted = {index for snapshot in snapshots for index in snapshot.indices}
    ours = [shard for shard in shards if shard.index in wanted]
    return Progress(
        sum(snapshot.total_shards for snapshot in snapshots),
        sum(shard.state == STARTED for shard in ours),
        tuple(shard for shard in ours if shard.failed),
    )


def _shard(row: dict[str, Any]) -> Shard:
    return Shard(
        row["index"], int(row["shard"]), row["state"], row.get("unassigned.reason"), row.get("unassigned.details")
    )
