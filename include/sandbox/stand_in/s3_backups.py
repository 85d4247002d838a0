"""Zeebe's backups as objects in an S3 store: they outlive the stand-in.

As with the real ones a partition's backup is a folder ``<partition>/<backup ID>/<node ID>``, whose ``manifest.json``
tells its state (recorded from Zeebe 8.6.0). What it holds is one object beside it.
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any, TypeVar

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import TypeAdapter

from sandbox.stand_in.model.backups import MISSING, PartitionBackup, StoreTrouble, ZeebeBackup, ZeebeBackups
from sandbox.stand_in.model.zeebe import Checkpoint

NODE = 0
MANIFEST, CHECKPOINT = "manifest.json", "checkpoint.json"
CHECKPOINTS = TypeAdapter(Checkpoint)
SETTINGS = Config(
    connect_timeout=5,
    read_timeout=15,
    retries={"mode": "standard", "total_max_attempts": 1},
    s3={"addressing_style": "path"},
)

T = TypeVar("T")


class S3Backups(ZeebeBackups):
    """The backups in one bucket. The store is asked each time; it takes any key, so these protect nothing."""

    def __init__(self, url: str, bucket: str, partitions: tuple[int, ...]) -> None:
        super().__init__()
        self._bucket, self._partitions = bucket, partitions
        self._client = botocore.session.get_session().create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox-only",  # noqa: S106 - as above
            config=SETTINGS,
        )

    async def all(self) -> list[ZeebeBackup]:
        """Return every backup in the bucket."""
        numbers = await self._asked(self._numbers)
        return [found for number in sorted(numbers) if (found := await self.get(number))]

    async def get(self, number: int) -> ZeebeBackup | None:
        """Return one backup by its manifests."""
        manifests = [await self._asked(self._manifest, number, partition) for partition in self._partitions]
        versions = [manifest["descriptor"]["brokerVersion"] for manifest in manifests if manifest]
        if not versions:
            return None
        parts = [read(partition, manifest) for partition, manifest in zip(self._partitions, manifests, strict=True)]
        return ZeebeBackup(number, parts, versions[0])

    async def write(self, backup: ZeebeBackup, part: PartitionBackup) -> None:
        """Write a partition's manifest, and before it is complete what the backup holds."""
        if part.completed:
            held = BytesIO(CHECKPOINTS.dump_json(part.held))
            await self._asked(self._put, key(backup.number, part.number, CHECKPOINT), held)
        told = json.dumps(manifest_of(backup, part)).encode()
        await self._asked(self._put, key(backup.number, part.number, MANIFEST), BytesIO(told))

    async def load(self, backup: ZeebeBackup) -> dict[int, Checkpoint]:
        """Return what a complete backup holds of each partition."""
        held: dict[int, Checkpoint] = {}
        for part in backup.partitions:
            content = await self._asked(self._read, key(backup.number, part.number, CHECKPOINT))
            if content is None:
                raise StoreTrouble(f"what backup {backup.number} holds of partition {part.number} is gone")
            held[part.number] = CHECKPOINTS.validate_json(content)
        return held

    async def delete(self, number: int) -> None:
        """Delete a backup, its manifests first."""
        for name in (MANIFEST, CHECKPOINT):
            for partition in self._partitions:
                await self._asked(self._remove, key(number, partition, name))

    async def _asked(self, ask: Callable[..., T], *arguments: Any) -> T:
        """Ask the store, aside of everything else.

        :raises StoreTrouble: it cannot be asked, or refused
        """
        try:
            return await asyncio.to_thread(ask, *arguments)
        except (BotoCoreError, ClientError) as error:
            raise StoreTrouble(str(error)) from error

    def _numbers(self) -> set[int]:
        pages: Iterable[dict[str, Any]] = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        keys = [one["Key"].split("/") for page in pages for one in page.get("Contents", ())]
        return {int(pieces[1]) for pieces in keys if pieces[-1] == MANIFEST}

    def _manifest(self, number: int, partition: int) -> dict[str, Any]:
        content = self._read(key(number, partition, MANIFEST))
        found: dict[str, Any] = json.loads(content) if content else {}
        return found

    def _read(self, name: str) -> bytes | None:
        try:
            content: bytes = self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None
        return content

    def _put(self, name: str, content: BytesIO) -> None:
        self._client.put_object(Bucket=self._bucket, Key=name, Body=content)

    def _remove(self, name: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=name)


def key(number: int, partition: int, name: str) -> str:
    """Name an object of a partition's backup."""
    return f"{partition}/{number}/{NODE}/{name}"


def manifest_of(backup: ZeebeBackup, part: PartitionBackup) -> dict[str, Any]:
    """Tell the state of a partition's backup as its manifest does."""
    return {
        "id": {"partitionId": part.number, "checkpointId": backup.number, "nodeId": NODE},
        "descriptor": {"checkpointPosition": part.position, "brokerVersion": backup.version},
        "statusCode": part.state.lower(),
        "failureReason": part.failure,
        "createdAt": part.created,
        "modifiedAt": part.updated,
    }


def read(partition: int, manifest: dict[str, Any]) -> PartitionBackup:
    """Read the state of a partition's backup out of its manifest; without one it does not exist."""
    if not manifest:
        return PartitionBackup(partition, MISSING)
    return PartitionBackup(
        partition,
        manifest["statusCode"].upper(),
        manifest["createdAt"],
        manifest["modifiedAt"],
        manifest["failureReason"],
        manifest["descriptor"]["checkpointPosition"],
    )
