"""Minting the backup ID and starting each component's part under it."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Context

from camunda_backup import ids
from camunda_backup.errors import BackupFailed, Conflict, PauseBroken, Rejected, Unreachable
from camunda_backup.hooks.camunda import ExportingHook
from camunda_backup.hooks.parts import Part, PartHook
from camunda_backup.hooks.storage import StorageHook
from camunda_backup.links import LINKS
from camunda_backup.operators.step import RunbookStep
from camunda_backup.orders import PauseMode
from camunda_backup.states import Component, Phase

LOOK = 0.2  # seconds between two looks
APPEARS = 2.0  # seconds; Zeebe says 404 for up to 0.3 s after it has taken a request (recorded from Camunda 8.6.0)


class MintBackupId(RunbookStep):
    """Return a new backup ID, above every ID that any component or the snapshot repository knows.

    Each try of a backup set takes its own ID: clearing a failed run from this task starts a new set.

    :param parts: keyword arguments of every :class:`~camunda_backup.hooks.parts.Part`
    :param storage: keyword arguments of :class:`~camunda_backup.hooks.storage.StorageHook`; None without one
    :param scheme: ``seconds``, ``milliseconds`` or ``datetime``
    """

    def __init__(self, *, parts: Sequence[dict[str, Any]], storage: dict[str, Any] | None, scheme: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.parts = parts
        self.storage = storage
        self.scheme = scheme

    def step(self, context: Context) -> int:
        """Ask everyone for the IDs they know, and exceed them."""
        components = [Part(**part) for part in self.parts if part["component"] != Component.RECORDS]
        known = {report.backup_id for part in components for report in PartHook(part).listed()}
        known |= StorageHook(**self.storage).backup_ids() if self.storage else set()
        backup_id = ids.mint(ids.IdScheme(self.scheme), datetime.now(UTC), known)
        self.log.info("Backup ID %d; the highest known was %s", backup_id, max(known, default="none"))
        return backup_id


class StartPart(RunbookStep):
    """Start one component's part of the set; safe to retry after a crash.

    It asks for the ID before it acts. A backup that is already there counts only if this very task asked for it
    before, which is written down ahead of the request and survives retries. Returns ``asked_at`` and ``give_up_at``
    (seconds since the epoch; None outside a pause), ``backup_id`` and ``snapshots``.

    :param backup_id: of the set (templated)
    :param part: keyword arguments of :class:`~camunda_backup.hooks.parts.Part`
    :param links: where the task's links lead, from ``AnyCluster.link_bases``
    """

    ui_color = "#d6e4f5"
    template_fields: Sequence[str] = ("backup_id",)
    operator_extra_links = LINKS

    def __init__(self, *, backup_id: Any, part: dict[str, Any], links: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.backup_id = backup_id
        self.part = part
        self.links = links

    def require(self) -> float | None:
        """Make sure that the part may be made now; return when it is given up, in seconds since the epoch."""
        return None

    def step(self, context: Context) -> dict[str, Any]:
        """Start the part, or recognise it as started by an earlier try of this task."""
        backup_id, part = int(self.backup_id), Part(**self.part)
        give_up_at = self.require()
        store, key = context["task_state_store"], f"asked_for_{backup_id}"
        asked_at = store.get(key)
        hook = PartHook(part)
        snapshots: tuple[str, ...] = ()
        report = hook.status(backup_id)
        if report.phase is Phase.FAULT:
            raise Unreachable(f"{part.component} could not be asked about backup {backup_id}: {report.reason}")
        if report.found and asked_at is None:
            raise Conflict(
                f"{part.component} already has a backup {backup_id} ({report.state}) that this run did not ask for;"
                " clear the run from its mint task to take a new ID"
            )
        if not report.found and report.phase is Phase.FAILED:
            raise Rejected(f"{part.component} refused to tell of backup {backup_id}: {report.reason}")
        if report.found:
            self.log.info("An earlier try of this task started it: %s", report.progress)
        else:
            snapshots = self._start(hook, backup_id, store, key, asked_before=asked_at is not None)
        return {
            "backup_id": backup_id,
            "asked_at": store.get(key),
            "give_up_at": give_up_at,
            "snapshots": list(snapshots),
        }

    def _start(self, hook: PartHook, backup_id: int, store: Any, key: str, *, asked_before: bool) -> tuple[str, ...]:
        if not asked_before:
            store.set(key, time.time())
        try:
            return hook.start(backup_id)
        except Conflict as error:
            if asked_before and self._appears(hook, backup_id):
                return ()
            if asked_before:
                raise BackupFailed(
                    f"{error}; the component lost the backup that an earlier try asked for, and the ID is spent."
                    " Clear the run from its mint task to take a new ID."
                ) from error
            store.delete(key)  # it is somebody else's: a cleared task must not take it for its own
            raise

    def _appears(self, hook: PartHook, backup_id: int) -> bool:
        """Return whether what an earlier try asked for is there; nobody tells of a backup at once."""
        end = time.monotonic() + APPEARS
        while not hook.status(backup_id).found:
            if time.monotonic() > end:
                return False
            time.sleep(LOOK)
        self.log.info("An earlier try of this task started it")
        return True


class StartBackup(StartPart):
    """Start one component's part of the set, and refuse to when exporting is not paused as it was.

    :param pause: what the pause task returned (templated)
    :param exporting: keyword arguments of :class:`~camunda_backup.hooks.camunda.ExportingHook`
    """

    template_fields: Sequence[str] = ("backup_id", "pause")

    def __init__(self, *, pause: Any, exporting: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pause = pause
        self.exporting = exporting

    def require(self) -> float:
        """Look whether the pause holds; return when it ends whatever happens."""
        give_up_at: float = self.pause["give_up_at"]
        if time.time() >= give_up_at:
            raise BackupFailed("the pause reached max_pause of the cluster file; the backup is given up")
        seen = ExportingHook(**self.exporting).look()
        mode = PauseMode(self.pause["mode"])
        if not seen.paused(mode):
            raise PauseBroken(
                f"exporting is not paused ({mode}) any more: {seen.phases}; a backup made now would not be"
                " consistent. Clear the run from its check task."
            )
        return give_up_at
