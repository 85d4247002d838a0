"""Optimize's importer beside a real search engine: it reads Zeebe's records there and notes how far it has come."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sandbox.stand_in.model.documents import INSTANCE_STATES, RECORD_TYPES
from sandbox.stand_in.model.importing import OPTIMIZE
from sandbox.stand_in.model.zeebe import Record
from sandbox.stand_in.snapshot_client import Refused, SnapshotClient, Unreachable

INTERVAL = 2  # seconds between two looks
PAGE = 1000
PARTITIONS = {"size": 0, "aggs": {"partitions": {"terms": {"field": "partitionId", "size": 1000}}}}


class OptimizeImport:
    """Imports for ever, as far as the search engine lets it."""

    def __init__(self, client: SnapshotClient) -> None:
        self._client = client

    async def run(self) -> None:
        """Look for new records every now and then."""
        while True:
            with suppress(Unreachable, Refused):
                await self.look()
            await asyncio.sleep(INTERVAL)

    async def look(self) -> None:
        """Import what is new."""
        found = await self._client.search("zeebe-record_*", PARTITIONS)
        notes = {hit["_id"]: hit["_source"] for hit in await self._hits(OPTIMIZE.notes, {})}
        for bucket in found.get("aggregations", {}).get("partitions", {}).get("buckets", []):
            for value_type in OPTIMIZE.types:
                place = OPTIMIZE.place(bucket["key"], value_type)
                done = int(notes.get(place, {}).get(OPTIMIZE.position, 0))
                await self._import(bucket["key"], value_type, done)

    async def _import(self, partition: int, value_type: str, done: int) -> None:
        wanted = [{"term": {"partitionId": partition}}, {"range": {"position": {"gt": done}}}]
        body = {"query": {"bool": {"filter": wanted}}, "sort": [{"position": "asc"}]}
        hits = await self._hits(f"zeebe-record_{RECORD_TYPES[value_type]}_*", body)
        records = [record(hit["_source"]) for hit in hits]
        if records:
            changes = [change for one in records if concerns(one) for change in OPTIMIZE.read(one)]
            await self._client.update([*changes, OPTIMIZE.note(records[-1])])

    async def _hits(self, index: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = await self._client.search(index, {"size": PAGE, **body})
        hits: list[dict[str, Any]] = found.get("hits", {}).get("hits", [])
        return hits


def record(document: Mapping[str, Any]) -> Record:
    """Read a record out of its document; a process is known by its ID, which has another name in real ones."""
    value = document["value"]
    return Record(
        document["partitionId"],
        document["position"],
        document["key"],
        document["valueType"],
        document["intent"],
        {**value, "id": value.get("id", value.get("bpmnProcessId"))},
        document["timestamp"],
    )


def concerns(one: Record) -> bool:
    """Whether it is about a whole process instance, and not about one of its elements or something in between."""
    if one.value_type != "PROCESS_INSTANCE":
        return True
    return one.intent in INSTANCE_STATES and one.value.get("bpmnElementType", "PROCESS") == "PROCESS"
