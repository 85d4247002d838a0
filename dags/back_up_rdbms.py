"""Backup of Camunda 8 with a database as secondary storage: one DAG for each such file in include/clusters."""

from datetime import timedelta

from airflow.sdk import DAG, BaseOperator, CronTriggerTimetable, chain

from camunda_backup import manifests
from camunda_backup.cluster_files import read_rdbms_clusters
from camunda_backup.ids import IdScheme
from camunda_backup.operators.backups import MintBackupId, StartPart
from camunda_backup.operators.rdbms import (
    CheckRdbmsCluster,
    CountShown,
    DumpDatabase,
    StartContinuousBackup,
    VerifyDump,
)
from camunda_backup.operators.rdbms_verification import VerifyRdbmsBackup
from camunda_backup.operators.verification import RecordManifest
from camunda_backup.rdbms_clusters import RdbmsCluster
from camunda_backup.sensors.backup import BackupSensor
from camunda_backup.states import Component

DOC = """
### Backup of {name}, whose secondary storage is a database

**Nothing is paused.** The database is dumped first and Zeebe is backed up after it, so that Zeebe can be restored to
where the dump ends: its exporter goes on from there.

| step | what it does | when it fails |
|---|---|---|
| check | every check, every problem in one list | nothing was changed; correct what it says |
| count | what the cluster shows now, for a restore to be compared with | clear it |
| dump, verify_dump | the whole schema, then read again to its end | clear the run from `mint_backup_id` |
| start, wait: optimize | Optimize under the run's own ID | clear the run from `mint_backup_id` |
| start, wait: zeebe | a backup under an ID that Zeebe makes | clear `start_zeebe` with everything downstream |
| verify | **Zeebe's backups reach over the dump's exported positions without a gap** | it lists what is missing |
| record | writes the manifest and the asset event | clear it |

Zeebe's own scheduled backups go on beside this DAG; the `guard` DAG watches their age and looks for gaps in them.
"""


def pulled(task_id: str) -> str:
    """Return the template for another task's result, which draws no edge of its own into the graph."""
    return f"{{{{ ti.xcom_pull(task_ids='{task_id}') }}}}"


def wait_for(cluster: RdbmsCluster, component: Component) -> BackupSensor:
    """Wait for one component's backup."""
    return BackupSensor(
        task_id=f"wait_{component}",
        started=pulled(f"start_{component}"),
        part=cluster.part(component),
        patience=cluster.limits.patience(),
        clock_skew=cluster.limits.clock_skew.total_seconds(),
    )


def back_up(cluster: RdbmsCluster) -> DAG:
    """Return the backup DAG of one cluster."""
    with DAG(
        cluster.dag_id("back_up"),
        dag_display_name=f"Back up {cluster.name}",
        description=f"Backup of Camunda {cluster.version} with a database as secondary storage, without a pause",
        doc_md=DOC.format(name=cluster.name),
        # No start date: switching the DAG on at noon does not make up for last night.
        schedule=cluster.schedule
        and CronTriggerTimetable(cluster.schedule.cron, timezone=cluster.schedule.timezone, run_immediately=False),
        catchup=False,
        max_active_runs=1,
        render_template_as_native_obj=True,
        tags=["camunda", "backup", cluster.name],
        default_args={"owner": cluster.owner, "retries": 2, "retry_delay": timedelta(seconds=5)},
    ) as dag:
        optimize = Component.OPTIMIZE in cluster.all_components
        reuse = cluster.zeebe_backups.reuse
        check = CheckRdbmsCluster(task_id="check", cluster=cluster, retries=0)
        mint_backup_id = MintBackupId(
            task_id="mint_backup_id",
            parts=[cluster.part(Component.OPTIMIZE)] if optimize else [],  # Zeebe makes IDs of its own
            storage=cluster.storage() if optimize else None,
            scheme=IdScheme.SECONDS,
        )
        count = CountShown(task_id="count", cluster=cluster)
        dump = DumpDatabase(task_id="dump", config=cluster.dump_config(), backup_id=pulled("mint_backup_id"))
        verify_dump = VerifyDump(task_id="verify_dump", config=cluster.dump_config(), dumped=pulled("dump"))
        start_zeebe = StartContinuousBackup(
            task_id="start_zeebe",
            part=cluster.part(Component.ZEEBE),
            verified=pulled("verify_dump"),
            reuse=reuse.total_seconds() if reuse else None,
        )
        verify = VerifyRdbmsBackup(
            task_id="verify",
            cluster=cluster,
            backup_id=pulled("mint_backup_id"),
            dumped=pulled("dump"),
            verified=pulled("verify_dump"),
            started={component.value: pulled(f"start_{component}") for component in cluster.all_components},
            waited={component.value: pulled(f"wait_{component}") for component in cluster.all_components},
            counted=pulled("count"),
        )
        record = RecordManifest(
            task_id="record",
            manifest=pulled("verify"),
            location=manifests.location(cluster.manifests),
            cluster=cluster.name,
        )

        before_zeebe: list[BaseOperator] = [verify_dump]
        chain(check, mint_backup_id, count, dump, verify_dump)
        if optimize:  # it reads what Zeebe exports, so its backup must not lead Zeebe's
            start_optimize = StartPart(
                task_id="start_optimize",
                backup_id=pulled("mint_backup_id"),
                part=cluster.part(Component.OPTIMIZE),
                links=cluster.link_bases(),
            )
            wait_optimize = wait_for(cluster, Component.OPTIMIZE)
            chain(count, start_optimize, wait_optimize)
            before_zeebe.append(wait_optimize)
        chain(before_zeebe, start_zeebe, wait_for(cluster, Component.ZEEBE), verify, record)
    return dag


for one in read_rdbms_clusters():
    globals()[one.dag_id("back_up")] = back_up(one)
