"""The importers: which records each component reads, and where it notes how far it has come.

They read them where Zeebe's exporter puts them, in the indices of records: one that a snapshot has brought back is read
like any other.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sandbox.stand_in.model import documents
from sandbox.stand_in.model.clock import millis, web_app_time
from sandbox.stand_in.model.documents import INSTANCE_STATES, RECORD_TYPES, Change
from sandbox.stand_in.model.zeebe import Record
from sandbox.stand_in.snapshot_client import Refused, Unreachable
from sandbox.stand_in.storage import Heads, Storage

Reader = Callable[[Record], list[Change]]
OPTIMIZE_TYPES = {
    "PROCESS": "zeebeProcessDefinitionImportIndex",
    "PROCESS_INSTANCE": "zeebeProcessInstanceImportIndex",
    "USER_TASK": "zeebeUserTaskImportIndex",
}


@dataclass(frozen=True, slots=True)
class Importer:
    """Operate's or Tasklist's importer, with its notes as recorded from Camunda 8.6.0.

    :param role: whose it is
    :param notes: index of its notes
    :param read: makes documents of a record
    :param types: its names for the types of records it reads
    :param position: the field of a note that holds the last position
    """

    role: str
    notes: str
    read: Reader
    types: Mapping[str, str]
    position: str = "position"

    def place(self, partition: int, value_type: str) -> str:
        """ID of the note on one type of records of a partition."""
        return f"{partition}-{self.types[value_type]}"

    def note(self, last: Record) -> Change:
        """Note the last record read."""
        place = self.place(last.partition, last.value_type)
        return Change(self.notes, place, {"id": place, **self._fields(last)})

    def _fields(self, last: Record) -> dict[str, Any]:
        return {"aliasName": self.types[last.value_type], "partitionId": last.partition, "position": last.position}


class OptimizeImporter(Importer):
    """Optimize's importer; the fields of its notes are those of its source."""

    def place(self, partition: int, value_type: str) -> str:
        """ID of the note on one type of records of a partition."""
        return f"{self.types[value_type]}-{partition}"

    def note(self, last: Record) -> Change:
        """Note the last record read."""
        fields = {
            "lastImportExecutionTimestamp": web_app_time(millis()),
            "timestampOfLastEntity": web_app_time(last.timestamp),
            "dataSource": {"type": "zeebe", "name": "zeebe-record", "partitionId": last.partition},
            "positionOfLastEntity": last.position,
            "sequenceOfLastEntity": documents.sequence(last),
            "esTypeIndexRefersTo": self.types[last.value_type],
            "hasSeenSequenceField": True,
        }
        return Change(self.notes, self.place(last.partition, last.value_type), fields)


OPTIMIZE = OptimizeImporter(
    "optimize",
    "optimize-position-based-import-index_v3",
    documents.optimize,
    OPTIMIZE_TYPES,
    position="positionOfLastEntity",
)


def web_app_importers(indices: tuple[str, ...], tasks_index: str) -> list[Importer]:
    """Importers of Operate and Tasklist; documents for indices a line does not have are left out."""
    return [
        Importer(
            "operate", "operate-import-position-8.3.0_", lambda r: known(indices, documents.operate(r)), RECORD_TYPES
        ),
        Importer(
            "tasklist",
            "tasklist-import-position-8.2.0_",
            lambda r: known(indices, documents.tasklist(r, tasks_index)),
            RECORD_TYPES,
        ),
    ]


def known(indices: tuple[str, ...], changes: list[Change]) -> list[Change]:
    """Leave out documents for indices that do not exist."""
    return [change for change in changes if change.index in indices]


class Importing:
    """The importers at work.

    :param works: says whether a role does its work now
    """

    def __init__(self, storage: Storage, importers: Sequence[Importer], works: Callable[[str], bool]) -> None:
        self._storage, self._importers, self._works = storage, importers, works

    async def run(self) -> None:
        """Look for new records every now and then, for ever, as far as the search engine lets it."""
        while True:
            with suppress(Unreachable, Refused):
                await self.look()
            await asyncio.sleep(self._storage.look_seconds or 0)

    async def look(self) -> None:
        """Import what is new."""
        heads = await self._storage.heads()
        for importer in self._importers:
            if self._works(importer.role):
                await self._import(importer, heads)

    async def _import(self, importer: Importer, heads: Heads) -> None:
        """Read on where the importer's own index says it stopped: a restored index makes it read again."""
        notes = await self._storage.documents(importer.notes)
        for (partition, value_type), head in heads.items():
            if value_type not in importer.types:
                continue
            done = int(notes.get(importer.place(partition, value_type), {}).get(importer.position, 0))
            while done < head and self._works(importer.role):
                records = [record(one) for one in await self._storage.records(partition, value_type, done)]
                if not records:
                    break
                changes = [change for one in records if concerns(one) for change in importer.read(one)]
                await self._storage.update([*changes, importer.note(records[-1])])
                done = records[-1].position


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
