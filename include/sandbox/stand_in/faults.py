"""Faults a test asks for: who answers wrongly, how often, and how."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.stand_in.messages import JSON, OUTSIDE, Call, Reply

EFFECTS = ("status", "envelope", "hang", "drop", "act_then")
Act = Callable[[], Awaitable[Reply]]


class ConnectionDropped(Exception):
    """The connection is to be closed without an answer."""


@dataclass(slots=True)
class Fault:
    """One fault; it counts the requests that fit it.

    :param skip: fitting requests to let pass first
    :param times: how many it spoils after that, None for all
    :param caller: whose requests it spoils; ``any`` includes the stand-in's own
    :param may_rest: whether it is as well if no request fits
    :param fired: whether it has spoiled a request
    """

    role: str
    effect: Mapping[str, Any]
    method: re.Pattern[str]
    path: re.Pattern[str]
    skip: int = 0
    times: int | None = 1
    caller: str = OUTSIDE
    may_rest: bool = False
    fired: bool = False

    @classmethod
    def from_json(cls, wanted: Mapping[str, Any]) -> "Fault":
        """Read a fault from the control port's JSON; a ValueError says what is wrong with it."""
        known = {"role", "effect", "method", "path", "skip", "times", "from", "may_rest"}
        if unknown := set(wanted) - known:
            raise ValueError(f"unknown field {min(unknown)!r} of a fault; known are {sorted(known)}")
        if not {"role", "effect"} <= set(wanted):
            raise ValueError("a fault needs a role and an effect")
        effect = wanted["effect"]
        if not isinstance(effect, dict) or not set(effect) & set(EFFECTS):
            raise ValueError(f"an effect is an object with one of {list(EFFECTS)}")
        return cls(
            role=wanted["role"],
            effect=effect,
            method=re.compile(wanted.get("method", ".*")),
            path=re.compile(wanted.get("path", "")),
            skip=wanted.get("skip", 0),
            times=wanted.get("times", 1),
            caller=wanted.get("from", OUTSIDE),
            may_rest=wanted.get("may_rest", False),
        )

    def fits(self, call: Call) -> bool:
        """Whether the fault is about such a request."""
        return (
            self.role in {call.role, "any"}
            and self.caller in {call.caller, "any"}
            and self.method.fullmatch(call.method) is not None
            and self.path.search(call.target) is not None
        )

    def __str__(self) -> str:
        """Say which requests it is about."""
        return f"{self.method.pattern} {self.path.pattern} of {self.role}, {self.skip} more of which were to pass"

    @property
    def spent(self) -> bool:
        """Whether it has spoiled all it was to spoil."""
        return self.times is not None and self.times <= 0


class Faults:
    """The faults in force, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put one more in force."""
        self._faults.append(fault)

    def unfired(self) -> list[str]:
        """Those that have spoiled no request yet, but were to."""
        return [str(fault) for fault in self._faults if not (fault.fired or fault.may_rest)]

    def take(self, call: Call) -> Mapping[str, Any] | None:
        """Effect on this request, counted; None when it is to be answered properly."""
        for fault in self._faults:
            if fault.spent or not fault.fits(call):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
            fault.fired = True
            return fault.effect
        return None


async def spoil(effect: Mapping[str, Any], act: Act) -> Reply:
    """Answer the way the effect says; ``act`` is the proper way."""
    if "act_then" in effect:
        done = await act()

        async def already_done() -> Reply:
            return done

        return await spoil(effect["act_then"] or {}, already_done)
    if effect.get("drop"):
        raise ConnectionDropped
    if "hang" in effect:
        await asyncio.sleep(effect["hang"] if effect["hang"] is not None else float("inf"))
    if "envelope" in effect:
        body = {"message": "injected by the stand-in"}
        return Reply(200, {"body": body, "status": effect["envelope"], "contentType": None})
    if "status" in effect:
        body = effect.get("body", {"message": "injected by the stand-in"})
        return Reply(effect["status"], body, effect.get("content_type", JSON))
    return await act()
