"""Optimize's management port. It cannot be had from the registries, so this one follows the manual only."""

from typing import Any

from sandbox.stand_in.engine.optimize import IMPORT_INDICES
from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.model.clock import web_app_time
from sandbox.stand_in.outcomes import Outcome, Plan
from sandbox.stand_in.roles.spring import Spring
from sandbox.stand_in.routes import Handler, Routes
from sandbox.stand_in.snapshot_client import NoRepository, Refused, SnapshotClient, Unreachable
from sandbox.stand_in.world import World

SNAPSHOTS = "camunda_optimize"
GAP_PARTS = 0.5
PARTS = (IMPORT_INDICES, ("optimize-*", *(f"-{name}" for name in IMPORT_INDICES)))


class Optimize:
    """Backups in two snapshots: the import positions, then everything else."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._spring = Spring(world, "optimize")

    def routes(self) -> Routes:
        """All paths of the management port."""
        routes = self._spring.routes()
        self._spring.add_actuator(routes, {"": [], "readiness": [], "liveness": []}, {})
        routes.add("POST", "/actuator/backups", self._guarded(self._create))
        routes.add("GET", "/actuator/backups", self._guarded(self._list))
        routes.add("GET", "/actuator/backups/{id}", self._guarded(self._get))
        routes.add("DELETE", "/actuator/backups/{id}", self._guarded(self._delete))
        return routes

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(call: Call) -> Reply:
            repository = self._world.repository("optimize")
            if repository is None:
                return self._give("unconfigured", call)
            try:
                return await handler(call)
            except NoRepository:
                return self._give("no_repository", call, repository=repository)
            except Refused:
                return self._give("create.broken", call)
            except Unreachable:
                return self._give("unreachable", call)

        return guarded

    @property
    def _client(self) -> SnapshotClient:
        return SnapshotClient("optimize", self._world.search_url)

    @property
    def _repository(self) -> str:
        return self._world.repository("optimize") or ""

    async def _create(self, call: Call) -> Reply:
        try:
            number = int((call.json() or {})["backupId"])
        except (ValueError, TypeError, KeyError):
            number = 0
        if number <= 0:
            return self._give("create.invalid", call)
        if await self._find(number):
            return self._give("create.exists", call, id=number)
        plan = self._world.optimize_plans[number] = self._world.outcomes.take("optimize")
        self._world.run(self._take_both(number, plan))
        return self._give("create.scheduled", call, id=number)

    async def _take_both(self, number: int, plan: Plan) -> None:
        prefix = f"{SNAPSHOTS}_{number}_{self._world.version('optimize').lower()}_part_"
        try:
            async for place, own in plan.parts(len(PARTS)):
                await self._world.pace.parts(GAP_PARTS)
                name = f"{prefix}{place}_of_{len(PARTS)}"
                await self._client.take(self._repository, name, PARTS[place - 1], {"backupId": number}, own)
        except (Unreachable, NoRepository, Refused):
            return

    async def _list(self, _call: Call) -> Reply:
        found = await self._client.find(self._repository, f"{SNAPSHOTS}_*")
        groups: dict[int, list[dict[str, Any]]] = {}
        for snapshot in found:
            groups.setdefault(int(snapshot["snapshot"].split("_")[2]), []).append(snapshot)
        return Reply(200, [self._described(n, groups[n]) for n in sorted(groups, reverse=True)])

    async def _get(self, call: Call) -> Reply:
        number = self._asked(call)
        found = await self._find(number) if number else []
        if not found:
            return self._give("get.missing" if number else "create.invalid", call, id=number)
        return Reply(200, self._described(number, found))

    async def _delete(self, call: Call) -> Reply:
        number = self._asked(call)
        if not number:
            return self._give("create.invalid", call)
        await self._client.delete(self._repository, [s["snapshot"] for s in await self._find(number)])
        return Reply(204)

    def _asked(self, call: Call) -> int:
        text = call.parts["id"]
        return int(text) if text.isdecimal() else 0

    async def _find(self, number: int) -> list[dict[str, Any]]:
        return await self._client.find(self._repository, f"{SNAPSHOTS}_{number}_*")

    def _described(self, number: int, snapshots: list[dict[str, Any]]) -> dict[str, Any]:
        details = [
            {
                "snapshotName": s["snapshot"],
                "state": self._state(number, s),
                "startTime": web_app_time(s["start_time_in_millis"]),
                "failures": [str(f.get("reason", "")) for f in s["failures"]],
            }
            for s in sorted(snapshots, key=lambda s: str(s["snapshot"]))
        ]
        states = {d["state"] for d in details}
        reason = None
        if states == {"SUCCESS"}:
            state = self._world.conditions.optimize_completed if len(details) == len(PARTS) else "INCOMPLETE"
        elif states & {"FAILED", "PARTIAL"}:
            state, reason = "FAILED", "The following snapshots failed: " + str(details[-1]["snapshotName"])
        else:
            state = "IN_PROGRESS"
        return {"backupId": number, "state": state, "failureReason": reason, "details": details}

    def _state(self, number: int, snapshot: dict[str, Any]) -> str:
        """Word of a snapshot; a real search engine cannot be made to fail, so a planned failure is told here."""
        plan = self._world.optimize_plans.get(number)
        planned = plan is not None and plan.outcome in {Outcome.FAILED, Outcome.PARTIAL}
        last = snapshot["snapshot"].endswith(f"_part_{len(PARTS)}_of_{len(PARTS)}")
        if plan is not None and planned and last and snapshot["state"] == "SUCCESS":
            return plan.outcome.value
        return str(snapshot["state"])

    def _give(self, name: str, call: Call, /, **values: Any) -> Reply:
        return self._spring.give(f"optimize.{name}", call, **values)
