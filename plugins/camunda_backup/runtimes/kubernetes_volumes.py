"""Volume snapshots and the claims made from them, as manifests in JSON types; Python alone.

Fields are those of snapshot.storage.k8s.io/v1, which the external-snapshotter of a CSI driver's installation serves.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from camunda_backup.runtimes.kubernetes_jobs import BACKUP, BROKER, LONGEST_NAME

GROUP, VERSION = "snapshot.storage.k8s.io", "v1"
CLUSTER = "camunda-backup/cluster"
CLAIM = "camunda-backup/claim"
"""The annotation of a VolumeSnapshot that keeps the claim: what it is made again from once it is deleted."""
STOP = "camunda-backup/stop"
"""The annotation that says during which stop of the brokers a snapshot was taken."""

QUANTITY = re.compile(r"(\d+(?:\.\d+)?)([eE]\d+|[KMGTPE]i|[kMGTPE]|m|)")
UNITS = (
    {"": 1.0, "m": 1e-3}
    | {unit: 10.0 ** (3 * power) for power, unit in enumerate("kMGTPE", 1)}
    | {f"{unit}i": 2.0 ** (10 * power) for power, unit in enumerate("KMGTPE", 1)}
)
OF_THE_OLD_VOLUME = ("volumeName", "dataSource", "dataSourceRef")


def quantity(told: object) -> int:
    """Return how many bytes a quantity of Kubernetes is, 0 for none.

    :param told: as ``10Gi``, ``1e9`` or ``1048576``
    """
    match = QUANTITY.fullmatch(str(told))
    if not match:
        return 0
    number, unit = match.groups()
    return int(float(number) * UNITS[unit] if unit in UNITS else float(f"{number}{unit}"))


def snapshot_name(pod: str, backup_id: int) -> str:
    """Return the name of a broker's VolumeSnapshot, the same for every try.

    :param pod: the broker's; it begins with the Helm release
    """
    end = f"-cold-{backup_id}"
    return f"{pod[: LONGEST_NAME - len(end)]}{end}"


def stop_of(stateful_set: Mapping[str, Any]) -> str:
    """Return what changes as soon as the brokers are scaled, so that two stops are never taken for one."""
    meta = stateful_set["metadata"]
    return f"{meta['uid']}/{meta['generation']}"


def volume_snapshot(
    claim: Mapping[str, Any], pod: str, backup_id: int, *, cluster: str, stop: str, class_name: str
) -> dict[str, Any]:
    """Return the VolumeSnapshot of a stopped broker's claim.

    :param pod: the broker's
    :param stop: see :func:`stop_of`
    """
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "VolumeSnapshot",
        "metadata": {
            "name": snapshot_name(pod, backup_id),
            "labels": {BROKER: pod, BACKUP: str(backup_id), CLUSTER: cluster},
            "annotations": {CLAIM: kept(claim), STOP: stop},
        },
        "spec": {
            "volumeSnapshotClassName": class_name,
            "source": {"persistentVolumeClaimName": claim["metadata"]["name"]},
        },
    }


def kept(claim: Mapping[str, Any]) -> str:
    """Return what must be known of a claim to make it again, as one text."""
    meta, spec = claim["metadata"], claim["spec"]
    annotations = {
        name: value
        for name, value in (meta.get("annotations") or {}).items()
        if not name.partition("/")[0].endswith("kubernetes.io")  # where the old volume was
    }
    return json.dumps(
        {
            "metadata": {"name": meta["name"], "labels": meta.get("labels") or {}, "annotations": annotations},
            "spec": {name: value for name, value in spec.items() if name not in OF_THE_OLD_VOLUME},
        },
        sort_keys=True,
    )


def claim_from(told: str, name: str, snapshot: str, restore_size: int) -> dict[str, Any]:
    """Return the claim that is filled from a VolumeSnapshot; the StatefulSet takes it by its name.

    :param told: see :func:`kept`
    :param name: of the claim
    :param snapshot: name of the VolumeSnapshot
    :param restore_size: in bytes; the claim gets at least that
    """
    old = json.loads(told)
    spec, requested = dict(old["spec"]), old["spec"]["resources"]["requests"]["storage"]
    storage = requested if quantity(requested) >= restore_size else str(restore_size)
    spec["resources"] = {"requests": {"storage": storage}}
    spec["dataSource"] = {"apiGroup": GROUP, "kind": "VolumeSnapshot", "name": snapshot}
    metadata = {**old["metadata"], "name": name}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def waits_unused(claim: Mapping[str, Any], snapshot: str) -> bool:
    """Return whether a claim is made from a VolumeSnapshot and has had no volume yet: nobody can have written to it."""
    source = claim["spec"].get("dataSource") or {}
    fresh = not claim["spec"].get("volumeName") and not claim["metadata"].get("deletionTimestamp")
    return fresh and (source.get("kind"), source.get("name")) == ("VolumeSnapshot", snapshot)


def users(claim: str, pods: list[dict[str, Any]]) -> list[str]:
    """Return the pods that keep a claim from being deleted; those that have ended do so as well.

    :param claim: its name
    :param pods: all of the namespace
    """
    return [
        str(pod["metadata"]["name"])
        for pod in pods
        if any(
            (volume.get("persistentVolumeClaim") or {}).get("claimName") == claim
            for volume in pod["spec"].get("volumes") or []
        )
    ]


def error_of(snapshot: Mapping[str, Any]) -> str:
    """Return what a VolumeSnapshot says went wrong, empty when nothing did."""
    error = (snapshot.get("status") or {}).get("error")
    return str(error.get("message") or "it does not say what") if error else ""
