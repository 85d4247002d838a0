"""Where Zeebe's records and the web apps' documents are: in the stand-in's own search engine, or in a real one."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from sandbox.stand_in.engine.indices import Document, Indices
from sandbox.stand_in.model.documents import RECORD_TYPES, Change
from sandbox.stand_in.snapshot_client import SnapshotClient

RECORDS = "zeebe-record_"
CAMUNDAS = "operate-*,tasklist-*,optimize-*,camunda-*,zeebe-record*"
PAGE = 1000
LOOK_SECONDS = 1.0
KEYWORD = {"type": "keyword", "ignore_above": 8191}
LAST_POSITIONS = {
    "size": 0,
    "aggs": {
        "partitions": {
            "terms": {"field": "partitionId", "size": 1000},
            "aggs": {
                "types": {
                    "terms": {"field": "valueType", "size": 100},
                    "aggs": {"last": {"max": {"field": "position"}}},
                }
            },
        }
    },
}

Heads = dict[tuple[int, str], int]
"""Last position by partition and type of record."""


class Storage(Protocol):
    """What exporter, importers and web apps need of a search engine.

    With a real one every call may raise `Unreachable` or `Refused`, see `snapshot_client.py`.
    """

    @property
    def look_seconds(self) -> float | None:
        """How often to look whether somebody else has changed what is in it; None: whoever does so says it."""

    async def make(self, indices: Sequence[str], templates: Mapping[str, str]) -> None:
        """Make indices, and templates by name for a pattern each; those that are there stay as they are."""

    async def begin(self, index: str, documents: Mapping[str, Document]) -> None:
        """Write documents that are not there yet."""

    async def put(self, changes: Sequence[Change]) -> None:
        """Write whole documents."""

    async def update(self, changes: Sequence[Change]) -> None:
        """Set fields of documents; those that are missing are made."""

    async def documents(self, index: str) -> dict[str, Document]:
        """Return the documents of an index by ID, none when it is missing."""

    async def heads(self) -> Heads:
        """Return how far the indices of records reach."""

    async def records(self, partition: int, value_type: str, after: int) -> list[Document]:
        """Return the first records of a type after a position, in order; 1,000 at most."""

    async def lose(self) -> None:
        """Delete all indices of Camunda's."""


class OwnEngine:
    """The stand-in's own search engine; no call of it ever waits.

    :param partitions: the partitions whose records are in it
    """

    look_seconds = None

    def __init__(self, indices: Indices, partitions: Iterable[int]) -> None:
        self._indices, self._partitions = indices, frozenset(partitions)

    async def make(self, indices: Sequence[str], templates: Mapping[str, str]) -> None:
        """Make indices; its templates are part of its line."""
        del templates
        for name in indices:
            self._indices.create(name)

    async def begin(self, index: str, documents: Mapping[str, Document]) -> None:
        """Write documents that are not there yet."""
        for identity, document in documents.items():
            if self._indices.document(index, identity) is None:
                self._indices.put(index, identity, document)

    async def put(self, changes: Sequence[Change]) -> None:
        """Write whole documents."""
        for change in changes:
            self._indices.put(change.index, change.id, change.fields)

    async def update(self, changes: Sequence[Change]) -> None:
        """Set fields of documents; those that are missing are made."""
        for change in changes:
            self._indices.update(change.index, change.id, change.fields)

    async def documents(self, index: str) -> dict[str, Document]:
        """Return the documents of an index by ID, none when it is missing."""
        return dict(self._indices.get(index).documents) if index in self._indices else {}

    async def heads(self) -> Heads:
        """Return how far the indices of records reach; the newest records of a partition are the last written."""
        found: Heads = {}
        for index in self._indices:
            if not index.name.startswith(RECORDS):
                continue
            missing = set(self._partitions)
            for record in reversed(index.documents.values()):
                if record["partitionId"] in missing:
                    missing.discard(record["partitionId"])
                    place = record["partitionId"], record["valueType"]
                    found[place] = max(found.get(place, 0), record["position"])
                if not missing:
                    break
        return found

    async def records(self, partition: int, value_type: str, after: int) -> list[Document]:
        """Return the first records of a type after a position, in order."""
        prefix = f"{RECORDS}{RECORD_TYPES[value_type]}_"
        found = [
            record
            for index in self._indices
            if index.name.startswith(prefix)
            for record in index.documents.values()
            if record["partitionId"] == partition and record["position"] > after
        ]
        return sorted(found, key=lambda record: int(record["position"]))[:PAGE]

    async def lose(self) -> None:
        """Delete all indices."""
        for index in list(self._indices):
            self._indices.delete(index.name)


class RealEngine:
    """A search engine of its own."""

    look_seconds = LOOK_SECONDS

    def __init__(self, url: str) -> None:
        self._client = SnapshotClient("stand-in", url)

    async def make(self, indices: Sequence[str], templates: Mapping[str, str]) -> None:
        """Make indices, and templates by name for a pattern each; indices that are there stay as they are."""
        there = await self._client.indices(CAMUNDAS)
        await asyncio.gather(
            *(
                self._client.put_template(name, {"index_patterns": [pattern], "template": shape(pattern)})
                for name, pattern in templates.items()
            )
        )
        await asyncio.gather(*(self._client.create_index(name, shape(name)) for name in indices if name not in there))

    async def begin(self, index: str, documents: Mapping[str, Document]) -> None:
        """Write documents that are not there yet."""
        for identity, document in documents.items():
            await self._client.create(index, identity, document)

    async def put(self, changes: Sequence[Change]) -> None:
        """Write whole documents."""
        await self._client.bulk(line for change in changes for line in ({"index": place(change)}, change.fields))

    async def update(self, changes: Sequence[Change]) -> None:
        """Set fields of documents; those that are missing are made."""
        await self._client.bulk(
            line
            for change in changes
            for line in ({"update": place(change)}, {"doc": change.fields, "doc_as_upsert": True})
        )

    async def documents(self, index: str) -> dict[str, Document]:
        """Return the documents of an index by ID, none when it is missing."""
        return {hit["_id"]: hit["_source"] for hit in await self._client.search_all(index)}

    async def heads(self) -> Heads:
        """Return how far the indices of records reach."""
        found = await self._client.search(f"{RECORDS}*", LAST_POSITIONS)
        return {
            (int(partition["key"]), str(one["key"])): int(one["last"]["value"])
            for partition in buckets(found, "partitions")
            for one in partition["types"]["buckets"]
        }

    async def records(self, partition: int, value_type: str, after: int) -> list[Document]:
        """Return the first records of a type after a position, in order."""
        wanted = [{"term": {"partitionId": partition}}, {"range": {"position": {"gt": after}}}]
        body = {"size": PAGE, "query": {"bool": {"filter": wanted}}, "sort": [{"position": "asc"}]}
        found = await self._client.search(f"{RECORDS}{RECORD_TYPES[value_type]}_*", body)
        return [hit["_source"] for hit in found.get("hits", {}).get("hits", [])]

    async def lose(self) -> None:
        """Delete all indices of Camunda's."""
        await self._client.delete_indices(CAMUNDAS)


def buckets(found: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the buckets of an aggregation; none where no index fitted."""
    told: list[dict[str, Any]] = found.get("aggregations", {}).get(name, {}).get("buckets", [])
    return told


def place(change: Change) -> dict[str, str]:
    """Say which document a change is about, as a bulk request does."""
    return {"_index": change.index, "_id": change.id}


def shape(index: str) -> dict[str, Any]:
    """Give settings and mappings of an index: what is text is looked for as a whole, times are not interpreted."""
    properties: dict[str, Any] = {}
    if index.startswith("operate-list-view"):
        properties["joinRelation"] = {"type": "join", "relations": {"processInstance": ["activity", "variable"]}}
    if index.startswith(RECORDS):
        properties["value"] = {"properties": {"variables": {"type": "object", "enabled": False}}}
    return {
        "settings": {"number_of_shards": 1, "number_of_replicas": 0},
        "mappings": {
            "date_detection": False,
            "dynamic_templates": [{"text": {"match_mapping_type": "string", "mapping": KEYWORD}}],
            "properties": properties,
        },
    }
