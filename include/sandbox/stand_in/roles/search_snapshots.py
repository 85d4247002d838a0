"""The search engine's snapshot API."""

from collections.abc import Callable
from typing import Any

from sandbox.stand_in.answers.entry import fill
from sandbox.stand_in.engine.indices import Index
from sandbox.stand_in.engine.snapshots import (
    IN_PROGRESS,
    RepositoryMissing,
    Snapshot,
    SnapshotMissing,
)
from sandbox.stand_in.messages import OUTSIDE, Call, Reply
from sandbox.stand_in.outcomes import Outcome, Plan
from sandbox.stand_in.roles.search_restores import Restores, expression
from sandbox.stand_in.roles.search_stores import Stores
from sandbox.stand_in.routes import Handler
from sandbox.stand_in.snapshot_client import OUTCOME, OUTCOME_SECONDS
from sandbox.stand_in.world import World

REPOSITORY_TYPES = {"fs", "s3", "azure", "gcs", "url"}
FINAL_STATES = {Outcome.FAILED: "FAILED", Outcome.PARTIAL: "PARTIAL", Outcome.INCOMPLETE: "PARTIAL"}


class SnapshotRole:
    """Repositories and snapshots over HTTP."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stores = Stores(world)

    def add_to(self, add: Callable[[str, str, Handler], None]) -> None:
        """Add the paths of the snapshot API."""
        named = "/_snapshot/{repository}/{name}"
        add("GET", "/_snapshot/_status", self._guarded(self._running))
        add("GET", "/_snapshot", self._guarded(self._repositories))
        add("GET", "/_snapshot/{repository}", self._guarded(self._repositories))
        add("PUT POST", "/_snapshot/{repository}", self._guarded(self._register))
        add("DELETE", "/_snapshot/{repository}", self._guarded(self._forget))
        add("POST", "/_snapshot/{repository}/_verify", self._guarded(self._verify))
        add("POST", "/_snapshot/{repository}/_cleanup", self._guarded(self._clean_up))
        add("GET", "/_snapshot/{repository}/_status", self._guarded(self._running))
        add("GET", named, self._guarded(self._list))
        add("PUT POST", named, self._guarded(self._create))
        add("DELETE", named, self._guarded(self._delete))
        add("GET", f"{named}/_status", self._guarded(self._status))
        add("POST", f"{named}/_restore", self._guarded(self._restore))

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(call: Call) -> Reply:
            repository = call.parts.get("repository", "")
            try:
                return await handler(call)
            except RepositoryMissing:
                return self._world.give("search.repository_missing", repository=repository)
            except SnapshotMissing as missing:
                return self._world.give("search.snapshot_missing", repository=repository, name=str(missing))

        return guarded

    def _ok(self, body: Any) -> Reply:
        return Reply(200, body, self._world.engine.content_type)

    async def _repositories(self, call: Call) -> Reply:
        own = self._world.engine.repository
        definitions = {name: {**told, **own} for name, told in self._world.repositories.definitions.items()}
        wanted = call.parts.get("repository", "_all")
        if wanted in {"_all", "*"}:
            return self._ok(definitions)
        for name in wanted.split(","):
            self._world.repositories.snapshots(name)
        return self._ok({name: definitions[name] for name in wanted.split(",")})

    async def _register(self, call: Call) -> Reply:
        name, definition = call.parts["repository"], call.json() or {}
        if "type" not in definition:
            return self._world.give("search.repository_type_missing")
        if definition["type"] not in REPOSITORY_TYPES:
            return self._world.give("search.repository_type_unknown", repository=name, type=definition["type"])
        location = str(definition.get("settings", {}).get("location", ""))
        if definition["type"] == "fs" and location.startswith("/"):
            return self._world.give("search.repository_location", repository=name, location=location)
        if self._world.conditions.repository_broken and call.query.get("verify") != "false":
            return self._world.give("search.repository_unverified", repository=name)
        self._world.repositories.register(name, definition)
        return self._ok({"acknowledged": True})

    async def _forget(self, call: Call) -> Reply:
        self._world.repositories.forget(call.parts["repository"])
        return self._ok({"acknowledged": True})

    async def _verify(self, call: Call) -> Reply:
        name = call.parts["repository"]
        self._world.repositories.snapshots(name)
        if self._world.conditions.repository_broken:
            return self._world.give("search.repository_unverified", repository=name)
        return self._stores.verify(name) or self._ok({"nodes": {"stand-in": {"name": "stand-in"}}})

    async def _clean_up(self, call: Call) -> Reply:
        name = call.parts["repository"]
        self._world.repositories.snapshots(name)
        if refused := self._stores.refuse(name, "", "list"):
            return refused
        return self._ok({"results": {"deleted_bytes": 0, "deleted_blobs": self._stores.clean_up(name)}})

    async def _list(self, call: Call) -> Reply:
        repository, name = call.parts["repository"], call.parts["name"]
        if name == "_all" and repository not in self._world.repositories.definitions:
            raise RepositoryMissing(repository)
        needed = ("list",) if name == "_all" else ("list", "read")
        if repository in self._world.repositories.definitions and (
            refused := self._stores.refuse(repository, name, *needed)
        ):
            return refused
        found = self._find(repository, name, ignore_missing=call.flag("ignore_unavailable"))
        described = [self._described(repository, s) for s in found]
        page = fill(self._world.engine.snapshots_page, {"total": len(found)})
        return self._ok({"snapshots": described, **page})

    async def _create(self, call: Call) -> Reply:
        repository, name = call.parts["repository"], call.parts["name"]
        snapshots, body = self._world.repositories.snapshots(repository), call.json() or {}
        if name != name.lower():
            return self._world.give("search.snapshot_name", repository=repository, name=name)
        if name in snapshots:
            return self._world.give("search.snapshot_exists", repository=repository, name=name)
        if self._world.conditions.repository_broken:
            return self._world.give("search.repository_unverified", repository=repository)
        if refused := self._stores.refuse(repository, name, "list", "write"):
            return refused
        indices = [i.frozen() for i in self._chosen(body)]
        global_state = bool(body.get("include_global_state", True))
        snapshot = Snapshot(name, indices, body.get("metadata"), global_state)
        plan = self._plan(call)
        if plan.outcome is not Outcome.LOST:
            snapshots[name] = snapshot
        work = self._finish(snapshot, plan)
        if not call.flag("wait_for_completion"):
            self._world.run(work)
            return self._ok({"accepted": True})
        await work
        return self._ok({"snapshot": self._described(repository, snapshot)})

    async def _finish(self, snapshot: Snapshot, plan: Plan) -> None:
        await self._world.pace.parts()
        await plan.hold()
        snapshot.finish(FINAL_STATES.get(plan.outcome, "SUCCESS"))

    def _plan(self, call: Call) -> Plan:
        """Outcome for this snapshot: the one its own role asks for, or the one set for the search engine."""
        if call.caller == OUTSIDE:
            return self._world.outcomes.take("search")
        seconds = call.headers.get(OUTCOME_SECONDS)
        outcome = Outcome(call.headers.get(OUTCOME, Outcome.COMPLETED))
        return Plan(call.caller, outcome, float(seconds) if seconds else None)

    async def _restore(self, call: Call) -> Reply:
        repository, name = call.parts["repository"], call.parts["name"]
        self._world.repositories.snapshots(repository)
        return self._stores.refuse(repository, name, "list", "read") or await Restores(self._world).restore(call)

    async def _delete(self, call: Call) -> Reply:
        repository, name = call.parts["repository"], call.parts["name"]
        found = self._world.repositories.find(repository, name, empty_pattern=False)
        if refused := self._stores.refuse(repository, name, "list", "read", "delete"):
            return refused
        for snapshot in found:
            del self._world.repositories.snapshots(repository)[snapshot.name]
            self._stores.deleted(repository)
        return self._ok({"acknowledged": True})

    async def _status(self, call: Call) -> Reply:
        repository = call.parts["repository"]
        found = self._find(repository, call.parts["name"])
        if refused := self._stores.refuse(repository, call.parts["name"], "list", "read"):
            return refused
        return self._ok({"snapshots": [self._status_of(s, repository) for s in found]})

    async def _running(self, call: Call) -> Reply:
        wanted = call.parts.get("repository")
        names = [wanted] if wanted else list(self._world.repositories.definitions)
        running = [
            self._status_of(s, name)
            for name in names
            for s in self._world.repositories.snapshots(name).values()
            if s.state == IN_PROGRESS
        ]
        return self._ok({"snapshots": running})

    def _find(self, repository: str, expression: str, *, ignore_missing: bool = False) -> list[Snapshot]:
        return self._world.repositories.find(
            repository,
            expression,
            empty_pattern=self._world.engine.missing_pattern_is_empty,
            ignore_missing=ignore_missing,
        )

    def _described(self, repository: str, snapshot: Snapshot) -> dict[str, Any]:
        engine = self._world.engine
        return snapshot.described(engine.version, fill(engine.snapshot, {"repository": repository}))

    def _status_of(self, snapshot: Snapshot, repository: str) -> dict[str, Any]:
        return snapshot.status(repository, partial_is_success=self._world.engine.partial_is_success)

    def _chosen(self, body: dict[str, Any]) -> list[Index]:
        return self._world.indices.resolve(expression(body), ignore_missing=bool(body.get("ignore_unavailable", False)))
