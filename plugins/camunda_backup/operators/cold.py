"""A cold backup: everything stops, is copied as it stands still, and starts again whatever happened."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Context

from camunda_backup import downtimes, manifests
from camunda_backup.clusters import Cluster
from camunda_backup.cold_planning import Readiness
from camunda_backup.copies import copies_of, databases
from camunda_backup.errors import CamundaBackupError, Rejected, RestoreFailed, Unreachable
from camunda_backup.inspection import Inspection
from camunda_backup.operators.check import others_running
from camunda_backup.operators.planning import mistakes
from camunda_backup.operators.restoring import StartComponent
from camunda_backup.operators.step import RunbookStep, TimedStep
from camunda_backup.releases import by_component
from camunda_backup.runtimes import runtime_of
from camunda_backup.standing import require_down, runtime
from camunda_backup.states import Component


class PlanColdBackup(RunbookStep):
    """Look at everything that a cold backup needs; fail with every problem, or return the plan. Nothing is changed.

    Returns ``ran`` (what runs and will be stopped, in this order), ``versions`` (by
    component), ``partitions`` and ``text``.

    :param cluster: the cluster file
    :param location: where manifests are kept
    """

    def __init__(self, *, cluster: Cluster, location: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.location = location

    def step(self, context: Context) -> dict[str, Any]:
        """Plan; raises Rejected with every problem."""
        cluster = self.cluster
        config = cluster.runtime_config()
        if config is None:
            raise Rejected("runtime is missing in the cluster file: nothing says how components stop and start")
        readiness = Readiness(cluster, runtime_of(config), Inspection(cluster))
        problems = [*mistakes(context, cluster.name), *others_running(context, cluster), *readiness.problems()]
        if problems:
            raise Rejected(
                f"{cluster.name} cannot be backed up cold now; nothing was changed:\n- " + "\n- ".join(problems)
            )
        text = self._text(readiness)
        self.log.info("The plan, of which nothing is done yet:\n%s", text)
        return {
            "ran": [one.value for one in readiness.ran],
            "versions": by_component(readiness.look.versions),
            "partitions": readiness.partitions,
            "text": text,
        }

    def _text(self, readiness: Readiness) -> str:
        """Return the plan as Markdown."""
        cluster, before = self.cluster, manifests.newest(self.location, self.cluster.name, manifests.COLD)
        lasted = f"The last one kept it down for {before['downtime']['seconds']:.0f} s." if before else ""
        dumped = ", ".join(database.name for database in cluster.cold.databases) if cluster.cold else ""
        stored = [one for one in cluster.all_components if one is not Component.ZEEBE]
        down = f"**{cluster.name} will be down**, for everybody, from the first stop until everything is healthy again."
        lines = [
            f"{down} {lasted}",
            "",
            f"- stopped, in this order, and started in the reverse one: {', '.join(readiness.ran)}",
            f"- copied to {copies_of(cluster).where()}: the data of {', '.join(cluster.broker_names)}",
            f"- taken as snapshots in {cluster.repository.name}: the indices of {', '.join(stored)}",
        ]
        return "\n".join([*lines, f"- dumped: {dumped}"] if dumped else lines)


class BeginDowntime(RunbookStep):
    """Write down that this run stops the cluster and what ran before, ahead of the first stop. Returns it.

    :param cluster: name of the cluster
    :param plan: what :class:`PlanColdBackup` returned (templated)
    """

    template_fields: Sequence[str] = ("plan",)

    def __init__(self, *, cluster: str, plan: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.plan = plan

    def step(self, context: Context) -> dict[str, Any]:
        """Write it."""
        downtime = downtimes.Downtime(context["dag"].dag_id, context["run_id"], time.time(), list(self.plan["ran"]))
        downtimes.write(self.cluster, downtime)
        return {"began_at": downtime.began_at, "ran": list(downtime.ran)}


class CopyBroker(TimedStep):
    """Copy one stopped broker's data and read the copy again to its end. Returns ``copy``.

    :param cluster: the cluster file
    :param broker: its name in the cluster file
    :param backup_id: of the set (templated)
    """

    ui_color = "#d6e4f5"
    template_fields: Sequence[str] = ("backup_id",)

    def __init__(self, *, cluster: Cluster, broker: str, backup_id: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.broker = broker
        self.backup_id = backup_id

    def step(self, context: Context) -> dict[str, Any]:
        """Copy while everything is stopped; raises BackupFailed otherwise."""
        require_down(self.cluster)
        copies = copies_of(self.cluster)
        copy = copies.take(self.broker, int(self.backup_id))
        require_down(self.cluster)
        copies.verify(copy)
        return {"copy": copy}


class DumpDatabase(TimedStep):
    """Dump a database that belongs to the cluster file, and read the dump again. Returns ``copy``.

    :param cluster: the cluster file
    :param database: its name
    :param backup_id: of the set (templated)
    """

    ui_color = "#d6e4f5"
    template_fields: Sequence[str] = ("backup_id",)

    def __init__(self, *, cluster: Cluster, database: str, backup_id: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.database = database
        self.backup_id = backup_id

    def step(self, context: Context) -> dict[str, Any]:
        """Dump and read; raises BackupFailed when it did not work."""
        copy = databases.dump(self.cluster, self.database, int(self.backup_id))
        databases.verify(copy)
        self.log.info("%s: %d bytes, SHA-256 %s", copy["file"], copy["bytes"], copy["sha256"])
        return {"copy": copy}


class StartAgain(StartComponent):
    """Start a component that ran before the cold backup; skipped when this run stopped nothing.

    Runs whatever happened before it.
    """

    ui_color = "#c9e7cb"

    def step(self, context: Context) -> dict[str, Any]:
        """Start it; safe to repeat."""
        downtimes.require_ran(self.cluster.name, context, self.component)
        try:
            return super().step(context)
        except Rejected as error:  # the cluster is down: worth all tries
            raise Unreachable(str(error)) from error


class EndDowntime(RunbookStep):
    """See that everything that ran before runs again, and write that down. Runs whatever happened before it.

    Returns ``seconds``, how long the cluster was down, and ``ended_at``.

    :param cluster: the cluster file
    """

    ui_color = "#c9e7cb"

    def __init__(self, *, cluster: Cluster, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster

    def step(self, context: Context) -> dict[str, Any]:
        """Look at every process; raises RestoreFailed with what does not run."""
        name, downtime = self.cluster.name, downtimes.required(self.cluster.name, context)
        if still := [sentence for one in self.cluster.stop_order if (sentence := self._trouble(one, downtime))]:
            raise RestoreFailed(
                f"{name} ran before this cold backup, but not all of it runs again: {'; '.join(still)}. Start it by"
                " hand, Zeebe first, or mend it and clear this run's start tasks."
            )
        ended_at = downtime.ended_at or time.time()
        downtimes.write(name, replace(downtime, ended_at=ended_at))
        self.log.info("Everything that ran runs again, after %.0f s", ended_at - downtime.began_at)
        return {"ended_at": ended_at, "seconds": round(ended_at - downtime.began_at, 1)}

    def _trouble(self, one: Any, downtime: downtimes.Downtime) -> str | None:
        if one not in downtime.ran:
            return None
        try:
            return None if runtime(self.cluster).is_started(one) else f"{one} does not run"
        except CamundaBackupError as error:
            return f"whether {one} runs cannot be told: {error}"


class RecordColdManifest(RunbookStep):
    """Write the manifest of a cold set and emit it as an asset event. Returns its path.

    :param manifest: what the verify task returned (templated)
    :param downtime: what :class:`EndDowntime` returned (templated)
    :param location: where manifests are kept
    :param cluster: name of the cluster
    """

    template_fields: Sequence[str] = ("manifest", "downtime")

    def __init__(self, *, manifest: Any, downtime: Any, location: str, cluster: str, **kwargs: Any) -> None:
        super().__init__(outlets=[manifests.asset(cluster)], **kwargs)
        self.manifest = manifest
        self.downtime = downtime
        self.location = location
        self.cluster = cluster

    def step(self, context: Context) -> str:
        """Write and emit."""
        ended_at = datetime.fromtimestamp(self.downtime["ended_at"], UTC).isoformat(timespec="milliseconds")
        times = {**self.manifest["downtime"], "ended_at": ended_at, "seconds": self.downtime["seconds"]}
        manifest = {**self.manifest, "downtime": times}
        path = manifests.write(self.location, manifest)
        context["outlet_events"][manifests.asset(self.cluster)].extra = manifest
        self.log.info("The manifest of cold backup %d is %s", manifest["backup_id"], path)
        return path
