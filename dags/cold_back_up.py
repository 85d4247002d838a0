"""Cold backup of Camunda 8, for which everything stops: one DAG for each cluster file that has ``cold``."""

from datetime import timedelta

from airflow.sdk import DAG, BaseOperator, Param, TriggerRule, chain, task
from airflow.sdk.exceptions import AirflowFailException

from camunda_backup import manifests
from camunda_backup.cluster_files import read_clusters
from camunda_backup.clusters import Cluster
from camunda_backup.operators.backups import MintBackupId
from camunda_backup.operators.cold import (
    BeginDowntime,
    CopyBroker,
    DumpDatabase,
    EndDowntime,
    PlanColdBackup,
    RecordColdManifest,
    StartAgain,
)
from camunda_backup.operators.cold_verification import VerifyColdBackup
from camunda_backup.operators.people import ApproveRestore
from camunda_backup.operators.verification import CountSecondaryStorage
from camunda_backup.sensors.cold import TakeSnapshot, WaitAgain
from camunda_backup.shapes.restoring import PARTITIONS, checking, end_of_dry_run, stopped, stopping
from camunda_backup.states import Component

DOC = """
### Cold backup of {name}

**The whole cluster is down while this runs**, for everybody: it stops, is copied as it stands still, and starts again.
The search engine stays up: its snapshots are part of the set. [When to choose it, and the runbook](docs/cold.md).

1. **Trigger with the form as it is.** That is a dry run: it changes nothing, and the log of `plan` lists every problem.
2. **Trigger again** with *dry_run* off and *confirm* = `{name}`. `approve` shows once more what will be down; approve.

| step | what it does | when it fails |
|---|---|---|
| plan, approve | every check, every problem in one list | nothing was changed |
| stop_… | everything stops, seen to be stopped | everything that ran is started again |
| copy_…, snapshot_…, dump_… | copies, each read again to its end | everything that ran is started again |
| verify_set | the set is complete | everything that ran is started again |
| start_…, wait_… | run **whatever happened**, in order, until each is healthy | `end_downtime` says what is down |
| check_… | the cluster works as before | look; clear it when it only needed time |
| record | writes the manifest and the asset event | clear it |

A green run means: the set is complete, and the cluster runs and was checked.
"""


def pulled(task_id: str) -> str:
    """Return the template for another task's result, which draws no edge of its own into the graph."""
    return f"{{{{ ti.xcom_pull(task_ids='{task_id}') }}}}"


def params(cluster: Cluster) -> dict[str, Param]:
    """Return what the trigger form asks for."""
    return {
        "dry_run": Param(
            True, type="boolean", title="Dry run", description="on: look and plan, change nothing; off: stop and copy"
        ),
        "confirm": Param(
            "",
            type=["string", "null"],
            title="Confirm the downtime",
            description=f"DOWNTIME: all of {cluster.name} is stopped until its data is copied, and nobody can work"
            f" meanwhile. Type {cluster.name} to allow it. Not needed for a dry run",
        ),
        "approve": Param(
            True,
            type="boolean",
            title="Ask for approval",
            description="on: a person sees what will be down and approves it before anything is stopped",
        ),
    }


def copying(cluster: Cluster) -> tuple[list[BaseOperator], list[BaseOperator], list[BaseOperator]]:
    """Copy the brokers' data, take the snapshots, and dump the databases, all side by side."""
    backup_id = pulled("mint_backup_id")
    brokers: list[BaseOperator] = [
        CopyBroker(task_id=f"copy_{broker}", cluster=cluster, broker=broker, backup_id=backup_id)
        for broker in cluster.broker_names
    ]
    snapshots: list[BaseOperator] = [
        TakeSnapshot(task_id=f"snapshot_{one}", cluster=cluster, component=one, backup_id=backup_id)
        for one in cluster.all_components
        if one is not Component.ZEEBE
    ]
    dumps: list[BaseOperator] = [
        DumpDatabase(task_id=f"dump_{one.name}", cluster=cluster, database=one.name, backup_id=backup_id)
        for one in (cluster.cold.databases if cluster.cold else ())
    ]
    return brokers, snapshots, dumps


def starting(cluster: Cluster) -> list[BaseOperator]:
    """Start everything that ran before, in the reverse order, each waited for: teardowns without a setup."""
    chained: list[BaseOperator] = []
    for one in reversed(cluster.stop_order):
        start = StartAgain(
            task_id=f"start_{one}",
            cluster=cluster,
            component=one,
            stopped=stopped(one),
            retries=5,
            retry_exponential_backoff=2.0,
            max_retry_delay=timedelta(minutes=5),
        )
        partitions = PARTITIONS if one is Component.ZEEBE else None
        wait = WaitAgain(task_id=f"wait_{one}", cluster=cluster, component=one, partitions=partitions)
        chained += [start, wait]
    chained.append(EndDowntime(task_id="end_downtime", cluster=cluster))
    for teardown in chained:
        teardown.as_teardown(on_failure_fail_dagrun=True)
    chain(*chained)
    return chained


def cold_back_up(cluster: Cluster) -> DAG:
    """Return the cold backup DAG of one cluster."""
    location = manifests.location(cluster.manifests)
    with DAG(
        cluster.dag_id("cold_back_up"),
        dag_display_name=f"Cold back up {cluster.name}",
        description=f"Cold backup of Camunda {cluster.version}: the whole cluster is down meanwhile",
        doc_md=DOC.format(name=cluster.name),
        schedule=None,
        max_active_runs=1,
        render_template_as_native_obj=True,
        params=params(cluster),
        tags=["camunda", "backup", cluster.name],
        default_args={"owner": cluster.owner, "retries": 1, "retry_delay": timedelta(seconds=10)},
    ) as dag:
        plan = PlanColdBackup(task_id="plan", cluster=cluster, location=location, retries=0)
        approve = ApproveRestore(
            task_id="approve", cluster=cluster, question=f"Back up {cluster.name} cold? All of it will be down."
        )
        mint_backup_id = MintBackupId(
            task_id="mint_backup_id",
            parts=[cluster.part(component) for component in cluster.all_components],
            storage=cluster.storage(),
            scheme=cluster.id_scheme,
        )
        begin = BeginDowntime(task_id="begin_downtime", cluster=cluster.name, plan=pulled("plan"))
        stops = stopping(cluster, cold=True)
        brokers, snapshots, dumps = copying(cluster)
        count = CountSecondaryStorage(
            task_id="count", storage=cluster.storage(), version=cluster.version, prefixes=cluster.prefixes
        )
        verify_set = VerifyColdBackup(
            task_id="verify_set",
            cluster=cluster,
            backup_id=pulled("mint_backup_id"),
            plan=pulled("plan"),
            downtime=pulled("begin_downtime"),
            copied=[pulled(one.task_id) for one in brokers],
            snapped=[pulled(one.task_id) for one in snapshots],
            dumped=[pulled(one.task_id) for one in dumps],
            counted=pulled("count"),
        )
        again = starting(cluster)
        checked = checking(cluster, pulled("verify_set"), "check_the_running_cluster")
        record = RecordColdManifest(
            task_id="record",
            manifest=pulled("verify_set"),
            downtime=pulled("end_downtime"),
            location=location,
            cluster=cluster.name,
        )
        chain(plan, end_of_dry_run(), approve, mint_backup_id, begin, stops)
        stops >> [*brokers, *snapshots, *dumps, count] >> verify_set >> again[0]
        [verify_set, again[-1]] >> checked >> record
        # Starts succeed after any failure, and a teardown alone would let the run be a success.
        [*again, record] >> watcher()
    return dag


@task(trigger_rule=TriggerRule.ONE_FAILED, retries=0)
def watcher() -> None:
    """Make the run tell the truth."""
    raise AirflowFailException("A task of this run failed: there is no cold backup of it.")


for one in read_clusters()[0]:
    if one.cold:
        globals()[one.dag_id("cold_back_up")] = cold_back_up(one)
