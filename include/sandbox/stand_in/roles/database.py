"""The database of a cluster whose secondary storage is one: the sandbox's own API to it, no part of Camunda.

What stands in the web apps' indices is what stands in the database; its dump is JSON.
"""

from typing import Any

from sandbox.stand_in.engine.indices import Index
from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.routes import Routes
from sandbox.stand_in.world import World

TABLES = "operate-*,tasklist-*,camunda-*"


class DatabaseRole:
    """Exported positions, dump and restore."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, routes: Routes) -> None:
        """Add the paths."""
        routes.add("GET", "/database/positions", self._positions)
        routes.add("GET", "/database", self._dump)
        routes.add("PUT", "/database", self._restore)

    async def _positions(self, _call: Call) -> Reply:
        return Reply(200, {str(number): position for number, position in self._world.exported_positions().items()})

    async def _dump(self, _call: Call) -> Reply:
        tables = {index.name: index.documents for index in self._tables()}
        return Reply(200, {"positions": self._world.exported_positions(), "tables": tables})

    async def _restore(self, call: Call) -> Reply:
        dump: dict[str, Any] = call.json()
        for index in self._tables():
            self._world.indices.delete(index.name)
        for name, documents in dump["tables"].items():
            self._world.indices.create(name)
            for identity, document in documents.items():
                self._world.indices.put(name, identity, document)
        self._world.database = {int(number): int(position) for number, position in dump["positions"].items()}
        return Reply(204)

    def _tables(self) -> list[Index]:
        return self._world.indices.resolve(TABLES, ignore_missing=True)
