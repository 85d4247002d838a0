"""The search engine: indices, documents, queries, templates."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sandbox.stand_in.answers.entry import fill
from sandbox.stand_in.engine.indices import STARTED, Document, Index, IndexMissing
from sandbox.stand_in.engine.query import UnknownQuery, aggregate, check, fits
from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.roles.search_cat import SearchCat
from sandbox.stand_in.roles.search_snapshots import SnapshotRole
from sandbox.stand_in.roles.search_templates import SearchTemplates
from sandbox.stand_in.routes import Handler, Routes
from sandbox.stand_in.world import World

INDEX = r"(?P<index>[^_/][^/]*)"
CLUSTER_UUID = "stand-in-cluster-uuid0"


class ShardsMissing(Exception):
    """An index that is asked has shards that are not started."""


class SearchRole:
    """Answers like OpenSearch or Elasticsearch."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Routes:
        """All paths of the search engine."""
        routes = Routes(missing=self._no_handler, wrong_method=self._wrong_method)

        def add(methods: str, path: str, handler: Callable[[Call], Awaitable[Reply]]) -> None:
            routes.add(methods, path, self._guarded(handler))

        add("GET HEAD", "/", self._root)
        add("GET", "/_cluster/health", self._health)
        add("GET", "/_nodes", self._nodes)
        add("GET POST", "/_refresh", self._refresh)
        add("GET POST", "/_search", self._search)
        add("GET POST", "/_count", self._count)
        add("POST PUT", "/_bulk", self._bulk)
        SnapshotRole(self._world).add_to(add)
        SearchCat(self._world).add_to(add)
        SearchTemplates(self._world).add_to(add)
        add("PUT", f"/{INDEX}", self._create)
        add("GET HEAD", f"/{INDEX}", self._describe)
        add("DELETE", f"/{INDEX}", self._delete)
        add("GET POST", f"/{INDEX}/_refresh", self._refresh)
        add("GET POST", f"/{INDEX}/_search", self._search)
        add("GET POST", f"/{INDEX}/_count", self._count)
        add("POST PUT", f"/{INDEX}/_bulk", self._bulk)
        add("PUT POST", f"/{INDEX}/_doc/{{id}}", self._put)
        add("PUT POST", f"/{INDEX}/_create/{{id}}", self._put_new)
        add("GET HEAD", f"/{INDEX}/_doc/{{id}}", self._get)
        add("DELETE", f"/{INDEX}/_doc/{{id}}", self._remove)
        return routes

    def _guarded(self, handler: Handler) -> Handler:
        """Turn what can go wrong in any call into the engine's error."""

        async def guarded(call: Call) -> Reply:
            try:
                return await handler(call)
            except IndexMissing as missing:
                return self._world.give("search.index_missing", name=str(missing))
            except ShardsMissing:
                return self._world.give("search.shards_failed")
            except UnknownQuery as unknown:
                return self._world.give("search.unknown_query", query=str(unknown))
            except json.JSONDecodeError:
                return self._world.give("search.bad_json")

        return guarded

    def _ok(self, body: Any, status: int = 200) -> Reply:
        return Reply(status, body, self._world.engine.content_type)

    async def _no_handler(self, call: Call) -> Reply:
        return self._world.give("search.no_handler", name=call.path.split("/")[1])

    async def _wrong_method(self, call: Call) -> Reply:
        return self._world.give("search.wrong_method", path=call.path, method=call.method, **call.parts)

    async def _root(self, _call: Call) -> Reply:
        version = self._world.conditions.version.get("search", self._world.engine.version)
        return self._ok(fill(self._world.engine.root, {"version": version, "uuid": CLUSTER_UUID}))

    async def _health(self, _call: Call) -> Reply:
        shards = Counter({"STARTED": 0})
        for index in self._world.indices:
            shards[index.state] += index.shards
        started, total = shards["STARTED"], sum(shards.values())
        body = {
            "cluster_name": "stand-in",
            "status": self._world.conditions.search_health if started == total else "red",
            "timed_out": False,
            "number_of_nodes": 1,
            "number_of_data_nodes": 1,
            **self._world.engine.health,
            "active_primary_shards": started,
            "active_shards": started,
            "relocating_shards": 0,
            "initializing_shards": shards["INITIALIZING"],
            "unassigned_shards": shards["UNASSIGNED"],
            "delayed_unassigned_shards": 0,
            "number_of_pending_tasks": 0,
            "number_of_in_flight_fetch": 0,
            "task_max_waiting_in_queue_millis": 0,
            "active_shards_percent_as_number": 100.0 * started / total if total else 100.0,
        }
        return self._ok(body)

    async def _nodes(self, _call: Call) -> Reply:
        version = self._world.conditions.version.get("search", self._world.engine.version)
        node = {"name": "stand-in", "host": "127.0.0.1", "ip": "127.0.0.1", "version": version, "roles": ["data"]}
        counts = {"total": 1, "successful": 1, "failed": 0}
        return self._ok({"_nodes": counts, "cluster_name": "stand-in", "nodes": {"stand-in": node}})

    async def _create(self, call: Call) -> Reply:
        name = call.parts["index"]
        if name in self._world.indices:
            index = self._world.indices.get(name)
            return self._world.give("search.index_exists", name=name, uuid=index.uuid)
        self._world.indices.create(name)
        return self._ok({"acknowledged": True, "shards_acknowledged": True, "index": name})

    async def _describe(self, call: Call) -> Reply:
        found = self._world.indices.resolve(call.parts["index"])
        settings = {"number_of_shards": "1", "number_of_replicas": "0"}
        return self._ok(
            {
                i.name: {
                    "aliases": {},
                    "mappings": {},
                    "settings": {"index": {**settings, "uuid": i.uuid, "provided_name": i.name}},
                }
                for i in found
            }
        )

    async def _delete(self, call: Call) -> Reply:
        expression = call.parts["index"]
        if not self._world.engine.wildcard_delete and ("*" in expression or expression == "_all"):
            return self._world.give("search.wildcard_delete")
        for index in self._world.indices.resolve(expression, ignore_missing=call.flag("ignore_unavailable")):
            self._world.indices.delete(index.name)
            self._world.make_session_index(index.name)
        return self._ok({"acknowledged": True})

    async def _refresh(self, call: Call) -> Reply:
        return self._ok({"_shards": shards_of(self._found(call), skipped=False)})

    async def _count(self, call: Call) -> Reply:
        found = self._found(call)
        query = (call.json() or {}).get("query")
        check(query)
        count = sum(fits(d, query) for i in found for d in i.documents.values())
        return self._ok({"count": count, "_shards": shards_of(found)})

    async def _search(self, call: Call) -> Reply:
        found, body = self._found(call), call.json() or {}
        check(body.get("query"))
        hits = [(i.name, n, d) for i in found for n, d in i.documents.items() if fits(d, body.get("query"))]
        for key, descending in reversed(sort_keys(body.get("sort", []))):
            hits.sort(key=rank(key), reverse=descending)
        first = int(body.get("from", call.query.get("from", 0)))
        size = int(body.get("size", call.query.get("size", 10)))
        shown = [{"_index": i, "_id": n, "_score": 1.0, "_source": d} for i, n, d in hits[first : first + size]]
        answer = {
            "took": 1,
            "timed_out": False,
            "_shards": shards_of(found),
            "hits": {
                "total": {"value": len(hits), "relation": "eq"},
                "max_score": 1.0 if shown else None,
                "hits": shown,
            },
        }
        if aggregations := body.get("aggs", body.get("aggregations")):
            answer["aggregations"] = aggregate((d for _, _, d in hits), aggregations)
        return self._ok(answer)

    async def _bulk(self, call: Call) -> Reply:
        lines = [json.loads(line) for line in call.body.splitlines() if line.strip()]
        items = []
        while lines:
            action, target = next(iter(lines.pop(0).items()))
            index, identity = target.get("_index", call.parts.get("index", "")), str(target["_id"])
            if action == "delete":
                self._world.indices.get(index).documents.pop(identity, None)
            elif action == "update":
                self._world.indices.update(index, identity, lines.pop(0)["doc"])
            else:
                self._world.indices.put(index, identity, lines.pop(0))
            items.append({action: {"_index": index, "_id": identity, "status": 200}})
        return self._ok({"took": 1, "errors": False, "items": items})

    async def _put(self, call: Call) -> Reply:
        index, identity = call.parts["index"], call.parts["id"]
        is_new = self._world.indices.put(index, identity, call.json())
        body = written(index, identity, "created" if is_new else "updated")
        if call.flag("refresh"):
            body["forced_refresh"] = True
        return self._ok(body, 201 if is_new else 200)

    async def _put_new(self, call: Call) -> Reply:
        if self._world.indices.document(call.parts["index"], call.parts["id"]) is not None:
            return self._world.give("search.document_exists", id=call.parts["id"])
        return await self._put(call)

    async def _get(self, call: Call) -> Reply:
        index, identity = call.parts["index"], call.parts["id"]
        found = self._world.indices.get(index).documents.get(identity)
        if found is None:
            return self._ok({"_index": index, "_id": identity, "found": False}, 404)
        versions = {"_version": 1, "_seq_no": 0, "_primary_term": 1}
        return self._ok({"_index": index, "_id": identity, **versions, "found": True, "_source": found})

    async def _remove(self, call: Call) -> Reply:
        index, identity = call.parts["index"], call.parts["id"]
        found = self._world.indices.get(index).documents.pop(identity, None)
        result = "not_found" if found is None else "deleted"
        return self._ok(written(index, identity, result), 404 if found is None else 200)

    def _found(self, call: Call) -> list[Index]:
        lenient = call.flag("ignore_unavailable")
        found = self._world.indices.resolve(call.parts.get("index", "_all"), ignore_missing=lenient)
        if any(index.state != STARTED for index in found):
            raise ShardsMissing
        return found


def shards_of(indices: list[Index], *, skipped: bool = True) -> dict[str, int]:
    """Shard counts of an answer."""
    total = sum(i.shards for i in indices)
    counts = {"total": total, "successful": total, "failed": 0}
    return counts | {"skipped": 0} if skipped else counts


def written(index: str, identity: str, result: str) -> dict[str, Any]:
    """Answer to a written document."""
    shards = {"total": 1, "successful": 1, "failed": 0}
    numbers = {"_version": 1, "_seq_no": 0, "_primary_term": 1}
    return {"_index": index, "_id": identity, **numbers, "result": result, "_shards": shards}


def sort_keys(sort: Any) -> list[tuple[str, bool]]:
    """Fields to sort by, each with whether it descends."""
    keys = []
    for item in sort if isinstance(sort, list) else [sort]:
        name, order = next(iter(item.items())) if isinstance(item, Mapping) else (item, "asc")
        keys.append((name, (order.get("order") if isinstance(order, Mapping) else order) == "desc"))
    return keys


def rank(name: str) -> Callable[[tuple[str, str, Document]], tuple[bool, Any]]:
    """Make the sort key of a hit by one field; hits without it come last."""
    return lambda hit: (hit[2].get(name) is None, hit[2].get(name))
