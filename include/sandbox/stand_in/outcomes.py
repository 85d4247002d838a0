"""What becomes of the next backups, as a test wants it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

PLANNED_PART = 2


class Outcome(StrEnum):
    """How a backup ends.

    STUCK never ends, INCOMPLETE misses a part for good, HEALING misses it for a while, LOST was accepted and is
    never seen again.
    """

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    PARTIAL = "PARTIAL"
    STUCK = "STUCK"
    INCOMPLETE = "INCOMPLETE"
    HEALING = "HEALING"
    LOST = "LOST"


@dataclass(slots=True)
class Plan:
    """An outcome for the next ``times`` backups of a role (None: for all of them).

    :param seconds: how long STUCK and HEALING last before the backup goes on; None: STUCK for ever, HEALING 1 s
    """

    role: str
    outcome: Outcome
    seconds: float | None = None
    times: int | None = 1

    @classmethod
    def from_json(cls, wanted: Mapping[str, Any]) -> "Plan":
        """Read a plan from the control port's JSON; a ValueError says what is wrong with it."""
        if unknown := set(wanted) - {"role", "outcome", "for", "times"}:
            raise ValueError(f"unknown field {min(unknown)!r} of an outcome")
        if "role" not in wanted or wanted.get("outcome") not in list(Outcome):
            raise ValueError(f"an outcome needs a role and one of {[o.value for o in Outcome]}")
        return cls(wanted["role"], Outcome(wanted["outcome"]), wanted.get("for"), wanted.get("times", 1))

    async def hold(self) -> None:
        """Stay in the middle of the backup for as long as STUCK or HEALING last."""
        default = {Outcome.STUCK: float("inf"), Outcome.HEALING: 1.0}.get(self.outcome)
        if default is not None:
            await asyncio.sleep(default if self.seconds is None else self.seconds)

    async def parts(self, count: int) -> AsyncIterator[tuple[int, "Plan"]]:
        """Give the numbers of a backup's parts in order, each with the plan for it: the second goes as planned.

        What ends there ends the whole backup: nothing resumes it.
        """
        if self.outcome is Outcome.LOST:
            return
        for number in range(1, count + 1):
            if number != PLANNED_PART:
                yield number, NORMAL
                continue
            if self.outcome is Outcome.INCOMPLETE:
                return
            if self.outcome is Outcome.HEALING:
                await self.hold()
                yield number, NORMAL
                continue
            yield number, self
            if self.outcome in {Outcome.FAILED, Outcome.PARTIAL}:
                return


NORMAL = Plan(role="", outcome=Outcome.COMPLETED)


class Outcomes:
    """The plans in force, oldest first."""

    def __init__(self) -> None:
        self._plans: list[Plan] = []

    def add(self, plan: Plan) -> None:
        """Put one more in force."""
        self._plans.append(plan)

    def take(self, role: str) -> Plan:
        """Plan for the backup a role begins now."""
        for plan in self._plans:
            if plan.role != role or plan.times == 0:
                continue
            if plan.times is not None:
                plan.times -= 1
            return plan
        return NORMAL
