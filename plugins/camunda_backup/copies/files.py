"""Streams of data as files in the cold location: measured as they are written, and read again before they count."""

from collections.abc import Callable, Mapping
from typing import Any

from camunda_backup.clusters import Cluster
from camunda_backup.dumps.files import DumpFile
from camunda_backup.errors import BackupFailed, Rejected

Sink = Callable[[bytes], object]


def folder(cluster: Cluster, backup_id: int | None = None) -> str:
    """Return where the files of a cluster's cold backups, or of one of them, are.

    :raises Rejected: the cluster file has no cold location
    """
    if cluster.cold is None or cluster.cold.location is None:
        raise Rejected("cold.location is missing in the cluster file: nothing says where archives and dumps are kept")
    own = f"{cluster.cold.location.rstrip('/')}/{cluster.name}"
    return own if backup_id is None else f"{own}/{backup_id}"


def write(where: str, fill: Callable[[Sink], object]) -> dict[str, Any]:
    """Let somebody fill a file; return its ``file``, ``bytes`` and ``sha256``, as they were written.

    :raises BackupFailed: it cannot be written, or stayed empty
    """
    file = DumpFile(where)
    file.write(fill)
    if not file.size:
        file.delete()
        raise BackupFailed(f"nothing was written to {where}: the command that should print the data printed nothing")
    return {"file": where, "bytes": file.size, "sha256": file.digest.hexdigest()}


def require_same(file: DumpFile, told: Mapping[str, Any]) -> None:
    """Make sure that a file that was read to its end is the one that was written.

    :raises BackupFailed: it is not
    """
    if file.size != told["bytes"]:
        raise BackupFailed(f"{file.name} has {file.size} bytes, but {told['bytes']} were written")
    if file.digest.hexdigest() != told["sha256"]:
        raise BackupFailed(f"{file.name} is not what was written: its checksum is another")
