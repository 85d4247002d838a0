"""A cluster file: everything the DAGs know of one Camunda cluster. It names connections and holds no secret."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from camunda_backup.cold import Cold
from camunda_backup.errors import ClusterFileError
from camunda_backup.ids import IdScheme
from camunda_backup.kubernetes_target import KubernetesRuntime
from camunda_backup.orders import ORDERS, Order, PauseMode, Stage
from camunda_backup.ports import Ports
from camunda_backup.secondary import prefix_problems, repository_problems
from camunda_backup.sections import (
    Guard,
    Limits,
    Links,
    RestoreLimits,
    Schedule,
    SecondaryStorage,
    WaitLimits,
)
from camunda_backup.states import Companion, Component, Runs
from camunda_backup.storage.stores import Repository, Store
from camunda_backup.targets import CommandRuntime, VisualCheck


class AnyCluster(Ports):
    """What every Camunda cluster's file says. ``name`` is the file's name."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    schedule: Schedule | None = None
    limits: WaitLimits = WaitLimits()
    runtime: CommandRuntime | KubernetesRuntime | None = Field(
        None, discriminator="type", description="how components are stopped and started; for the restore"
    )
    visual_check: VisualCheck = VisualCheck()
    restore_limits: RestoreLimits = RestoreLimits()
    links: Links = Links()
    owner: str = "data-platform"
    manifests: str | None = Field(None, description="folder or object storage URL; default: CAMUNDA_BACKUP_MANIFESTS")

    @model_validator(mode="after")
    def _fits_restore(self) -> Self:
        if self.runtime and not self.runtime.broker_names and Component.ZEEBE in self.generation.restarted:
            raise ValueError("runtime.processes.zeebe is missing: each stopped broker is restored by itself")
        return self

    repository_fields: ClassVar[tuple[str, ...]] = ("repository", "optimize_repository")

    @model_validator(mode="after")
    def _fits_storage(self) -> Self:
        problems = list(prefix_problems(self.prefixes, self.version, shared=self.generation.shared_prefix))
        if self.search_engine:
            problems += repository_problems(
                self.search_engine, self.repositories, self.repository_fields, self.connections
            )
        if problems:
            raise ValueError("; ".join(problems))
        return self

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
        """The components that a restore stops and starts, in the order in which they start."""
        own = self.generation.restarted
        return tuple(component for component in self.all_components if component in own)

    @property
    def broker_names(self) -> tuple[str, ...]:
        """The brokers' names in the runtime; none when the file names no runtime."""
        return self.runtime.broker_names if self.runtime else ()

    @property
    def node_ids(self) -> dict[str, int]:
        """The node ID of each broker by its name in the runtime."""
        return self.runtime.node_ids if self.runtime else {}

    @property
    def stop_order(self) -> tuple[Runs, ...]:
        """Everything that stops for a cold backup or restore, in that order; it starts in the reverse one."""
        there = self.runtime.companions if self.runtime else ()
        first = [one for one in there if one is Companion.WEB_MODELER]
        return (*first, *reversed(self.processes), *(one for one in there if one not in first))

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
    def snapshot_repository(self) -> Repository | None:
        """The search engine's snapshot repository."""
        raise NotImplementedError

    @property
    def repositories(self) -> tuple[Store, ...]:
        """Every snapshot repository that parts of its sets are in, the records' first."""
        return (self.snapshot_repository,) if self.snapshot_repository else ()

    def part(self, component: Component) -> dict[str, Any]:
        """Return what operators, sensors and triggers need of this cluster for one component, as JSON types."""
        return {
            "component": component.value,
            "conn_id": self.connection(component),
            "access": self.part_access(component),
            "version": self.version,
            "management_api": self.management_api,
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

    def storage(self) -> dict[str, Any]:
        """Return what asking the search engine needs of this cluster, as JSON types.

        :raises ClusterFileError: it has none
        """
        if self.search_engine is None or not self.repositories:
            raise ClusterFileError(f"{self.name} has no search engine with a snapshot repository")
        first, *others = (repository.name for repository in self.repositories)
        engine = self.search_engine
        return {
            "conn_id": engine.connection,
            "access": engine.access(self.identity),
            "engine": engine.engine,
            "repository": first,
            "other_repositories": others,
        }

    def repository_access(self, repository: Store) -> dict[str, Any]:
        """Return what asking about one snapshot repository needs, as JSON types."""
        return {**self.storage(), **repository.as_json(), "other_repositories": []}

    def exporting(self) -> dict[str, Any]:
        """Return what asking and changing exporting needs of this cluster, as JSON types."""
        return {
            "conn_id": self._control,
            "access": self.part_access(Component.ZEEBE),
            "broker_conn_ids": list(self.brokers),
            "broker_access": self.management_access(Component.ZEEBE),
            "version": self.version,
            "management_api": self.management_api,
        }

    def runtime_config(self) -> dict[str, Any] | None:
        """Return what stopping and starting its components needs, as JSON types; None when the file says nothing."""
        return self.runtime.of_version(self.version).as_json() if self.runtime else None


class Cluster(AnyCluster):
    """One Camunda cluster whose secondary storage is a search engine. ``name`` is the file's name."""

    order: Literal["zeebe-first", "secondary-first"] = "zeebe-first"
    id_scheme: IdScheme = Field(IdScheme.SECONDS, description="keep it for good: IDs must rise")
    secondary_storage: SecondaryStorage
    repository: Repository
    optimize_repository: Repository | None = Field(None, description="only when Optimize is configured with another")
    limits: Limits = Limits()
    guard: Guard = Guard()
    cold: Cold | None = Field(None, description="makes cold backups possible: the whole cluster stops for them")

    @model_validator(mode="after")
    def _fits_cold(self) -> Self:
        if self.cold is None:
            return self
        if self.runtime is None:
            raise ValueError("runtime is missing: nothing says how components stop for the cold backup and start again")
        if (kind := self.cold.copies.type) == ("archive" if self.runtime.type == "kubernetes" else "volume_snapshot"):
            raise ValueError(
                f"cold.copies must not be of type {kind}: the kubernetes runtime makes volume_snapshot copies, the"
                " command runtime archives"
            )
        if Component.ZEEBE not in self.generation.restarted:
            raise ValueError(
                f"cold must go, or write management_api: actuator: Camunda {self.version} is not stopped as a whole"
                " where its Restore API is used"
            )
        return self

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
