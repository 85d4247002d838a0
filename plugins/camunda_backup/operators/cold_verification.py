"""Judging a cold backup set, and bringing its copies back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Context

from camunda_backup import cold_sets, manifests, sets
from camunda_backup.clusters import Cluster
from camunda_backup.copies import copies_of, databases
from camunda_backup.copies.copy import named
from camunda_backup.errors import BackupFailed, RestoreFailed
from camunda_backup.hooks.storage import StorageHook
from camunda_backup.operators.step import RunbookStep, TimedStep
from camunda_backup.standing import require_down, require_stopped
from camunda_backup.states import Component, Report


class VerifyColdBackup(RunbookStep):
    """Fail unless the set is complete, while everything is still stopped. Returns its manifest.

    :param cluster: the cluster file
    :param backup_id: of the set (templated)
    :param plan: what the plan task returned (templated)
    :param downtime: what the task that began the downtime returned (templated)
    :param copied: what the copy tasks returned (templated)
    :param snapped: what the snapshot tasks returned (templated)
    :param dumped: what the dump tasks returned (templated)
    :param counted: what the count task returned (templated)
    """

    ui_color = "#d7efd9"
    template_fields: Sequence[str] = ("backup_id", "plan", "downtime", "copied", "snapped", "dumped", "counted")

    def __init__(
        self,
        *,
        cluster: Cluster,
        backup_id: Any,
        plan: Any,
        downtime: Any,
        copied: Sequence[Any],
        snapped: Sequence[Any],
        dumped: Sequence[Any],
        counted: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.backup_id = backup_id
        self.plan = plan
        self.downtime = downtime
        self.copied = copied
        self.snapped = snapped
        self.dumped = dumped
        self.counted = counted

    def step(self, context: Context) -> dict[str, Any]:
        """Judge; raises BackupFailed with every reason against it."""
        cluster, backup_id = self.cluster, int(self.backup_id)
        require_down(cluster)
        storage = StorageHook(**cluster.storage())
        copies = [one["copy"] for one in self.copied]
        reports = [Report.from_json(one["report"]) for one in self.snapped]
        components = [one for one in cluster.all_components if one is not Component.ZEEBE]
        found = storage.snapshots(sets.snapshot_pattern(backup_id))
        if problems := cold_sets.problems(cluster.node_ids, copies, components, reports, found):
            raise BackupFailed(
                f"cold backup {backup_id} of {cluster.name} is not complete:\n- " + "\n- ".join(problems)
            )
        began_at = datetime.fromtimestamp(self.downtime["began_at"], UTC).isoformat(timespec="milliseconds")
        own = list(cluster.prefixes.values())
        self.log.info("Cold backup %d of %s is complete", backup_id, cluster.name)
        return {
            "format": 1,
            "kind": manifests.COLD,
            "backup_id": backup_id,
            "cluster": cluster.name,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "taken_at": began_at,
            "camunda_versions": sorted(set(self.plan["versions"].values())),
            "component_versions": self.plan["versions"],
            "downtime": {"began_at": began_at},
            "partitions": self.plan["partitions"],
            "brokers": len(cluster.node_ids),
            "copies": copies,
            "databases": [one["copy"] for one in self.dumped],
            "parts": [_copied(), *(_part(one["report"], one) for one in self.snapped)],
            "repository": {"name": cluster.repository.name, "type": cluster.repository.type},
            "index_prefixes": cluster.prefixes,
            **self.counted,
            "templates": list(storage.templates(own)),
            "policies": list(storage.policies(own)),
            "run": {"dag_id": context["dag"].dag_id, "run_id": context["run_id"]},
        }


class BringBackBroker(TimedStep):
    """Empty one broker's data directory and fill it from its node's copy.

    :param cluster: the cluster file
    :param broker: its name in the cluster file
    :param manifest: of the set (templated)
    """

    ui_color = "#d6e4f5"
    template_fields: Sequence[str] = ("manifest",)

    def __init__(self, *, cluster: Cluster, broker: str, manifest: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.broker = broker
        self.manifest: Mapping[str, Any] = manifest

    def step(self, context: Context) -> dict[str, Any]:
        """Bring it back; raises RestoreFailed when it did not work."""
        require_stopped(self.cluster)
        node_id = self.cluster.node_ids[self.broker]
        found = [copy for copy in self.manifest["copies"] if int(copy["node_id"]) == node_id]
        if len(found) != 1:
            raise RestoreFailed(f"{self.broker}: the backup holds {len(found)} copies of node {node_id}, not one")
        copies_of(self.cluster, found[0]["type"]).bring_back(self.broker, found[0])
        self.log.info("%s has the data of node %d again", self.broker, node_id)
        return {"broker": self.broker, "file": named(found[0])}


class LoadDatabase(TimedStep):
    """Replace a database by its dump, where the set holds one.

    :param cluster: the cluster file
    :param database: its name
    :param manifest: of the set (templated)
    """

    ui_color = "#d6e4f5"
    template_fields: Sequence[str] = ("manifest",)

    def __init__(self, *, cluster: Cluster, database: str, manifest: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.database = database
        self.manifest: Mapping[str, Any] = manifest

    def step(self, context: Context) -> dict[str, Any]:
        """Load it; raises RestoreFailed when it did not work."""
        require_stopped(self.cluster)
        for copy in self.manifest["databases"]:
            if copy["database"] == self.database:
                databases.load(self.cluster, copy)
                self.log.info("Database %s was loaded from %s", self.database, copy["file"])
                return {"file": copy["file"]}
        self.log.warning("The backup holds no dump of database %s; it was left as it is", self.database)
        return {"file": None}


def _copied() -> dict[str, Any]:
    return {"component": Component.ZEEBE.value, "state": "COPIED", "pieces": []}


def _part(report: Mapping[str, Any], times: Mapping[str, float]) -> dict[str, Any]:
    seconds = round(times["ended_at"] - times["began_at"], 1)
    fields = {name: report[name] for name in ("component", "state", "pieces")}
    return {**fields, "seconds": seconds}
