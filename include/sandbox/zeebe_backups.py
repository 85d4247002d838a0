"""Zeebe's backups as their store holds them, asked of the store itself: Zeebe need not run for that.

A backup is a folder `<partition>/<backup ID>/<node ID>` for each partition, with a `manifest.json` that tells its
state (recorded from Zeebe 8.6.0 with the S3 store).
"""

from typing import Any

import requests

from .camunda import BASE_PATH, BUCKET, PARTITIONS
from .errors import SandboxError
from .loopback import TIMEOUT, session

COMPLETED = "completed"
NODE = 0
# The store takes any signature, but wants one to give an object out.
SIGNATURE = "AWS4-HMAC-SHA256 Credential=sandbox/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=any"


def is_complete(store: str, backup_id: int) -> bool:
    """Return whether the store holds a completed backup of every partition.

    :param store: the store's address
    :param backup_id: the backup
    :raises SandboxError: the store cannot be asked
    """
    manifests = [_manifest(store, partition, backup_id) for partition in range(1, PARTITIONS + 1)]
    return all(manifest.get("statusCode") == COMPLETED for manifest in manifests)


def _manifest(store: str, partition: int, backup_id: int) -> dict[str, Any]:
    """Return what the store says of one partition's backup; nothing when it has none."""
    address = f"{store}/{BUCKET}/{BASE_PATH}/{partition}/{backup_id}/{NODE}/manifest.json"
    try:
        with session() as direct:
            response = direct.get(address, headers={"Authorization": SIGNATURE}, timeout=TIMEOUT)
    except requests.RequestException as error:
        raise SandboxError(f"Zeebe's backup store cannot be asked at {store}: {type(error).__name__}.") from error
    if response.status_code == 404:
        return {}
    if not response.ok:
        raise SandboxError(f"Zeebe's backup store answered {response.status_code} for {address}.")
    manifest: dict[str, Any] = response.json()
    return manifest
