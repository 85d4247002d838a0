"""Counting, verifying and recording: what makes a backup one that can be trusted."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Context

from camunda_backup import manifests, sets
from camunda_backup.api import generation
from camunda_backup.clusters import Cluster
from camunda_backup.errors import BackupFailed
from camunda_backup.hooks.parts import Part, PartHook
from camunda_backup.hooks.storage import StorageHook
from camunda_backup.links import LINKS
from camunda_backup.operators.step import RunbookStep


class CountSecondaryStorage(RunbookStep):
    """Count, while exporting is paused, what a restored cluster can be held against.

    Returns ``counts`` (definitions, instances by state, user tasks …) and ``indices`` (per application: number,
    documents, bytes).

    :param storage: keyword arguments of :class:`~camunda_backup.hooks.storage.StorageHook`
    :param version: Camunda version
    :param prefixes: index prefix of each application that is there
    """

    def __init__(self, *, storage: dict[str, Any], version: str, prefixes: Mapping[str, str], **kwargs: Any):
        super().__init__(**kwargs)
        self.storage = storage
        self.version = version
        self.prefixes = prefixes

    def step(self, context: Context) -> dict[str, Any]:
        """Count and measure."""
        hook = StorageHook(**self.storage)
        hook.request("POST", f"/{','.join(f'{prefix}*' for prefix in self.prefixes.values())}/_refresh")
        counts = {count.name: hook.count(count, self.prefixes) for count in generation(self.version).counts}
        indices = {}
        for app, prefix in self.prefixes.items():
            found = hook.indices(prefix)
            indices[app] = {
                "indices": len(found),
                "documents": sum(int(index["docs.count"] or 0) for index in found),
                "bytes": sum(int(index["store.size"] or 0) for index in found),
            }
        self.log.info("Counted %s", counts)
        return {"counts": counts, "indices": indices}


class VerifyBackupSet(RunbookStep):
    """Ask every component and the repository once more, and fail unless the set is complete.

    Returns the manifest of the set.

    :param backup_id: of the set (templated)
    :param cluster: the cluster file
    :param pause: what the pause task returned (templated)
    :param resumed: what the resume task returned (templated)
    :param started: what the start tasks returned (templated)
    :param waited: what the sensors returned, in the same order (templated)
    :param counted: what the count task returned (templated)
    """

    ui_color = "#d7efd9"
    operator_extra_links = LINKS
    template_fields: Sequence[str] = ("backup_id", "pause", "resumed", "started", "waited", "counted")

    def __init__(
        self,
        *,
        backup_id: Any,
        cluster: Cluster,
        pause: Any,
        resumed: Any,
        started: Sequence[Any],
        waited: Sequence[Any],
        counted: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.backup_id = backup_id
        self.cluster = cluster
        self.links = cluster.link_bases()
        self.pause = pause
        self.resumed = resumed
        self.started = started
        self.waited = waited
        self.counted = counted

    def step(self, context: Context) -> dict[str, Any]:
        """Judge the set; raises BackupFailed with every reason against it."""
        cluster, backup_id = self.cluster, int(self.backup_id)
        components = cluster.all_components
        reports = {component: PartHook(Part(**cluster.part(component))).status(backup_id) for component in components}
        storage = StorageHook(**cluster.storage())
        snapshots = storage.snapshots(sets.snapshot_pattern(backup_id))
        expected = sets.Expected(
            backup_id,
            components,
            cluster.release,
            {int(number): self.resumed["positions"].get(number) for number in self.pause["positions"]},
            self.pause["asked_at"] - cluster.limits.clock_skew.total_seconds(),
        )
        problems = sets.problems(expected, reports, snapshots, pause_held=self.resumed["held"])
        if problems:
            raise BackupFailed(f"backup {backup_id} of {cluster.name} is not complete:\n- " + "\n- ".join(problems))
        times = {
            waited["report"]["component"]: (started["asked_at"], waited["completed_at"])
            for started, waited in zip(self.started, self.waited, strict=True)
        }
        own = list(cluster.prefixes.values())
        self.log.info("Backup %d of %s is complete: %s", backup_id, cluster.name, ", ".join(components))
        return {
            "format": 1,
            "backup_id": backup_id,
            "cluster": cluster.name,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "camunda_versions": sorted({p.version for r in reports.values() for p in r.pieces if p.version}),
            "order": cluster.order,
            "pause": {
                "mode": self.pause["mode"],
                "asked_at": manifests.as_time(self.pause["asked_at"]),
                "resumed_at": manifests.as_time(self.resumed["resumed_at"]),
                "seconds": self.resumed["seconds"],
                "positions": self.resumed["positions"],
            },
            "partitions": len(expected.exported),
            "brokers": len(self.cluster.brokers),
            "parts": [
                manifests.as_part(component, reports[component].as_json(), *times[component])
                for component in components
            ],
            "repository": {"name": cluster.repository.name, "type": cluster.repository.type},
            "optimize_repository": cluster.optimize_repository.name if cluster.optimize_repository else None,
            "index_prefixes": cluster.prefixes,
            **self.counted,
            # No snapshot brings these back; a restore looks whether they are there.
            "templates": list(storage.templates(own)),
            "policies": list(storage.policies(own)),
            "run": {"dag_id": context["dag"].dag_id, "run_id": context["run_id"]},
        }


class RecordManifest(RunbookStep):
    """Write the manifest and emit it as an asset event, on which other DAGs can be scheduled. Returns its path.

    :param manifest: what the verify task returned (templated)
    :param location: where manifests are kept
    :param cluster: name of the cluster
    """

    template_fields: Sequence[str] = ("manifest",)

    def __init__(self, *, manifest: Any, location: str, cluster: str, **kwargs: Any):
        super().__init__(outlets=[manifests.asset(cluster)], **kwargs)
        self.manifest = manifest
        self.location = location
        self.cluster = cluster

    def step(self, context: Context) -> str:
        """Write and emit."""
        path = manifests.write(self.location, self.manifest)
        context["outlet_events"][manifests.asset(self.cluster)].extra = self.manifest
        self.log.info("The manifest of backup %d is %s", self.manifest["backup_id"], path)
        return path
