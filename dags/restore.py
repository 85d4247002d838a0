"""Restore of Camunda 8 from a backup set, started by hand: one DAG for each file in include/clusters."""

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param, TaskGroup, TriggerRule, chain, task

from camunda_backup import manifests
from camunda_backup.cluster_files import read_files
from camunda_backup.clusters import AnyCluster
from camunda_backup.operators.identity import CheckIdentity
from camunda_backup.operators.people import ApproveRestore, SignOff
from camunda_backup.operators.pictures import TakePictures
from camunda_backup.operators.planning import PlanRestore
from camunda_backup.operators.rdbms_restoring import RestoreDatabase
from camunda_backup.operators.report import RecordRestore
from camunda_backup.operators.restoring import KeepStopped, RestoreZeebe, StartComponent
from camunda_backup.orders import Stage
from camunda_backup.rdbms_clusters import RdbmsCluster
from camunda_backup.sensors.processes import StopComponent, WaitHealthy
from camunda_backup.sensors.rdbms_verification import CheckExportedPartitions, CheckShownCounts
from camunda_backup.sensors.snapshots import RestoreSnapshots
from camunda_backup.sensors.verification import CheckCounts, CheckOptimize, CheckPartitions
from camunda_backup.shapes import restore_api
from camunda_backup.states import Component

log = logging.getLogger(__name__)

DOC = """
### Restore {name} at 3 am

1. **Trigger with the form as it is.** That is a dry run: it changes nothing, and the log of `plan` lists every problem
   with what to do, or what would be deleted and restored.
2. **Trigger again** with *dry_run* off and *confirm* = `{name}`. `approve` shows the plan once more; approve it.
3. **Wait.** Everything stops, Zeebe's data comes first (behind the database, where there is one), then
   Operate/Tasklist, then Optimize; Zeebe starts, and only when it is healthy the others.
4. **Sign off.** `sign_off` shows the numbers beside the backup's, and the pictures. Accept or reject.

| when this fails | the cluster is | do this |
|---|---|---|
| plan, approve | untouched | correct what it says, start again |
| stop_… | partly stopped, data untouched | mend it, clear the task with everything downstream |
| restore_…, start_…, wait_… | kept stopped, see `keep_stopped` | mend it, clear from where it says |
| check_…, take_pictures | running, restored | look at both numbers; clear the task when it only needed time |
| sign_off rejected | running, restored | restore another backup, or mend by hand |
"""
BACKUP_ID = "{{ ti.xcom_pull(task_ids='plan')['backup_id'] }}"
MANIFEST = "{{ ti.xcom_pull(task_ids='plan')['manifest'] }}"
PARTITIONS = "{{ ti.xcom_pull(task_ids='plan')['partitions'] }}"


def by_itself(cluster: AnyCluster) -> bool:
    """Whether the running cluster restores its own partitions."""
    return cluster.generation.restore == "api"


def params(cluster: AnyCluster) -> dict[str, Param]:
    """Return what the trigger form asks for."""
    return {
        "backup_id": Param(
            None, type=["integer", "null"], minimum=1, title="Backup ID", description="empty: the newest complete set"
        ),
        "dry_run": Param(
            True, type="boolean", title="Dry run", description="on: look and plan, change nothing; off: restore"
        ),
        "confirm": Param(
            "",
            type=["string", "null"],
            title="Confirm",
            description=f"type {cluster.name} to restore it; all its data of now is deleted. Not needed for a dry run",
        ),
        "approve": Param(
            True,
            type="boolean",
            title="Ask for approval",
            description="on: a person sees the plan and approves it before anything is deleted",
        ),
        **(restore_api.params() if by_itself(cluster) else {}),
    }


def groups(cluster: AnyCluster) -> list[TaskGroup]:
    """Everything that changes the cluster, and what keeps it safe when one of these tasks fails."""
    if by_itself(cluster):
        return restore_api.groups(cluster, backup_id=BACKUP_ID, manifest=MANIFEST, partitions=PARTITIONS)
    stopped, started = stopping(cluster), starting(cluster)
    found = [stopped, *restoring(cluster), *started]
    chain(*found)
    keep_stopped = KeepStopped(
        task_id="keep_stopped",
        cluster=cluster,
        watched=[child.task_id for group in found for child in group],
        trigger_rule=TriggerRule.ALL_DONE,
        retries=2,
    )
    for group in started:  # each of them, so that it waits for starts that still go on
        group >> keep_stopped
    return found


def stopping(cluster: AnyCluster) -> TaskGroup:
    """Stop every component, Zeebe last."""
    with TaskGroup("stop", prefix_group_id=False) as group:
        chain(
            *(
                StopComponent(task_id=f"stop_{component}", cluster=cluster, component=component)
                for component in reversed(cluster.processes)
            )
        )
    return group


def restoring(cluster: AnyCluster) -> list[TaskGroup]:
    """Zeebe's data, then Operate and Tasklist side by side, then Optimize, then the records; a database before all."""
    found = []
    if isinstance(cluster, RdbmsCluster):
        with TaskGroup("bring_back_database", prefix_group_id=False) as group:
            RestoreDatabase(task_id="restore_database", cluster=cluster, manifest=MANIFEST)
        found.append(group)
    for stage in filter(cluster.components, Stage):
        with TaskGroup(f"bring_back_{stage}", prefix_group_id=False) as group:
            if stage is Stage.ZEEBE:
                for broker in cluster.broker_names:
                    RestoreZeebe(task_id=f"restore_zeebe_{broker}", cluster=cluster, broker=broker, backup_id=BACKUP_ID)
            else:
                for component in cluster.components(stage):
                    RestoreSnapshots(
                        task_id=f"restore_{component}", cluster=cluster, component=component, manifest=MANIFEST
                    )
        found.append(group)
    return found


def starting(cluster: AnyCluster) -> list[TaskGroup]:
    """Zeebe until it is healthy; only then Operate and Tasklist; then Optimize."""
    found = []
    for stage in (Stage.ZEEBE, Stage.WEB_APPS, Stage.OPTIMIZE):
        components = [component for component in cluster.components(stage) if component in cluster.processes]
        if not components:
            continue
        with TaskGroup(f"start_{stage}_and_wait", prefix_group_id=False) as group:
            for component in components:
                start = StartComponent(
                    task_id=f"start_{component}",
                    cluster=cluster,
                    component=component,
                    stopped=f"{{{{ ti.xcom_pull(task_ids='stop_{component}') }}}}",
                )
                partitions = PARTITIONS if component is Component.ZEEBE else None
                start >> WaitHealthy(
                    task_id=f"wait_{component}", cluster=cluster, component=component, partitions=partitions
                )
        found.append(group)
    return found


def checking(cluster: AnyCluster) -> TaskGroup:
    """Identity, partitions, numbers and Optimize, side by side."""
    with TaskGroup("check_the_restored_cluster", prefix_group_id=False) as group:
        CheckIdentity(
            task_id="check_identity", deadline=cluster.restore_limits.settle.total_seconds(), **cluster.sign_ins()
        )
        dumped = isinstance(cluster, RdbmsCluster)
        partitions, counts = (CheckExportedPartitions, CheckShownCounts) if dumped else (CheckPartitions, CheckCounts)
        partitions(task_id="check_partitions", cluster=cluster, manifest=MANIFEST)
        counts(task_id="check_counts", cluster=cluster, manifest=MANIFEST)
        if cluster.components(Stage.OPTIMIZE):
            CheckOptimize(task_id="check_optimize", cluster=cluster, manifest=MANIFEST)
    return group


@task.short_circuit(retries=0)
def end_of_dry_run(**context: Any) -> bool:
    """Go on only when this is no dry run."""
    dry_run: bool = context["params"]["dry_run"]
    if dry_run:
        log.info("This was a dry run: nothing was changed. The log of the task plan says what would be done.")
    return not dry_run


def restore(cluster: AnyCluster) -> DAG:
    """Return the restore DAG of one cluster."""
    location = manifests.location(cluster.manifests)
    with DAG(
        cluster.dag_id("restore"),
        dag_display_name=f"Restore {cluster.name}",
        description=f"Restore of Camunda {cluster.version} from a backup set, started by hand",
        doc_md=(restore_api.DOC if by_itself(cluster) else DOC).format(name=cluster.name),
        schedule=None,
        max_active_runs=1,
        render_template_as_native_obj=True,
        params=params(cluster),
        tags=["camunda", "restore", cluster.name],
        default_args={"owner": cluster.owner, "retries": 1, "retry_delay": timedelta(seconds=10)},
    ) as dag:
        plan = PlanRestore(task_id="plan", cluster=cluster, location=location, retries=0)
        if cluster.runtime is None and cluster.processes:
            return dag  # the plan says what is missing; nothing may hang behind it
        approve = ApproveRestore(task_id="approve", cluster=cluster)
        changes, checked = groups(cluster), checking(cluster)
        pictures = TakePictures(
            task_id="take_pictures", cluster=cluster, backup_id=BACKUP_ID, location=location, retries=0
        )
        sign_off = SignOff(task_id="sign_off", cluster=cluster)
        changing, verified = ([child.task_id for group in some for child in group] for some in (changes, [checked]))
        report = RecordRestore(
            task_id="report",
            cluster=cluster.name,
            location=location,
            steps=[*changing, *verified],
            healthy=[task_id for task_id in changing if task_id.startswith("wait_")],
            verified=verified,
        )
        chain(plan, end_of_dry_run(), approve, changes[0])
        chain(changes[-1], checked, pictures, sign_off, report)
    return dag


for one in read_files()[0]:
    globals()[one.dag_id("restore")] = restore(one)
