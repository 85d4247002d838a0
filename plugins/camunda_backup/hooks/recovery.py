"""The Restore API of one cluster, as operations rather than requests."""

from camunda_backup.api import restore_api
from camunda_backup.api.restore_api import Changes, Progress, Topology
from camunda_backup.errors import NotYet, Rejected
from camunda_backup.hooks.http import JsonHook


class RecoveryHook:
    """Modes, restores and changes of a running cluster (Camunda 8.10).

    :param rest: the REST API
    :param management: the management port
    """

    def __init__(self, rest: JsonHook, management: JsonHook) -> None:
        self._rest, self._management = rest, management

    def enter(self) -> str:
        """Ask for recovering mode; return the ID of the change.

        :raises Rejected, Unreachable: it was not accepted
        """
        return restore_api.read_change(
            self._rest.send(restore_api.ENTER_RECOVERY), "Zeebe stays out of recovering mode"
        )

    def validate(self, backup_id: int) -> None:
        """Let Zeebe say whether it would take a restore; changes nothing.

        :raises NotRecovering, Rejected, Unreachable: see ``read_restore``
        """
        restore_api.read_restore(backup_id, self._rest.send(restore_api.restore(backup_id, dry_run=True)))

    def restore(self, backup_id: int) -> str:
        """Ask for a restore; return the ID of the change.

        :raises NotRecovering, Rejected, Unreachable: see ``read_restore``
        """
        return restore_api.read_restore(backup_id, self._rest.send(restore_api.restore(backup_id)))

    def cancel(self, change_id: str) -> None:
        """Ask to cancel a change.

        :raises NotYet: it was asked for; look again, also when it was refused: brokers learn of changes from each other
        :raises Rejected: this client may not
        :raises Unreachable: there was no answer
        """
        answer = self._management.send(restore_api.cancel(change_id))
        if answer.status in {401, 403}:
            raise Rejected(f"change {change_id} of the cluster was not cancelled: {answer}")
        raise NotYet(f"change {change_id} of the cluster is being cancelled: HTTP {answer.status}")

    def changes(self) -> Changes:
        """Return which changes go on or ended last."""
        return restore_api.read_changes(self._management.send(restore_api.CHANGES))

    def progress(self) -> Progress | None:
        """Return how far a restore is, None when none is going on."""
        return restore_api.read_progress(self._rest.send(restore_api.PROGRESS))

    def topology(self) -> Topology:
        """Return the states of all partitions."""
        return restore_api.read_topology(self._rest.send(restore_api.TOPOLOGY))
