"""A database comes back before anything else: what Zeebe's restore application does hangs on it."""

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import Context

from camunda_backup.dumps import database_of
from camunda_backup.operators.step import TimedStep
from camunda_backup.rdbms_clusters import RdbmsCluster
from camunda_backup.standing import require_stopped


class RestoreDatabase(TimedStep):
    """Replace the database by the dump, while nothing runs. Returns the exported ``positions`` that are in it then.

    :param cluster: the cluster file
    :param manifest: of the backup (templated)
    """

    ui_color = "#d7efd9"
    template_fields: Sequence[str] = ("manifest",)

    def __init__(self, *, cluster: RdbmsCluster, manifest: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.manifest: Mapping[str, Any] = manifest

    def step(self, context: Context) -> dict[str, Any]:
        """Restore; a try that is repeated replaces it again."""
        require_stopped(self.cluster)
        positions = database_of(self.cluster.dump_config()).restore(self.manifest["database"])
        self.log.info("The database is the dump's again; exported positions in it: %s", positions)
        return {"positions": {str(number): position for number, position in positions.items()}}
