"""Dumps as files, in a folder or an object store."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from secrets import token_hex
from typing import Protocol

from airflow.sdk import BaseHook, ObjectStoragePath
from airflow.sdk.exceptions import AirflowNotFoundException

from camunda_backup.errors import BackupFailed, CamundaBackupError, Rejected, Unreachable
from camunda_backup.secrets import harmless

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
        url = where if "://" in where else f"file://{os.path.abspath(where)}"  # noqa: PTH100
        with self._said("used"):
            self._path = ObjectStoragePath(url)
        self.digest = sha256()
        self.size = 0

    def write(self, fill: Callable[[Sink], object]) -> None:
        """Let somebody fill the file; when that fails, it is deleted.

        :raises BackupFailed: it cannot be written
        :raises Rejected: its store is not known here
        """
        try:
            with self._said("written"):
                if self._path.protocol == "file":  # in an object store this would make a bucket of a mistyped name
                    self._path.parent.mkdir(parents=True, exist_ok=True)
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
        with self._said("read"), self._path.open("rb") as file:
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

    def require_connection(self) -> None:
        """Make sure that Airflow has the connection that the URL names: without it a store is asked as nobody.

        :raises Rejected: it has not
        """
        conn_id = self._path.conn_id
        try:
            if conn_id:
                BaseHook.get_connection(conn_id)
        except AirflowNotFoundException as error:
            raise Rejected(f"Airflow has no connection {conn_id}, which {self.name} names; create it") from error

    def delete(self) -> None:
        """Delete it, if it is there."""
        with suppress(CamundaBackupError), self._said("deleted"):
            self._path.unlink(missing_ok=True)

    def _add(self, file: Writable, chunk: bytes) -> None:
        file.write(chunk)
        self.digest.update(chunk)
        self.size += len(chunk)

    @contextmanager
    def _said(self, done: str) -> Iterator[None]:
        """Say in one sentence why the file cannot be used."""
        try:
            yield
        except CamundaBackupError:
            raise
        except (ImportError, ValueError) as error:
            raise Rejected(
                f"the file {self.name} cannot be {done}: {harmless(str(error))}; install Airflow's provider for its"
                " store on every worker, such as apache-airflow-providers-amazon[s3fs], or correct the location"
            ) from error
        except FileNotFoundError as error:
            raise BackupFailed(
                f"the file {self.name} cannot be {done}: it is not there, or its bucket is not"
            ) from error
        except OSError as error:
            raise self._failure(done, error) from error
        except Exception as error:  # each store's library has errors of its own
            told = harmless(f"{type(error).__name__}: {error}")
            raise BackupFailed(f"the file {self.name} cannot be {done}: {told:.300}") from error

    def _failure(self, done: str, error: OSError) -> CamundaBackupError:
        if error.errno in FULL:
            return BackupFailed(f"the file {self.name} cannot be {done}: its disk is full; make room, then start again")
        told = error.strerror or type(error).__name__
        kind = Unreachable if isinstance(error, TimeoutError | ConnectionError) else BackupFailed
        return kind(f"the file {self.name} cannot be {done}: {told}; correct the location or its rights")


def probe(folder: str) -> None:
    """Write a small file and delete it.

    :raises CamundaBackupError: dumps cannot be written there
    """
    file = DumpFile(f"{folder.rstrip('/')}/probe-{token_hex(4)}")
    file.require_connection()
    file.write(lambda sink: sink(b"probe"))
    file.delete()
