"""The management ports of one cluster, as operations rather than requests."""

from collections.abc import Sequence

from camunda_backup.api import generation
from camunda_backup.api.exporting import EXPORTING, PHASE_OF, Partition
from camunda_backup.errors import Unreachable
from camunda_backup.hooks.http import JsonHook
from camunda_backup.orders import PauseMode


class ExportingHook:
    """Exporting of one cluster: commands go to the gateway, the truth comes from the brokers.

    :param conn_id: the gateway's management port
    :param broker_conn_ids: every broker's management port
    :param version: Camunda version
    """

    def __init__(self, conn_id: str, broker_conn_ids: Sequence[str], version: str) -> None:
        self._api = generation(version).exporting
        self._gateway = JsonHook(conn_id)
        self._brokers = [self._gateway if broker == conn_id else JsonHook(broker) for broker in broker_conn_ids]

    def pause(self, mode: PauseMode) -> None:
        """Pause all exporters; safe to repeat in the same mode.

        :raises Unreachable: not carried out, or only in part; repeat it
        :raises Rejected: refused
        """
        self._api.read_command(self._gateway.send(self._api.pause(mode)))

    def resume(self) -> None:
        """Let all exporters run; safe to repeat.

        :raises Unreachable: not carried out, or only in part; repeat it
        :raises Rejected: refused
        """
        self._api.read_command(self._gateway.send(self._api.resume()))

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
        if leaderless or not leaders:
            raise Unreachable(
                f"no leader was found for partition {', '.join(map(str, leaderless)) or '(any)'} on the brokers of"
                " this cluster; is every broker's management port named in connections.brokers of the cluster file?"
            )
        return leaders


def phases(leaders: dict[int, Partition]) -> dict[str, str]:
    """Return the exporter phase of every partition, as JSON types."""
    return {str(number): leader.exporter_phase for number, leader in sorted(leaders.items())}


def positions(leaders: dict[int, Partition]) -> dict[str, int | None]:
    """Return the exported position of every partition, as JSON types."""
    return {str(number): leader.exported_position for number, leader in sorted(leaders.items())}


def all_exporting(leaders: dict[int, Partition]) -> bool:
    """Return whether every partition exports."""
    return all(leader.exporter_phase == EXPORTING for leader in leaders.values())


def all_paused(leaders: dict[int, Partition], mode: PauseMode) -> bool:
    """Return whether every partition is paused in this mode."""
    return all(leader.exporter_phase == PHASE_OF[mode] for leader in leaders.values())
