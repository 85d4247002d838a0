"""Whether a dump, Zeebe's backups and Optimize's set fit together: what makes them one that can be restored."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Context

from camunda_backup import sets
from camunda_backup.continuity import as_exported, gaps, uncovered
from camunda_backup.errors import BackupFailed
from camunda_backup.hooks.camunda import ExportingHook
from camunda_backup.hooks.parts import ContinuousHook, Part, PartHook
from camunda_backup.hooks.storage import StorageHook
from camunda_backup.manifests import RDBMS, as_part, as_time
from camunda_backup.operators.step import RunbookStep
from camunda_backup.rdbms_clusters import RdbmsCluster
from camunda_backup.states import Component, Phase, Report


class VerifyRdbmsBackup(RunbookStep):
    """Ask everybody once more, and fail unless Zeebe can be restored to where the dump ends, without a gap.

    Returns the manifest.

    :param cluster: the cluster file
    :param backup_id: of the set (templated)
    :param dumped: what the dump task returned (templated)
    :param verified: what the task that verified the dump returned (templated)
    :param started: what the start tasks returned, by component (templated)
    :param waited: what the sensors returned, by component (templated)
    :param counted: what the count task returned (templated)
    """

    ui_color = "#d7efd9"
    template_fields: Sequence[str] = ("backup_id", "dumped", "verified", "started", "waited", "counted")

    def __init__(
        self,
        *,
        cluster: RdbmsCluster,
        backup_id: Any,
        dumped: Any,
        verified: Any,
        started: Mapping[str, Any],
        waited: Mapping[str, Any],
        counted: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.backup_id = backup_id
        self.dumped = dumped
        self.verified = verified
        self.started = started
        self.waited = waited
        self.counted = counted

    def step(self, context: Context) -> dict[str, Any]:
        """Judge; raises BackupFailed with every reason against it."""
        cluster, backup_id, dump = self.cluster, int(self.backup_id), self.verified["dump"]
        zeebe = ContinuousHook(Part(**cluster.part(Component.ZEEBE)))
        zeebe_id = int(self.started[Component.ZEEBE]["backup_id"])
        reports, holdings = {Component.ZEEBE: zeebe.status(zeebe_id)}, zeebe.holdings()
        partitions = set(ExportingHook(**cluster.exporting()).leaders())
        problems = list(gaps(holdings, partitions))
        problems += uncovered(holdings, as_exported(dump["exported"]), partitions, zeebe_id)
        if reports[Component.ZEEBE].phase is not Phase.COMPLETED:
            problems.append(f"zeebe: backup {zeebe_id} is {reports[Component.ZEEBE].state}")
        if cluster.optimize_storage:
            reports[Component.OPTIMIZE] = PartHook(Part(**cluster.part(Component.OPTIMIZE))).status(backup_id)
            problems += self._optimize(backup_id, reports[Component.OPTIMIZE])
        versions = sorted({piece.version for one in reports.values() for piece in one.pieces if piece.version})
        problems += sets.version_problems(cluster.release, reports)
        if problems:
            raise BackupFailed(f"backup {backup_id} of {cluster.name} is not complete:\n- " + "\n- ".join(problems))
        self.log.info("Zeebe's backups reach over the dump's positions without a gap, up to backup %d", zeebe_id)
        return {
            "format": 1,
            "kind": RDBMS,
            "backup_id": backup_id,
            "zeebe_backup_id": zeebe_id,
            "cluster": cluster.name,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "taken_at": as_time(self.dumped["began_at"]),
            "camunda_versions": versions,
            "database": {**dump, "seconds": round(self.dumped["ended_at"] - self.dumped["began_at"], 1)},
            "ranges": [
                {"partition": one.partition, "from": one.first, "to": one.end.position, "newest": one.end.checkpoint_id}
                for one in holdings.ranges
            ],
            "partitions": len(partitions),
            "brokers": len(cluster.brokers),
            "parts": [self._part(component, report) for component, report in reports.items()],
            **self.counted,
            **self._search_engine(),
            "run": {"dag_id": context["dag"].dag_id, "run_id": context["run_id"]},
        }

    def _optimize(self, backup_id: int, report: Report) -> list[str]:
        """Return why Optimize's own set is not complete."""
        asked_at = self.started[Component.OPTIMIZE]["asked_at"] - self.cluster.limits.clock_skew.total_seconds()
        expected = sets.Expected(backup_id, (Component.OPTIMIZE,), self.cluster.release, {}, asked_at)
        snapshots = StorageHook(**self.cluster.storage()).snapshots(sets.snapshot_pattern(backup_id))
        return sets.problems(expected, {Component.OPTIMIZE: report}, snapshots, pause_held=True)

    def _part(self, component: Component, report: Report) -> dict[str, Any]:
        asked_at, completed_at = self.started[component]["asked_at"], self.waited[component]["completed_at"]
        return as_part(component, report.as_json(), asked_at, completed_at)

    def _search_engine(self) -> dict[str, Any]:
        """Return what a restore of Optimize is compared with."""
        repository = self.cluster.snapshot_repository
        if repository is None:
            return {}
        storage, own = StorageHook(**self.cluster.storage()), list(self.cluster.prefixes.values())
        return {
            "repository": {"name": repository.name, "type": repository.type},
            "index_prefixes": self.cluster.prefixes,
            "templates": list(storage.templates(own)),
            "policies": list(storage.policies(own)),
        }
