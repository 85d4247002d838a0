"""Where the components of a cluster are asked, and how a client signs in there."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from camunda_backup.api import generation
from camunda_backup.api.access import Access
from camunda_backup.api.generation import Generation
from camunda_backup.fields import Model
from camunda_backup.releases import Release, line_of
from camunda_backup.sections import Connections, SecondaryStorage
from camunda_backup.states import Component
from camunda_backup.targets import Identity, Management
from camunda_backup.version_field import ExactVersion, Version


class Ports(Model):
    """What a cluster file says of the cluster's ports."""

    version: Version = Field(description="of Zeebe, Operate and Tasklist, as 8.6, or exact as 8.6.32")
    optimize_version: ExactVersion | None = Field(
        None,
        description="of Optimize, which up to 8.8 has patches of its own: exact, as 8.6.20; default: any of the line",
    )
    management_api: Literal["rest", "actuator"] | None = Field(
        None,
        description="8.10 only: whether backups, exporting and the restore go through the REST API, the default, or,"
        " where clients may not use that, as on 8.9 through the management port's actuator and the restore application",
    )
    connections: Connections
    identity: Identity | None = Field(None, description="leave out when the web apps have users of their own")
    management: Management = Management()

    @model_validator(mode="after")
    def _fits_generation(self) -> Self:
        if self.management_api and generation(self.version).actuator is None:
            raise ValueError(f"management_api must go: Camunda {self.version} can be managed in one way only")
        if self.generation.over_rest and self.connections.rest is None:
            raise ValueError(
                f"connections.rest is missing: Camunda {self.version} is backed up through its REST API; name it, or"
                " write management_api: actuator"
            )
        expected = {api.component.value for api in self.generation.web_apps}
        if self.connections.web_apps and Component.WEB_APPS not in expected:
            raise ValueError(
                f"connections.web_apps must go: on Camunda {self.version} connections.operate and connections.tasklist"
                " lead to one pod each"
            )
        for app in ("operate", "tasklist"):
            given = getattr(self.connections, app) is not None
            if app in expected and not given:
                raise ValueError(f"connections.{app} is missing: Camunda {self.version} backs up {app} by itself")
            if given and app not in expected:
                raise ValueError(
                    f"connections.{app} must go: Camunda {self.version} backs up {app} through connections.zeebe"
                )
        return self

    @model_validator(mode="after")
    def _one_line(self) -> Self:
        if self.optimize_version and line_of(self.optimize_version) != line_of(self.version):
            raise ValueError(
                f"optimize_version: Optimize {self.optimize_version} does not belong to Camunda {self.version}; its"
                " minor version is that of the cluster"
            )
        if self.optimize_version and self.connections.optimize is None:
            raise ValueError("optimize_version: leave it out, or name connections.optimize")
        return self

    @model_validator(mode="after")
    def _can_sign_in(self) -> Self:
        for one in (self.management, *self.management.ports.values(), self.search_engine):
            if one:
                one.access(self.identity)
        return self

    @property
    def generation(self) -> Generation:
        """The Camunda generation of this cluster's version."""
        return generation(self.version, self.management_api)

    @property
    def release(self) -> Release:
        """What the cluster file says of its components' versions."""
        return Release(self.version, self.optimize_version)

    @property
    def brokers(self) -> tuple[str, ...]:
        """Connections of all brokers."""
        return self.connections.brokers or (self.connections.zeebe,)

    @property
    def search_engine(self) -> SecondaryStorage | None:
        """The search engine that some of its components read from."""
        raise NotImplementedError

    def connection(self, component: Component) -> str:
        """Return the connection through which a component's part is made."""
        if component is Component.RECORDS and self.search_engine:
            return self.search_engine.connection
        if component in {Component.ZEEBE, Component.WEB_APPS}:
            pinned = self.connections.web_apps if component is Component.WEB_APPS else None
            return pinned or self._control
        connection: str = getattr(self.connections, component.value)
        return connection

    def management_port(self, component: Component) -> str:
        """Return the connection to the management port of a component's process."""
        if component is Component.ZEEBE or (component is Component.WEB_APPS and self.generation.over_rest):
            return self.connections.zeebe
        return self.connection(component)

    @property
    def _control(self) -> str:
        """Who makes Zeebe's and the web apps' backups, and pauses exporting."""
        return str(self.connections.rest) if self.generation.over_rest else self.connections.zeebe

    @property
    def rest_connections(self) -> tuple[str, ...]:
        """Connections to the REST API through which backups are made; none where the actuator makes them."""
        made_there = (Component.ZEEBE, Component.WEB_APPS) if self.generation.over_rest else ()
        return tuple(dict.fromkeys(map(self.connection, made_there)))

    def access(self) -> dict[str, Any]:
        """Return how its web apps are signed in to, as JSON types."""
        return self._access(self.generation.sign_in)

    def rest_access(self) -> dict[str, Any]:
        """Return how its REST API is signed in to, as JSON types."""
        return self._access(self.generation.rest_sign_in)

    def _access(self, without_identity: str) -> dict[str, Any]:
        if self.identity is None:
            return Access(without_identity).as_json()
        return {"kind": "oidc", **self.identity.model_dump()}

    def part_access(self, component: Component) -> dict[str, Any]:
        """Return how the port is signed in to through which a component's part is made, as JSON types."""
        if component is Component.RECORDS and self.search_engine:
            return self.search_engine.access(self.identity)
        if component in {Component.ZEEBE, Component.WEB_APPS} and self.generation.over_rest:
            return self.rest_access()
        return self.management_access(component)

    def management_access(self, component: Component) -> dict[str, Any]:
        """Return how the management port of a component's process is signed in to, as JSON types."""
        port = Component.ZEEBE if component is Component.WEB_APPS else component
        return self.management.of(port.value).access(self.identity)

    def access_at(self, conn_id: str) -> dict[str, Any]:
        """Return how a management port, the REST API or the search engine is signed in to, as JSON types."""
        if self.search_engine and conn_id == self.search_engine.connection:
            return self.search_engine.access(self.identity)
        if conn_id in {self.connections.rest, *self.rest_connections}:
            return self.rest_access()
        apart = {
            self.connections.operate: Component.OPERATE,
            self.connections.tasklist: Component.TASKLIST,
            self.connections.optimize: Component.OPTIMIZE,
        }
        return self.management_access(apart.get(conn_id, Component.ZEEBE))

    def sign_ins(self) -> dict[str, Any]:
        """Return what signing in everywhere needs of this cluster, as JSON types."""
        given = {name: getattr(self.connections, name) for name in self.generation.signed_calls}
        conn_ids = {name: conn_id for name, conn_id in given.items() if conn_id}
        return {"access": self.access(), "conn_ids": conn_ids, "version": self.version}
