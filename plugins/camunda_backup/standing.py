"""How a cluster's processes stand: what a step of a restore makes sure of before it goes on."""

from camunda_backup.clusters import AnyCluster
from camunda_backup.errors import BackupFailed, NotYet, RestoreFailed
from camunda_backup.hooks.camunda import ExportingHook
from camunda_backup.inspection import topology
from camunda_backup.look import Look, told
from camunda_backup.recovery import require_recovering
from camunda_backup.runtimes import runtime_of
from camunda_backup.runtimes.runtime import Runtime
from camunda_backup.states import Component


def runtime(cluster: AnyCluster) -> Runtime:
    """Return what stops and starts a cluster's components.

    :raises RestoreFailed: the cluster file does not say
    """
    config = cluster.runtime_config()
    if config is None:
        raise RestoreFailed("runtime is missing in the cluster file: nothing says how components stop and start")
    return runtime_of(config)


def require_down(cluster: AnyCluster) -> None:
    """Make sure that nothing runs whose data is being copied.

    :raises BackupFailed: something runs
    """
    processes = runtime(cluster)
    if running := [one for one in cluster.stop_order if not processes.is_stopped(one)]:
        raise BackupFailed(
            f"{', '.join(running)} runs although it was stopped for the cold backup; find out who starts it, such as a"
            " supervisor, then start a new run"
        )


def require_stopped(cluster: AnyCluster) -> None:
    """Make sure that nothing runs that could write while data is restored.

    :raises RestoreFailed: a component runs
    """
    running = [component for component in cluster.processes if not runtime(cluster).is_stopped(component)]
    if running:
        raise RestoreFailed(
            f"{', '.join(running)} must not run while data is restored; clear the run from stop_{running[-1]}"
        )


def require_quiet(cluster: AnyCluster) -> None:
    """Make sure that nothing can write while data is restored: it is stopped, or Zeebe is in recovering mode.

    :raises Unreachable: it is not told now
    :raises RestoreFailed: something could
    """
    require_stopped(cluster)
    if cluster.generation.restore == "api":
        require_recovering(cluster)


def require_healthy_zeebe(cluster: AnyCluster, partitions: int | None = None) -> None:
    """Make sure that all brokers are there and every partition has a healthy leader that exports.

    :param partitions: how many there must be
    :raises NotYet, Unreachable: it is not so (yet)
    """
    look = Look(cluster)
    answer = look.ask(cluster.connections.zeebe, cluster.generation.readiness[Component.ZEEBE])
    if not answer.ok:  # up to 8.7 the partitions' own words do not tell it
        raise NotYet(f"Zeebe is not healthy: {answer}")
    if problems := list(told(topology(look))):
        raise NotYet("Zeebe is not healthy: " + "; ".join(problems))
    there = len(ExportingHook(**cluster.exporting()).leaders())
    if partitions and there != partitions:
        raise NotYet(f"Zeebe has {there} partitions, the backup {partitions}")
