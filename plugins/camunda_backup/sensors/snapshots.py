"""Replacing one component's indices by those of its snapshots."""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from airflow.sdk import Context

from camunda_backup.clusters import AnyCluster
from camunda_backup.errors import NotYet, RestoreFailed
from camunda_backup.hooks.storage import StorageHook
from camunda_backup.restores import in_units, snapshots_of
from camunda_backup.sensors.step import RunbookSensor
from camunda_backup.sets import snapshot_pattern
from camunda_backup.standing import require_quiet
from camunda_backup.states import Component
from camunda_backup.storage.engine import Snapshot
from camunda_backup.storage.restoring import progress

CLEARINGS = 5


class RestoreSnapshots(RunbookSensor):
    """Delete a component's indices, ask for its snapshots in ascending order, and wait until every shard is back.

    A try that is repeated deletes again what an earlier one brought back. Returns ``indices``, ``snapshots`` and
    ``bytes``.

    :param cluster: the cluster file
    :param component: whose indices
    :param manifest: of the backup set (templated)
    """

    ui_color = "#d7efd9"
    template_fields: Sequence[str] = ("manifest",)

    def __init__(self, *, cluster: AnyCluster, component: Component, manifest: Any, **kwargs: Any) -> None:
        super().__init__(deadline=cluster.restore_limits.snapshots.total_seconds(), **kwargs)
        self.cluster = cluster
        self.component = component
        self.manifest: Mapping[str, Any] = manifest

    @property
    def prefixes(self) -> list[str]:
        """The component's index prefixes."""
        return [self.cluster.prefixes[family] for family in self.cluster.families(self.component)]

    def begin(self, context: Context) -> None:
        """Delete and ask; nothing is deleted before every snapshot was seen to be whole."""
        require_quiet(self.cluster)
        storage = StorageHook(**self.cluster.storage())
        snapshots = self._snapshots(storage)
        self._clear(storage)
        for snapshot in snapshots:
            if snapshot.indices:  # a part may have nothing in it
                self._clear(storage, snapshot.indices)
                self.log.info("Restoring %s: %d indices", snapshot.name, len(snapshot.indices))
                storage.restore(snapshot)

    def _clear(self, storage: StorageHook, names: Collection[str] | None = None) -> None:
        """Delete the component's indices, or those of them that have these names, until none is there.

        Gateways of 8.10 before rc1 make the one for web sessions again while they run (camunda/camunda#63338).
        """
        doomed: list[str] = []
        for _ in range(CLEARINGS):
            own = [index.name for index in storage.own_indices(self.prefixes)]
            doomed = [name for name in own if names is None or name in names]
            if not doomed:
                return
            self.log.info("Deleting %d indices: %s", len(doomed), ", ".join(doomed))
            storage.delete(doomed)
        raise RestoreFailed(
            f"{self.component}: indices come back while they are deleted: {', '.join(doomed[:5])}; find out who makes"
            " them, such as a web port that users still reach, and clear the task"
        )

    def look(self, context: Context, begun: Any) -> dict[str, Any]:
        """Count the shards that are back."""
        storage = StorageHook(**self.cluster.storage())
        snapshots = self._snapshots(storage)
        seen = progress(snapshots, storage.shards([index for one in snapshots for index in one.indices]))
        shown = f"{self.component}: {seen.started} of {seen.expected} shards are back"
        if seen.failed:
            self._bear(context, f"failed {len(seen.failed)}", self.cluster.limits.grace.total_seconds(), seen.failed)
        elif not seen.done:
            stall = self.cluster.restore_limits.stall.total_seconds()
            self._bear(context, f"started {seen.started}", stall, ())
        if not seen.done:
            raise NotYet(shown)
        indices = storage.own_indices(self.prefixes)
        size = sum(index.size for index in indices)
        self.log.info("progress: %s, %s in %d indices", shown, in_units(size), len(indices))
        return {"indices": len(indices), "snapshots": len(snapshots), "bytes": size}

    def _snapshots(self, storage: StorageHook) -> tuple[Snapshot, ...]:
        listed = storage.snapshots(snapshot_pattern(int(self.manifest["backup_id"])))
        found = snapshots_of(self.manifest, self.component, listed)
        named = next(part for part in self.manifest["parts"] if part["component"] == self.component)["pieces"]
        if len(found) < len(named) or not all(snapshot.whole for snapshot in found):
            raise RestoreFailed(f"{self.component}: not all snapshots of the set are in the repository and whole")
        return found

    def _bear(self, context: Context, what: str, limit: float, failed: Sequence[Any]) -> None:
        """Put up with a state for so many seconds."""
        store, key, now = context["task_state_store"], f"seen_in_try_{context['ti'].try_number}", time.time()
        seen: Any = store.get(key)
        if not seen or seen["what"] != what:
            store.set(key, {"what": what, "at": now})
        elif now - seen["at"] >= limit:
            shards = "; ".join(f"{one.index} shard {one.number}: {one.details or one.reason}" for one in failed)
            raise RestoreFailed(f"{self.component}: " + (shards or f"no shard came back for {limit:.0f} s"))
