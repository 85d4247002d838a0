"""The ports the stand-in listens on."""

import asyncio
import socket
from collections.abc import Mapping, Sequence

from aiohttp import web

from sandbox.ports import HOST
from sandbox.stand_in.faults import ConnectionDropped, spoil
from sandbox.stand_in.messages import CALLER, OUTSIDE, Call, Reply
from sandbox.stand_in.model.clock import spring_time
from sandbox.stand_in.roles.sign_in import refused
from sandbox.stand_in.routes import Routes
from sandbox.stand_in.snapshot_client import Refused, Unreachable
from sandbox.stand_in.world import World

STOP_SECONDS = 0.1


class Door:
    """One port. Several roles may share it (8.8 and later); the first whose routes know the path answers."""

    def __init__(
        self,
        name: str,
        world: World,
        roles: Mapping[str, Routes],
        *,
        unrecorded: str | None = None,
        context_path: str = "",
    ) -> None:
        """Describe the port without opening it; calls of the role ``unrecorded`` are neither noted nor spoiled.

        Nothing answers outside the context path, and roles do not see it.
        """
        self.name = name
        self._context_path = context_path
        self._world = world
        self._roles = roles
        self._unrecorded = unrecorded
        self._port = 0
        self._runner: web.ServerRunner | None = None
        self._kept: socket.socket | None = None

    @property
    def url(self) -> str:
        """Where to reach it."""
        return f"http://{HOST}:{self._port}{self._context_path}"

    @property
    def roles(self) -> Sequence[str]:
        """Who answers here."""
        return list(self._roles)

    async def open(self, port: int | None = None) -> None:
        """Listen, on the port it had before when none is given (0: any free port)."""
        if self._runner is not None:
            return
        wanted = self._port if port is None else port
        runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=STOP_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, wanted).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._port = runner.addresses[0][1]
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    async def close(self) -> None:
        """Refuse connections from now on and cut those that are open."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        if runner.server is not None:
            for connection in runner.server.connections:
                if connection.transport is not None:
                    connection.transport.abort()
        await runner.cleanup()
        self._keep_port()

    def _keep_port(self) -> None:
        """Keep the port from everybody else on this machine: one that nobody listens on refuses connections, too."""
        kept = socket.socket()
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            kept.bind((HOST, self._port))
        except OSError:
            kept.close()
        else:
            self._kept = kept

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if not request.path.startswith(f"{self._context_path}/"):
            return web.Response(status=404)
        call = await self._read(request)
        await self._world.conditions.thawed(call.role)
        routes = self._roles[call.role]
        if call.role == self._unrecorded:
            return respond(await routes.answer(call))
        effect = self._world.faults.take(call)
        entry = self._world.journal.begin(call, effect, self._world.processes, self._world.recovery.mode)
        if refusal := refused(self._world, call):
            entry["status"] = refusal.status
            return respond(refusal)
        try:
            reply = await (spoil(effect, lambda: routes.answer(call)) if effect else routes.answer(call))
        except (Unreachable, Refused):
            reply = self._world.give("spring.500", path=call.path, now=spring_time())
        except ConnectionDropped:
            entry["status"] = "dropped"
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        except asyncio.CancelledError:
            entry["status"] = "cut off"
            raise
        entry["status"] = reply.status
        return respond(reply)

    async def _read(self, request: web.BaseRequest) -> Call:
        path = request.path.removeprefix(self._context_path)
        fitting = [role for role, routes in self._roles.items() if routes.knows(path)]
        return Call(
            door=self.name,
            role=(fitting or self.roles)[0],
            method=request.method,
            path=path,
            query=dict(request.query),
            headers=request.headers,
            body=await request.read(),
            caller=request.headers.get(CALLER, OUTSIDE),
        )


def respond(reply: Reply) -> web.Response:
    """Turn an answer into the web server's form of it."""
    headers = dict(reply.headers)
    if reply.content_type and reply.body is not None:
        headers["Content-Type"] = reply.content_type
    return web.Response(status=reply.status, body=reply.encoded(), headers=headers)
