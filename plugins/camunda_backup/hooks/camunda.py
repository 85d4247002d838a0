"""The management of one cluster, as operations rather than requests."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from camunda_backup.api import generation, restore_api
from camunda_backup.api.exporting import Exporting, Partition
from camunda_backup.api.messages import Request
from camunda_backup.errors import CamundaBackupError, Unreachable
from camunda_backup.hooks.http import JsonHook
from camunda_backup.orders import PauseMode


class ExportingHook:
    """Exporting of one cluster: commands go to its control, the truth comes from the brokers and from 8.10's REST API.

    :param conn_id: who takes the commands: the gateway's management port, or the REST API
    :param broker_conn_ids: every broker's management port
    :param version: Camunda version
    :param management_api: as in the cluster file
    :param access: how to sign in to the one that takes the commands, an :class:`~camunda_backup.api.access.Access` as
        JSON; default: as the connection says
    :param broker_access: how to sign in to brokers
    """

    def __init__(
        self,
        conn_id: str,
        broker_conn_ids: Sequence[str],
        version: str,
        *,
        management_api: str | None = None,
        access: Mapping[str, Any] | None = None,
        broker_access: Mapping[str, Any] | None = None,
    ) -> None:
        self._api = generation(version, management_api).exporting
        self._control = JsonHook(conn_id, access)
        self._brokers = [
            self._control if broker == conn_id else JsonHook(broker, broker_access) for broker in broker_conn_ids
        ]

    def pause(self, mode: PauseMode) -> None:
        """Pause all exporters; safe to repeat in the same mode.

        :raises Unreachable: not carried out, or only in part; repeat it
        :raises Rejected: refused
        """
        self._command(self._api.pause(mode))

    def resume(self) -> None:
        """Let all exporters run; safe to repeat.

        :raises Unreachable: not carried out, or only in part; repeat it
        :raises Rejected: refused
        """
        self._command(self._api.resume())

    def _command(self, request: Request) -> None:
        try:
            self._api.read_command(self._control.send(request))
        except Unreachable as error:
            if self._api.patience is None:
                raise
            raise Unreachable(f"{error}{self._pending_change()}") from error

    def _pending_change(self) -> str:
        """Return which change of the cluster stands in the way, as the end of a sentence; nothing when none is told."""
        change = None
        with suppress(CamundaBackupError):
            change = restore_api.read_changes(self._brokers[0].send(restore_api.CHANGES)).pending
        if change is None:
            return ""
        cancel = restore_api.cancel(change)
        return (
            f"; change {change} of the cluster is pending: it goes on by itself once every broker is there, or is"
            f" cancelled by {cancel.method} {cancel.path} on the management port"
        )

    def look(self) -> Exporting:
        """Return how exporting stands.

        :raises Unreachable: it cannot be told just now, see ``leaders``
        :raises Rejected: the cluster refuses to tell
        """
        leaders, request = self.leaders(), self._api.ask_everywhere()
        return Exporting(leaders, self._api.read_everywhere(self._control.send(request)) if request else None)

    def leaders(self) -> dict[int, Partition]:
        """Return what the leader of every partition says.

        :raises Unreachable: a broker does not answer, or a partition has no leader among the brokers asked
        """
        told = [
            partition
            for broker in self._brokers
            for partition in self._api.read_partitions(broker.send(self._api.list_partitions()))
        ]
        claims = [partition for partition in told if partition.leader]
        leaders = {partition.partition_id: partition for partition in claims}
        if len(leaders) < len(claims):
            raise Unreachable("two brokers claim to lead the same partition; the leaders are changing")
        leaderless = sorted({partition.partition_id for partition in told} - leaders.keys())
        if not told:
            raise Unreachable(
                "no broker has a partition at work: Zeebe is still starting, or in recovering mode (8.10)"
            )
        if leaderless:
            raise Unreachable(
                f"no leader was found for partition {', '.join(map(str, leaderless))} on the brokers of"
                " this cluster; is every broker's management port named in connections.brokers of the cluster file?"
            )
        return leaders
