"""Is the restored cluster what the manifest of a dump says? Each check waits for what settles only with time."""

from typing import Any

from airflow.sdk import Context

from camunda_backup.errors import NotYet
from camunda_backup.restores import shortfalls
from camunda_backup.sensors.verification import CheckPartitions, SettlingCheck
from camunda_backup.showing import shown_counts


class CheckExportedPartitions(CheckPartitions):
    """Every partition takes commands and exports, and none is behind the dump.

    The restore application is known to report success although positions were missing in the restored log, so each
    partition is asked how far it has exported. Returns ``exported``.
    """

    def look(self, context: Context, begun: Any) -> dict[str, Any]:
        """Ask each partition, then compare it with the dump."""
        found = super().look(context, begun)
        for number, dumped in self.manifest["database"]["exported"].items():
            reached = found["exported"].get(number)
            if reached is None or reached < dumped["least"]:
                raise NotYet(
                    f"partition {number} has exported up to position {reached}, the dump holds {dumped['least']}: its"
                    " restored log does not reach there"
                )
        return found


class CheckShownCounts(SettlingCheck):
    """The REST API shows at least what it showed at the backup; it reads from the restored database.

    Returns the numbers as ``restored`` and as ``shown``.
    """

    def look(self, context: Context, begun: Any) -> dict[str, Any]:
        """Let the REST API count."""
        recorded, shown = self.manifest["counts"], shown_counts(self.cluster)
        self.log.info("Backup: %s; shown: %s", recorded, shown)
        if short := shortfalls(self.cluster.generation.counts, recorded, shown, "the REST API shows"):
            raise NotYet("; ".join(short))
        return {"restored": shown, "shown": shown}
