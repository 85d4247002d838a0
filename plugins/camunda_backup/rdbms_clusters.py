"""A cluster whose secondary storage is a relational database: Camunda 8.9 and 8.10. Nothing pauses for its backup."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from camunda_backup.api.generation import Generation
from camunda_backup.clusters import AnyCluster
from camunda_backup.databases import Dump, as_json
from camunda_backup.fields import Duration, Model
from camunda_backup.orders import Stage
from camunda_backup.sections import SecondaryStorage
from camunda_backup.states import Component
from camunda_backup.storage.stores import Repository
from camunda_backup.targets import CommandRuntime

NO_PAUSE = "with secondary_storage.engine rdbms a backup does not pause exporting"
MUST_GO = {
    "order": f"order must go: {NO_PAUSE}, and the database always comes before Zeebe",
    "id_scheme": "id_scheme must go: with secondary_storage.engine rdbms Zeebe makes its backup IDs itself",
    "repository": "repository must go: Optimize's search engine has its own, optimize_storage.repository",
    "cold": "cold must go: with secondary_storage.engine rdbms a backup stops nothing, and the restore itself joins the"
    " database and Zeebe; back_up is the backup to take",
    "limits.max_pause": f"limits.max_pause must go: {NO_PAUSE}",
    "guard.resume": f"guard.resume must go: {NO_PAUSE}",
    "guard.margin": f"guard.margin must go: {NO_PAUSE}",
}


class Rdbms(Model):
    """The database that Camunda's exporter writes and its web apps read from."""

    engine: Literal["rdbms"]
    dump: Dump


class OptimizeStorage(SecondaryStorage):
    """Optimize's own search engine, with the snapshot repository that Optimize is configured with."""

    repository: Repository


class ContinuousBackups(Model):
    """Zeebe's own backups, which it takes by its own schedule."""

    reuse: Duration | None = Field(
        None, description="a backup run takes the schedule's newest one when it is younger; default: it asks for one"
    )
    max_age: Duration = Field(timedelta(hours=2), description="the guard fails when the newest one is older")


class RdbmsGuard(Model):
    """What the guard DAG does for this cluster."""

    rpo: Duration | None = Field(None, description="the newest complete backup must not be older")


class RdbmsCluster(AnyCluster):
    """One Camunda cluster whose secondary storage is a database. ``name`` is the file's name."""

    secondary_storage: Rdbms
    optimize_storage: OptimizeStorage | None = Field(None, description="leave out when there is no Optimize")
    zeebe_backups: ContinuousBackups = ContinuousBackups()
    repository_fields: ClassVar[tuple[str, ...]] = ("optimize_storage.repository",)
    guard: RdbmsGuard = RdbmsGuard()

    @model_validator(mode="before")
    @classmethod
    def _without_a_pause(cls, data: Any) -> Any:
        for path, advice in MUST_GO.items():
            outer, _, inner = path.partition(".")
            found = data.get(outer) if isinstance(data, dict) else None
            if (isinstance(found, dict) and inner in found) if inner else found is not None:
                raise ValueError(advice)
        return data

    @model_validator(mode="after")
    def _fits_rdbms(self) -> Self:
        line = ".".join(self.version.split(".")[:2])
        if line not in self.generation.rdbms_lines:
            raise ValueError(
                f"secondary_storage.engine: Camunda {self.version} cannot use a database as secondary storage; 8.9 and"
                " later can"
            )
        if self.connections.rest is None:
            raise ValueError("connections.rest is missing: what the database holds is counted through it")
        if (self.connections.optimize is None) != (self.optimize_storage is None):
            missing = "connections.optimize" if self.optimize_storage else "optimize_storage"
            raise ValueError(f"{missing} is missing: Optimize is backed up with both, its port and its search engine")
        for broker in self.runtime.processes.zeebe if isinstance(self.runtime, CommandRuntime) else ():
            if "{backup_id}" in broker.restore:
                raise ValueError(
                    f"runtime.processes.zeebe: write {{arguments}} instead of --backupId={{backup_id}} into the restore"
                    f" command of {broker.name}: the restore application chooses by the database's exported positions"
                )
        return self

    @property
    def generation(self) -> Generation:
        """The Camunda generation of its version; the restore application brings Zeebe back, also on 8.10."""
        return replace(super().generation, restore="application")

    def components(self, stage: Stage) -> tuple[Component, ...]:
        """Return the components of a stage: Zeebe, and Optimize where it is there."""
        if stage is Stage.ZEEBE:
            return (Component.ZEEBE,)
        return (Component.OPTIMIZE,) if stage is Stage.OPTIMIZE and self.optimize_storage else ()

    @property
    def search_engine(self) -> SecondaryStorage | None:
        """Optimize's search engine."""
        return self.optimize_storage

    @property
    def snapshot_repository(self) -> Repository | None:
        """The snapshot repository of Optimize's search engine."""
        return self.optimize_storage.repository if self.optimize_storage else None

    def dump_config(self) -> dict[str, Any]:
        """Return what dumping its database needs, as JSON types."""
        return {**as_json(self.secondary_storage.dump), "cluster": self.name}
