"""How a cluster stands towards its own Restore API: what is asked before and between the steps of a restore."""

from collections.abc import Callable, Iterator

from camunda_backup.api.restore_api import NotRecovering
from camunda_backup.clusters import AnyCluster
from camunda_backup.errors import NotYet, RestoreFailed
from camunda_backup.hooks.apps import AppHook
from camunda_backup.hooks.http import JsonHook
from camunda_backup.hooks.recovery import RecoveryHook

ALREADY = "Zeebe is in recovering mode already, perhaps with half-restored data"


def recovery(cluster: AnyCluster) -> RecoveryHook:
    """Return the Restore API of a cluster."""
    zeebe = cluster.connections.zeebe
    rest = AppHook(str(cluster.connections.rest), cluster.rest_access())
    return RecoveryHook(rest, JsonHook(zeebe, cluster.access_at(zeebe)))


def problems(cluster: AnyCluster, backup_id: int, cancels: bool, warn: Callable[[str], None]) -> Iterator[str]:
    """Yield why Zeebe would not take a restore; nothing is changed.

    :param cancels: whether a restore that is still going on will be cancelled
    :param warn: is told what could not be looked at
    """
    hook = recovery(cluster)
    pending, progress = hook.changes().pending, hook.progress()
    if pending is not None and not (cancels and progress is not None and progress.change_id == pending):
        yield (
            f"the cluster is being changed (change {pending}: {progress or 'no restore'}); start again when it is done,"
            " or, when it is a restore that hangs, with cancel_restore on"
        )
        return
    if pending is not None:
        warn(f"change {pending} is going on ({progress}): it will be cancelled")
    if hook.topology().recovering:
        warn(ALREADY)
    try:
        hook.validate(backup_id)
    except NotRecovering:
        warn("Zeebe validates a restore in recovering mode only: it is asked then, before anything is deleted")


def require_recovering(cluster: AnyCluster) -> None:
    """Make sure that Zeebe processes and exports nothing while data is restored.

    :raises Unreachable: it does not tell now
    :raises RestoreFailed: it is not in recovering mode, or is being changed
    """
    hook = recovery(cluster)
    if pending := hook.changes().pending:
        raise RestoreFailed(f"change {pending} of the cluster is going on; clear the run from enter_recovery")
    if active := hook.topology().active_ones:
        raise RestoreFailed(f"Zeebe left recovering mode ({active[0]}); clear the run from enter_recovery")


def require_at_work(cluster: AnyCluster, partitions: int) -> None:
    """Make sure that every partition is active and healthy and has a leader.

    :raises NotYet, Unreachable: it is not so (yet)
    """
    if ailments := recovery(cluster).topology().ailments(partitions):
        raise NotYet(f"Zeebe is not at work again: {'; '.join(ailments[:5])}")
