"""A cluster file: everything the DAGs know of one Camunda cluster. It names connections and holds no secret."""

from datetime import timedelta
from typing import Any, Literal, Self

import pendulum
from pendulum.tz.exceptions import InvalidTimezone
from pydantic import Field, field_validator, model_validator

from camunda_backup.api import GENERATIONS, generation
from camunda_backup.api.generation import Generation
from camunda_backup.fields import ConnectionId, Duration, Model, Prefix
from camunda_backup.ids import IdScheme
from camunda_backup.orders import ORDERS, Order, Stage
from camunda_backup.states import Component
from camunda_backup.storage.repositories import Repository
from camunda_backup.targets import CommandRuntime, Identity, VisualCheck


class Schedule(Model):
    """When backups are taken; without it they are started by hand."""

    cron: str = Field(description="five cron fields, e.g. 0 2 * * *")
    timezone: str = Field("UTC", description="an IANA name, e.g. Europe/Berlin")

    @field_validator("cron")
    @classmethod
    def _five_fields(cls, value: str) -> str:
        from croniter import croniter  # noqa: PLC0415 - only needed when a schedule is given

        if len(value.split()) != 5 or not croniter.is_valid(value):
            raise ValueError("write five cron fields, e.g. 0 2 * * * for two o'clock every night")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            pendulum.timezone(value)
        except (InvalidTimezone, ValueError) as error:
            raise ValueError("write an IANA time zone, e.g. Europe/Berlin") from error
        return value


class Connections(Model):
    """Airflow connections to the management ports, and for the restore to the ports that users reach."""

    zeebe: ConnectionId = Field(description="the gateway (8.5 to 8.7) or the Orchestration Cluster (8.8 and later)")
    brokers: tuple[ConnectionId, ...] = Field(
        (), description="every broker's own management port; not needed when one broker is also the gateway"
    )
    operate: ConnectionId | None = Field(None, description="8.5 to 8.7")
    tasklist: ConnectionId | None = Field(None, description="8.5 to 8.7")
    optimize: ConnectionId | None = Field(None, description="leave out when there is no Optimize")
    rest: ConnectionId | None = Field(None, description="the REST API; needed by the restore")
    operate_web: ConnectionId | None = Field(
        None, description="Operate's web port, with a user who may look (8.5 to 8.7); needed by the restore"
    )
    tasklist_web: ConnectionId | None = Field(
        None, description="Tasklist's web port, with a user who may look (8.5 to 8.7); needed by the restore"
    )
    optimize_web: ConnectionId | None = Field(None, description="Optimize's web port; the visual check looks at it")


class IndexPrefixes(Model):
    """How index names begin."""

    operate: Prefix = "operate"
    tasklist: Prefix = "tasklist"
    optimize: Prefix = "optimize"
    records: Prefix = "zeebe-record"
    camunda: Prefix = Field("camunda", description="from 8.8 on")


class SecondaryStorage(Model):
    """The search engine that Operate, Tasklist and Optimize read from."""

    engine: Literal["elasticsearch", "opensearch"]
    connection: ConnectionId
    index_prefixes: IndexPrefixes = IndexPrefixes()


class Limits(Model):
    """How long things may take."""

    max_pause: Duration = Field(timedelta(hours=1), description="exporting resumes then, and the backup is given up")
    deadline: Duration = Field(timedelta(hours=1), description="for each component's part")
    stall: Duration = Field(timedelta(minutes=30), description="a running part that makes no progress")
    grace: Duration = Field(timedelta(minutes=1), description="a part that is not visible or INCOMPLETE")
    faults: Duration = Field(timedelta(minutes=2), description="a component that cannot be asked")
    clock_skew: Duration = Field(timedelta(minutes=2), description="between the workers' and the cluster's clocks")

    def patience(self) -> dict[str, float]:
        """Return the limits of one wait, in seconds."""
        return {name: getattr(self, name).total_seconds() for name in ("grace", "faults", "stall", "deadline")}


class RestoreLimits(Model):
    """How long the steps of a restore may take."""

    approval: Duration = Field(timedelta(hours=1), description="for a person to approve; nothing is changed after it")
    stop: Duration = Field(timedelta(minutes=10), description="until a component is seen to be stopped")
    snapshots: Duration = Field(timedelta(hours=6), description="for each component's snapshots")
    stall: Duration = Field(timedelta(minutes=30), description="a restore of snapshots in which no shard advances")
    start: Duration = Field(timedelta(minutes=20), description="until a component is healthy")
    settle: Duration = Field(timedelta(minutes=30), description="until the web apps show what the manifest says")
    sign_off: Duration = Field(timedelta(hours=24), description="for a person to accept the restored cluster")


class Guard(Model):
    """What the guard DAG does for this cluster."""

    resume: bool = Field(
        True, description="resume exporting that nobody is responsible for; it fails loudly either way"
    )
    margin: Duration = Field(
        timedelta(minutes=2), description="an active backup's own resume has this beyond max_pause"
    )
    rpo: Duration | None = Field(None, description="the newest complete backup must not be older")


class Links(Model):
    """Addresses for a person's browser, shown as links in Airflow."""

    operate: str | None = None
    snapshots: str | None = Field(None, description="base URL of the search engine")


class Cluster(Model):
    """One Camunda cluster. ``name`` is the file's name."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    version: str = Field(description="as 8.6, or exact as 8.6.0", pattern=r"^\d+\.\d+(\.\d+(-[\w.]+)?)?$")
    order: Literal["zeebe-first", "secondary-first"] = "zeebe-first"
    schedule: Schedule | None = None
    id_scheme: IdScheme = Field(IdScheme.SECONDS, description="keep it for good: IDs must rise")
    connections: Connections
    secondary_storage: SecondaryStorage
    repository: Repository
    limits: Limits = Limits()
    runtime: CommandRuntime | None = Field(None, description="how components are stopped and started; for the restore")
    identity: Identity | None = Field(None, description="leave out when the web apps have users of their own")
    visual_check: VisualCheck = VisualCheck()
    restore_limits: RestoreLimits = RestoreLimits()
    guard: Guard = Guard()
    links: Links = Links()
    owner: str = "data-platform"
    manifests: str | None = Field(None, description="folder or object storage URL; default: CAMUNDA_BACKUP_MANIFESTS")

    @field_validator("version", mode="before")
    @classmethod
    def _quoted(cls, value: object) -> object:
        if isinstance(value, float):
            raise ValueError(f'write it in quotes, "{value}": 8.10 without them is 8.1')  # noqa: TRY004 - pydantic's way
        return value

    @model_validator(mode="after")
    def _fits_generation(self) -> Self:
        expected = {api.component.value for api in self.generation.web_apps}
        for app in ("operate", "tasklist"):
            given = getattr(self.connections, app) is not None
            if app in expected and not given:
                raise ValueError(f"connections.{app} is missing: Camunda {self.version} backs up {app} by itself")
            if given and app not in expected:
                raise ValueError(
                    f"connections.{app} must go: Camunda {self.version} backs up {app} through connections.zeebe"
                )
        return self

    @field_validator("version")
    @classmethod
    def _known(cls, value: str) -> str:
        if not any(value == line or value.startswith(f"{line}.") for one in GENERATIONS for line in one.lines):
            raise ValueError(f"known lines are {', '.join(line for one in GENERATIONS for line in one.lines)}")
        return value

    @property
    def generation(self) -> Generation:
        """The Camunda generation of this cluster's version."""
        return generation(self.version)

    @property
    def consistency(self) -> Order:
        """The order of the backup window with the pause that belongs to it."""
        return ORDERS[self.order]

    @property
    def brokers(self) -> tuple[str, ...]:
        """Connections of all brokers."""
        return self.connections.brokers or (self.connections.zeebe,)

    @property
    def prefixes(self) -> dict[str, str]:
        """Index prefixes by application, of those that this cluster has."""
        configured: dict[str, str] = self.secondary_storage.index_prefixes.model_dump()
        return {name: configured[name] for component in self.all_components for name in self.families(component)}

    def families(self, component: Component) -> tuple[str, ...]:
        """Return the names of the index prefixes of one component; Zeebe itself has none."""
        return self.generation.families.get(component, ())

    @property
    def processes(self) -> tuple[Component, ...]:
        """The components that run as processes of their own, in the order in which they start."""
        own = self.generation.readiness
        return tuple(component for component in self.all_components if component in own)

    @property
    def broker_names(self) -> tuple[str, ...]:
        """The brokers' names in the runtime; none when the file names no runtime."""
        return tuple(broker.name for broker in self.runtime.processes.zeebe) if self.runtime else ()

    def dag_id(self, job: str) -> str:
        """Return the DAG of a job for this cluster."""
        return f"{job}_{self.name}"

    def components(self, stage: Stage) -> tuple[Component, ...]:
        """Return the components of a stage, none when this cluster has no use for it."""
        match stage:
            case Stage.ZEEBE:
                return (Component.ZEEBE,)
            case Stage.WEB_APPS:
                return tuple(api.component for api in self.generation.web_apps)
            case Stage.OPTIMIZE:
                return (Component.OPTIMIZE,) if self.connections.optimize else ()
            case Stage.RECORDS:
                needed = self.generation.apps_read_records or self.connections.optimize
                return (Component.RECORDS,) if needed else ()

    @property
    def all_components(self) -> tuple[Component, ...]:
        """Every component of a backup set, in the mission's order."""
        return tuple(component for stage in Stage for component in self.components(stage))

    def connection(self, component: Component) -> str:
        """Return the connection through which a component's part is made."""
        if component is Component.RECORDS:
            return self.secondary_storage.connection
        if component is Component.WEB_APPS:
            return self.connections.zeebe
        connection: str = getattr(self.connections, component.value)
        return connection

    def part(self, component: Component) -> dict[str, Any]:
        """Return what operators, sensors and triggers need of this cluster for one component, as JSON types."""
        return {
            "component": component.value,
            "conn_id": self.connection(component),
            "version": self.version,
            "engine": self.secondary_storage.engine,
            "repository": self.repository.name,
            "records_prefix": self.secondary_storage.index_prefixes.records,
        }

    def link_bases(self) -> dict[str, str]:
        """Return the addresses that links in Airflow begin with."""
        return {**self.links.model_dump(exclude_none=True), "repository": self.repository.name}

    def storage(self) -> dict[str, Any]:
        """Return what asking the search engine needs of this cluster, as JSON types."""
        return {
            "conn_id": self.secondary_storage.connection,
            "engine": self.secondary_storage.engine,
            "repository": self.repository.name,
        }

    def exporting(self) -> dict[str, Any]:
        """Return what asking and changing exporting needs of this cluster, as JSON types."""
        return {
            "conn_id": self.connections.zeebe,
            "broker_conn_ids": list(self.brokers),
            "version": self.version,
        }

    def access(self) -> dict[str, Any]:
        """Return how its web apps are signed in to, as JSON types."""
        return self._access(self.generation.sign_in)

    def rest_access(self) -> dict[str, Any]:
        """Return how its REST API is signed in to, as JSON types."""
        return self._access(self.generation.rest_sign_in)

    def _access(self, without_identity: str) -> dict[str, Any]:
        if self.identity is None:
            return {"kind": without_identity, "issuer": None, "audience": None, "scope": None}
        return {"kind": "bearer", **self.identity.model_dump()}

    def sign_ins(self) -> dict[str, Any]:
        """Return what signing in everywhere needs of this cluster, as JSON types."""
        given = {name: getattr(self.connections, name) for name in self.generation.signed_calls}
        conn_ids = {name: conn_id for name, conn_id in given.items() if conn_id}
        return {"access": self.access(), "conn_ids": conn_ids, "version": self.version}

    def runtime_config(self) -> dict[str, Any] | None:
        """Return what stopping and starting its components needs, as JSON types; None when the file says nothing."""
        return self.runtime.as_json() if self.runtime else None
