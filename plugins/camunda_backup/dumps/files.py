"""Dumps as files, in a folder or an object store."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Protocol

from camunda_backup.errors import CamundaBackupError
from camunda_backup.stored import make_folder, path_of, told

CHUNK = 1 << 20  # bytes
Sink = Callable[[bytes], object]


class Writable(Protocol):
    """An open file."""

    def write(self, data: bytes, /) -> object:
        """Take bytes."""


class DumpFile:
    """One dump.

    :param where: a path or an object storage URL
    """

    def __init__(self, where: str) -> None:
        self.name = where
        self._path = path_of(where)
        self.digest = sha256()
        self.size = 0

    def write(self, fill: Callable[[Sink], object]) -> None:
        """Let somebody fill the file; when that fails, it is deleted.

        :raises BackupFailed: it cannot be written
        :raises Rejected: its store is not known here
        """
        try:
            with told(self.name, "written"):
                make_folder(self._path.parent)
                with self._path.open("wb") as file:
                    fill(lambda chunk: self._add(file, chunk))
        except BaseException:
            self.delete()
            raise

    def chunks(self) -> Iterator[bytes]:
        """Yield the file, and keep its checksum and size.

        :raises BackupFailed: it cannot be read
        :raises Rejected: its store is not known here
        """
        self.digest, self.size = sha256(), 0
        with told(self.name, "read"), self._path.open("rb") as file:
            while chunk := file.read(CHUNK):
                self.digest.update(chunk)
                self.size += len(chunk)
                yield chunk

    def measure(self) -> dict[str, object]:
        """Read the file to its end; return ``bytes`` and ``sha256``.

        :raises BackupFailed: it cannot be read
        """
        for _ in self.chunks():
            pass
        return {"bytes": self.size, "sha256": self.digest.hexdigest()}

    def delete(self) -> None:
        """Delete it, if it is there."""
        with suppress(CamundaBackupError), told(self.name, "deleted"):
            self._path.unlink(missing_ok=True)

    def _add(self, file: Writable, chunk: bytes) -> None:
        file.write(chunk)
        self.digest.update(chunk)
        self.size += len(chunk)
