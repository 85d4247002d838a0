"""Nightly hot backup of Camunda 8: one DAG for each file in include/clusters."""

from datetime import timedelta
from itertools import pairwise

from airflow.sdk import DAG, BaseOperator, CronTriggerTimetable, TaskGroup, TriggerRule, task
from airflow.sdk.exceptions import AirflowFailException

from camunda_backup import manifests
from camunda_backup.cluster_files import read_clusters
from camunda_backup.clusters import Cluster
from camunda_backup.operators.backups import MintBackupId, StartBackup
from camunda_backup.operators.check import CheckCluster
from camunda_backup.operators.exporting import PauseExporting, ResumeExporting
from camunda_backup.operators.verification import CountSecondaryStorage, RecordManifest, VerifyBackupSet
from camunda_backup.sensors.backup import BackupSensor
from camunda_backup.states import Component

DOC = """
### Hot backup of {name}

Takes one backup of Zeebe, Operate/Tasklist and Optimize under **one backup ID** while the cluster works on.
Order `{order}`, all inside a **{pause} pause of exporting**.

| step | what it does | when it fails |
|---|---|---|
| check | every check, every problem in one list | nothing was changed; correct what it says |
| mint_backup_id | a new ID above all known ones | |
| pause | exporting is paused on every partition | resume runs all the same |
| start, wait | each component's part | exporting resumes; **clear from `mint_backup_id`**: the set takes a new ID |
| resume | exporting runs again, seen on every broker. Runs **whatever happened** | `POST {resume}` |
| verify | the set is complete by every component's word and the repository's | it lists what is missing |
| record | writes the manifest and the asset event | clear it |

A green run means: every part is complete and exporting runs. The `guard` DAG watches the same from outside.
"""


def pulled(task_id: str) -> str:
    """Return the template for another task's result, which draws no edge of its own into the graph."""
    return f"{{{{ ti.xcom_pull(task_ids='{task_id}') }}}}"


def make_part(cluster: Cluster, component: Component) -> None:
    """Start one component's part and wait for it."""
    limits = cluster.limits
    start = StartBackup(
        task_id=f"start_{component}",
        backup_id=pulled("mint_backup_id"),
        pause=pulled("pause"),
        part=cluster.part(component),
        exporting=cluster.exporting(),
        links=cluster.link_bases(),
    )
    wait = BackupSensor(
        task_id=f"wait_{component}",
        started=pulled(start.task_id),
        part=cluster.part(component),
        patience=limits.patience(),
        clock_skew=limits.clock_skew.total_seconds(),
    )
    start >> wait


def back_up(cluster: Cluster) -> DAG:
    """Return the backup DAG of one cluster."""
    order = cluster.consistency
    with DAG(
        cluster.dag_id("back_up"),
        dag_display_name=f"Back up {cluster.name}",
        description=f"Hot backup of Camunda {cluster.version}, {cluster.order} under a {order.pause} exporter pause",
        doc_md=DOC.format(
            name=cluster.name,
            order=cluster.order,
            pause=order.pause,
            resume=cluster.generation.exporting.resume().path,
        ),
        # No start date: switching the DAG on at noon does not make up for last night.
        schedule=cluster.schedule
        and CronTriggerTimetable(cluster.schedule.cron, timezone=cluster.schedule.timezone, run_immediately=False),
        catchup=False,
        max_active_runs=1,
        render_template_as_native_obj=True,
        tags=["camunda", "backup", cluster.name],
        default_args={"owner": cluster.owner, "retries": 2, "retry_delay": timedelta(seconds=5)},
    ) as dag:
        check = CheckCluster(task_id="check", cluster=cluster, retries=0)
        mint_backup_id = MintBackupId(
            task_id="mint_backup_id",
            parts=[cluster.part(component) for component in cluster.all_components],
            storage=cluster.storage(),
            scheme=cluster.id_scheme,
        )
        pause = PauseExporting(
            task_id="pause",
            cluster=cluster.name,
            mode=order.pause,
            max_pause=cluster.limits.max_pause.total_seconds(),
            exporting=cluster.exporting(),
        )
        window: list[list[BaseOperator | TaskGroup]] = [[pause]]
        for stages in order.steps:
            groups: list[BaseOperator | TaskGroup] = []
            for stage in filter(cluster.components, stages):
                with TaskGroup(stage, prefix_group_id=False) as group:
                    for component in cluster.components(stage):
                        make_part(cluster, component)
                groups.append(group)
            if groups:
                window.append(groups)
        count = CountSecondaryStorage(
            task_id="count", storage=cluster.storage(), version=cluster.version, prefixes=cluster.prefixes
        )
        resume = ResumeExporting(
            task_id="resume",
            cluster=cluster.name,
            pause=pulled("pause"),
            retries=10,
            retry_exponential_backoff=2.0,
            max_retry_delay=timedelta(minutes=5),
            exporting=cluster.exporting(),
        ).as_teardown(on_failure_fail_dagrun=True)
        verify = VerifyBackupSet(
            task_id="verify",
            cluster=cluster,
            backup_id=pulled("mint_backup_id"),
            pause=pulled("pause"),
            resumed=pulled("resume"),
            started=[pulled(f"start_{component}") for component in cluster.all_components],
            waited=[pulled(f"wait_{component}") for component in cluster.all_components],
            counted=pulled("count"),
        )
        record = RecordManifest(
            task_id="record",
            manifest=pulled("verify"),
            location=manifests.location(cluster.manifests),
            cluster=cluster.name,
        )

        window[-1].append(count)
        check >> mint_backup_id >> pause
        for before, after in pairwise([*window, [resume]]):
            for step in before:
                step >> after
        resume >> verify >> record
        for step in window[-1]:  # resume alone succeeds after any failure
            step >> verify
        # Whatever failed, record is upstream_failed then; a teardown alone would let the run be a success.
        [resume, record] >> watcher()
    return dag


@task(trigger_rule=TriggerRule.ONE_FAILED, retries=0)
def watcher() -> None:
    """Make the run tell the truth."""
    raise AirflowFailException("A task of this run failed: there is no backup under its ID.")


for one in read_clusters()[0]:
    globals()[one.dag_id("back_up")] = back_up(one)
