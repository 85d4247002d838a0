"""Stands in for a CSI driver with its provisioner and for the snapshot controller; everything goes through the API.

It makes volumes for claims and snapshots of them as those do, as far as the API server shows it; no data is behind it,
but a folder of this machine where a test says so.
"""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kubernetes

GROUP, VERSION = "snapshot.storage.k8s.io", "v1"
DRIVER = "volumes.sandbox"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
SIZE = "2Gi"  # that a snapshot needs; more than the claim's request
KINDS = {
    "VolumeSnapshot": "Namespaced",
    "VolumeSnapshotContent": "Cluster",
    "VolumeSnapshotClass": "Cluster",
}


def definition(kind: str, scope: str) -> dict[str, Any]:
    """Return a CustomResourceDefinition that accepts any field."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served: dict[str, Any] = {"name": VERSION, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    if kind != "VolumeSnapshotClass":
        served["subresources"] = {"status": {}}
    plural = "volumesnapshotclasses" if kind.endswith("Class") else f"{kind.lower()}s"
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{GROUP}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"},
        },
        "spec": {"group": GROUP, "scope": scope, "names": names, "versions": [served]},
    }


class VolumeDriver:
    """The driver of one control plane.

    :param kubeconfig: the administrator's
    """

    def __init__(self, kubeconfig: dict[str, Any]) -> None:
        api = kubernetes.config.new_client_from_config_dict(kubeconfig)
        self.core = kubernetes.client.CoreV1Api(api)
        self.storage = kubernetes.client.StorageV1Api(api)
        self.custom = kubernetes.client.CustomObjectsApi(api)
        self._definitions = kubernetes.client.ApiextensionsV1Api(api)
        self.fails = ""  # what every snapshot says while it is not empty
        self.rests = False  # makes no snapshot ready
        self._over = threading.Event()

    def define(self) -> None:
        """Install the three kinds."""
        for kind, scope in KINDS.items():
            self._definitions.create_custom_resource_definition(definition(kind, scope))

    def is_served(self) -> bool:
        """Return whether the API server knows the three kinds."""
        try:
            for plural in ("volumesnapshots", "volumesnapshotcontents", "volumesnapshotclasses"):
                self.custom.list_cluster_custom_object(GROUP, VERSION, plural)
        except kubernetes.client.ApiException:
            return False
        return True

    def create_class(self, name: str, driver: str = DRIVER, policy: str = "Retain") -> None:
        """Create a VolumeSnapshotClass."""
        body = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": "VolumeSnapshotClass",
            "metadata": {"name": name},
            "driver": driver,
            "deletionPolicy": policy,
        }
        self.custom.create_cluster_custom_object(GROUP, VERSION, "volumesnapshotclasses", body)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Work until the end of the block."""
        threads = [threading.Thread(target=self._again, args=(one,)) for one in (self._provision, self._snapshots)]
        for one in threads:
            one.start()
        try:
            yield
        finally:
            self._over.set()
            for one in threads:
                one.join()

    def _again(self, work: Callable[[], None]) -> None:
        while not self._over.wait(0.2):
            try:
                work()
            except kubernetes.client.ApiException as error:
                if error.status not in {404, 409}:  # somebody was faster, or the kinds are not there yet
                    raise

    def _provision(self) -> None:
        for claim in self.core.list_persistent_volume_claim_for_all_namespaces().items:
            asked = (claim.metadata.annotations or {}).get(PROVISIONER)
            if asked != DRIVER or claim.spec.volume_name or claim.metadata.deletion_timestamp:
                continue
            size = claim.spec.resources.requests["storage"]
            name = f"pvc-{claim.metadata.uid}"
            reference = {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": claim.metadata.namespace,
                "name": claim.metadata.name,
                "uid": claim.metadata.uid,
            }
            spec = {
                "capacity": {"storage": size},
                "accessModes": claim.spec.access_modes,
                "storageClassName": claim.spec.storage_class_name,
                "persistentVolumeReclaimPolicy": "Retain",
                "claimRef": reference,
                **self._source(claim, name),
            }
            self.core.create_persistent_volume({"metadata": {"name": name}, "spec": spec})

    def _source(self, claim: Any, name: str) -> dict[str, Any]:
        """Return where the volume of a claim is, once it is there."""
        return {"csi": {"driver": DRIVER, "volumeHandle": name}}

    def _copy(self, snapshot: dict[str, Any]) -> None:
        """Copy the data of a claim."""

    def _snapshots(self) -> None:
        found = self.custom.list_cluster_custom_object(GROUP, VERSION, "volumesnapshots")["items"]
        for snapshot in found:
            if not self.rests and not (snapshot.get("status") or {}).get("readyToUse"):
                self._settle(snapshot)

    def _settle(self, snapshot: dict[str, Any]) -> None:
        meta = snapshot["metadata"]
        content = f"snapcontent-{meta['uid']}"
        status: dict[str, Any] = {"boundVolumeSnapshotContentName": content}
        if self.fails:
            status |= {"readyToUse": False, "error": {"message": self.fails, "time": meta["creationTimestamp"]}}
        else:
            self._copy(snapshot)
            self._hold(snapshot, content)
            told = {"readyToUse": True, "restoreSize": SIZE, "creationTime": meta["creationTimestamp"], "error": None}
            status |= told
        self.custom.patch_namespaced_custom_object_status(
            GROUP, VERSION, meta["namespace"], "volumesnapshots", meta["name"], {"status": status}
        )

    def _hold(self, snapshot: dict[str, Any], content: str) -> None:
        chosen = self.custom.get_cluster_custom_object(
            GROUP, VERSION, "volumesnapshotclasses", snapshot["spec"]["volumeSnapshotClassName"]
        )
        body = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": "VolumeSnapshotContent",
            "metadata": {"name": content},
            "spec": {"driver": chosen["driver"], "deletionPolicy": chosen["deletionPolicy"]},
        }
        self.custom.create_cluster_custom_object(GROUP, VERSION, "volumesnapshotcontents", body)
        self.custom.patch_cluster_custom_object_status(
            GROUP, VERSION, "volumesnapshotcontents", content, {"status": {"snapshotHandle": f"handle-{content}"}}
        )


class FolderDriver(VolumeDriver):
    """One that has data: every volume is the same folder, since the node's containers are processes that name it.

    The first volume is what the folder holds already.

    :param folder: of the volume
    :param copies: the folder for snapshots
    """

    def __init__(self, kubeconfig: dict[str, Any], folder: Path, copies: Path) -> None:
        super().__init__(kubeconfig)
        self.folder, self.copies = folder, copies

    def _source(self, claim: Any, name: str) -> dict[str, Any]:
        if source := claim.spec.data_source:
            copied(self.copies / source.name, self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        return {"hostPath": {"path": str(self.folder)}}

    def _copy(self, snapshot: dict[str, Any]) -> None:
        copied(self.folder, self.copies / snapshot["metadata"]["name"])


def copied(source: Path, target: Path) -> None:
    """Copy a folder with its links."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
