"""Databases beside the cluster, dumped and loaded by the cluster file's own commands."""

from collections.abc import Mapping
from typing import Any

from camunda_backup.clusters import Cluster
from camunda_backup.cold import ColdDatabase
from camunda_backup.copies.files import folder, require_same, write
from camunda_backup.dumps.files import DumpFile
from camunda_backup.errors import BackupFailed, Rejected, RestoreFailed
from camunda_backup.runtimes.command import MAKE_SURE, shell
from camunda_backup.runtimes.shells import Ended, MayRun, TimedOut
from camunda_backup.secrets import harmless


def database_named(cluster: Cluster, name: str) -> ColdDatabase:
    """Return a database of the cluster file.

    :raises Rejected: there is none of that name
    """
    for database in cluster.cold.databases if cluster.cold else ():
        if database.name == name:
            return database
    raise Rejected(f"the cluster file names no database {name} in cold.databases")


def dump(cluster: Cluster, name: str, backup_id: int) -> dict[str, Any]:
    """Stream a database's dump into its file; returns ``database``, ``file``, ``bytes`` and ``sha256``.

    :raises BackupFailed: the dump could not be made
    """
    database = database_named(cluster, name)

    def fill(sink: Any) -> None:
        ended = shell(database.ssh).pipe(database.dump, _timeout(cluster), sink)
        if ended.exit_code:
            raise BackupFailed(_failure(name, "dump", ended))

    return {"database": name, **write(f"{folder(cluster, backup_id)}/{name}.dump", fill)}


def verify(copy: Mapping[str, Any]) -> None:
    """Read a dump again, to its end.

    :raises BackupFailed: it is gone, or not what was written
    """
    file = DumpFile(copy["file"])
    file.measure()
    require_same(file, copy)


def load(cluster: Cluster, copy: Mapping[str, Any]) -> None:
    """Give a dump to the database's load command.

    :raises RestoreFailed: it did not work
    """
    name = copy["database"]
    database, file = database_named(cluster, name), DumpFile(copy["file"])
    if database.load is None:
        raise Rejected(f"database {name} has no load command in cold.databases of the cluster file")
    try:
        ended = shell(database.ssh).pipe(database.load, _timeout(cluster), len, file.chunks())
        require_same(file, copy)
    except (BackupFailed, TimedOut) as error:
        raise RestoreFailed(f"database {name} was not restored: {error}") from error
    except MayRun as error:
        raise RestoreFailed(f"database {name} was not restored: {error}; {MAKE_SURE}") from error
    if ended.exit_code:
        raise RestoreFailed(_failure(name, "load", ended))


def _timeout(cluster: Cluster) -> float:
    return cluster.cold.timeout.total_seconds() if cluster.cold else 0


def _failure(name: str, command: str, ended: Ended) -> str:
    """Return what became of a command, without its text, which may hold a secret."""
    told = harmless(ended.last_line)
    return f"database {name}: its {command} command ended with exit code {ended.exit_code}: {told:.300}"
