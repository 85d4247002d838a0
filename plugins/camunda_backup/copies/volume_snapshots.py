"""A broker's volume as a VolumeSnapshot of Kubernetes, taken by the volume's own CSI driver."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from camunda_backup.clusters import Cluster
from camunda_backup.cold import VolumeSnapshotCopies
from camunda_backup.errors import BackupFailed, CamundaBackupError, Rejected, RestoreFailed
from camunda_backup.restores import in_units
from camunda_backup.runtimes.kubernetes import Kubernetes
from camunda_backup.runtimes.kubernetes_access import COLD_RIGHTS
from camunda_backup.runtimes.kubernetes_claims import Claims
from camunda_backup.runtimes.kubernetes_objects import AlreadyThere, NotThere
from camunda_backup.runtimes.kubernetes_volumes import (
    CLAIM,
    STOP,
    claim_from,
    error_of,
    quantity,
    snapshot_name,
    volume_snapshot,
)
from camunda_backup.secrets import harmless

log = logging.getLogger(__name__)

LOOK = 0.5  # seconds between two looks
NO_CHECKSUM = "none: a volume snapshot can be read only through a volume that is made of it"


class VolumeSnapshots:
    """VolumeSnapshots of the brokers' claims, in the namespace of the brokers.

    :param cluster: the cluster file
    """

    def __init__(self, cluster: Cluster) -> None:
        config = cluster.runtime_config()
        if cluster.cold is None or config is None or config["type"] != "kubernetes":
            raise Rejected("copies of type volume_snapshot need the kubernetes runtime and cold in the cluster file")
        self._cluster = cluster
        chosen = cluster.cold.copies
        self._class = chosen.volume_snapshot_class if isinstance(chosen, VolumeSnapshotCopies) else ""
        self._runtime = Kubernetes(config)
        self._timeout = cluster.cold.timeout.total_seconds()
        self._patience = float(config["timeout"])
        self._claims = Claims(self._runtime, self._patience, self._timeout)

    def problems(self) -> list[str]:
        """Ask for every right, and whether the class takes snapshots of the brokers' volumes."""
        if found := self.problems_back():
            return found
        name = self._class
        try:
            chosen = self._runtime.api.volume_snapshot_class(name)
        except NotThere:
            return [f"there is no VolumeSnapshotClass {name}; correct cold.copies.volume_snapshot_class, or create it"]
        except CamundaBackupError as error:
            return [str(error)]
        if chosen["deletionPolicy"] == "Delete":
            log.warning(
                "VolumeSnapshotClass %s has the deletionPolicy Delete: with the namespace, the cold backups in it are"
                " deleted, too; one with Retain keeps them in the storage",
                name,
            )
        for broker in self._runtime.brokers():
            try:
                driver = self._driver(broker)
            except CamundaBackupError as error:
                found.append(str(error))
                continue
            if driver != chosen["driver"]:
                found.append(
                    f"VolumeSnapshotClass {name} is of the driver {chosen['driver']}, the volume of {broker} of"
                    f" {driver}; name one of that driver in cold.copies.volume_snapshot_class"
                )
        return found

    def problems_back(self) -> list[str]:
        """Ask for every right, and whether there are VolumeSnapshots at all."""
        try:
            if lacking := self._runtime.lacking(COLD_RIGHTS):
                return lacking
            self._runtime.api.volume_snapshots()
        except NotThere:
            return [
                "the API server knows no VolumeSnapshots: install kubernetes-csi/external-snapshotter with its CRDs"
            ]
        except CamundaBackupError as error:
            return [str(error)]
        return []

    def where(self) -> str:
        """Return the namespace and the class."""
        return f"VolumeSnapshots of {self._class} in namespace {self._runtime.api.namespace}"

    def take(self, broker: str, backup_id: int) -> dict[str, Any]:
        """Have the snapshot taken, and wait until a volume can be made of it; one of an earlier try is gone on with."""
        volume, api = self._runtime.volume(broker), self._runtime.api
        if volume.stop is None:
            raise BackupFailed(f"{volume.pod} runs, so no snapshot of its volume was taken")
        claim = api.claim(volume.claim)
        class_name, name = self._class, snapshot_name(volume.pod, backup_id)
        told = volume_snapshot(
            claim, volume.pod, backup_id, cluster=self._cluster.name, stop=volume.stop, class_name=class_name
        )
        try:
            api.create_volume_snapshot(told)
            log.info("VolumeSnapshot %s was created", name)
        except AlreadyThere:
            _require_own(api.volume_snapshot(name), told)
            log.info("VolumeSnapshot %s of an earlier try is there; going on with it", name)
        ready = self._ready(name)
        status, content = ready["status"], self._content(ready)
        size = quantity(status.get("restoreSize")) or quantity(claim["status"].get("capacity", {}).get("storage"))
        log.info("VolumeSnapshot %s is ready: %s", name, in_units(size))
        return {
            "type": "volume_snapshot",
            "broker": broker,
            "node_id": self._cluster.node_ids[broker],
            "reference": f"VolumeSnapshot {name} in namespace {api.namespace}",
            "snapshot": name,
            "bytes": size,
            "restore_size": status.get("restoreSize"),
            "checksum": NO_CHECKSUM,
            "created_at": status.get("creationTime"),
            "content": status["boundVolumeSnapshotContentName"],
            "handle": content["status"]["snapshotHandle"],
            "driver": content["spec"]["driver"],
            "deletion_policy": content["spec"]["deletionPolicy"],
        }

    def verify(self, copy: Mapping[str, Any]) -> None:
        """Look whether it is still there, ready, and the same snapshot in the storage; its content cannot be read."""
        try:
            found = self._runtime.api.volume_snapshot(copy["snapshot"])
        except NotThere as error:
            raise BackupFailed(
                f"{copy['reference']} is not there any more; in the storage it was {copy['handle']} of {copy['driver']}"
            ) from error
        status = found.get("status") or {}
        if found["metadata"].get("deletionTimestamp"):
            raise BackupFailed(f"{copy['reference']} is being deleted")
        if not status.get("readyToUse"):
            raise BackupFailed(
                f"{copy['reference']} is not ready to be used: {_told(found) or 'its driver does not say why'}"
            )
        if self._content(found)["status"]["snapshotHandle"] != copy["handle"]:
            raise BackupFailed(
                f"{copy['reference']} is another snapshot than the one of this backup: its handle differs"
            )
        if not copy["bytes"] or quantity(status.get("restoreSize")) != quantity(copy["restore_size"]):
            raise BackupFailed(f"{copy['reference']} is empty, or has another size than the one of this backup")
        log.info("%s is ready and the same; a volume snapshot has no checksum", copy["reference"])

    def bring_back(self, broker: str, copy: Mapping[str, Any]) -> None:
        """Make the broker's claim again, from the snapshot; the StatefulSet takes it by its name."""
        volume, name = self._runtime.volume(broker), str(copy["snapshot"])
        if volume.stop is None:
            raise RestoreFailed(f"{volume.pod} runs, so its volume was not touched; stop it, then restore again")
        try:
            self.verify(copy)
        except BackupFailed as error:
            raise RestoreFailed(f"{broker} was not restored, and its volume was not touched: {error}") from error
        if not self._claims.remove(volume, name):
            log.info("claim %s waits for its volume from %s already", volume.claim, name)
            return
        api = self._runtime.api
        told = (api.volume_snapshot(name)["metadata"].get("annotations") or {}).get(CLAIM)
        if told is None:
            raise RestoreFailed(
                f"claim {volume.claim} is not there, and VolumeSnapshot {name} does not say what it was; create it by"
                " hand, then restore again"
            )
        claim = claim_from(told, volume.claim, name, quantity(copy["restore_size"]))
        try:
            api.create_claim(claim)
        except AlreadyThere as error:
            raise RestoreFailed(
                f"somebody created claim {volume.claim} while it was made again; find out who, then restore again"
            ) from error
        log.info("claim %s was made again from VolumeSnapshot %s", volume.claim, name)
        self._claims.filled(claim)

    def _driver(self, broker: str) -> str:
        """Return who makes the volume of a broker.

        :raises Rejected: nothing makes it, so nothing can make it again
        """
        claim = self._runtime.api.claim(self._runtime.volume(broker).claim)
        if not (name := claim["spec"].get("storageClassName")):
            raise Rejected(
                f"claim {claim['metadata']['name']} has no StorageClass, so no driver can make it from a snapshot"
            )
        return str(self._runtime.api.storage_class(name)["provisioner"])

    def _ready(self, name: str) -> dict[str, Any]:
        """Wait for a VolumeSnapshot; an error may pass, the driver tries again."""
        began = time.monotonic()
        failing_since: float | None = None
        while True:
            found = self._runtime.api.volume_snapshot(name)
            status, now = found.get("status") or {}, time.monotonic()
            if status.get("readyToUse"):
                return found
            error = _told(found)
            if error_of(found) and failing_since is None:
                log.warning("VolumeSnapshot %s: %s", name, error)
            failing_since = (failing_since or now) if error_of(found) else None
            if failing_since is not None and now - failing_since > self._patience:
                raise BackupFailed(f"VolumeSnapshot {name} failed: {error}")
            if now - began > self._timeout:
                raise BackupFailed(
                    f"VolumeSnapshot {name} was not ready within {self._timeout:.0f} s:"
                    f" {error}; see kubectl describe volumesnapshot {name}"
                )
            time.sleep(LOOK)

    def _content(self, snapshot: Mapping[str, Any]) -> dict[str, Any]:
        """Return what holds a snapshot's handle in the storage."""
        found = self._runtime.api.volume_snapshot_content(snapshot["status"]["boundVolumeSnapshotContentName"])
        if not (found.get("status") or {}).get("snapshotHandle"):
            raise BackupFailed(f"VolumeSnapshot {snapshot['metadata']['name']} has no handle in the storage")
        return found


def _told(snapshot: Mapping[str, Any]) -> str:
    return f"{harmless(error_of(snapshot) or 'its driver does not say why'):.500}"


def _require_own(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Make sure that a snapshot that is there already is the one that was to be taken.

    :raises BackupFailed: it is not
    """
    meta, name = found["metadata"], found["metadata"]["name"]
    if found["spec"].get("source") != wanted["spec"]["source"] or meta.get("deletionTimestamp"):
        raise BackupFailed(f"there is a VolumeSnapshot {name} of something else, or one being deleted; look at it")
    if (meta.get("annotations") or {}).get(STOP) != wanted["metadata"]["annotations"][STOP]:
        raise BackupFailed(
            f"VolumeSnapshot {name} was taken during another stop, and the brokers may have run since; start a new run"
        )
