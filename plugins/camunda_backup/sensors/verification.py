"""Is the restored cluster what the manifest says? Each check waits for what settles only with time."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Context

from camunda_backup.api.messages import readable
from camunda_backup.clusters import AnyCluster
from camunda_backup.errors import NotYet, RestoreFailed
from camunda_backup.hooks.apps import AppHook
from camunda_backup.hooks.camunda import ExportingHook
from camunda_backup.hooks.storage import StorageHook
from camunda_backup.restores import shortfalls
from camunda_backup.sensors.step import RunbookSensor
from camunda_backup.showing import shown_counts

NO_SUCH = 404
PADDING = 256 * 1024  # bytes
IN_A_ROW = 10
IMPORT_POSITIONS = "position-based-import-index*"


class SettlingCheck(RunbookSensor):
    """A check that is repeated until it holds or ``restore_limits.settle`` has passed.

    :param cluster: the cluster file
    :param manifest: of the backup set (templated)
    """

    ui_color = "#d7efd9"
    template_fields = ("manifest",)

    def __init__(self, *, cluster: AnyCluster, manifest: Any, **kwargs: Any) -> None:
        super().__init__(deadline=cluster.restore_limits.settle.total_seconds(), **kwargs)
        self.cluster = cluster
        self.manifest: Mapping[str, Any] = manifest


class CheckPartitions(SettlingCheck):
    """Every partition takes a command and exports what follows from it.

    The command completes a user task that cannot exist: the partition has to look for it and changes nothing.

    After a restore partitions were seen to swallow commands while health was green (Camunda 8.6.0): what the log held
    behind the backup's end shines through until it is written over, so one answer proves nothing. A large command
    writes over it, and then several must be answered in a row. Returns ``exported``, the positions reached.
    """

    def begin(self, context: Context) -> dict[str, Any]:
        """Note how far exporting is."""
        return ExportingHook(**self.cluster.exporting()).look().positions

    def look(self, context: Context, begun: Any) -> dict[str, Any]:
        """Send a command to each partition, then look for its traces."""
        rest = AppHook(str(self.cluster.connections.rest), self.cluster.rest_access())
        for partition in sorted(int(number) for number in begun):
            for number, padding in enumerate((PADDING, *(0,) * IN_A_ROW)):
                answer = rest.send(self.cluster.generation.first_command(partition, padding))
                if answer.transient:
                    raise NotYet(f"partition {partition} did not answer after {number} commands: {answer}")
                if answer.status != NO_SUCH:
                    raise RestoreFailed(f"partition {partition} could not be given a command: {answer}")
        seen = ExportingHook(**self.cluster.exporting()).look()
        reached = seen.positions
        if not seen.runs:
            raise NotYet(f"exporting does not run on every partition: {seen.phases}")
        still = [number for number, position in reached.items() if (position or 0) <= (begun[number] or 0)]
        if still:
            raise NotYet(f"partition {', '.join(still)} takes commands, but has exported nothing since the start")
        self.log.info("Every partition takes commands and exports: %s", reached)
        return {"exported": reached}


class CheckCounts(SettlingCheck):
    """The secondary storage and the web apps show at least what the backup had.

    Returns ``restored`` (numbers in the secondary storage) and ``shown`` (numbers that the web apps show).
    """

    def look(self, context: Context, begun: Any) -> dict[str, Any]:
        """Count, and let the web apps count."""
        generation, recorded = self.cluster.generation, self.manifest["counts"]
        storage = StorageHook(**self.cluster.storage())
        restored = {count.name: storage.count(count, self.cluster.prefixes) for count in generation.counts}
        short = shortfalls(generation.counts, recorded, restored, "the secondary storage")
        shown = shown_counts(self.cluster)
        largest = {view.count: view.largest for view in generation.views}
        capped = {name: min(number, largest.get(name, number)) for name, number in recorded.items()}
        short += shortfalls(generation.counts, capped, shown, "the web app shows")
        self.log.info("Backup: %s; restored: %s; shown: %s", recorded, restored, shown)
        if short:
            raise NotYet("; ".join(short))
        return {"restored": restored, "shown": shown}


class CheckOptimize(SettlingCheck):
    """Optimize has its data and is not ahead of Zeebe. Returns ``documents`` and its import ``positions``."""

    def look(self, context: Context, begun: Any) -> dict[str, Any]:
        """Compare documents with the manifest, and imported positions with Zeebe's."""
        storage, recorded = StorageHook(**self.cluster.storage()), self.manifest["indices"]["optimize"]
        prefix = self.cluster.prefixes["optimize"]
        documents = sum(index.documents for index in storage.own_indices([prefix]))
        if documents < recorded["documents"]:
            raise NotYet(
                f"Optimize: the backup has {recorded['documents']} documents, the secondary storage {documents}"
            )
        leaders = ExportingHook(**self.cluster.exporting()).leaders()
        reached = {number: leader.exported_position or 0 for number, leader in leaders.items()}
        imported = self._imported(storage, prefix)
        ahead = {number: position for number, position in imported.items() if position > reached.get(number, 0)}
        if ahead:
            raise NotYet(f"Optimize is ahead of Zeebe: it imported {ahead}, Zeebe exported {reached}")
        return {"documents": documents, "positions": {str(number): one for number, one in imported.items()}}

    def _imported(self, storage: StorageHook, prefix: str) -> dict[int, int]:
        """Return the highest position that Optimize says it imported, by partition."""
        query = {"size": "1000", "ignore_unavailable": "true"}
        answer = storage.request("POST", f"/{prefix}-{IMPORT_POSITIONS}/_search", query, {"query": {"match_all": {}}})
        found: dict[int, int] = {}
        with readable(answer, "Optimize's import positions cannot be read"):
            for hit in answer.body["hits"]["hits"]:
                told = hit["_source"]
                partition = (told.get("dataSource") or {}).get("partitionId", told.get("partitionId"))
                if partition is not None:
                    found[int(partition)] = max(found.get(int(partition), 0), int(told["positionOfLastEntity"]))
        return found
