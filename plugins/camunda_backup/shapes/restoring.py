"""Restore by stopping everything: Zeebe's data first, then the web apps' indices; and what frames every restore.

A restore from a hot backup and one from a cold backup are the same tasks; only the brokers' data comes from elsewhere.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, BaseOperator, Param, TaskGroup, TriggerRule, chain, task

from camunda_backup import manifests
from camunda_backup.clusters import AnyCluster, Cluster
from camunda_backup.operators.cold_verification import BringBackBroker, LoadDatabase
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
from camunda_backup.states import Companion, Component, Runs

log = logging.getLogger(__name__)

BACKUP_ID = "{{ ti.xcom_pull(task_ids='plan')['backup_id'] }}"
MANIFEST = "{{ ti.xcom_pull(task_ids='plan')['manifest'] }}"
PARTITIONS = "{{ ti.xcom_pull(task_ids='plan')['partitions'] }}"


def params(cluster: AnyCluster) -> dict[str, Param]:
    """Return what the trigger form of every restore asks for."""
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
    }


def groups(cluster: AnyCluster, *, cold: bool = False) -> list[TaskGroup]:
    """Return the groups in their order, chained; a task behind them keeps everything stopped after a failure.

    :param cold: from a cold backup: companions stop and start too, and the brokers' data comes from copies
    """
    stopped, started = stopping(cluster, cold=cold), starting(cluster, cold=cold)
    found = [stopped, *restoring(cluster, cold=cold), *started]
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


def stopping(cluster: AnyCluster, *, cold: bool = False) -> TaskGroup:
    """Stop everything: Optimize and the web apps, then Zeebe; for a cold set, what runs beside them as well."""
    order: Sequence[Runs] = cluster.stop_order if cold else tuple(reversed(cluster.processes))
    with TaskGroup("stop", prefix_group_id=False) as group:
        chain(*stops(cluster, order))
    return group


def stops(cluster: AnyCluster, order: Sequence[Runs]) -> list[BaseOperator]:
    """Return the tasks that stop these, not chained."""
    return [StopComponent(task_id=f"stop_{one}", cluster=cluster, component=one) for one in order]


def restoring(cluster: AnyCluster, *, cold: bool = False) -> list[TaskGroup]:
    """Zeebe's data, then Operate and Tasklist side by side, then Optimize, then the records; a database before all."""
    found = []
    if isinstance(cluster, RdbmsCluster):
        with TaskGroup("bring_back_database", prefix_group_id=False) as group:
            RestoreDatabase(task_id="restore_database", cluster=cluster, manifest=MANIFEST)
        found.append(group)
    for stage in filter(cluster.components, Stage):
        with TaskGroup(f"bring_back_{stage}", prefix_group_id=False) as group:
            if stage is Stage.ZEEBE:
                _brokers(cluster, cold=cold)
            else:
                for component in cluster.components(stage):
                    RestoreSnapshots(
                        task_id=f"restore_{component}", cluster=cluster, component=component, manifest=MANIFEST
                    )
        found.append(group)
    return found


def _brokers(cluster: AnyCluster, *, cold: bool) -> None:
    """The brokers' data, and for a cold set the databases that are dumped with it."""
    for broker in cluster.broker_names:
        name = f"restore_zeebe_{broker}"
        if cold and isinstance(cluster, Cluster):
            BringBackBroker(task_id=name, cluster=cluster, broker=broker, manifest=MANIFEST)
        else:
            RestoreZeebe(task_id=name, cluster=cluster, broker=broker, backup_id=BACKUP_ID)
    if not cold or not isinstance(cluster, Cluster):
        return
    for database in cluster.cold.databases if cluster.cold else ():
        if database.load:
            LoadDatabase(
                task_id=f"restore_{database.name}_database", cluster=cluster, database=database.name, manifest=MANIFEST
            )


def starting(cluster: AnyCluster, *, cold: bool = False) -> list[TaskGroup]:
    """Zeebe until it is healthy; only then Operate and Tasklist; then Optimize."""
    beside = [one for one in reversed(cluster.stop_order) if isinstance(one, Companion)] if cold else []
    last = [one for one in beside if one is Companion.WEB_MODELER]
    stages: list[tuple[str, Sequence[Runs]]] = [
        (stage, [component for component in cluster.components(stage) if component in cluster.processes])
        for stage in (Stage.ZEEBE, Stage.WEB_APPS, Stage.OPTIMIZE)
    ]
    stages = [("companions", [one for one in beside if one not in last]), *stages, ("web_modeler", last)]
    found = []
    for stage, ones in stages:
        if not ones:
            continue
        with TaskGroup(f"start_{stage}_and_wait", prefix_group_id=False) as group:
            for one in ones:
                start(cluster, one)
        found.append(group)
    return found


def start(cluster: AnyCluster, one: Runs) -> None:
    """Start something and wait until it is healthy."""
    partitions = PARTITIONS if one is Component.ZEEBE else None
    started = StartComponent(task_id=f"start_{one}", cluster=cluster, component=one, stopped=stopped(one))
    started >> WaitHealthy(task_id=f"wait_{one}", cluster=cluster, component=one, partitions=partitions)


def stopped(one: Runs) -> str:
    """Return the template for what the stop of something returned."""
    return f"{{{{ ti.xcom_pull(task_ids='stop_{one}') }}}}"


def checking(cluster: AnyCluster, manifest: str = MANIFEST, name: str = "check_the_restored_cluster") -> TaskGroup:
    """Identity, partitions, numbers and Optimize, side by side.

    :param manifest: template that gives what the cluster is held against
    """
    with TaskGroup(name, prefix_group_id=False) as group:
        CheckIdentity(
            task_id="check_identity", deadline=cluster.restore_limits.settle.total_seconds(), **cluster.sign_ins()
        )
        dumped = isinstance(cluster, RdbmsCluster)
        partitions, counts = (CheckExportedPartitions, CheckShownCounts) if dumped else (CheckPartitions, CheckCounts)
        partitions(task_id="check_partitions", cluster=cluster, manifest=manifest)
        counts(task_id="check_counts", cluster=cluster, manifest=manifest)
        if cluster.components(Stage.OPTIMIZE):
            CheckOptimize(task_id="check_optimize", cluster=cluster, manifest=manifest)
    return group


@task.short_circuit(retries=0)
def end_of_dry_run(**context: Any) -> bool:
    """Go on only when this is no dry run."""
    dry_run: bool = context["params"]["dry_run"]
    if dry_run:
        log.info("This was a dry run: nothing was changed. The log of the task plan says what would be done.")
    return not dry_run


def framed(
    cluster: AnyCluster,
    kind: str,
    doc: str,
    asked: dict[str, Param],
    change: Callable[[], list[TaskGroup]],
) -> DAG:
    """Return a restore DAG: plan, approval, what changes the cluster, checks, pictures, sign-off, report.

    :param kind: ``hot`` or ``cold``
    :param asked: what the trigger form asks for
    :param change: makes the groups that change the cluster
    """
    location, cold = manifests.location(cluster.manifests), kind == manifests.COLD
    with DAG(
        cluster.dag_id("cold_restore" if cold else "restore"),
        dag_display_name=f"{'Cold restore' if cold else 'Restore'} {cluster.name}",
        description=f"Restore of Camunda {cluster.version} from a {'cold ' * cold}backup set, started by hand",
        doc_md=doc.format(name=cluster.name),
        schedule=None,
        max_active_runs=1,
        render_template_as_native_obj=True,
        params=asked,
        tags=["camunda", "restore", cluster.name],
        default_args={"owner": cluster.owner, "retries": 1, "retry_delay": timedelta(seconds=10)},
    ) as dag:
        plan = PlanRestore(task_id="plan", cluster=cluster, location=location, kind=kind, retries=0)
        if cluster.runtime is None and cluster.processes:
            return dag  # the plan says what is missing; nothing may hang behind it
        approve = ApproveRestore(task_id="approve", cluster=cluster)
        changes, checked = change(), checking(cluster)
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
