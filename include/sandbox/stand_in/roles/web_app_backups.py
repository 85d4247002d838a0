"""The backup API of Operate and Tasklist, or of the web apps of 8.8 and later: snapshots, one part after another."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from sandbox.stand_in.answers.entry import WebApp
from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.model.clock import millis, web_app_time
from sandbox.stand_in.outcomes import Plan
from sandbox.stand_in.roles.spring import Spring
from sandbox.stand_in.routes import Handler, Routes
from sandbox.stand_in.snapshot_client import NoRepository, Refused, SnapshotClient, Unreachable
from sandbox.stand_in.world import World

GAP_PARTS = 0.3
DELETE_PARTS = 2
PART = re.compile(r"_part_(\d+)_of_(\d+)$")


class WebAppBackups:
    """Create, read, list and delete backups of one web app.

    :param running: the backups that are being made in this process
    :param answers: what the names of its answers begin with; default: its role
    """

    def __init__(self, world: World, app: WebApp, running: set[int], answers: str = "") -> None:
        self._world, self._app, self._running = world, app, running
        self._answers = answers or app.role
        self._spring = Spring(world, app.role, pretty=app.pretty)

    def add_to(self, routes: Routes, guard: Callable[[Handler], Handler] = lambda handler: handler) -> None:
        """Add the paths of the backup API, each behind the guard."""
        path = self._app.backups
        routes.add("POST", path, guard(self._guarded(self._create, "create")))
        routes.add("GET", path, guard(self._guarded(self._list, "list")))
        routes.add("GET", f"{path}/{{id}}", guard(self._guarded(self._get, "get")))
        routes.add("DELETE", f"{path}/{{id}}", guard(self._guarded(self._delete, "delete")))

    def _guarded(self, handler: Handler, what: str) -> Handler:
        """Answer for a missing repository or an unreachable search engine the way this app does."""

        async def guarded(call: Call) -> Reply:
            repository = self._world.repository(self._app.role)
            if repository is None:
                return self._give("unconfigured", call)
            try:
                return await handler(call)
            except NoRepository:
                return self._give_special("no_repository", what, call, repository=repository)
            except Unreachable:
                asked = call.parts.get("id", "")
                return self._give_special("unreachable", what, call, repository=repository, id=asked)
            except Refused:
                return self._give_special("broken", what, call, repository=repository, id=call.parts.get("id", ""))

        return guarded

    @property
    def _client(self) -> SnapshotClient:
        return SnapshotClient(self._app.role, self._world.search_url)

    @property
    def _repository(self) -> str:
        return self._world.repository(self._app.role) or ""

    def _names(self, number: int) -> list[str]:
        version, count = self._world.version(self._app.role).lower(), len(self._app.parts)
        prefix = f"{self._app.snapshots}_{number}_{version}_part_"
        return [f"{prefix}{n}_of_{count}" for n in range(1, count + 1)]

    async def _create(self, call: Call) -> Reply:
        if not call.body:
            return self._give("create.no_body", call)
        if not self._spring.accepts(call):
            return self._give("create.not_supported", call, type=call.content_type)
        number = self._requested(call)
        return number if isinstance(number, Reply) else await self._begin(call, number)

    def _requested(self, call: Call) -> int | Reply:
        """Backup ID in the request, or the refusal of what is none."""
        try:
            wanted = (call.json() or {}).get("backupId")
        except (ValueError, AttributeError):
            return self._give("create.not_json", call)
        if wanted is None:
            return self._give("create.no_id", call)
        try:
            number = int(wanted)
        except (ValueError, TypeError):
            return self._give("create.not_a_number", call, id=wanted)
        return number if number >= self._app.lowest_id else self._give("create.negative", call, id=number)

    async def _begin(self, call: Call, number: int) -> Reply:
        found = await self._find(number)
        if any(s["state"] == "IN_PROGRESS" for s in found) and self._has("create.unsure"):
            return self._give("create.unsure", call, id=number)
        if found:
            taken = ", ".join(s["snapshot"] for s in found)
            return self._give("create.exists", call, id=number, snapshots=taken)
        if self._running or self._app.role in self._world.conditions.busy:
            return self._give("create.busy", call)
        plan = self._world.outcomes.take(self._app.role)
        names = self._names(number)
        self._running.add(number)
        self._world.run(self._take_all(number, names, plan))
        return self._give("create.scheduled", call, id=number, snapshots=names)

    async def _take_all(self, number: int, names: list[str], plan: Plan) -> None:
        """Take the parts one after another; a failing part ends the backup and nothing resumes it."""
        metadata = {"backupId": number, "version": self._world.version(self._app.role), "partCount": len(names)}
        try:
            async for place, own in plan.parts(len(names)):
                if place > 1:
                    await self._world.pace.parts(GAP_PARTS)
                indices = self._app.parts[place - 1]
                described = {**metadata, "partNo": place}
                await self._client.take(self._repository, names[place - 1], indices, described, own)
        except (Unreachable, NoRepository, Refused):
            return
        finally:
            self._running.discard(number)

    async def _list(self, call: Call) -> Reply:
        wanted = call.query.get("pattern", call.query.get("prefix", "*")) if self._app.grace else "*"
        found = await self._client.find(self._repository, f"{self._app.snapshots}_{wanted}")
        groups: dict[int, list[dict[str, Any]]] = {}
        for snapshot in found:
            groups.setdefault(identity(snapshot), []).append(snapshot)
        newest = sorted(groups, key=lambda n: max(s["start_time_in_millis"] for s in groups[n]), reverse=True)
        described = [self._described(n, groups[n], newest_first=True) for n in newest]
        if self._app.grace and call.query.get("verbose") == "false":
            described = [{**d, "state": "FAILED"} for d in described]  # a known fault of 8.7 to 8.10
        return Reply(200, described, pretty=self._app.pretty)

    async def _get(self, call: Call) -> Reply:
        number = self._asked(call)
        if isinstance(number, Reply):
            return number
        found = await self._find(number)
        if not found:
            return self._give("get.missing", call, id=number)
        if any(s["state"] == "IN_PROGRESS" for s in found) and self._has("get.running"):
            return self._give("get.running", call, id=number)
        return Reply(200, self._described(number, found), pretty=self._app.pretty)

    async def _delete(self, call: Call) -> Reply:
        number = self._asked(call)
        if isinstance(number, Reply):
            return number
        found = await self._find(number)
        if not found and self._has("delete.missing"):
            return self._give("delete.missing", call, id=number)
        self._world.run(self._remove([s["snapshot"] for s in found]))
        return Reply(204)

    async def _remove(self, names: list[str]) -> None:
        """Delete after the answer, one part at once and the others later: a reader sees INCOMPLETE meanwhile."""
        try:
            await self._client.delete(self._repository, names[:1])
            await self._world.pace.parts(DELETE_PARTS)
            await self._client.delete(self._repository, names[1:])
        except (Unreachable, NoRepository, Refused):
            return

    def _asked(self, call: Call) -> int | Reply:
        try:
            number = int(call.parts["id"])
        except ValueError:
            return self._give("get.not_a_number", call, id=call.parts["id"])
        return number if number >= 0 else self._give("create.negative", call, id=number)

    async def _find(self, number: int) -> list[dict[str, Any]]:
        return await self._client.find(self._repository, f"{self._app.snapshots}_{number}_*")

    def _described(self, number: int, snapshots: list[dict[str, Any]], *, newest_first: bool = False) -> dict[str, Any]:
        snapshots = sorted(snapshots, key=part, reverse=newest_first)
        details = [self._detail(s) for s in snapshots]
        state, reason = self._judged(number, snapshots)
        return {"backupId": number, "state": state, "failureReason": reason, "details": details}

    def _detail(self, snapshot: dict[str, Any]) -> dict[str, Any]:
        failures = [f"{f['index']}: {f['reason']}" for f in snapshot["failures"]]
        none: list[str] | None = [] if self._app.empty_failures or self._world.engine.name != "opensearch" else None
        return {
            "snapshotName": snapshot["snapshot"],
            "state": snapshot["state"],
            "startTime": web_app_time(snapshot["start_time_in_millis"]),
            "failures": failures or none,
        }

    def _judged(self, number: int, snapshots: list[dict[str, Any]]) -> tuple[str, str | None]:
        """State of the whole and the reason of a failure, by the rules of Camunda's source."""
        states = {s["state"]: s["snapshot"] for s in snapshots}
        expected = int((PART.search(snapshots[0]["snapshot"]) or ["", "0", "0"])[2])
        if set(states) == {"SUCCESS"} and len(snapshots) == expected:
            return "COMPLETED", None
        if "FAILED" in states:
            return "FAILED", f"There were failures with the following snapshots: {states['FAILED']}"
        if "PARTIAL" in states:
            return "FAILED", f"Some of the snapshots are partial: {states['PARTIAL']}"
        if "IN_PROGRESS" in states or self._may_go_on(number, snapshots):
            return "IN_PROGRESS", None
        return "INCOMPLETE", None

    def _may_go_on(self, number: int, snapshots: list[dict[str, Any]]) -> bool:
        """Whether a backup that misses parts counts as running: later lines wait some time for the next part."""
        ended = max(int(s["end_time_in_millis"]) for s in snapshots)
        dead = millis() - ended > 1000 * self._world.conditions.incomplete_after
        return self._app.grace and (number in self._running or not dead)

    def _has(self, name: str) -> bool:
        return f"{self._answers}.{name}" in self._world.answers

    def _give_special(self, name: str, what: str, call: Call, /, **values: Any) -> Reply:
        for candidate in (f"{name}.{what}", f"{what}.{name}", name):
            if self._has(candidate):
                return self._give(candidate, call, **values)
        return self._give("unreachable", call, **values)

    def _give(self, name: str, call: Call, /, **values: Any) -> Reply:
        return self._spring.give(f"{self._answers}.{name}", call, uuid=str(uuid4()), **values)


def part(snapshot: dict[str, Any]) -> int:
    """Number of the part a snapshot is."""
    found = PART.search(snapshot["snapshot"])
    return int(found[1]) if found else 0


def identity(snapshot: dict[str, Any]) -> int:
    """Backup ID in a snapshot's name, as in ``camunda_operate_10_8.6.0_part_1_of_6``."""
    return int(snapshot["snapshot"].split("_")[2])
