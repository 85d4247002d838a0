"""The steps of a backup of a cluster whose secondary storage is a database; none pauses anything."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Context

from camunda_backup.continuity import as_exported, reached
from camunda_backup.dumps import database_of
from camunda_backup.errors import Rejected
from camunda_backup.hooks.parts import ContinuousHook, Part
from camunda_backup.hooks.storage import StorageHook
from camunda_backup.operators.check import others_running
from camunda_backup.operators.step import RunbookStep, TimedStep
from camunda_backup.rdbms_clusters import RdbmsCluster
from camunda_backup.rdbms_inspection import RdbmsInspection
from camunda_backup.showing import shown_counts


class CheckRdbmsCluster(RunbookStep):
    """Run all checks and list every problem at once. Returns what each component says its version is.

    :param cluster: the cluster file
    """

    def __init__(self, *, cluster: RdbmsCluster, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster

    def step(self, context: Context) -> dict[str, str]:
        """Check; raises Rejected with every problem."""
        look = RdbmsInspection(self.cluster)
        problems = [*look.problems(), *others_running(context, self.cluster)]
        if problems:
            raise Rejected(
                f"{self.cluster.name} cannot be backed up now; nothing was changed:\n- " + "\n- ".join(problems)
            )
        self.log.info("%s is ready for a backup: %s", self.cluster.name, look.versions)
        return look.versions


class CountShown(RunbookStep):
    """Count, before anything is backed up, what a restored cluster can be held against.

    Returns ``counts``, and ``indices`` (number, documents, bytes) of Optimize where it is there.

    :param cluster: the cluster file
    """

    def __init__(self, *, cluster: RdbmsCluster, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster

    def step(self, context: Context) -> dict[str, Any]:
        """Let the REST API count, and the search engine Optimize's documents."""
        counts = shown_counts(self.cluster)
        self.log.info("Counted %s", counts)
        if self.cluster.optimize_storage is None:
            return {"counts": counts}
        storage, prefix = StorageHook(**self.cluster.storage()), self.cluster.prefixes["optimize"]
        storage.request("POST", f"/{prefix}*/_refresh")
        found = storage.own_indices([prefix])
        documents, size = sum(one.documents for one in found), sum(one.size for one in found)
        return {
            "counts": counts,
            "indices": {"optimize": {"indices": len(found), "documents": documents, "bytes": size}},
        }


class DumpDatabase(TimedStep):
    """Dump the database. Returns the ``dump``.

    :param config: see ``RdbmsCluster.dump_config``
    :param backup_id: of the set (templated)
    """

    ui_color = "#d6e4f5"
    template_fields: Sequence[str] = ("backup_id",)

    def __init__(self, *, config: Mapping[str, Any], backup_id: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.backup_id = backup_id

    def step(self, context: Context) -> dict[str, Any]:
        """Dump; a try that is repeated writes the same file again."""
        dump = database_of(self.config).take(int(self.backup_id))
        self.log.info("The database was dumped into %s", dump["file"])
        return {"dump": dump}


class VerifyDump(RunbookStep):
    """Read the dump again, to its end. Returns the ``dump`` with the exported positions in it.

    :param config: see ``RdbmsCluster.dump_config``
    :param dumped: what the dump task returned (templated)
    """

    ui_color = "#d7efd9"
    template_fields: Sequence[str] = ("dumped",)

    def __init__(self, *, config: Mapping[str, Any], dumped: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.dumped = dumped

    def step(self, context: Context) -> dict[str, Any]:
        """Verify; raises BackupFailed for a dump that could not be brought back."""
        dump = database_of(self.config).verify(self.dumped["dump"])
        self.log.info("The dump %s is whole; exported positions in it: %s", dump["file"], dump["exported"])
        return {"dump": dump}


class StartContinuousBackup(RunbookStep):
    """Ask Zeebe for a backup behind the dump, under an ID that Zeebe makes; safe to retry after a crash.

    The newest backup of Zeebe's own schedule is taken instead, when ``reuse`` allows it and it holds all that was
    exported into the dump. Returns ``backup_id``, ``asked_at`` (seconds since the epoch) and ``give_up_at`` (None).

    :param part: keyword arguments of :class:`~camunda_backup.hooks.parts.Part`, of Zeebe
    :param verified: what the task that verified the dump returned (templated)
    :param reuse: seconds; how old the schedule's newest backup may be; None: ask for one
    """

    ui_color = "#d6e4f5"
    template_fields: Sequence[str] = ("verified",)

    def __init__(self, *, part: dict[str, Any], verified: Any, reuse: float | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.part = part
        self.verified = verified
        self.reuse = reuse

    def step(self, context: Context) -> dict[str, Any]:
        """Start one, or recognise one that serves."""
        hook, store = ContinuousHook(Part(**self.part)), context["task_state_store"]
        exported = as_exported(self.verified["dump"]["exported"])
        asked_at: Any = store.get("asked_at")
        # A try before this one may have asked and not heard the answer: what it started is behind the dump as well.
        not_before = asked_at and datetime.fromtimestamp(asked_at, UTC)
        if not_before is None and self.reuse is not None:
            not_before = datetime.now(UTC) - timedelta(seconds=self.reuse)
        newest = not_before and reached(hook.holdings(), exported, not_before)
        if newest:
            self.log.info("Zeebe's own backup %d serves: it holds all that was exported into the dump", newest)
            return {"backup_id": newest, "asked_at": not_before.timestamp(), "give_up_at": None}
        if asked_at is None:
            asked_at = time.time()
            store.set("asked_at", asked_at)
        backup_id = hook.begin()
        self.log.info("Zeebe makes backup %d", backup_id)
        return {"backup_id": backup_id, "asked_at": asked_at, "give_up_at": None}
