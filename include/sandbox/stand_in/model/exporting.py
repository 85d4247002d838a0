"""The exporter, and the importers behind it: how records reach the search engine's indices."""

import asyncio
from collections.abc import Callable, Iterable

from sandbox.stand_in.answers.entry import Line
from sandbox.stand_in.engine.indices import Indices
from sandbox.stand_in.model import documents
from sandbox.stand_in.model.documents import Change
from sandbox.stand_in.model.importing import OPTIMIZE, Importer, web_app_importers
from sandbox.stand_in.model.zeebe import Partition, Phase, Record, Zeebe

LAG_SECONDS = 0.02


class Exporter:
    """Moves records into the indices in the background, as far as pauses and outages let it."""

    def __init__(
        self, line: Line, version: str, zeebe: Zeebe, indices: Indices, *, works: Callable[[str], bool]
    ) -> None:
        """Connect a cluster with the search engine; ``works`` says whether a role does its work now."""
        self._version = version
        self._zeebe = zeebe
        self._indices = indices
        self._works = works
        self._news = asyncio.Event()
        web_apps = web_app_importers(line.indices, line.tasks_index)
        self._importers: list[Importer] = [*(web_apps if line.importers else ()), OPTIMIZE]
        self._direct = [] if line.importers else [app.read for app in web_apps]

    def notice(self) -> None:
        """There is something new to export, or exporting was resumed."""
        self._news.set()

    async def run(self) -> None:
        """Export whenever there is something new, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(LAG_SECONDS)
            if not self._works("search"):
                await asyncio.sleep(LAG_SECONDS)
                self._news.set()
                continue
            self.pump()

    def pump(self) -> None:
        """Move everything that can move now."""
        for partition in self._zeebe.partitions.values():
            if self._works("zeebe"):
                self._export(partition)
            for importer in self._importers:
                if self._works(importer.role):
                    self._import(partition, importer)

    def _export(self, partition: Partition) -> None:
        phase = self._zeebe.phase(partition.number)
        if phase is Phase.PAUSED:
            return
        for record in events(partition, partition.written, partition.last_position):
            self._apply([documents.exported(record, self._version)])
            for reader in self._direct:
                self._apply(reader(record))
        partition.written = partition.last_position
        if phase is Phase.EXPORTING:
            partition.acknowledged = partition.written

    def _import(self, partition: Partition, importer: Importer) -> None:
        """Read on where the importer's own index says it stopped: a restored index makes it read again."""
        for value_type in importer.types:
            place = importer.place(partition.number, value_type)
            done = (self._indices.document(importer.notes, place) or {}).get(importer.position, 0)
            fresh = [r for r in events(partition, done, partition.written) if r.value_type == value_type]
            if not fresh:
                continue
            for record in fresh:
                self._apply(importer.read(record))
            self._apply([importer.note(fresh[-1])])

    def _apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self._indices.update(change.index, change.id, change.fields)


def events(partition: Partition, after: int, last: int) -> list[Record]:
    """Records of a stretch of the log that get into indices: all but rejected commands."""
    return [record for record in partition.records[after:last] if not record.rejected]
