"""A cluster file: everything the DAGs know of one Camunda cluster. It names connections and holds no secret."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from camunda_backup.api import generation
from camunda_backup.api.generation import Generation
from camunda_backup.errors import ClusterFileError
from camunda_backup.fields import Model
from camunda_backup.ids import IdScheme
from camunda_backup.orders import ORDERS, Order, PauseMode, Stage
from camunda_backup.secondary import prefix_problems, repository_problems
from camunda_backup.sections import (
    Connections,
    Guard,
    Limits,
    Links,
    RestoreLimits,
    Schedule,
    SecondaryStorage,
    WaitLimits,
)
from camunda_backup.states import Component
from camunda_backup.storage.stores import Repository, Store
from camunda_backup.targets import CommandRuntime, Identity, VisualCheck
from camunda_backup.version_field import Version


class AnyCluster(Model):
    """What every Camunda cluster's file says. ``name`` is the file's name."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    version: Version
    management_api: Literal["rest", "actuator"] | None = Field(
        None,
        description="8.10 only: whether backups and exporting go through the REST API, the default, or, where clients"
        " may not use that, through the actuator of the management port as on 8.9",
    )
    schedule: Schedule | None = None
    connections: Connections
    limits: WaitLimits = WaitLimits()
    runtime: CommandRuntime | None = Field(None, description="how components are stopped and started; for the restore")
    identity: Identity | None = Field(None, description="leave out when the web apps have users of their own")
    visual_check: VisualCheck = VisualCheck()
    restore_limits: RestoreLimits = RestoreLimits()
    links: Links = Links()
    owner: str = "data-platform"
    manifests: str | None = Field(None, description="folder or object storage URL; default: CAMUNDA_BACKUP_MANIFESTS")

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
    def _fits_storage(self) -> Self:
        if self.search_engine is None:
            return self
        problems = list(repository_problems(self.search_engine, self.repositories, self.connections))
        problems += prefix_problems(self.prefixes, self.version, shared=self.generation.shared_prefix)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def generation(self) -> Generation:
        """The Camunda generation of this cluster's version."""
        return generation(self.version, self.management_api)

    @property
    def brokers(self) -> tuple[str, ...]:
        """Connections of all brokers."""
        return self.connections.brokers or (self.connections.zeebe,)

    @property
    def prefixes(self) -> dict[str, str]:
        """Index prefixes by application, of those that this cluster has."""
        engine = self.search_engine
        configured: dict[str, str] = engine.index_prefixes.model_dump() if engine else {}
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

    @property
    def all_components(self) -> tuple[Component, ...]:
        """Every component of a backup set, in the mission's order."""
        return tuple(component for stage in Stage for component in self.components(stage))

    def components(self, stage: Stage) -> tuple[Component, ...]:
        """Return the components of a stage, none when this cluster has no use for it."""
        raise NotImplementedError

    @property
    def search_engine(self) -> SecondaryStorage | None:
        """The search engine that some of its components read from."""
        raise NotImplementedError

    @property
    def snapshot_repository(self) -> Repository | None:
        """The search engine's snapshot repository."""
        raise NotImplementedError

    @property
    def repositories(self) -> tuple[Store, ...]:
        """Every snapshot repository that parts of its sets are in, the records' first."""
        return (self.snapshot_repository,) if self.snapshot_repository else ()

    def connection(self, component: Component) -> str:
        """Return the connection through which a component's part is made."""
        if component is Component.RECORDS and self.search_engine:
            return self.search_engine.connection
        if component in {Component.ZEEBE, Component.WEB_APPS}:
            pinned = self.connections.web_apps if component is Component.WEB_APPS else None
            return pinned or self._control
        connection: str = getattr(self.connections, component.value)
        return connection

    def management(self, component: Component) -> str:
        """Return the connection to the management port of a component's process."""
        if component is Component.ZEEBE or (component is Component.WEB_APPS and self.generation.over_rest):
            return self.connections.zeebe
        return self.connection(component)

    @property
    def _control(self) -> str:
        """Who makes Zeebe's and the web apps' backups, and pauses exporting."""
        return str(self.connections.rest) if self.generation.over_rest else self.connections.zeebe

    def _control_access(self) -> dict[str, Any] | None:
        return self.rest_access() if self.generation.over_rest else None

    @property
    def rest_connections(self) -> tuple[str, ...]:
        """Connections to the REST API through which backups are made; none where the actuator makes them."""
        made_there = (Component.ZEEBE, Component.WEB_APPS) if self.generation.over_rest else ()
        return tuple(dict.fromkeys(map(self.connection, made_there)))

    def part(self, component: Component) -> dict[str, Any]:
        """Return what operators, sensors and triggers need of this cluster for one component, as JSON types."""
        return {
            "component": component.value,
            "conn_id": self.connection(component),
            "version": self.version,
            "management_api": self.management_api,
            "access": self._control_access() if component in {Component.ZEEBE, Component.WEB_APPS} else None,
            **self._snapshots(),
        }

    def _snapshots(self) -> dict[str, str]:
        engine, repository = self.search_engine, self.snapshot_repository
        if engine is None or repository is None:
            return {}
        records = engine.index_prefixes.records
        return {"engine": engine.engine, "repository": repository.name, "records_prefix": records}

    def link_bases(self) -> dict[str, str]:
        """Return the addresses that links in Airflow begin with."""
        repository = {"repository": self.snapshot_repository.name} if self.snapshot_repository else {}
        return {**self.links.model_dump(exclude_none=True), **repository}

    def storage(self, repository: Store | None = None) -> dict[str, Any]:
        """Return what asking the search engine needs of this cluster, as JSON types.

        :param repository: this one alone; default: all
        :raises ClusterFileError: it has none
        """
        names = [one.name for one in ((repository,) if repository else self.repositories)]
        if self.search_engine is None or not names:
            raise ClusterFileError(f"{self.name} has no search engine with a snapshot repository")
        return {
            "conn_id": self.search_engine.connection,
            "engine": self.search_engine.engine,
            "repository": names[0],
            "other_repositories": names[1:],
        }

    def exporting(self) -> dict[str, Any]:
        """Return what asking and changing exporting needs of this cluster, as JSON types."""
        return {
            "conn_id": self._control,
            "broker_conn_ids": list(self.brokers),
            "version": self.version,
            "management_api": self.management_api,
            "access": self._control_access(),
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
        return {"kind": "oidc", **self.identity.model_dump()}

    def sign_ins(self) -> dict[str, Any]:
        """Return what signing in everywhere needs of this cluster, as JSON types."""
        given = {name: getattr(self.connections, name) for name in self.generation.signed_calls}
        conn_ids = {name: conn_id for name, conn_id in given.items() if conn_id}
        return {"access": self.access(), "conn_ids": conn_ids, "version": self.version}

    def runtime_config(self) -> dict[str, Any] | None:
        """Return what stopping and starting its components needs, as JSON types; None when the file says nothing."""
        return self.runtime.as_json() if self.runtime else None


class Cluster(AnyCluster):
    """One Camunda cluster whose secondary storage is a search engine. ``name`` is the file's name."""

    order: Literal["zeebe-first", "secondary-first"] = "zeebe-first"
    id_scheme: IdScheme = Field(IdScheme.SECONDS, description="keep it for good: IDs must rise")
    secondary_storage: SecondaryStorage
    repository: Repository
    optimize_repository: Repository | None = Field(None, description="only when Optimize is configured with another")
    limits: Limits = Limits()
    guard: Guard = Guard()

    @model_validator(mode="after")
    def _knows_the_pause(self) -> Self:
        if self.consistency.pause is PauseMode.SOFT and not self.generation.soft_pauses(self.version):
            raise ValueError(f"order must be zeebe-first: Camunda {self.version} knows no soft pause, 8.5.1 does")
        return self

    @property
    def consistency(self) -> Order:
        """The order of the backup window with the pause that belongs to it."""
        return ORDERS[self.order]

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
    def search_engine(self) -> SecondaryStorage:
        """The search engine that all of its web apps read from."""
        return self.secondary_storage

    @property
    def snapshot_repository(self) -> Repository:
        """The search engine's snapshot repository."""
        return self.repository

    @property
    def repositories(self) -> tuple[Store, ...]:
        """Every snapshot repository that parts of its sets are in, the records' first."""
        return (self.repository, self.optimize_repository) if self.optimize_repository else (self.repository,)
