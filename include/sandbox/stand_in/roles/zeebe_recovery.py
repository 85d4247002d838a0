"""Recovering mode and the Restore API of 8.10: into the mode, out of a backup, back to work."""

from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.model.backups import COMPLETED as BACKUP_COMPLETED
from sandbox.stand_in.model.backups import ZeebeBackup
from sandbox.stand_in.model.clock import zulu
from sandbox.stand_in.model.recovery import (
    CANCELLED,
    COMPLETED,
    FAILED,
    PROCESSING,
    RECOVERING,
    RESTORED,
    RESTORING,
    Change,
    planned,
    restore_status,
)
from sandbox.stand_in.outcomes import Outcome, Plan
from sandbox.stand_in.roles.spring import Spring
from sandbox.stand_in.world import World

MODE_PARTS = 1
RESTORE_PARTS = 2


class ZeebeRecovery:
    """The calls of both ports that change the mode, restore, and tell of it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._spring = Spring(world, "zeebe")

    async def change_mode(self, call: Call) -> Reply:
        """Begin to change the mode of all partitions."""
        world, mode = self._world, call.query.get("mode", "")
        if mode not in {PROCESSING, RECOVERING}:
            return self._give("mode.unknown", call, mode=mode)
        if world.conditions.restore_refusal == "forbidden":
            return self._give("restore.forbidden", call)
        if world.recovery.pending:
            return self._give("mode.busy", call)
        change = world.recovery.begin()
        world.run(self._switch(change, mode, world.outcomes.take("mode")))
        return self._give("mode.accepted", call, id=str(change.number), plan=planned(change, world.zeebe, mode))

    async def _switch(self, change: Change, mode: str, plan: Plan) -> None:
        recovery = self._world.recovery
        for number in self._world.zeebe.partitions:
            await self._world.pace.parts(MODE_PARTS)
            if plan.outcome is Outcome.STUCK:
                await plan.hold()
            if plan.outcome is Outcome.FAILED:
                recovery.end(change, FAILED)
                return
            (recovery.recovering.add if mode == RECOVERING else recovery.recovering.discard)(number)
        recovery.end(change, COMPLETED)
        self._world.exporter.notice()

    async def restore(self, call: Call) -> Reply:
        """Validate a restore, and begin it unless it is a dry run."""
        world, recovery = self._world, self._world.recovery
        refusal, dry_run = world.conditions.restore_refusal, call.flag("dryRun")
        if refusal == "forbidden":
            return self._give("restore.forbidden", call)
        validates_always = dry_run and not world.conditions.validates_late
        if not validates_always and (not recovery.complete(list(world.zeebe.partitions)) or recovery.pending):
            return self._give("restore.not_recovering", call)
        wanted = (call.json() or {}).get("backupIds") or []
        if len(wanted) != 1:
            return self._give("restore.several" if wanted else "restore.no_id", call)
        number = int(wanted[0])
        backup = await world.zeebe_backups.get(number)
        numbers = {"id": number, "partition": 1, "there": len(world.zeebe.partitions) + 1}
        if refusal or backup is None or backup.state != BACKUP_COMPLETED:
            here = len(world.zeebe.partitions)
            return self._give(f"restore.{refusal or 'missing'}", call, **numbers, here=here)
        if dry_run:
            change = Change(0, number, progress=dict.fromkeys(world.zeebe.partitions, ("", None)))
            return self._give("restore.accepted", call, id="0", plan=planned(change, world.zeebe, PROCESSING))
        change, outcome = recovery.begin(number, list(world.zeebe.partitions)), world.outcomes.take("restore")
        if outcome.outcome is Outcome.LOST:
            recovery.pending = None
        else:
            world.run(self._bring_back(change, backup, outcome))
        plan = planned(change, world.zeebe, PROCESSING)
        return self._give("restore.accepted", call, id=str(change.number), plan=plan)

    async def _bring_back(self, change: Change, backup: ZeebeBackup, plan: Plan) -> None:
        """Restore one partition after the other, then go back to work, unless cancelled on the way."""
        world, recovery = self._world, self._world.recovery
        for number in change.progress:
            change.progress[number] = (RESTORING, None)
            await world.pace.parts(RESTORE_PARTS)
            if plan.outcome in {Outcome.STUCK, Outcome.HEALING}:
                await plan.hold()
            if recovery.pending is not change:
                return
            if plan.outcome is Outcome.FAILED:
                recovery.end(change, FAILED)
                return
            change.progress[number] = (RESTORED, zulu())
        # A pause is configuration of the cluster, which the Restore API does not touch (camunda/camunda #60737).
        phases = dict(world.zeebe.phases)
        world.zeebe.load(await world.zeebe_backups.load(backup))
        world.zeebe.phases = phases
        world.zeebe_backups.latest = backup.number
        recovery.recovering.clear()
        recovery.end(change, COMPLETED)
        world.exporter.notice()

    async def status(self, call: Call) -> Reply:
        """Tell how far the restore is."""
        change = self._world.recovery.restore()
        if change is None:
            return self._give("restore.none", call)
        told = {"status": change.status, "changeId": str(change.number), "startedAt": change.started_at}
        return Reply(200, {**told, "brokers": restore_status(change, self._world.zeebe)})

    async def cancel(self, call: Call) -> Reply:
        """Cancel the change that goes on."""
        recovery = self._world.recovery
        if recovery.pending is None or str(recovery.pending.number) != call.parts["id"]:
            return self._give("change.none", call, id=call.parts["id"])
        change = recovery.pending
        recovery.end(change, CANCELLED)
        return Reply(200, {"lastChange": change.described()})

    def _give(self, name: str, call: Call, **values: object) -> Reply:
        return self._spring.give(f"zeebe.{name}", call, **values)
