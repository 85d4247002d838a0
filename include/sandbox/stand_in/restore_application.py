"""Zeebe's restore application, ``bin/restore --backupId=N``, with its output as recorded from Camunda 8.6.0."""

from sandbox.stand_in.model.backups import COMPLETED
from sandbox.stand_in.world import World

RESTORE_PARTS = 2
NOT_EMPTY = "java.nio.file.DirectoryNotEmptyException: /usr/local/zeebe/data"
NOT_FOUND = "io.camunda.zeebe.restore.BackupNotFoundException: Could not find a completed backup with id {id}."
NO_STORE = "No backup store configured, cannot restore from backup."
REFUSED = "java.net.ConnectException: Connection refused: stand-in"
RESTORED = "Successfully restored broker from backup {id}"


class RestoreApplication:
    """Brings Zeebe's data back out of a backup, into an empty directory."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def run(self, number: int) -> tuple[int, str]:
        """Restore a backup; returns the exit code, 0 or 1, and what is printed."""
        world, conditions = self._world, self._world.conditions
        if conditions.backup_store == "none":
            return 1, NO_STORE
        if world.data_directory:
            return 1, NOT_EMPTY
        await world.pace.parts(RESTORE_PARTS)
        if conditions.restore_store == "refusing":
            return 1, REFUSED
        backup = world.zeebe_backups.known.get(number)
        if backup is None or backup.state != COMPLETED:
            return 1, NOT_FOUND.replace("{id}", str(number))
        world.zeebe.load({p.number: p.held for p in backup.partitions})
        world.zeebe_backups.latest = number
        world.data_directory = {"raft-partition"}
        return 0, RESTORED.replace("{id}", str(number))
