"""The control port: what a test arranges and looks at. It is no part of Camunda."""

import re
from collections import Counter
from typing import Any

from sandbox.stand_in.doors import Door
from sandbox.stand_in.engine.snapshots import Snapshot
from sandbox.stand_in.faults import Fault
from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.model.zeebe import Phase
from sandbox.stand_in.outcomes import Plan
from sandbox.stand_in.roles.processes import ProcessRole
from sandbox.stand_in.routes import Handler, Routes
from sandbox.stand_in.world import World

RECORD_INDEX = re.compile(r"zeebe-record_")


class Control:
    """Faults, outcomes, conditions, pace, and the truth about the model."""

    def __init__(self, world: World, doors: dict[str, Door], processes: ProcessRole) -> None:
        self._world, self._doors, self._processes = world, doors, processes

    def routes(self) -> Routes:
        """All paths of the control port."""

        async def missing(call: Call) -> Reply:
            return Reply(404, {"message": f"the stand-in's control knows no {call.method} {call.path}"})

        routes = Routes(missing=missing, wrong_method=missing)
        for path, handler in {
            "/faults": self._faults,
            "/outcomes": self._outcomes,
            "/conditions": self._conditions,
            "/pace": self._pace,
            "/exporting": self._exporting,
            "/backups": self._backups,
            "/keep": self._keep,
            "/reset": self._reset,
            "/kill-role": self._kill,
            "/revive-role": self._revive,
            "/disaster": self._disaster,
        }.items():
            routes.add("POST", path, guarded(handler))
        routes.add("GET", "/faults/unfired", self._unfired)
        routes.add("GET", "/journal", self._journal)
        routes.add("GET", "/truth", self._truth)
        return routes

    async def _faults(self, call: Call) -> Reply:
        self._world.faults.add(Fault.from_json(call.json()))
        return Reply(204)

    async def _unfired(self, _call: Call) -> Reply:
        return Reply(200, self._world.faults.unfired())

    async def _outcomes(self, call: Call) -> Reply:
        self._world.outcomes.add(Plan.from_json(call.json()))
        return Reply(204)

    async def _conditions(self, call: Call) -> Reply:
        self._world.conditions.change(call.json())
        return Reply(204)

    async def _pace(self, call: Call) -> Reply:
        self._world.pace.change(float(call.json()["seconds_per_part"]))
        return Reply(204)

    async def _exporting(self, call: Call) -> Reply:
        """Pause or resume behind everybody's back: {"phase": "SOFT_PAUSED", "partition": 1 or absent}."""
        wanted = call.json()
        self._world.zeebe.set_phase(Phase(wanted["phase"]), wanted.get("partition"))
        self._world.exporter.notice()
        return Reply(204)

    async def _backups(self, call: Call) -> Reply:
        """Put finished backups of another day there: {"zeebe": [41], "operate": [41], "optimize": [41]}."""
        for role, numbers in call.json().items():
            for number in numbers:
                await self._world.plant(role, int(number))
        return Reply(204)

    async def _keep(self, call: Call) -> Reply:
        self._refuse_beside_others()
        self._world.keep(str(call.json()["as"]))
        return Reply(204)

    def _refuse_beside_others(self) -> None:
        if self._world.real_search:
            raise ValueError("what is in a search engine of its own is not the stand-in's to keep or to reset")

    async def _reset(self, call: Call) -> Reply:
        self._refuse_beside_others()
        for door in self._doors.values():
            await door.open()
        wanted = call.json() or {}
        self._world.down.clear()
        self._world.reset(repository=bool(wanted.get("repository", False)))
        await self._world.begin()
        if wanted.get("kept"):
            self._world.bring_back(str(wanted["kept"]))
        return Reply(204)

    async def _kill(self, call: Call) -> Reply:
        for door in self._of_role(call):
            await door.close()
        self._world.down.add(call.json()["role"])
        return Reply(204)

    async def _revive(self, call: Call) -> Reply:
        for door in self._of_role(call):
            await door.open()
        self._world.down.discard(call.json()["role"])
        self._world.exporter.notice()
        return Reply(204)

    async def _disaster(self, _call: Call) -> Reply:
        """End every process; Zeebe's data and all indices are gone, repository, backups and templates stay."""
        await self._processes.disaster()
        return Reply(204)

    def _of_role(self, call: Call) -> list[Door]:
        role = call.json()["role"]
        doors = [d for d in self._doors.values() if role in {*d.roles, d.name}]
        if not doors:
            raise ValueError(f"no port of the stand-in belongs to {role!r}")
        return doors

    async def _journal(self, _call: Call) -> Reply:
        return Reply(200, self._world.journal.entries)

    async def _truth(self, _call: Call) -> Reply:
        zeebe = self._world.zeebe
        exporting: dict[str, dict[str, str]] = {}
        for (broker, partition), phase in zeebe.phases.items():
            exporting.setdefault(str(broker), {})[str(partition)] = phase
        partitions = {
            str(n): {
                "last": p.last_position,
                "written": p.written,
                "acknowledged": p.acknowledged,
                "events": sum(not r.rejected for r in p.records),
            }
            for n, p in zeebe.partitions.items()
        }
        return Reply(
            200,
            {
                "exporting": exporting,
                "partitions": partitions,
                "instances": dict(Counter(i.state for i in zeebe.instances.values())),
                "zeebe_backups": {
                    str(b.number): {
                        "state": b.state,
                        "partitions": {
                            str(p.number): {"last": p.position, "acknowledged": p.held.acknowledged}
                            for p in b.partitions
                        },
                    }
                    for b in await self._world.zeebe_backups.all()
                },
                "snapshots": {
                    repository: {
                        s.name: {"state": s.state, "positions": positions(s)}
                        for s in self._world.repositories.snapshots(repository).values()
                    }
                    for repository in self._world.repositories.definitions
                },
                "down": sorted(self._world.down),
                "processes": {
                    p.name: "running" if p.running else "stopped" for p in self._world.processes.known.values()
                },
                "mode": self._world.recovery.mode,
                "crash_loops": self._world.processes.crash_loops,
            },
        )


def guarded(handler: Handler) -> Handler:
    """Answer a mistake in a request with 400 and one sentence."""

    async def answer(call: Call) -> Reply:
        try:
            return await handler(call)
        except (ValueError, KeyError, TypeError, AttributeError) as mistake:
            return Reply(400, {"message": f"{type(mistake).__name__}: {mistake}"})

    return answer


def positions(snapshot: Snapshot) -> dict[str, int]:
    """Highest position of each partition among a snapshot's documents that carry one."""
    highest: dict[str, Any] = {}
    for index in snapshot.indices:
        for document in index.documents.values():
            if "position" in document and "partitionId" in document:
                partition = str(document["partitionId"])
                highest[partition] = max(highest.get(partition, 0), document["position"])
    return highest
