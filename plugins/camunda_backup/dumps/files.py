"""Dumps as files, in a folder or an object store."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from secrets import token_hex
from typing import Protocol

from airflow.sdk import ObjectStoragePath

from camunda_backup.errors import BackupFailed, CamundaBackupError, Unreachable

CHUNK = 1 << 20  # bytes
FULL = {errno.ENOSPC, errno.EDQUOT}
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
        self._path = ObjectStoragePath(where if "://" in where else f"file://{os.path.abspath(where)}")  # noqa: PTH100
        self.digest = sha256()
        self.size = 0

    def write(self, fill: Callable[[Sink], object]) -> None:
        """Let somebody fill the file; when that fails, it is deleted.

        :raises BackupFailed: it cannot be written
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("wb") as file:
                fill(lambda chunk: self._add(file, chunk))
        except OSError as error:
            self.delete()
            raise self._failure("written", error) from error
        except BaseException:
            self.delete()
            raise

    def chunks(self) -> Iterator[bytes]:
        """Yield the file, and keep its checksum and size."""
        self.digest, self.size = sha256(), 0
        with self._path.open("rb") as file:
            while chunk := file.read(CHUNK):
                self.digest.update(chunk)
                self.size += len(chunk)
                yield chunk

    def measure(self) -> dict[str, object]:
        """Read the file to its end; return ``bytes`` and ``sha256``.

        :raises BackupFailed: it cannot be read
        """
        try:
            for _ in self.chunks():
                pass
        except OSError as error:
            raise self.unreadable(error) from error
        return {"bytes": self.size, "sha256": self.digest.hexdigest()}

    def unreadable(self, error: OSError) -> CamundaBackupError:
        """Return the error for a file that cannot be read."""
        if isinstance(error, FileNotFoundError):
            return BackupFailed(f"the dump {self.name} is not there (any more)")
        return self._failure("read", error)

    def delete(self) -> None:
        """Delete it, if it is there."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _add(self, file: Writable, chunk: bytes) -> None:
        file.write(chunk)
        self.digest.update(chunk)
        self.size += len(chunk)

    def _failure(self, done: str, error: OSError) -> CamundaBackupError:
        if error.errno in FULL:
            return BackupFailed(f"the dump {self.name} cannot be {done}: its disk is full; make room, then start again")
        told = error.strerror or type(error).__name__
        kind = Unreachable if isinstance(error, TimeoutError | ConnectionError) else BackupFailed
        return kind(f"the dump {self.name} cannot be {done}: {told}; correct the location or its rights")


def probe(folder: str) -> None:
    """Write a small file and delete it.

    :raises CamundaBackupError: dumps cannot be written there
    """
    file = DumpFile(f"{folder.rstrip('/')}/probe-{token_hex(4)}")
    file.write(lambda sink: sink(b"probe"))
    file.delete()
