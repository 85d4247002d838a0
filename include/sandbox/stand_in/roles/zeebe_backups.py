"""Zeebe's backup API."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sandbox.stand_in.answers.entry import ACTUATOR
from sandbox.stand_in.messages import JSON, Call, Reply
from sandbox.stand_in.model.backups import COMPLETED, FAILED, PartitionBackup, StoreTrouble, ZeebeBackup
from sandbox.stand_in.model.clock import millis
from sandbox.stand_in.outcomes import Outcome, Plan
from sandbox.stand_in.roles.spring import Spring
from sandbox.stand_in.roles.zeebe_holdings import holdings
from sandbox.stand_in.routes import Handler, Routes
from sandbox.stand_in.world import World

STORE_ERROR = (
    "software.amazon.awssdk.services.s3.model.S3Exception: "
    "(Service: S3, Status Code: 100, Request ID: null) [injected by the stand-in]"
)
STORE_OUTCOMES = {"refusing": Outcome.LOST, "wrong": Outcome.FAILED}
STORE_TIMEOUT_PARTS = 5
DETAIL = (
    "snapshotId",
    "createdAt",
    "lastUpdatedAt",
    "checkpointPosition",
    "firstLogPosition",
    "brokerId",
    "brokerVersion",
    "failureReason",
)


class ZeebeBackupRole:
    """Create, read, list and delete backups of the partitions.

    :param answers: what the names of its answers begin with
    :param nullable: what is unknown is null instead of absent
    """

    def __init__(self, world: World, path: str, answers: str = "zeebe", *, nullable: bool = False) -> None:
        self._world, self._path, self._answers, self._nullable = world, path, answers, nullable
        self._spring = Spring(world, "zeebe")

    def add_to(self, routes: Routes, guard: Callable[[Handler], Handler] = lambda handler: handler) -> None:
        """Add the paths of the backup API, each behind the guard."""
        path = self._path
        routes.add("POST", path, guard(self._create))
        routes.add("GET", path, guard(self._with_store(self._list)))
        if self._world.line.unified:
            routes.add("GET", f"{path}/state", guard(self._with_store(self._state)))
        routes.add("GET", f"{path}/{{id}}", guard(self._with_store(self._get)))
        routes.add("DELETE", f"{path}/{{id}}", guard(self._with_store(self._delete)))

    async def _create(self, call: Call) -> Reply:
        generates = self._world.conditions.generates_ids
        if not call.body and self._since_8_9:
            return await self._begin(call, millis()) if generates else self._give("create.not_positive", call)
        if not call.body or not self._spring.accepts(call):
            return self._spring.error(call, 415)
        try:
            number = int((call.json() or {})["backupId"])
        except (ValueError, TypeError, KeyError):
            return self._spring.error(call, 400)
        if number <= 0:
            return self._give("create.not_positive", call)
        if generates:
            return self._give("create.generated_only", call)
        return await self._begin(call, number)

    async def _begin(self, call: Call, number: int) -> Reply:
        backups, conditions = self._world.zeebe_backups, self._world.conditions
        if conditions.backup_store == "none":
            return self._give("store_none", call)
        if conditions.pending_change and f"{self._answers}.create.scaling" in self._world.answers:
            return self._give("create.scaling", call)
        if number <= backups.latest:
            return self._give("create.not_higher", call, id=number, latest=backups.latest)
        backups.latest = number
        plan = self._world.outcomes.take("zeebe")
        if outcome := STORE_OUTCOMES.get(conditions.backup_store):
            plan = Plan("zeebe", outcome)
        self._world.run(self._advance(self._new(number), plan))
        name = "create.scheduled_with_id" if self._since_8_9 else "create.scheduled"
        return self._give(name, call, id=number)

    @property
    def _since_8_9(self) -> bool:
        """Whether it plays 8.9 or later, which can mint IDs and tells the state of checkpoints."""
        return self._world.minor("zeebe") >= (8, 9)

    @property
    def _extras(self) -> dict[str, Any]:
        """What later lines tell about each partition's backup."""
        if not self._world.line.unified:
            return {}
        return {"brokerId": 0, "firstLogPosition": 1} if self._since_8_9 else {"brokerId": 0}

    def _new(self, number: int) -> ZeebeBackup:
        partitions = [PartitionBackup(n) for n in self._world.zeebe.partitions]
        return ZeebeBackup(number, partitions, self._world.version("zeebe"))

    async def _advance(self, backup: ZeebeBackup, plan: Plan) -> None:
        """Make a backup; one whose store goes away stays as far as it is there."""
        await self._world.pace.parts()
        await self._world.conditions.store_answers()
        with suppress(StoreTrouble):
            if plan.outcome is Outcome.LOST or await self._world.zeebe_backups.get(backup.number):
                return  # one the store holds already, made before a restore, stays as it is (recorded)
            await self._take(backup, plan)

    async def _take(self, backup: ZeebeBackup, plan: Plan) -> None:
        """Take the partitions' checkpoints one after the other, then complete them."""
        pace = self._world.pace
        first, *others = backup.partitions
        await self._begun(backup, first)
        await pace.parts()
        if plan.outcome is Outcome.INCOMPLETE:
            await self._ended(backup, first, COMPLETED)
            return
        if plan.outcome is Outcome.HEALING:
            await plan.hold()
        for part in others:
            await self._begun(backup, part)
        await pace.parts()
        if plan.outcome is Outcome.STUCK:
            await plan.hold()
        failed = plan.outcome in {Outcome.FAILED, Outcome.PARTIAL}
        for part in backup.partitions:
            if failed:
                await self._ended(backup, part, FAILED, STORE_ERROR)
            else:
                await self._ended(backup, part, COMPLETED)
                await pace.parts(0.5)

    async def _begun(self, backup: ZeebeBackup, part: PartitionBackup) -> None:
        part.begin(self._world.zeebe.checkpoint(part.number))
        await self._world.zeebe_backups.write(backup, part)

    async def _ended(self, backup: ZeebeBackup, part: PartitionBackup, state: str, failure: str | None = None) -> None:
        part.end(state, failure)
        await self._world.zeebe_backups.write(backup, part)

    async def _list(self, call: Call) -> Reply:
        known = sorted(await self._world.zeebe_backups.all(), key=lambda b: -b.number)
        prefix = call.parts.get("id", call.query.get("prefix", "*"))[:-1]
        shown = [b for b in known if b.visible and str(b.number).startswith(prefix)]
        return self._told([self._nulls(b.described(brief=True)) for b in shown])

    async def _get(self, call: Call) -> Reply:
        wanted = call.parts["id"]
        if self._world.line.unified and wanted.endswith("*"):
            return await self._list(call)
        number = whole(wanted)
        if number is None:
            return self._give("get.not_a_number", call, id=wanted)
        backup = await self._world.zeebe_backups.get(number)
        if backup is None or not backup.visible:
            return self._give("get.missing", call, id=number)
        return self._told(self._nulls(backup.described(self._extras)))

    async def _delete(self, call: Call) -> Reply:
        number = whole(call.parts["id"])
        if number is None:
            return self._give("get.not_a_number", call, id=call.parts["id"])
        await self._world.zeebe_backups.delete(number)
        return Reply(204)

    async def _state(self, call: Call) -> Reply:
        if not self._since_8_9:
            return self._give("get.not_a_number", call, id="state")
        return self._told(await holdings(self._world))

    def _with_store(self, handler: Handler) -> Handler:
        """Answer for a store that is not there, refuses or hangs."""

        async def answer(call: Call) -> Reply:
            if trouble := await self._store_trouble(call):
                return trouble
            try:
                return await handler(call)
            except StoreTrouble:
                return self._give("store_refusing", call)

        return answer

    async def _store_trouble(self, call: Call) -> Reply | None:
        store = self._world.conditions.backup_store
        if store == "hanging":
            await self._world.pace.parts(STORE_TIMEOUT_PARTS)
        return self._give(f"store_{store}", call) if store in {"none", "refusing", "hanging"} else None

    def _nulls(self, described: dict[str, Any]) -> dict[str, Any]:
        if not self._nullable:
            return described
        details = [{**dict.fromkeys(DETAIL), **detail} for detail in described["details"]]
        return {"failureReason": None, **described, "details": details}

    def _told(self, body: Any) -> Reply:
        return Reply(200, body, JSON if self._nullable else ACTUATOR)

    def _give(self, name: str, call: Call, /, **values: Any) -> Reply:
        return self._spring.give(f"{self._answers}.{name}", call, **values)


def whole(text: str) -> int | None:
    """Read a backup ID out of a path, None when it is no number."""
    try:
        return int(text)
    except ValueError:
        return None
