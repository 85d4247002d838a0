"""Pausing and resuming exporters, and what brokers say about it."""

from dataclasses import dataclass
from typing import Any

from camunda_backup.api.messages import Answer, Request
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
class ExportingApi:
    """The gateway's exporting control and the brokers' partition list (Camunda 8.5 to 8.10, management port)."""

    control: str = "/actuator/exporting"
    partitions: str = "/actuator/partitions"

    def pause(self, mode: PauseMode) -> Request:
        """Ask the gateway to pause the exporters of all partitions."""
        return Request("POST", f"{self.control}/pause", {"soft": "true"} if mode is PauseMode.SOFT else None)

    def resume(self) -> Request:
        """Ask the gateway to let all exporters run."""
        return Request("POST", f"{self.control}/resume")

    def list_partitions(self) -> Request:
        """Ask one broker for its own partitions."""
        return Request("GET", self.partitions)

    def read_command(self, answer: Answer) -> None:
        """Check that pause or resume was carried out.

        The answer is HTTP 200 even for a failure; the true code is ``status`` in the body (recorded from Camunda
        8.6.0, ``{"body":null,"status":204,"contentType":null}``). Old patches answer a bare 204.

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
        if answer.status >= 400 and not answer.transient:
            raise Rejected(f"exporting control refused: {text}")
        raise Unreachable(f"exporting control failed: {text}")

    def read_partitions(self, answer: Answer) -> tuple[Partition, ...]:
        """Return what one broker says about its partitions.

        :raises Unreachable: when the answer is not a partition list
        """
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
