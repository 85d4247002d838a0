"""What every Camunda component answers alike, as it is a Spring Boot application."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.stand_in.answers.entry import ACTUATOR
from sandbox.stand_in.messages import JSON, Call, Reply
from sandbox.stand_in.model.clock import spring_time
from sandbox.stand_in.routes import Routes
from sandbox.stand_in.world import World

UP = {"status": "UP"}
DOWN = {"status": "DOWN"}


@dataclass(frozen=True, slots=True)
class Bean:
    """Configuration under one prefix, looked up when it is asked for."""

    prefix: str
    properties: Callable[[], dict[str, Any]]


class Spring:
    """Error forms, health, info and configuration of one role."""

    def __init__(self, world: World, role: str, *, pretty: bool = False) -> None:
        self._world, self._role, self._pretty = world, role, pretty

    def routes(self) -> Routes:
        """Begin a table of routes with Spring's answers to unknown paths and methods."""

        async def missing(call: Call) -> Reply:
            return self.error(call, 404)

        async def wrong_method(call: Call) -> Reply:
            return self.error(call, 405)

        return Routes(missing=missing, wrong_method=wrong_method)

    def error(self, call: Call, status: int) -> Reply:
        """Give Spring's own error answer."""
        return self.give(f"spring.{status}", call)

    def give(self, name: str, call: Call, /, **values: Any) -> Reply:
        """Give an answer of the table with the request's path and the time filled in."""
        return self._world.give(name, pretty=self._pretty, path=call.path, now=spring_time(), **values)

    def accepts(self, call: Call) -> bool:
        """Whether the body's media type is one the component reads."""
        return call.content_type in {JSON, ACTUATOR}

    def add_actuator(
        self,
        routes: Routes,
        groups: Mapping[str, Sequence[str]],
        beans: Mapping[str, Bean],
        *,
        troubled: Callable[[], Collection[str]] = tuple,
        trouble_seconds: float = 0,
    ) -> None:
        """Add health, info and configprops.

        :param groups: components of each health group; the group "" is the whole
        :param beans: configuration beans by name
        :param troubled: tells which components, or groups without components, are not well
        :param trouble_seconds: how long an answer takes then
        """

        async def health(call: Call) -> Reply:
            group = call.parts.get("group", "")
            if group not in groups:
                return self.give("spring.no_such_group", call)
            bad = set(troubled()) & {group, *groups[group]}
            if bad:
                await asyncio.sleep(trouble_seconds)
            body: dict[str, Any] = dict(DOWN if bad else UP)
            if groups[group]:
                body["components"] = {name: DOWN if name in bad else UP for name in groups[group]}
            if not group:
                body["groups"] = sorted(set(groups) - {""})
            return Reply(503 if bad else 200, body, ACTUATOR)

        async def info(_call: Call) -> Reply:
            version = self._world.version(self._role)
            build = {"version": version, "artifact": "camunda-zeebe", "name": "Zeebe Distribution (stand-in)"}
            return Reply(200, {"build": build}, ACTUATOR)

        async def configuration(call: Call) -> Reply:
            wanted = call.parts.get("prefix", "")
            found = {
                name: {"prefix": bean.prefix, "properties": bean.properties(), "inputs": {}}
                for name, bean in beans.items()
                if bean.prefix.startswith(wanted)
            }
            if not found:
                return self.give("spring.no_such_group", call)
            return Reply(200, {"contexts": {"application": {"beans": found}}}, ACTUATOR)

        routes.add("GET", "/actuator/health", health)
        routes.add("GET", "/actuator/health/{group}", health)
        routes.add("GET", "/actuator/info", info)
        routes.add("GET", "/actuator/configprops", configuration)
        routes.add("GET", "/actuator/configprops/{prefix}", configuration)
