"""Waiting for one component's part without holding a worker."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from camunda_backup.errors import CamundaBackupError
from camunda_backup.hooks.parts import AsyncPartHook, Part
from camunda_backup.waiting import Wait


class BackupTrigger(BaseTrigger):
    """Fire when a part is complete, or can no longer become so.

    The event is ``{"report": …, "completed_at": …}`` for a complete part, ``{"failure": sentence}`` otherwise.

    :param part: keyword arguments of :class:`~camunda_backup.hooks.parts.Part`
    :param backup_id: of the set
    :param wait: a :class:`~camunda_backup.waiting.Wait` as JSON, begun on the worker
    """

    def __init__(self, part: dict[str, Any], backup_id: int, wait: dict[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.part = part
        self.backup_id = backup_id
        self.wait = wait

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what the triggerer needs to build this trigger again."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"part": self.part, "backup_id": self.backup_id, "wait": self.wait}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until the wait is over."""
        try:
            async for event in self._poll(Wait.from_json(self.wait)):
                yield event
        except CamundaBackupError as failure:
            yield TriggerEvent({"failure": str(failure)})

    async def _poll(self, wait: Wait) -> AsyncIterator[TriggerEvent]:
        async with AsyncPartHook(Part(**self.part)) as hook:
            while True:
                asked_at = time.time()
                report = await hook.status(self.backup_id)
                if news := wait.news(report):
                    self.log.info("progress: %s", news)
                now = time.time()
                if wait.settled(report, now, asked_at):
                    yield TriggerEvent({"report": report.as_json(), "completed_at": now})
                    return
                await asyncio.sleep(wait.interval(now))
