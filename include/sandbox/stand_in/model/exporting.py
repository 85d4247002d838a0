"""The exporter: how records reach the search engine, and when importers read on."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from sandbox.stand_in.answers.entry import Line
from sandbox.stand_in.model import documents
from sandbox.stand_in.model.importing import OPTIMIZE, Importing, web_app_importers
from sandbox.stand_in.model.zeebe import Partition, Phase, Record, Zeebe
from sandbox.stand_in.snapshot_client import Refused, Unreachable
from sandbox.stand_in.storage import Storage

LAG_SECONDS = 0.02
RETRY_SECONDS = 0.5


class Exporter:
    """Moves records into the indices in the background, as far as pauses and outages let it.

    :param works: says whether a role does its work now
    """

    def __init__(
        self, line: Line, version: str, zeebe: Zeebe, storage: Storage, *, works: Callable[[str], bool]
    ) -> None:
        self.engine_answers = True
        """Whether the search engine took the last request."""
        self.at_work = asyncio.Lock()
        """Held while something moves: whoever stops or pauses takes it, so that nothing moves any more afterwards."""
        self._version = version
        self._zeebe = zeebe
        self._storage = storage
        self._works = works
        self._news = asyncio.Event()
        web_apps = web_app_importers(line.indices, line.tasks_index)
        self._importing = Importing(storage, [*(web_apps if line.importers else ()), OPTIMIZE], works)
        self._direct = [] if line.importers else [app.read for app in web_apps]

    def notice(self) -> None:
        """There is something new to export, or exporting was resumed."""
        self._news.set()

    async def run(self) -> None:
        """Export and import whenever there is something new, for ever."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._storage.look_seconds):
                    await self._news.wait()
            self._news.clear()
            await asyncio.sleep(LAG_SECONDS)
            if not self._works("search"):
                await asyncio.sleep(LAG_SECONDS)
                self._news.set()
                continue
            try:
                async with self.at_work:
                    await self._pump()
            except (Unreachable, Refused) as trouble:
                self.engine_answers = isinstance(trouble, Refused)
                await asyncio.sleep(RETRY_SECONDS)
                self._news.set()
            else:
                self.engine_answers = True

    async def _pump(self) -> None:
        """Move everything that can move now."""
        for partition in self._zeebe.partitions.values():
            if self._works("zeebe"):
                await self._export(partition)
        await self._importing.look()

    async def _export(self, partition: Partition) -> None:
        phase = self._zeebe.phase(partition.number)
        if phase is Phase.PAUSED:
            return
        last = partition.last_position
        if fresh := events(partition, partition.written, last):
            await self._storage.put([documents.exported(record, self._version) for record in fresh])
            await self._storage.update([change for record in fresh for read in self._direct for change in read(record)])
        partition.written = last
        if phase is Phase.EXPORTING:
            partition.acknowledged = last


def events(partition: Partition, after: int, last: int) -> list[Record]:
    """Records of a stretch of the log that get into indices: all but rejected commands."""
    return [record for record in partition.records[after:last] if not record.rejected]
