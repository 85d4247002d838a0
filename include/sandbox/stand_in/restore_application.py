"""Zeebe's restore application, ``bin/restore --backupId=N``: what it does and prints, recorded from Camunda 8.6.0.

Without an ID, for a database as secondary storage, it is known from the manual and the source of 8.9.
"""

from collections.abc import Iterator

from sandbox.stand_in.model.backups import COMPLETED
from sandbox.stand_in.model.clock import zulu
from sandbox.stand_in.roles.zeebe_holdings import holdings
from sandbox.stand_in.world import World

RESTORE_PARTS = 2
RESTORING = {"restoring"}
DATA = "/usr/local/zeebe/data"
APPLICATION, MANAGER = "io.camunda.zeebe.restore.RestoreApp", "io.camunda.zeebe.restore.RestoreManager"
SPRING = "org.springframework.boot.SpringApplication"
NOT_EMPTY = f"java.nio.file.DirectoryNotEmptyException: {DATA}"
NOT_FOUND = "io.camunda.zeebe.restore.BackupNotFoundException: Could not find a completed backup with id {number}."
NO_RANGE = (
    "java.lang.IllegalStateException: No range of backups covers the exported positions {exported} of all partitions "
    "[the stand-in's words]"
)
NO_STORE = "java.lang.IllegalStateException: No backup store configured, cannot restore from backup."
REFUSED = (
    "software.amazon.awssdk.core.exception.SdkClientException: Unable to execute HTTP request: "
    "Connection refused: stand-in"
)


class RestoreApplication:
    """Brings Zeebe's data back out of a backup, into an empty directory."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def run(self, number: int | None) -> tuple[int, str]:
        """Restore a backup, or what fits the database; returns the exit code, 0 or 1, and what is printed."""
        begun = [
            *said("INFO", APPLICATION, f"Starting RestoreApp v{self._world.version('zeebe')} using the stand-in"),
            *said("INFO", APPLICATION, f"Starting to restore from backup {number or 'store by exported positions'}"),
        ]
        if self._world.data_directory:
            exit_code, ended = 1, [*said("ERROR", MANAGER, not_empty()), *failed(NOT_EMPTY)]
        else:
            exit_code, ended = await self._into_empty(number)
        return exit_code, "\n".join([*begun, *ended])

    async def _into_empty(self, wanted: int | None) -> tuple[int, list[str]]:
        world = self._world
        world.data_directory = RESTORING
        await world.pace.parts(RESTORE_PARTS)
        exported = world.exported_positions() if world.conditions.rdbms and wanted is None else None
        number = wanted if exported is None else self._reached(exported)
        backup, trouble = world.zeebe_backups.known.get(number or 0), None
        if world.conditions.backup_store == "none":
            trouble = NO_STORE
        elif world.conditions.restore_store == "refusing":
            trouble = REFUSED
        elif exported is not None and number is None:
            trouble = NO_RANGE.format(exported=exported)
        elif backup is None or backup.state != COMPLETED:
            trouble = NOT_FOUND.format(number=number)
        if trouble or backup is None or number is None:
            world.data_directory = set()
            given_up = said("ERROR", MANAGER, f"Failed to restore broker. Deleting data directory {DATA}")
            return 1, [*given_up, *failed(trouble or "")]
        world.zeebe.load({p.number: p.held for p in backup.partitions})
        for partition, position in (exported or {}).items():
            world.zeebe.partitions[partition].acknowledged = world.zeebe.partitions[partition].written = position
        world.database = None
        world.zeebe_backups.latest = number
        world.data_directory = {"raft-partition"}
        return 0, [*said("INFO", APPLICATION, f"Successfully restored broker from backup {number}")]

    def _reached(self, exported: dict[int, int]) -> int | None:
        """Choose the newest backup of the ranges that reach over every partition's exported position."""
        newest: list[int] = []
        for number in self._world.zeebe.partitions:
            position = exported.get(number)
            ends = [
                held["end"]["checkpointId"]
                for held in holdings(self._world)["ranges"]
                if held["partitionId"] == number
                and position is not None
                and held["start"]["firstLogPosition"] <= position + 1 <= held["end"]["checkpointPosition"] + 1
            ]
            if not ends:
                return None
            newest.append(max(ends))
        return min(newest)


def said(level: str, logger: str, message: str) -> Iterator[str]:
    """Write a message the way the application logs it, on two lines."""
    yield f"{zulu()} [] [main] [] {level} "
    yield f"      {logger} - {message}"


def failed(trouble: str) -> Iterator[str]:
    """Write what ends a restore that failed."""
    yield from said("ERROR", SPRING, "Application run failed")
    yield f"java.util.concurrent.CompletionException: {trouble}"
    yield f"Caused by: {trouble}"


def not_empty() -> str:
    """Say that the data directory is not empty, in the application's own spelling."""
    return (
        f"Brokers's data directory {DATA} is not empty. Aborting restore to avoid overwriting data. "
        "Please restart with a clean directory."
    )
