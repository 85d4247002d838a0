"""What a restore needs to know of a cluster: how its components run, who vouches for users, what to look at."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from camunda_backup.api.access import Access, Kind
from camunda_backup.fields import ConnectionId, Duration, Model
from camunda_backup.states import Companion

Command = str


class Process(Model):
    """One process, container or service on one host, and the shell commands for it."""

    ssh: ConnectionId | None = Field(
        None, description="an Airflow connection of type ssh; without it the worker runs them"
    )
    state: Command = Field(
        description="prints running or stopped (or active, inactive, true, false …) as its last word"
    )
    stop: Command = Field(description="ends it; may return before it has ended")
    start: Command = Field(description="starts it with what it has on its disk; may return before it is healthy")


class Broker(Process):
    """One Zeebe broker."""

    name: str = Field(pattern=r"^[a-zA-Z0-9][\w.-]*$", description="as tasks and logs call it, e.g. broker-0")
    empty: Command = Field(description="removes everything from its data directory")
    restore: Command = Field(
        description="runs the restore application with the broker's own configuration; {backup_id} is put in, or"
        " {arguments}, of which there are none when the secondary storage is a database",
        pattern=r"\{backup_id\}|\{arguments\}",
    )
    has_backup: Command | None = Field(
        None,
        description="exit code 0: the backup store holds {backup_id}; 1: it does not; asked only when Zeebe is down",
        pattern=r"\{backup_id\}",
    )
    node_id: int | None = Field(None, ge=0, description="zeebe.broker.cluster.nodeId; default: its place in the list")
    archive: Command | None = Field(
        None,
        description="for cold backups: writes its data directory to its output as a tar archive, e.g. tar -C"
        " /usr/local/zeebe/data -cf - .",
    )
    unarchive: Command | None = Field(
        None,
        description="for cold restores: reads such an archive from its input into the empty data directory, e.g. tar -C"
        " /usr/local/zeebe/data -xpf -",
    )


class Processes(Model):
    """The processes of a cluster; from 8.8 on Operate and Tasklist run inside the brokers and are not named."""

    zeebe: tuple[Broker, ...] = Field((), description="every broker; not from 8.10 on, where they go on running")
    gateway: tuple[Process, ...] = Field((), description="gateways that run by themselves")
    operate: tuple[Process, ...] = ()
    tasklist: tuple[Process, ...] = ()
    optimize: tuple[Process, ...] = ()
    connectors: tuple[Process, ...] = Field((), description="stopped while a cold backup or restore goes on")
    identity: tuple[Process, ...] = Field((), description="Identity, stopped as the connectors are")
    web_modeler: tuple[Process, ...] = Field((), description="stopped as the connectors are, before all others")

    @field_validator("zeebe")
    @classmethod
    def _each_its_name(cls, value: tuple[Broker, ...]) -> tuple[Broker, ...]:
        if len({broker.name for broker in value}) < len(value):
            raise ValueError("give every broker a name of its own")
        if len(set(node_ids(value))) < len(value):
            raise ValueError("give every broker its own node_id, or none of them any")
        return value


def node_ids(brokers: Sequence[Broker]) -> list[int]:
    """Return the node ID of each broker."""
    return [place if broker.node_id is None else broker.node_id for place, broker in enumerate(brokers)]


class CommandRuntime(Model):
    """Shell commands stop and start the components: systemd, docker compose, or whatever has a command line."""

    type: Literal["command"]
    timeout: Duration = Field("10m", validate_default=True, description="for each command but the restore")
    restore_timeout: Duration = Field("2h", validate_default=True, description="for the restore application")
    processes: Processes

    def as_json(self) -> dict[str, Any]:
        """Return the runtime as JSON types; durations become seconds."""
        fields = self.model_dump(mode="python")
        seconds = {name: value.total_seconds() for name, value in fields.items() if isinstance(value, timedelta)}
        processes = {
            name: [process.model_dump() for process in getattr(self.processes, name)] for name in fields["processes"]
        }
        return {**fields, **seconds, "processes": processes}

    @property
    def broker_names(self) -> tuple[str, ...]:
        """The brokers' names, as tasks and logs call them."""
        return tuple(broker.name for broker in self.processes.zeebe)

    @property
    def node_ids(self) -> dict[str, int]:
        """The node ID of each broker by its name."""
        return dict(zip(self.broker_names, node_ids(self.processes.zeebe), strict=True))

    @property
    def companions(self) -> tuple[Companion, ...]:
        """What runs beside the cluster and stops for a cold backup."""
        return tuple(one for one in Companion if getattr(self.processes, one.value))

    def of_version(self, version: str) -> Self:
        """Return it as it is: its commands say everything, whatever the version."""
        return self

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """Rebuild a runtime from :meth:`as_json`."""
        seconds = {name: timedelta(seconds=value) for name, value in fields.items() if isinstance(value, int | float)}
        return cls(**{**fields, **seconds})


class Identity(Model):
    """The OpenID Connect provider, such as the Keycloak of Camunda Identity."""

    issuer: ConnectionId = Field(
        description="its connection: the issuer's URL, and client ID and secret as login and password"
    )
    audience: str | None = Field(None, description="asked for with the token, where the provider wants that")
    scope: str | None = Field(None, description="asked for with the token, where the provider wants that")


class SignIn(Model):
    """How clients show who they are at a port."""

    sign_in: Literal["connection", "none", "basic", "bearer", "oidc"] = Field(
        "connection",
        description="basic: login and password of the connection; bearer: its password is a token, without a login;"
        " oidc: a token of identity; connection: basic, bearer or none, whichever the connection holds",
    )
    audience: str | None = Field(None, description="with oidc, asked for with the token; default: that of identity")
    scope: str | None = Field(None, description="with oidc, asked for with the token; default: that of identity")

    @model_validator(mode="after")
    def _asks_for_a_token(self) -> Self:
        if (self.audience or self.scope) and self.sign_in != "oidc":
            raise ValueError("audience and scope are asked for with a token; write sign_in: oidc, or leave them out")
        return self

    def access(self, identity: Identity | None) -> dict[str, Any]:
        """Return an :class:`~camunda_backup.api.access.Access` as JSON.

        :param identity: the cluster's, which oidc needs
        :raises ValueError: it has none
        """
        if self.sign_in != "oidc":
            return Access(self.sign_in).as_json()
        if identity is None:
            raise ValueError("sign_in: oidc needs identity.issuer, the connection to the identity provider")
        audience, scope = self.audience or identity.audience, self.scope or identity.scope
        return Access(Kind.OIDC.value, identity.issuer, audience, scope).as_json()


class Management(SignIn):
    """How the management ports are signed in to."""

    ports: dict[Literal["zeebe", "operate", "tasklist", "optimize"], SignIn] = Field(
        {}, description="those that differ, by their names under connections; zeebe is the gateway and every broker"
    )

    def of(self, port: str) -> SignIn:
        """Return what holds for one port."""
        return next((one for name, one in self.ports.items() if name == port), self)


class VisualCheck(Model):
    """Pictures of the restored web apps, for the person who signs off."""

    enabled: bool = Field(True, description="false leaves the pictures out, and the sign-off says so")
    browser: str | None = Field(None, description="Chromium's program on the worker; default: found by its usual names")
