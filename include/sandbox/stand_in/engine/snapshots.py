"""Snapshot repositories and what is in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from uuid import uuid4

from sandbox.stand_in.engine.indices import Index
from sandbox.stand_in.model.clock import millis, zulu

IN_PROGRESS = "IN_PROGRESS"
FAILURE_REASON = "IndexShardSnapshotFailedException[injected by the stand-in]"


class RepositoryMissing(Exception):
    """No repository of that name is registered."""


class SnapshotMissing(Exception):
    """No snapshot of that name is in the repository."""


@dataclass(slots=True)
class Snapshot:
    """One snapshot: the documents as they were when it began."""

    name: str
    indices: Sequence[Index]
    metadata: Mapping[str, Any] | None
    include_global_state: bool
    state: str = IN_PROGRESS
    uuid: str = field(default_factory=lambda: uuid4().hex[:22])
    started: int = field(default_factory=millis)
    ended: int = 0

    def finish(self, state: str) -> None:
        """End it in a state."""
        self.state = state
        self.ended = millis()

    @property
    def shards(self) -> dict[str, int]:
        """Counts of its shards."""
        total = sum(i.shards for i in self.indices)
        failed = len(self.failures)
        done = 0 if self.state == IN_PROGRESS else total
        return {"total": done, "failed": failed, "successful": max(done - failed, 0)}

    @property
    def failures(self) -> list[dict[str, Any]]:
        """One failed shard when it is PARTIAL, all when it is FAILED."""
        broken = {"PARTIAL": self.indices[:1], "FAILED": self.indices}.get(self.state, ())
        reason = {"shard_id": 0, "reason": FAILURE_REASON, "status": "INTERNAL_SERVER_ERROR", "node_id": "stand-in"}
        return [{"index": i.name, "index_uuid": i.name, **reason} for i in broken]

    def described(self, version: str, more: Mapping[str, Any]) -> dict[str, Any]:
        """Form the engines list it in; ``more`` are the engine's own fields."""
        described: dict[str, Any] = {
            "snapshot": self.name,
            "uuid": self.uuid,
            "version_id": 0,
            "version": version,
            **more,
            "indices": [i.name for i in self.indices],
            "data_streams": [],
            "include_global_state": self.include_global_state,
        }
        if self.metadata is not None:
            described["metadata"] = self.metadata
        return described | {
            "state": self.state,
            "start_time": zulu(self.started),
            "start_time_in_millis": self.started,
            "end_time": zulu(self.ended),
            "end_time_in_millis": self.ended,
            "duration_in_millis": max(self.ended - self.started, 0),
            "failures": self.failures,
            "shards": self.shards,
        }

    def status(self, repository: str, *, partial_is_success: bool) -> dict[str, Any]:
        """Form of the ``_status`` call, which calls a running snapshot STARTED.

        :param partial_is_success: it calls a partial snapshot SUCCESS
        """
        told = "SUCCESS" if partial_is_success and self.state == "PARTIAL" else self.state
        return {
            "snapshot": self.name,
            "repository": repository,
            "uuid": self.uuid,
            "state": "STARTED" if self._running else told,
            "include_global_state": self.include_global_state,
            **self._progress(self.indices),
            "indices": {i.name: {**self._progress([i]), "shards": self._shards(i)} for i in self.indices},
        }

    @property
    def _running(self) -> bool:
        return self.state == IN_PROGRESS

    def _progress(self, indices: Sequence[Index]) -> dict[str, Any]:
        """Counts of some indices' shards and what was copied of them."""
        names = {i.name for i in indices}
        total = sum(i.shards for i in indices)
        failed = sum(f["index"] in names for f in self.failures)
        counts = {
            "initializing": 0,
            "started": total if self._running else 0,
            "finalizing": 0,
            "done": 0 if self._running else total - failed,
            "failed": failed,
            "total": total,
        }
        return {"shards_stats": counts, "stats": self._copied(indices)}

    def _copied(self, indices: Sequence[Index]) -> dict[str, Any]:
        files = {"file_count": len(indices), "size_in_bytes": 100 * sum(len(i.documents) for i in indices)}
        taken = (millis() if self._running else self.ended) - self.started
        return {"incremental": files, "total": files, "start_time_in_millis": self.started, "time_in_millis": taken}

    def _shards(self, index: Index) -> dict[str, Any]:
        failed = any(f["index"] == index.name for f in self.failures)
        stage = "STARTED" if self._running else "FAILURE" if failed else "DONE"
        return {str(n): {"stage": stage, "stats": self._copied([index])} for n in range(index.shards)}


class Repositories:
    """Registered repositories. Removing one keeps its snapshots at the location, as in the real engines."""

    def __init__(self) -> None:
        self.definitions: dict[str, dict[str, Any]] = {}
        self._contents: dict[str, dict[str, Snapshot]] = {}

    def copy(self) -> "Repositories":
        """Copy that later registrations, snapshots and deletions do not reach."""
        copied = Repositories()
        copied.definitions = dict(self.definitions)
        copied._contents = {place: dict(snapshots) for place, snapshots in self._contents.items()}
        return copied

    def register(self, name: str, definition: Mapping[str, Any]) -> None:
        """Register a repository or change its definition."""
        kept = {key: definition[key] for key in ("type", "settings") if key in definition}
        self.definitions[name] = {**kept, "settings": settings_as_text(kept.get("settings", {}))}

    def forget(self, name: str) -> None:
        """Unregister a repository."""
        self.snapshots(name)
        del self.definitions[name]

    def snapshots(self, repository: str) -> dict[str, Snapshot]:
        """Return what is at a repository's location; raises RepositoryMissing."""
        if repository not in self.definitions:
            raise RepositoryMissing(repository)
        settings = self.definitions[repository]["settings"]
        place = "/".join(str(settings.get(key, "")) for key in ("location", "bucket", "container", "base_path"))
        return self._contents.setdefault(place, {})

    def find(
        self, repository: str, expression: str, *, empty_pattern: bool, ignore_missing: bool = False
    ) -> list[Snapshot]:
        """Find snapshots by a comma list of names and patterns, oldest first.

        :param empty_pattern: a pattern that nothing fits is no error
        :param ignore_missing: nor is a name that does not exist
        """
        snapshots = self.snapshots(repository)
        chosen: dict[str, Snapshot] = {}
        for item in expression.split(","):
            everything = item in {"_all", "*"}
            fitting = {n: s for n, s in snapshots.items() if everything or fnmatchcase(n, item)}
            may_be_empty = everything or ignore_missing or (empty_pattern and "*" in item)
            if not fitting and not may_be_empty:
                raise SnapshotMissing(item)
            chosen |= fitting
        return sorted(chosen.values(), key=lambda s: (s.started, s.name))


def settings_as_text(settings: Mapping[str, Any]) -> dict[str, str]:
    """Settings the way the engines give them back: every value is text."""
    return {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in settings.items()}
