"""The search engine's tables of indices and shards."""

from collections.abc import Callable, Mapping, Sequence

from sandbox.stand_in.engine.indices import STARTED, Index
from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.routes import Handler
from sandbox.stand_in.world import World

Row = Mapping[str, str | None]
SHARD_PARAMETERS = {"format", "h", "s", "v", "bytes", "time", "help", "local", "master_timeout"}


class SearchCat:
    """``_cat/indices`` and ``_cat/shards``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, add: Callable[[str, str, Handler], None]) -> None:
        """Add the paths."""
        for path, handler in {"/_cat/indices": self._indices, "/_cat/shards": self._shards}.items():
            add("GET", path, handler)
            add("GET", f"{path}/{{index}}", handler)

    async def _indices(self, call: Call) -> Reply:
        return self._table(call, [index_row(i) for i in self._chosen(call)])

    async def _shards(self, call: Call) -> Reply:
        if unknown := set(call.query) - SHARD_PARAMETERS:
            return self._world.give("search.unknown_parameter", path=call.path, name=min(unknown))
        return self._table(call, [shard_row(i, n) for i in self._chosen(call) for n in range(i.shards)])

    def _chosen(self, call: Call) -> list[Index]:
        return self._world.indices.resolve(call.parts.get("index", "_all"))

    def _table(self, call: Call, rows: Sequence[Row]) -> Reply:
        """Give the rows as JSON or text, with the columns asked for."""
        if columns := call.query.get("h"):
            wanted = columns.split(",")
            rows = [{name: row[name] for name in wanted if name in row} for row in rows]
        elif rows:
            rows = [{name: value for name, value in row.items() if "unassigned." not in name} for row in rows]
        if call.query.get("format") == "json":
            return Reply(200, list(rows), self._world.engine.content_type)
        text = "".join(" ".join(value or "" for value in row.values()) + "\n" for row in rows)
        return Reply(200, text, "text/plain; charset=UTF-8")


def index_row(index: Index) -> Row:
    """One line of ``_cat/indices``."""
    size = str(208 + 100 * len(index.documents))
    return {
        "health": "green" if index.state == STARTED else "red",
        "status": "open",
        "index": index.name,
        "uuid": index.uuid,
        "pri": str(index.shards),
        "rep": "0",
        "docs.count": str(len(index.documents)),
        "docs.deleted": "0",
        "store.size": size,
        "pri.store.size": size,
    }


def shard_row(index: Index, number: int) -> Row:
    """One line of ``_cat/shards``; what is not known of a shard is null."""
    started, placed = index.state == STARTED, index.state != "UNASSIGNED"
    reason, details = index.unassigned or (None, None)
    return {
        "index": index.name,
        "shard": str(number),
        "prirep": "p",
        "state": index.state,
        "docs": str(len(index.documents)) if started else None,
        "store": f"{208 + 100 * len(index.documents)}b" if started else None,
        "ip": "127.0.0.1" if placed else None,
        "node": "stand-in" if placed else None,
        "unassigned.reason": reason,
        "unassigned.details": details,
    }
