"""What Zeebe's backup store holds, as 8.9 and later tell it: checkpoints, backups and the ranges they cover."""

from typing import Any

from sandbox.stand_in.model.backups import COMPLETED, PartitionBackup, ZeebeBackup
from sandbox.stand_in.world import World

Entry = dict[str, Any]


async def holdings(world: World) -> Entry:
    """Describe the store: one range from the first record to the newest backup, or two around a gap before it."""
    conditions = world.conditions
    kind = "SCHEDULED_BACKUP" if conditions.generates_ids else "MANUAL_BACKUP"
    done = sorted((b for b in await world.zeebe_backups.all() if b.state == COMPLETED), key=lambda b: b.number)
    states: list[Entry] = []
    ranges: list[Entry] = []
    for number in world.zeebe.partitions:
        if not done or number in conditions.partitions_without_backup:
            continue
        newest = _checkpoint(done[-1], number, kind)
        states.append({**newest, "firstLogPosition": 1})
        if number in conditions.backup_gaps:
            ranges += [_range(_checkpoint(backup, number, kind), 1) for backup in done[:-1][-1:]]
            ranges.append(_range(newest, newest["checkpointPosition"]))
        else:
            ranges.append({**_range(_checkpoint(done[0], number, kind), 1), "end": newest})
    return {"checkpointStates": states, "backupStates": states, "ranges": ranges}


def _range(checkpoint: Entry, first: int) -> Entry:
    return {
        "partitionId": checkpoint["partitionId"],
        "start": {**checkpoint, "firstLogPosition": first},
        "end": checkpoint,
    }


def _checkpoint(backup: ZeebeBackup, number: int, kind: str) -> Entry:
    part: PartitionBackup = next(part for part in backup.partitions if part.number == number)
    return {
        "checkpointId": backup.number,
        "checkpointType": kind,
        "partitionId": number,
        "checkpointPosition": part.position,
        "checkpointTimestamp": part.created,
    }
