"""What a cold backup waits for: snapshots of a stopped cluster's indices, and components that run again."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context, PokeReturnValue

from camunda_backup import downtimes
from camunda_backup.clusters import Cluster
from camunda_backup.errors import BackupFailed, Conflict, NotYet
from camunda_backup.hooks.storage import StorageHook
from camunda_backup.sensors.processes import WaitHealthy
from camunda_backup.sensors.step import RunbookSensor
from camunda_backup.standing import require_down
from camunda_backup.states import Component, Phase
from camunda_backup.storage.engine import COLD_SNAPSHOT, RecordsApi, repository_path


class TakeSnapshot(RunbookSensor):
    """Take one snapshot of all indices of a stopped component, and wait until it is whole.

    A try that is repeated deletes the snapshot of the one before, which only this task has asked for. Returns
    ``report``.

    :param cluster: the cluster file
    :param component: whose indices
    :param backup_id: of the set (templated)
    """

    ui_color = "#d6e4f5"
    template_fields: Sequence[str] = ("backup_id",)

    def __init__(self, *, cluster: Cluster, component: Component, backup_id: Any, **kwargs: Any) -> None:
        super().__init__(deadline=cluster.limits.deadline.total_seconds(), **kwargs)
        self.cluster = cluster
        self.component = component
        self.backup_id = backup_id

    def begin(self, context: Context) -> list[str]:
        """Ask for it; returns the indices that belong into it."""
        require_down(self.cluster)
        storage, backup_id = StorageHook(**self.cluster.storage()), int(self.backup_id)
        indices = [index.name for index in storage.own_indices(self._prefixes)]
        if not indices:
            raise BackupFailed(f"{self.component} has no index; correct secondary_storage.index_prefixes")
        api, store, key = self._api(storage, indices), context["task_state_store"], f"asked_for_{backup_id}"
        there = api.read_status(backup_id, storage.send(api.status(backup_id)))
        if there.phase is Phase.FAULT:
            raise NotYet(f"{self.component}: the repository does not tell of its snapshots: {there.reason}")
        if there.found:
            if store.get(key) is None:
                raise Conflict(f"snapshot {there.pieces[0].name} is there, but this run did not ask for it")
            path = f"{repository_path(storage.repository)}/{there.pieces[0].name}"
            storage.request("DELETE", path)
        store.set(key, True)
        (name,) = api.read_start(backup_id, storage.send(api.start(backup_id)))
        self.log.info("Snapshot %s of %d indices was asked for", name, len(indices))
        return indices

    def look(self, context: Context, begun: Any) -> dict[str, Any]:
        """Ask how far it is, and at its end what is in it."""
        storage, backup_id = StorageHook(**self.cluster.storage()), int(self.backup_id)
        api = self._api(storage, begun)
        report = api.read_status(backup_id, storage.send(api.status(backup_id)))
        if report.phase is Phase.FAILED:
            raise BackupFailed(f"{report.progress}: {report.reason or 'the search engine says no more'}")
        if report.phase is not Phase.COMPLETED:
            raise NotYet(report.progress)
        name = report.pieces[0].name
        held = [snapshot for snapshot in storage.snapshots(name) if snapshot.name == name]
        missing = set(begun).difference(*(snapshot.indices for snapshot in held))
        if missing or not held or not held[0].whole:
            raise BackupFailed(f"snapshot {name} is not whole: {', '.join(sorted(missing)[:5]) or 'shards'} missing")
        self.log.info("%s", report.progress)
        return {"report": report.as_json()}

    @property
    def _prefixes(self) -> list[str]:
        return [self.cluster.prefixes[family] for family in self.cluster.families(self.component)]

    def _api(self, storage: StorageHook, indices: Sequence[str]) -> RecordsApi:
        snapshot = COLD_SNAPSHOT.format(component=self.component)
        prefix = self._prefixes[0]
        return RecordsApi(storage.engine, storage.repository, prefix, self.component, snapshot, tuple(indices))


class WaitAgain(WaitHealthy):
    """Wait until a component that ran before the cold backup is healthy again; skipped when this run stopped nothing.

    Runs whatever happened before it.
    """

    def poke(self, context: Context) -> PokeReturnValue:
        """Look, unless there is nothing to wait for."""
        downtimes.require_ran(self.cluster.name, context, self.component)
        return super().poke(context)
