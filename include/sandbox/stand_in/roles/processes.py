"""The processes of the cluster, and Zeebe's data directory: the sandbox's own API, no part of Camunda."""

from collections.abc import Mapping

from sandbox.stand_in.doors import Door
from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.model.backups import COMPLETED, StoreTrouble
from sandbox.stand_in.model.processes import ZEEBE, Process
from sandbox.stand_in.model.recovery import Recovery
from sandbox.stand_in.restore_application import RESTORING, RestoreApplication
from sandbox.stand_in.roles.database import DatabaseRole
from sandbox.stand_in.routes import Routes
from sandbox.stand_in.world import World

STOP_PARTS = 1
START_PARTS = 2
CRASH_PARTS = 75


class ProcessRole:
    """State, stop and start of each process; empty and restore of Zeebe's data."""

    def __init__(self, world: World, doors: Mapping[str, Door]) -> None:
        self._world, self._doors = world, doors

    def routes(self) -> Routes:
        """All paths."""
        routes = Routes(missing=unknown, wrong_method=unknown)
        routes.add("POST", f"/processes/{ZEEBE}/empty", self._empty)
        routes.add("POST", f"/processes/{ZEEBE}/restore", self._restore)
        routes.add("GET", f"/processes/{ZEEBE}/backups/{{id}}", self._backup)
        routes.add("GET", f"/processes/{ZEEBE}/archive", self._archive)
        routes.add("POST", f"/processes/{ZEEBE}/archive", self._unarchive)
        routes.add("GET", "/processes/{name}", self._state)
        routes.add("POST", "/processes/{name}/stop", self._stop)
        routes.add("POST", "/processes/{name}/start", self._start)
        DatabaseRole(self._world).add_to(routes)
        return routes

    async def disaster(self) -> None:
        """End every process at once; Zeebe's data and all indices are gone."""
        for process in self._world.processes.known.values():
            await self._end(process)
        self._world.zeebe.load({})
        await self._world.storage.lose()
        self._world.database = {} if self._world.conditions.rdbms else None
        self._world.recovery = Recovery()
        self._world.data_directory = set()

    async def _state(self, call: Call) -> Reply:
        process = self._world.processes.known.get(call.parts["name"])
        if process is None:
            return await unknown(call)
        return Reply(200, {"state": "running" if process.running else "stopped"})

    async def _stop(self, call: Call) -> Reply:
        process = self._world.processes.known.get(call.parts["name"])
        if process is None:
            return await unknown(call)
        await self._world.pace.parts(STOP_PARTS)
        if process.name not in self._world.conditions.stays_running:
            await self._end(process)
        return Reply(204)

    async def _start(self, call: Call) -> Reply:
        process = self._world.processes.known.get(call.parts["name"])
        if process is None:
            return await unknown(call)
        if process.running and not process.crashed:
            return Reply(204)
        if process.name == ZEEBE and self._world.data_directory == RESTORING:
            return Reply(409, {"message": "restore is running; stop it first."})
        process.begin()
        if process.name == ZEEBE:
            self._world.data_directory = {"raft-partition"}
            await self._open(process)
        elif not self._world.zeebe_healthy:
            process.crashed = True
            self._world.processes.crash_loops.append(process.name)
        self._world.run(self._come_up(process, process.starts))
        return Reply(204)

    async def _come_up(self, process: Process, start: int) -> None:
        """Become healthy; a web app answers nobody before. One that began without Zeebe ends instead."""
        await self._world.pace.parts(CRASH_PARTS if process.crashed else START_PARTS)
        if process.starts != start or not process.running:
            return
        if process.crashed:
            process.end()
            return
        await self._world.make_indices(process.name)
        if process.starts != start or not process.running:
            return
        process.healthy = True
        await self._open(process)
        self._world.exporter.notice()

    async def _open(self, process: Process) -> None:
        for door in self._doors_of(process):
            await door.open()

    async def _end(self, process: Process) -> None:
        """End it; afterwards it writes nothing any more."""
        for door in self._doors_of(process):
            await door.close()
        async with self._world.exporter.at_work:
            process.end()

    def _doors_of(self, process: Process) -> list[Door]:
        """Ports of a process; the web apps of 8.8 and later are inside Zeebe's."""
        return [door for door in self._doors.values() if process.name in door.roles]

    async def _empty(self, _call: Call) -> Reply:
        if running := self._refused_while_running():
            return running
        if self._world.conditions.rdbms:
            self._world.database = self._world.exported_positions()
        self._world.zeebe.load({})
        self._world.data_directory = {"stand-in.lock"} if self._world.conditions.data_left else set()
        return Reply(204)

    async def _restore(self, call: Call) -> Reply:
        try:
            number = None if self._world.conditions.rdbms and not call.body else int(call.json()["backup_id"])
        except (ValueError, TypeError, KeyError):
            return Reply(400, {"message": 'Send {"backup_id": <number>}.'})
        if running := self._refused_while_running():
            return running
        exit_code, output = await RestoreApplication(self._world).run(number)
        return Reply(200, {"exit_code": exit_code, "output": output})

    async def _archive(self, _call: Call) -> Reply:
        return self._refused_while_running() or Reply(200, self._world.archives.make(), "application/x-tar")

    async def _unarchive(self, call: Call) -> Reply:
        if running := self._refused_while_running():
            return running
        if self._world.data_directory:
            return Reply(409, {"message": "the data directory is not empty."})
        try:
            self._world.archives.load(call.body)
        except ValueError as error:
            return Reply(400, {"message": str(error)})
        return Reply(204)

    async def _backup(self, call: Call) -> Reply:
        if self._world.conditions.restore_store == "refusing":
            return Reply(502, {"message": "the backup store refuses connections"})
        try:
            number = int(call.parts["id"]) if call.parts["id"].isdecimal() else 0
            backup = await self._world.zeebe_backups.get(number)
        except StoreTrouble as trouble:
            return Reply(502, {"message": f"the backup store cannot be asked: {trouble}"})
        return Reply(200, {"exists": backup is not None and backup.state == COMPLETED})

    def _refused_while_running(self) -> Reply | None:
        if self._world.processes.known[ZEEBE].running:
            return Reply(409, {"message": "zeebe is running; stop it first."})
        if self._world.data_directory == RESTORING:
            return Reply(409, {"message": "restore is running; stop it first."})
        return None


async def unknown(call: Call) -> Reply:
    """Answer to what is no process."""
    return Reply(404, {"message": f"The stand-in knows no {call.method} {call.path}."})
