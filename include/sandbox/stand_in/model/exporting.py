"""The exporter, and the importers behind it: how records reach the search engine's indices."""

import asyncio
from collections.abc import Callable, Iterable

from sandbox.stand_in.answers.entry import Line
from sandbox.stand_in.engine.indices import Indices
from sandbox.stand_in.model import documents
from sandbox.stand_in.model.documents import RECORD_TYPES, Change
from sandbox.stand_in.model.zeebe import Partition, Phase, Record, Zeebe

LAG_SECONDS = 0.02
Reader = Callable[[Record], list[Change]]


class Exporter:
    """Moves records into the indices in the background, as far as pauses and outages let it."""

    def __init__(
        self, line: Line, version: str, zeebe: Zeebe, indices: Indices, *, reachable: Callable[[], bool]
    ) -> None:
        """Connect a cluster with the search engine; ``reachable`` says whether that one is up."""
        self._version = version
        self._zeebe = zeebe
        self._indices = indices
        self._reachable = reachable
        self._news = asyncio.Event()
        web_apps: dict[str, Reader] = {
            "operate-import-position-8.3.0_": lambda r: known(line, documents.operate(r)),
            "tasklist-import-position-8.2.0_": lambda r: known(line, documents.tasklist(r, line.tasks_index)),
        }
        self._importers: dict[str, Reader] = {"optimize-position-based-import-index_v3": documents.optimize}
        self._direct: list[Reader] = []
        if line.importers:
            self._importers |= web_apps
        else:
            self._direct += web_apps.values()

    def notice(self) -> None:
        """There is something new to export, or exporting was resumed."""
        self._news.set()

    async def run(self) -> None:
        """Export whenever there is something new, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(LAG_SECONDS)
            if not self._reachable():
                await asyncio.sleep(LAG_SECONDS)
                self._news.set()
                continue
            self.pump()

    def pump(self) -> None:
        """Move everything that can move now."""
        for partition in self._zeebe.partitions.values():
            self._export(partition)
            for positions, reader in self._importers.items():
                self._import(partition, positions, reader)

    def _export(self, partition: Partition) -> None:
        phase = self._zeebe.phase(partition.number)
        if phase is Phase.PAUSED:
            return
        for record in partition.records[partition.written :]:
            self._apply([documents.exported(record, self._version)])
            for reader in self._direct:
                self._apply(reader(record))
        partition.written = partition.last_position
        if phase is Phase.EXPORTING:
            partition.acknowledged = partition.written

    def _import(self, partition: Partition, positions: str, reader: Reader) -> None:
        """Read on where the importer's own index says it stopped: a restored index makes it read again."""
        for value_type, alias in RECORD_TYPES.items():
            place = f"{partition.number}-{alias}"
            done = (self._indices.document(positions, place) or {}).get("position", 0)
            fresh = [r for r in partition.records[done : partition.written] if r.value_type == value_type]
            if not fresh:
                continue
            for record in fresh:
                self._apply(reader(record))
            position = {"id": place, "aliasName": alias, "partitionId": partition.number}
            self._apply([Change(positions, place, {**position, "position": fresh[-1].position})])

    def _apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self._indices.update(change.index, change.id, change.fields)


def known(line: Line, changes: list[Change]) -> list[Change]:
    """Leave out documents for indices a line does not have."""
    return [change for change in changes if change.index in line.indices]
