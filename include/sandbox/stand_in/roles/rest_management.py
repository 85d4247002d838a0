"""Exporting and backups through the REST API, signed in, as 8.10 has them beside its actuator."""

from dataclasses import replace

from sandbox.stand_in.answers.entry import WebApp
from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.roles.exporting_control import ExportingControl
from sandbox.stand_in.roles.sign_in import signed_in
from sandbox.stand_in.roles.spring import Spring
from sandbox.stand_in.roles.web_app_backups import WebAppBackups
from sandbox.stand_in.roles.zeebe_backups import ZeebeBackupRole
from sandbox.stand_in.routes import Handler, Routes
from sandbox.stand_in.world import World

EXPORTING = "/v2/exporting"
RUNTIME = "/v2/backups/runtime"
HISTORY = "/v2/backups/history"


class RestManagement:
    """What the REST API adds to the ports of Zeebe and of the web apps."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._spring = Spring(world, "zeebe")
        self._control = ExportingControl(world)

    def add_zeebe(self, routes: Routes) -> None:
        """Add exporting and Zeebe's backups."""
        routes.add("GET", EXPORTING, self._guarded(self._status))
        routes.add("POST", f"{EXPORTING}/{{operation}}", self._guarded(self._exporting))
        ZeebeBackupRole(self._world, RUNTIME, "rest.runtime", nullable=True).add_to(routes, self._guarded)

    def add_history(self, routes: Routes, app: WebApp, running: set[int]) -> None:
        """Add the web apps' backups.

        :param running: those that are being made in this process, whoever asked for them
        """
        here = replace(app, backups=HISTORY)
        WebAppBackups(self._world, here, running, "rest.history").add_to(routes, self._guarded)

    def _guarded(self, handler: Handler) -> Handler:
        async def working(call: Call) -> Reply:
            if not self._world.processes.healthy("zeebe"):
                return self._spring.give("zeebe.rest.unroutable", call)
            return await handler(call)

        return signed_in(self._world, working, lambda call: self._spring.give("zeebe.rest.unauthorized", call))

    async def _status(self, call: Call) -> Reply:
        return self._spring.give("rest.exporting.status", call, status=self._control.everywhere())

    async def _exporting(self, call: Call) -> Reply:
        soft = call.query.get("soft", "false")
        if soft not in {"true", "false"}:
            return self._spring.give("rest.exporting.invalid", call)
        if self._world.conditions.pending_change:
            return self._spring.give("rest.exporting.overlaps", call)
        if self._world.conditions.exporting_hangs:
            self._world.conditions.pending_change = True
            return self._spring.give("rest.exporting.hangs", call)
        try:
            lacking = await self._control.change(call.parts["operation"], soft=soft == "true")
        except KeyError:
            return self._spring.error(call, 404)
        if lacking:
            return self._spring.give("rest.exporting.incomplete", call, **lacking)
        return self._spring.give("rest.exporting.done", call)
