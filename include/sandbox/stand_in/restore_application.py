"""Zeebe's restore application, ``bin/restore --backupId=N``: what it does and prints, recorded from Camunda 8.6.0.

Without an ID, for a database as secondary storage, it is known from the manual and the source of 8.9.
"""

from collections.abc import Iterator

from sandbox.stand_in.model.backups import COMPLETED, StoreTrouble, ZeebeBackup
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
        try:
            number = wanted if exported is None else await self._reached(exported)
            found = await self._found(number, exported)
            if isinstance(found, str):
                return self._given_up(found)
            world.zeebe.load(await world.zeebe_backups.load(found))
        except StoreTrouble:
            return self._given_up(REFUSED)
        for partition, position in (exported or {}).items():
            world.zeebe.partitions[partition].acknowledged = world.zeebe.partitions[partition].written = position
        world.database = None
        world.zeebe_backups.latest = found.number
        world.data_directory = {"raft-partition"}
        return 0, [*said("INFO", APPLICATION, f"Successfully restored broker from backup {found.number}")]

    async def _found(self, number: int | None, exported: dict[int, int] | None) -> ZeebeBackup | str:
        """Find the backup to restore, or what is in the way."""
        conditions = self._world.conditions
        if conditions.backup_store == "none":
            return NO_STORE
        if conditions.restore_store == "refusing":
            return REFUSED
        if exported is not None and number is None:
            return NO_RANGE.format(exported=exported)
        backup = await self._world.zeebe_backups.get(number or 0)
        return backup if backup and backup.state == COMPLETED else NOT_FOUND.format(number=number)

    def _given_up(self, trouble: str) -> tuple[int, list[str]]:
        self._world.data_directory = set()
        given_up = said("ERROR", MANAGER, f"Failed to restore broker. Deleting data directory {DATA}")
        return 1, [*given_up, *failed(trouble)]

    async def _reached(self, exported: dict[int, int]) -> int | None:
        """Choose the newest backup of the ranges that reach over every partition's exported position."""
        newest: list[int] = []
        ranges = (await holdings(self._world))["ranges"]
        for number in self._world.zeebe.partitions:
            position = exported.get(number)
            ends = [
                held["end"]["checkpointId"]
                for held in ranges
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
