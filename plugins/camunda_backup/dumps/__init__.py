"""How the database that is a cluster's secondary storage is dumped and brought back: one file and one line for each."""

from collections.abc import Callable, Mapping
from typing import Any

from camunda_backup.dumps.command import CommandDatabase
from camunda_backup.dumps.dump import Database
from camunda_backup.dumps.postgresql import PostgresqlDatabase
from camunda_backup.errors import ClusterFileError

DATABASES: dict[str, Callable[[Mapping[str, Any]], Database]] = {
    "command": CommandDatabase,
    "postgresql": PostgresqlDatabase,
}


def database_of(config: Mapping[str, Any]) -> Database:
    """Return what dumps the database of a cluster and brings it back.

    :param config: see ``RdbmsCluster.dump_config``
    :raises ClusterFileError: its type is not known
    """
    made = DATABASES.get(config["type"])
    if made is None:
        known = ", ".join(DATABASES)
        raise ClusterFileError(f"secondary_storage.dump.type {config['type']!r} is not known; known are {known}")
    return made(config)
