"""Pausing exporting, and the one task that must always run: resuming it."""

import time
from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context

from camunda_backup import leases
from camunda_backup.api.exporting import Exporting
from camunda_backup.errors import PauseBroken, ResumeFailed, Unreachable
from camunda_backup.hooks.camunda import ExportingHook
from camunda_backup.operators.step import RunbookStep
from camunda_backup.orders import PauseMode

CONFIRM = 30.0  # seconds in which brokers follow the gateway's word
LOOK = 0.2  # seconds between two looks
LOOKS = 5


class _ExportingStep(RunbookStep):
    """A step that changes exporting.

    :param cluster: name of the cluster
    :param exporting: keyword arguments of :class:`~camunda_backup.hooks.camunda.ExportingHook`
    """

    def __init__(self, *, cluster: str, exporting: dict[str, Any], **kwargs: Any):
        super().__init__(**kwargs)
        self.cluster = cluster
        self.exporting = exporting

    def _hook(self) -> ExportingHook:
        return ExportingHook(**self.exporting)


class PauseExporting(_ExportingStep):
    """Pause exporting on every partition and see it confirmed by every broker.

    Before it asks, it writes down that this run pauses, so that the run's resume and the guard know whose pause it
    is. Returns ``mode``, ``asked_at`` and ``give_up_at`` (seconds since the epoch) and the exported ``positions``.

    :param mode: ``hard`` or ``soft``, the one that belongs to the cluster's order
    :param max_pause: seconds after which the backup is given up
    """

    ui_color = "#ffe0b3"

    def __init__(self, *, mode: str, max_pause: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.mode = mode
        self.max_pause = max_pause

    def step(self, context: Context) -> dict[str, Any]:
        """Pause; raises PauseBroken when exporting is paused by somebody else."""
        hook, mode = self._hook(), PauseMode(self.mode)
        dag_id, run_id = context["dag"].dag_id, context["run_id"]
        lease = leases.read(self.cluster)
        ours = lease is not None and lease.held_by(dag_id, run_id)
        seen = hook.look()
        if not ours and not seen.runs:
            owner = f"run {lease.run_id} of {lease.dag_id}" if lease else "somebody else"
            raise PauseBroken(
                f"exporting of {self.cluster} is already paused by {owner} ({seen.phases}); nothing was changed."
                " Find out who needs the pause; resume exporting when nobody does, then start again."
            )
        if lease and ours and lease.mode != self.mode:
            raise PauseBroken(
                f"this run has paused exporting in {lease.mode} mode; it resumes before it pauses otherwise"
            )
        if lease is None or not ours:
            now = time.time()
            lease = leases.Lease(dag_id, run_id, self.mode, now, now + self.max_pause)
            leases.write(self.cluster, lease)
        hook.pause(mode)
        end = time.monotonic() + CONFIRM
        while not (seen := hook.look()).paused(mode):
            if time.monotonic() > end:
                raise Unreachable(f"not every partition follows the {self.mode} pause: {seen.phases}")
            time.sleep(LOOK)
        self.log.info("Exporting is paused (%s) at positions %s", self.mode, seen.positions)
        return {
            "mode": self.mode,
            "asked_at": lease.asked_at,
            "give_up_at": lease.give_up_at,
            "positions": seen.positions,
        }


class ResumeExporting(_ExportingStep):
    """Resume exporting and see it confirmed by every broker. Runs whatever happened before it.

    It touches only a pause of its own run: another run's or another tool's pause is theirs. Returns ``held`` (whether
    exporting was still paused as it should be), the ``positions`` exported until then, ``resumed_at`` and ``seconds``.

    :param pause: what :class:`PauseExporting` returned, None when it did not get that far (templated)
    """

    ui_color = "#c9e7cb"
    template_fields: Sequence[str] = ("pause",)

    def __init__(self, *, pause: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.pause = pause

    def step(self, context: Context) -> dict[str, Any]:
        """Resume; raises ResumeFailed when another's pause is found, Unreachable until it is confirmed."""
        hook = self._hook()
        lease = leases.read(self.cluster)
        ours = lease is not None and lease.held_by(context["dag"].dag_id, context["run_id"])
        if not ours and not self.pause:
            self.log.info("This run did not pause exporting")
            return {"held": False, "positions": {}, "resumed_at": None, "seconds": 0}
        if lease and not ours:
            raise ResumeFailed(
                f"exporting of {self.cluster} is now paused for run {lease.run_id} of {lease.dag_id}; that pause was"
                " left alone, and this run's backup is lost"
            )
        asked_at = lease.asked_at if ours and lease else self.pause["asked_at"]
        # What is seen before the first resume is the evidence: a later try would see exporting running.
        store, key = context["task_state_store"], f"seen_{asked_at:.0f}"
        seen: Any = store.get(key)
        if seen is None:
            seen = self._seen(hook)
            store.set(key, seen)
        hook.resume()
        end = time.monotonic() + CONFIRM
        while not (now := hook.look()).runs:
            if time.monotonic() > end:
                raise Unreachable(f"not every partition exports again: {now.phases}")
            time.sleep(LOOK)
        resumed_at = time.time()
        if ours:
            leases.delete(self.cluster)
        self.log.info("Exporting runs on partitions %s, after %.1f s", sorted(now.leaders), resumed_at - asked_at)
        return {**seen, "resumed_at": resumed_at, "seconds": round(resumed_at - asked_at, 1)}

    def _seen(self, hook: ExportingHook) -> dict[str, Any]:
        """Return what the pause came to; what cannot be seen was not held."""
        for _ in range(LOOKS):
            try:
                exporting = hook.look()
            except Unreachable as error:
                self.log.warning("Cannot see whether the pause was held: %s", error)
                time.sleep(LOOK)
                continue
            held = bool(self.pause) and self._held(exporting)
            return {"held": held, "positions": exporting.positions}
        return {"held": False, "positions": {}}

    def _held(self, exporting: Exporting) -> bool:
        mode = PauseMode(self.pause["mode"])
        if mode is PauseMode.SOFT and exporting.positions != self.pause["positions"]:
            return False  # a soft pause is there to keep the acknowledged position where it is
        return exporting.paused(mode)
