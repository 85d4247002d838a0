"""Manifests: one JSON document per complete backup set, in a folder or an object store."""

import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Asset, ObjectStoragePath

from camunda_backup.states import Component
from camunda_backup.stored import make_folder, path_of, probe, told

HOT, COLD = "hot", "cold"
RDBMS = "rdbms"  # the kind of a manifest whose secondary storage is a database
LOCATION_VARIABLE = "CAMUNDA_BACKUP_MANIFESTS"


def location(configured: str | None) -> str:
    """Return where manifests are kept: the cluster file's word, ``CAMUNDA_BACKUP_MANIFESTS``, or a local folder.

    A local folder serves one machine; workers on several need an object storage URL such as ``s3://conn@bucket/path``.
    """
    default = f"{os.environ.get('AIRFLOW_HOME', os.path.expanduser('~/airflow'))}/manifests"  # noqa: PTH111 - may be a URL
    return configured or os.environ.get(LOCATION_VARIABLE) or default


def asset(cluster: str) -> Asset:
    """Return the asset that has an event for each verified backup of a cluster; the event's extra is the manifest."""
    return Asset(name=f"camunda_backup_{cluster}", uri=f"x-camunda-backup://clusters/{cluster}")


def restore_asset(cluster: str) -> Asset:
    """Return the asset that has an event for each accepted restore of a cluster; the event's extra is the report."""
    return Asset(name=f"camunda_restore_{cluster}", uri=f"x-camunda-backup://clusters/{cluster}/restores")


def run_folder(where: str, cluster: str, run_id: str) -> ObjectStoragePath:
    """Return the folder of one restore run, for its report and its pictures.

    :param where: what :func:`location` returned
    """
    return _folder(where, cluster) / "restores" / re.sub(r"[^\w-]+", "_", run_id)


def write_restore(where: str, report: dict[str, Any]) -> str:
    """Store the report of a restore and return its path.

    :param where: what :func:`location` returned
    """
    return _written(run_folder(where, report["cluster"], report["run"]["run_id"]) / "report.json", report)


def require_writable(where: str, cluster: str) -> None:
    """Write a small file where a cluster's manifests are kept, and delete it.

    :param where: what :func:`location` returned
    :raises CamundaBackupError: no manifest can be kept there
    """
    probe(f"{where.rstrip('/')}/{cluster}")


def _folder(where: str, cluster: str) -> ObjectStoragePath:
    return path_of(where) / cluster


def _written(path: ObjectStoragePath, document: Mapping[str, Any]) -> str:
    with told(str(path), "written"):
        make_folder(path.parent)
        path.write_text(json.dumps(document, indent=2))
    return str(path)


def write(where: str, manifest: dict[str, Any]) -> str:
    """Store a manifest and return its path.

    :param where: what :func:`location` returned
    """
    return _written(_folder(where, manifest["cluster"]) / f"{manifest['backup_id']}.json", manifest)


def backup_ids(where: str, cluster: str) -> list[int]:
    """Return the IDs of a cluster's complete sets, newest first."""
    folder = _folder(where, cluster)
    with told(str(folder), "read"):
        if not folder.exists():
            return []
        stems = [path.name.removesuffix(".json") for path in folder.iterdir() if path.name.endswith(".json")]
    return sorted((int(stem) for stem in stems if stem.isdigit()), reverse=True)


def read(where: str, cluster: str, backup_id: int) -> dict[str, Any]:
    """Return one manifest.

    :raises CamundaBackupError: there is none of that ID, or it cannot be read
    """
    path = _folder(where, cluster) / f"{backup_id}.json"
    with told(str(path), "read"):
        text = path.read_text()
    manifest: dict[str, Any] = json.loads(text)
    return manifest


def taken_at(manifest: Mapping[str, Any]) -> datetime:
    """Return the time whose state a restore brings back at the least: when pause, dump or downtime began."""
    return datetime.fromisoformat(manifest["taken_at"] if "taken_at" in manifest else manifest["pause"]["asked_at"])


def as_time(seconds: float) -> str:
    """Return seconds since the epoch as a manifest tells times."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def as_part(component: Component, report: Mapping[str, Any], asked_at: float, completed_at: float) -> dict[str, Any]:
    """Return what a manifest says of one component's part.

    :param report: see ``Report.as_json``
    :param asked_at: in seconds since the epoch, as is ``completed_at``
    """
    return {
        "component": component.value,
        "state": report["state"],
        "pieces": report["pieces"],
        "asked_at": as_time(asked_at),
        "completed_at": as_time(completed_at),
        "seconds": round(completed_at - asked_at, 1),
    }


def kind(manifest: Mapping[str, Any]) -> str:
    """Return how a set was made: hot, while the cluster worked, or cold, while all of it was stopped."""
    return str(manifest.get("kind", HOT))


def newest(where: str, cluster: str, wanted: str) -> dict[str, Any] | None:
    """Return the manifest of the newest complete set of a kind, None when there is none.

    :param where: what :func:`location` returned
    """
    found = (read(where, cluster, backup_id) for backup_id in backup_ids(where, cluster))
    return next((manifest for manifest in found if kind(manifest) == wanted), None)
