"""Files in a folder or an object store, and in one sentence why one cannot be used."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

from airflow.sdk import BaseHook, ObjectStoragePath
from airflow.sdk.exceptions import AirflowNotFoundException

from camunda_backup.errors import BackupFailed, CamundaBackupError, Rejected, Unreachable
from camunda_backup.secrets import harmless

FULL = {errno.ENOSPC, errno.EDQUOT}


def path_of(where: str) -> ObjectStoragePath:
    """Return a file or folder.

    :param where: a path or an object storage URL such as ``s3://conn@bucket/path``
    :raises Rejected: its store is not known here
    """
    with told(where, "used"):
        return ObjectStoragePath(where if "://" in where else f"file://{os.path.abspath(where)}")  # noqa: PTH100


def make_folder(path: ObjectStoragePath) -> None:
    """Make a folder; in an object store there is none, and it would make a bucket of a mistyped name."""
    if path.protocol == "file":
        path.mkdir(parents=True, exist_ok=True)


def probe(folder: str) -> None:
    """Write a small file and delete it.

    :raises CamundaBackupError: files cannot be written there
    """
    where = f"{folder.rstrip('/')}/probe-{token_hex(4)}"
    file = path_of(where)
    _require_connection(file, where)
    with told(where, "written"):
        make_folder(file.parent)
        file.write_bytes(b"probe")
    with told(where, "deleted"):
        file.unlink()


def _require_connection(path: ObjectStoragePath, where: str) -> None:
    """Make sure that Airflow has the connection that a URL names: without it a store is asked as nobody."""
    try:
        if path.conn_id:
            BaseHook.get_connection(path.conn_id)
    except AirflowNotFoundException as error:
        raise Rejected(f"Airflow has no connection {path.conn_id}, which {where} names; create it") from error


@contextmanager
def told(name: str, done: str) -> Iterator[None]:
    """Say in one sentence why a file cannot be used.

    :param name: what messages call it
    :param done: what was to be done with it, as ``written``
    :raises CamundaBackupError: it cannot
    """
    try:
        yield
    except CamundaBackupError:
        raise
    except (ImportError, ValueError) as error:
        raise Rejected(
            f"the file {name} cannot be {done}: {harmless(str(error))}; install Airflow's provider for its store on"
            " every worker, such as apache-airflow-providers-amazon[s3fs], or correct the location"
        ) from error
    except FileNotFoundError as error:
        raise BackupFailed(f"the file {name} cannot be {done}: it is not there, or its bucket is not") from error
    except OSError as error:
        raise _failure(name, done, error) from error
    except Exception as error:  # each store's library has errors of its own
        said = harmless(f"{type(error).__name__}: {error}")
        raise BackupFailed(f"the file {name} cannot be {done}: {said:.300}") from error


def _failure(name: str, done: str, error: OSError) -> CamundaBackupError:
    if error.errno in FULL:
        return BackupFailed(f"the file {name} cannot be {done}: its disk is full; make room, then start again")
    said = error.strerror or type(error).__name__
    kind = Unreachable if isinstance(error, TimeoutError | ConnectionError) else BackupFailed
    return kind(f"the file {name} cannot be {done}: {said}; correct the location or its rights")
