"""Waiting for one component's part: on the worker while that is shorter than a deferral, then in the triggerer."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from camunda_backup.errors import CamundaBackupError
from camunda_backup.hooks.parts import Part, PartHook
from camunda_backup.states import Report
from camunda_backup.triggers.backup import BackupTrigger
from camunda_backup.waiting import Patience, Wait

ON_WORKER = 10.0  # seconds; a deferral and back costs about 3


class BackupSensor(BaseSensorOperator):
    """Wait until one component's part of the set is complete; fail as soon as it cannot become so.

    Returns the last ``report`` and ``completed_at`` (seconds since the epoch). Progress is logged in lines that begin
    with ``progress:``.

    :param started: what the part's start task returned (templated)
    :param part: keyword arguments of :class:`~camunda_backup.hooks.parts.Part`
    :param patience: keyword arguments of :class:`~camunda_backup.waiting.Patience`, in seconds
    :param clock_skew: seconds by which the cluster's clock may be behind the worker's
    :param deferrable: leave the worker after ``on_worker``; otherwise stay on it to the end
    :param on_worker: seconds
    """

    ui_color = "#eef3f9"
    template_fields: Sequence[str] = ("started",)

    def __init__(
        self,
        *,
        started: Any,
        part: dict[str, Any],
        patience: dict[str, float],
        clock_skew: float = 120,
        deferrable: bool = True,
        on_worker: float = ON_WORKER,
        **kwargs: Any,
    ) -> None:
        super().__init__(timeout=Patience(**patience).deadline, **kwargs)
        self.started = started
        self.part = part
        self.patience = patience
        self.clock_skew = clock_skew
        self.deferrable = deferrable
        self.on_worker = on_worker

    def execute(self, context: Context) -> dict[str, Any]:
        """Poll on the worker, then defer; raises AirflowFailException for a part that is lost."""
        hook, backup_id = PartHook(Part(**self.part)), int(self.started["backup_id"])
        began_at = time.time()
        wait = Wait(
            Patience(**self.patience),
            began_at,
            self.started["asked_at"] - self.clock_skew,
            self.started["give_up_at"],
        )
        while True:
            try:
                asked_at = time.time()
                report = hook.status(backup_id)
                if news := wait.news(report):
                    self.log.info("progress: %s", news)
                now = time.time()
                if wait.settled(report, now, asked_at):
                    return {"report": report.as_json(), "completed_at": now}
            except CamundaBackupError as error:
                raise AirflowFailException(str(error)) from None
            if self.deferrable and now - began_at >= self.on_worker:
                self.defer(
                    trigger=BackupTrigger(self.part, backup_id, wait.as_json()),
                    method_name="execute_complete",
                    # The wait ends by itself; this is for a triggerer that does not.
                    timeout=timedelta(seconds=self.timeout + wait.interval(now) + 60),
                )
            time.sleep(wait.interval(now))

    def execute_complete(self, context: Context, event: dict[str, Any] | None) -> dict[str, Any]:
        """Take the trigger's event; raises AirflowFailException for a failure or an event that is none."""
        match event:
            case {"report": dict() as fields, "completed_at": float() as completed_at}:
                return {"report": Report.from_json(fields).as_json(), "completed_at": completed_at}
            case {"failure": str() as sentence}:
                raise AirflowFailException(sentence)
            case _:
                raise AirflowFailException(f"the trigger ended without a word on the backup: {event!r}")
