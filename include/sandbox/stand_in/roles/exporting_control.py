"""Pausing and resuming exporting, as the actuator and the REST API do it alike."""

from typing import Any

from sandbox.stand_in.model.zeebe import Phase
from sandbox.stand_in.world import World


class ExportingControl:
    """Exporting of the whole cluster."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def change(self, operation: str, *, soft: bool) -> dict[str, Any] | None:
        """Pause or resume; gives what is missing of the cluster when it cannot, KeyError for another operation."""
        phase = {"pause": Phase.SOFT_PAUSED if soft else Phase.PAUSED, "resume": Phase.EXPORTING}[operation]
        zeebe, missing = self._world.zeebe, set(self._world.conditions.missing_brokers)
        for number in zeebe.partitions:
            members = zeebe.replicas(number)
            if gone := missing & set(members):
                return {"partition": number, "expected": len(members), "found": len(members) - len(gone)}
        async with self._world.exporter.at_work:
            zeebe.set_phase(phase)
        self._world.exporter.notice()
        return None

    def everywhere(self) -> str:
        """Give the phase of every replica, or MIXED."""
        phases = {str(phase) for phase in self._world.zeebe.phases.values()}
        return phases.pop() if len(phases) == 1 else "MIXED"
