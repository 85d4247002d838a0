"""Every request the stand-in received, in the order of arrival."""

import time
from collections.abc import Mapping
from typing import Any

from sandbox.stand_in.messages import Call
from sandbox.stand_in.model.processes import Processes

LONGEST_BODY = 4000


class Journal:
    """What was asked of which role, when, and what became of it."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def begin(self, call: Call, effect: Mapping[str, Any] | None, processes: Processes, mode: str) -> dict[str, Any]:
        """Note a request, and which processes ran and were healthy, and in which mode Zeebe was, when it came.

        Its ``status`` stays None until it is answered and becomes "dropped" without answer.
        """
        entry = {
            "time": time.time(),
            "role": call.role,
            "door": call.door,
            "from": call.caller,
            "method": call.method,
            "path": call.target,
            "body": call.body[:LONGEST_BODY].decode(errors="replace"),
            "status": None,
            "fault": effect,
            "running": [p.name for p in processes.known.values() if p.running],
            "mode": mode,
            "healthy": [p.name for p in processes.known.values() if p.healthy],
        }
        self.entries.append(entry)
        return entry
