"""The importers: which records each component reads, and where it notes how far it has come."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.stand_in.model import documents
from sandbox.stand_in.model.clock import millis, web_app_time
from sandbox.stand_in.model.documents import RECORD_TYPES, Change
from sandbox.stand_in.model.zeebe import Record

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
