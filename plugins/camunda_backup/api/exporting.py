"""Pausing and resuming exporters, and what brokers and the cluster say about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from camunda_backup.api.messages import Answer, Request, readable
from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.orders import PauseMode

EXPORTING = "EXPORTING"
PHASE_OF = {PauseMode.HARD: "PAUSED", PauseMode.SOFT: "SOFT_PAUSED"}


@dataclass(frozen=True, slots=True)
class Partition:
    """What one broker says about one of its partitions.

    :param exporter_phase: EXPORTING, PAUSED, SOFT_PAUSED or CLOSED; only a leader's counts
    :param exported_position: the last position the exporters acknowledged
    """

    partition_id: int
    leader: bool
    exporter_phase: str
    exported_position: int | None
    healthy: bool


@dataclass(frozen=True, slots=True)
class Exporting:
    """How exporting of a cluster stands: paused, or running, only when nobody who was asked says otherwise.

    :param leaders: what the leader of each partition says
    :param everywhere: what the cluster says of every replica, a phase or MIXED; None where its generation cannot tell
    """

    leaders: Mapping[int, Partition]
    everywhere: str | None = None

    @property
    def phases(self) -> dict[str, str]:
        """What each partition's leader says, and the cluster, as JSON types."""
        cluster = {} if self.everywhere is None else {"every replica": self.everywhere}
        return {**cluster, **{str(number): one.exporter_phase for number, one in sorted(self.leaders.items())}}

    @property
    def positions(self) -> dict[str, int | None]:
        """The exported position of every partition, as JSON types."""
        return {str(number): one.exported_position for number, one in sorted(self.leaders.items())}

    @property
    def runs(self) -> bool:
        """Whether every partition exports."""
        return set(self.phases.values()) == {EXPORTING}

    def paused(self, mode: PauseMode) -> bool:
        """Return whether every partition is paused in this mode."""
        return set(self.phases.values()) == {PHASE_OF[mode]}


@dataclass(frozen=True, slots=True)
class ExportingApi:
    """Exporting control, and who tells whether it was obeyed.

    Up to 8.9 only the brokers' partition lists tell, and only a leader's word counts. From 8.10 on the REST API tells
    the phase of every replica, followers included, which a partition list does not show.

    :param control: path of pause and resume: the gateway's actuator, or from 8.10 on the REST API
    :param partitions: path of a broker's partition list on its management port (8.5 to 8.10)
    :param state: path that tells the phase of every replica, where the generation has one
    :param permission: what a client must be allowed to at the control, e.g. EXPORTER:PAUSE, where it knows any
    :param patience: seconds that a command may take, where it is a change of the cluster's configuration
    """

    control: str = "/actuator/exporting"
    partitions: str = "/actuator/partitions"
    state: str | None = None
    permission: str | None = None
    patience: float | None = None

    def pause(self, mode: PauseMode) -> Request:
        """Ask the gateway to pause the exporters of all partitions."""
        query = {"soft": "true"} if mode is PauseMode.SOFT else None
        return Request("POST", f"{self.control}/pause", query, permission=self.permission, patience=self.patience)

    def resume(self) -> Request:
        """Ask the gateway to let all exporters run."""
        return Request("POST", f"{self.control}/resume", permission=self.permission, patience=self.patience)

    def ask_everywhere(self) -> Request | None:
        """Ask for the phase of every replica; None where the generation cannot tell."""
        return Request("GET", self.state, permission=self.permission) if self.state else None

    def list_partitions(self) -> Request:
        """Ask one broker for its own partitions."""
        return Request("GET", self.partitions)

    def read_command(self, answer: Answer) -> None:
        """Check that pause or resume was carried out.

        The answer is HTTP 200 even for a failure; the true code is ``status`` in the body (recorded from Camunda
        8.6.0, ``{"body":null,"status":204,"contentType":null}``). Old patches and 8.10's REST API answer a bare 204.

        :raises Unreachable: it failed and may work later, e.g. while a broker is down
        :raises Rejected: the request itself was refused
        """
        if answer.status == 204:
            return
        envelope = answer.body if isinstance(answer.body, dict) and "body" in answer.body else {}
        inner = envelope.get("status")
        if answer.status == 200 and isinstance(inner, int) and 200 <= inner < 300:
            return
        told = envelope.get("body")
        reason = told.get("message") if isinstance(told, dict) else told
        text = f"HTTP {answer.status} with status {inner} inside: {reason}" if inner else str(answer)
        # Where pause is a change of the cluster, 409 is another change that goes on: it passes.
        overlaps = self.patience is not None and 409 in {answer.status, inner}
        if answer.status >= 400 and not answer.transient and not overlaps:
            raise Rejected(f"exporting control refused: {text}")
        raise Unreachable(f"exporting control failed: {text}")

    def read_everywhere(self, answer: Answer) -> str:
        """Return the phase of every replica: EXPORTING, PAUSED, SOFT_PAUSED or MIXED.

        :raises Unreachable, Rejected: it is not told
        """
        trouble = "the cluster does not tell its exporting state"
        if not answer.ok:
            raise answer.failure(trouble)
        with readable(answer, trouble):
            return str(answer.body["status"])

    def read_partitions(self, answer: Answer) -> tuple[Partition, ...]:
        """Return what one broker says about its partitions.

        :raises Unreachable: when the answer is not a partition list
        :raises Rejected: the client is refused
        """
        if answer.status in {401, 403}:
            raise answer.failure("the broker does not list its partitions")
        if answer.status != 200 or not isinstance(answer.body, dict):
            raise Unreachable(f"the broker does not list its partitions: {answer}")
        try:
            return tuple(_partition(int(number), told) for number, told in answer.body.items())
        except (ValueError, AttributeError) as error:
            raise Unreachable(f"the broker's list of partitions cannot be read: {answer}") from error


def _partition(number: int, told: dict[str, Any]) -> Partition:
    health = told.get("health") or {}
    return Partition(
        number,
        told.get("role") == "LEADER",
        str(told.get("exporterPhase")),
        told.get("exportedPosition"),
        health.get("status", "HEALTHY") == "HEALTHY",
    )
