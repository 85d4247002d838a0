"""What a restore does to processes: Zeebe's data comes back, components start, or everything stays stopped."""

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import Context

from camunda_backup.clusters import AnyCluster
from camunda_backup.errors import CamundaBackupError, RestoreFailed
from camunda_backup.operators.step import RunbookStep, TimedStep, failed_among
from camunda_backup.rdbms_clusters import RdbmsCluster
from camunda_backup.standing import require_healthy_zeebe, require_stopped, runtime
from camunda_backup.states import Companion, Component, Runs


class RestoreZeebe(TimedStep):
    """Empty one broker's data directory and run the restore application for it. Returns its line of success.

    A try that is repeated empties the directory again.

    :param cluster: the cluster file
    :param broker: its name in the cluster file
    :param backup_id: of the set (templated)
    """

    ui_color = "#d6e4f5"
    template_fields: Sequence[str] = ("backup_id",)

    def __init__(self, *, cluster: AnyCluster, broker: str, backup_id: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.broker = broker
        self.backup_id = backup_id

    def step(self, context: Context) -> dict[str, Any]:
        """Restore; raises RestoreFailed with what the restore application says."""
        require_stopped(self.cluster)
        by_itself = isinstance(self.cluster, RdbmsCluster)  # it knows by the database's exported positions
        line = runtime(self.cluster).restore_zeebe(self.broker, None if by_itself else int(self.backup_id))
        self.log.info("%s: %s", self.broker, line)
        return {"broker": self.broker, "line": line}


class StartComponent(TimedStep):
    """Start a component; anything but Zeebe only when Zeebe is healthy.

    :param cluster: the cluster file
    :param component: what to start
    :param stopped: what its stop task returned (templated)
    """

    template_fields: Sequence[str] = ("stopped",)

    def __init__(self, *, cluster: AnyCluster, component: Runs, stopped: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.component = component
        self.stopped: Mapping[str, Any] | None = stopped

    def step(self, context: Context) -> dict[str, Any]:
        """Start it; safe to repeat."""
        if isinstance(self.component, Component) and self.component is not Component.ZEEBE:
            require_healthy_zeebe(self.cluster)
        runtime(self.cluster).start(self.component, (self.stopped or {}).get("stopped", {}))
        self.log.info("%s was started", self.component)
        return {}


class KeepStopped(RunbookStep):
    """After a failure between deletion and health: stop whatever runs, and say what to do. Without one it is skipped.

    A component that could not be stopped in the first place leaves the others as they are: no data was touched.

    :param cluster: the cluster file
    :param watched: the tasks between the approval and the last component's health
    """

    ui_color = "#f5d6d6"

    def __init__(self, *, cluster: AnyCluster, watched: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.watched = watched

    def step(self, context: Context) -> list[str]:
        """Stop what runs, web apps first; raises RestoreFailed when something could not be stopped."""
        failed = failed_among(context, self.watched)
        name, untouched = self.cluster.name, all(task.startswith("stop_") for task in failed)
        if untouched:
            self.log.error(
                "%s failed; no data was touched and nothing more is stopped. When that is mended, clear the task and"
                " everything downstream, or start by hand what was stopped.",
                ", ".join(failed),
            )
            return failed
        stuck = [sentence for component in reversed(self.cluster.processes) if (sentence := self._stop(component))]
        beside = failed[0].partition("_")[2] in set(Companion)
        restart = "start_zeebe" if failed[0].startswith(("start_", "wait_")) and not beside else failed[0]
        advice = (
            f"{', '.join(failed)} failed, so {name} stays stopped rather than half-started. Its log says"
            f" why. When that is mended, clear this run from {restart} with everything downstream: what is done stays"
            " done. The backup itself is untouched; another one can be restored by a new run."
        )
        self.log.error(advice)
        if stuck:
            raise RestoreFailed("; ".join([*stuck, "stop these by hand: nobody must work on a half-restored cluster"]))
        return failed

    def _stop(self, component: Component) -> str | None:
        """Return why a component could not be asked to stop, None when it stands still or was asked."""
        try:
            processes = runtime(self.cluster)
            if not processes.is_stopped(component):
                self.log.info("Stopping %s", component)
                processes.stop(component)
        except CamundaBackupError as error:
            return f"{component} may still run: {error}"
        return None
