"""Restore by the running cluster itself (Camunda 8.10): only Optimize stops, snapshots come before Zeebe's partitions.

The order is the manual's and cannot be another: Zeebe goes back to work by itself as soon as its last partition is
restored, so everything it will write to must be in place before. Until then recovering mode keeps it, and with it
Operate and Tasklist, from changing anything.
"""

from collections.abc import Sequence

from airflow.sdk import Param, TaskGroup, TriggerRule, chain

from camunda_backup.clusters import AnyCluster
from camunda_backup.operators.recovery import KeepRecovering
from camunda_backup.orders import Stage
from camunda_backup.sensors.recovery import EnterRecovery, RestorePartitions, WaitAtWork
from camunda_backup.sensors.snapshots import RestoreSnapshots
from camunda_backup.shapes import restoring

DOC = """
### Restore {name} at 3 am

1. **Trigger with the form as it is.** That is a dry run: it changes nothing, and the log of `plan` lists every problem
   with what to do, or what would be deleted and restored.
2. **Trigger again** with *dry_run* off and *confirm* = `{name}`. `approve` shows the plan once more; approve it.
3. **Wait.** Optimize stops and Zeebe goes into recovering mode, in which it processes nothing; its brokers run on. The
   snapshots come back, then Zeebe restores its partitions and goes back to work by itself; Optimize starts when
   Zeebe is healthy.
4. **Sign off.** `sign_off` shows the numbers beside the backup's, and the pictures. Accept or reject.

| when this fails | the cluster is | do this |
|---|---|---|
| plan, approve | untouched | correct what it says, start again |
| stop_optimize, enter_recovery | untouched, perhaps in recovering mode | see `keep_recovering`: clear, or give up |
| restore_… | in recovering mode | mend it, clear it; never switch the mode to PROCESSING by hand |
| wait_…, start_optimize | restored | mend it, clear it with everything downstream |
| check_…, take_pictures | running, restored | look at both numbers; clear the task when it only needed time |
| sign_off rejected | running, restored | restore another backup, or mend by hand |
"""


def params() -> dict[str, Param]:
    """Return what the trigger form asks for beside what every restore asks."""
    return {
        "cancel_restore": Param(
            False,
            type="boolean",
            title="Cancel a restore that hangs",
            description="on: a restore that Zeebe has not finished is cancelled, and this one takes its place",
        )
    }


def groups(cluster: AnyCluster, *, backup_id: str, manifest: str, partitions: str) -> list[TaskGroup]:
    """Return the groups in their order, chained; a task behind them keeps the mode after a failure in one of them.

    :param backup_id: template that gives the set's ID
    :param manifest: template that gives its manifest
    :param partitions: template that gives its number of partitions
    """
    found = [
        _quiet(cluster, backup_id),
        *_brought_back(cluster, backup_id, manifest),
        *_back_at_work(cluster, partitions),
    ]
    chain(*found)
    changing = [child.task_id for group in found for child in group]
    keep = KeepRecovering(
        task_id="keep_recovering",
        cluster=cluster,
        watched=changing,
        replacing=[f"restore_{component}" for component in _stored(cluster)],
        trigger_rule=TriggerRule.ALL_DONE,
        retries=2,
    )
    for group in found[-2:]:
        group >> keep
    return found


def _quiet(cluster: AnyCluster, backup_id: str) -> TaskGroup:
    """Optimize stops; Zeebe stops working."""
    with TaskGroup("nothing_writes", prefix_group_id=False) as group:
        stops = restoring.stops(cluster, tuple(reversed(cluster.processes)))
        chain(*stops, EnterRecovery(task_id="enter_recovery", cluster=cluster, backup_id=backup_id))
    return group


def _stored(cluster: AnyCluster) -> Sequence[str]:
    """Everything but Zeebe itself, in the mission's order."""
    zeebe = cluster.components(Stage.ZEEBE)
    return [component.value for component in cluster.all_components if component not in zeebe]


def _brought_back(cluster: AnyCluster, backup_id: str, manifest: str) -> list[TaskGroup]:
    """The snapshots of each stage, then Zeebe's partitions."""
    found = []
    for stage in (Stage.WEB_APPS, Stage.OPTIMIZE, Stage.RECORDS, Stage.ZEEBE):
        if not cluster.components(stage):
            continue
        with TaskGroup(f"bring_back_{stage}", prefix_group_id=False) as group:
            if stage is Stage.ZEEBE:
                RestorePartitions(task_id="restore_zeebe", cluster=cluster, backup_id=backup_id)
            else:
                for component in cluster.components(stage):
                    RestoreSnapshots(
                        task_id=f"restore_{component}", cluster=cluster, component=component, manifest=manifest
                    )
        found.append(group)
    return found


def _back_at_work(cluster: AnyCluster, partitions: str) -> list[TaskGroup]:
    """Zeebe until it is healthy; only then Optimize."""
    with TaskGroup("wait_for_zeebe", prefix_group_id=False) as zeebe:
        WaitAtWork(task_id="wait_zeebe", cluster=cluster, partitions=partitions)
    found = [zeebe]
    for component in cluster.processes:
        with TaskGroup(f"start_{component}_and_wait", prefix_group_id=False) as group:
            restoring.start(cluster, component)
        found.append(group)
    return found
