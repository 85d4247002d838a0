"""A broker's data as one tar archive in a folder or an object store."""

import io
import logging
import tarfile
from collections.abc import Iterator, Mapping
from typing import Any

from camunda_backup.clusters import Cluster
from camunda_backup.copies.files import folder, require_same, write
from camunda_backup.dumps.files import CHUNK, DumpFile
from camunda_backup.errors import BackupFailed, CamundaBackupError, Rejected, RestoreFailed
from camunda_backup.restores import in_units
from camunda_backup.runtimes import runtime_of
from camunda_backup.stored import probe

log = logging.getLogger(__name__)

PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")  # how compressed archives begin: gzip, bzip2, xz
END = bytes(1024)  # two empty blocks end an archive


class Archives:
    """Archives that the runtime makes and unpacks; they pass through the worker and are not kept on its disk.

    :param cluster: the cluster file
    """

    def __init__(self, cluster: Cluster) -> None:
        config = cluster.runtime_config()
        if config is None or cluster.cold is None:
            raise Rejected("runtime and cold must be in the cluster file")
        self._cluster = cluster
        self._runtime = runtime_of(config)
        self._timeout = cluster.cold.timeout.total_seconds()

    def problems(self) -> list[str]:
        """Look for the commands, and try the location with a small file."""
        found = self.problems_back()
        try:
            probe(folder(self._cluster))
        except CamundaBackupError as error:
            found.append(f"cold.location: {error}")
        return found

    def problems_back(self) -> list[str]:
        """Look for the commands."""
        return [
            f"{broker} has no archive or no unarchive command; add both to runtime.processes.zeebe of the cluster file"
            for broker in self._runtime.without_archives()
        ]

    def where(self) -> str:
        """Return the folder."""
        return folder(self._cluster)

    def take(self, broker: str, backup_id: int) -> dict[str, Any]:
        """Stream the archive into its file."""
        where = f"{folder(self._cluster, backup_id)}/{broker}.tar"
        written = write(where, lambda sink: self._runtime.archive(broker, self._timeout, sink))
        log.info("%s: %s, SHA-256 %s", where, in_units(written["bytes"]), written["sha256"])
        return {"type": "archive", "broker": broker, "node_id": self._cluster.node_ids[broker], **written}

    def verify(self, copy: Mapping[str, Any]) -> None:
        """Read the archive to its end: its size, its checksum, and the files in it."""
        file = DumpFile(copy["file"])
        source = _Source(file)
        try:
            with io.BufferedReader(source, CHUNK) as reader:
                with tarfile.open(fileobj=reader, mode="r|*") as archive:
                    filled = sum(1 for member in archive if member.isfile() and member.size)
                while reader.read(CHUNK):  # what follows the archive's end belongs to the checksum
                    pass
        except (tarfile.TarError, EOFError) as error:
            raise BackupFailed(f"{file.name} is no readable tar archive: {error}") from error
        require_same(file, copy)
        if not filled:
            raise BackupFailed(f"{file.name} holds no file with anything in it: is it the broker's data directory?")
        if not source.packed and source.tail != END:
            raise BackupFailed(f"{file.name} ends too early: the command that made it did not write all of it")
        log.info("%s was read again: %d files with something in them", file.name, filled)

    def bring_back(self, broker: str, copy: Mapping[str, Any]) -> None:
        """Give the archive to the unarchive command; what was read must be what was written."""
        file = DumpFile(copy["file"])
        try:
            self._runtime.unarchive(broker, self._timeout, file.chunks())
            require_same(file, copy)
        except BackupFailed as error:
            raise RestoreFailed(f"{broker} was not restored: {error}") from error


class _Source(io.RawIOBase):
    """What tarfile reads an archive from; it sees every byte of it."""

    def __init__(self, file: DumpFile) -> None:
        super().__init__()
        self._chunks: Iterator[bytes] = file.chunks()
        self._rest = memoryview(b"")
        self._begin = b""
        self.tail = b""

    @property
    def packed(self) -> bool:
        """Whether the archive is compressed."""
        return self._begin.startswith(PACKED)

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Give the next bytes, none at the end."""
        if not self._rest:
            chunk = next(self._chunks, b"")
            self._begin = self._begin or chunk[:8]
            self.tail = (self.tail + chunk[-len(END) :])[-len(END) :]
            self._rest = memoryview(chunk)
        size = min(len(self._rest), len(buffer))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
