"""Every five minutes: does exporting run, and is there a recent backup? One mapped task for each cluster."""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from camunda_backup import manifests
from camunda_backup.cluster_files import read_clusters, read_rdbms_clusters
from camunda_backup.operators.downtime_guard import GuardDowntime
from camunda_backup.operators.guard import GuardContinuousBackups, GuardExporting, GuardRecoveryPoint
from camunda_backup.states import Component

DOC = """
### Guard

The last line of defence, for the day on which Airflow itself died in the middle of a backup.

- **exporting**: paused although no active backup run is responsible for it? It is resumed, if the cluster file's
  `guard.resume` allows, and the task fails loudly either way.
- **zeebe_backups**, of clusters with a database as secondary storage, which are never paused: have Zeebe's own backups
  a gap, or is the newest older than the cluster file's `zeebe_backups.max_age`? The task fails loudly.
- **downtime**: has a cold backup that is over left something stopped? The task fails and names it; it starts nothing.
- **recovery_point**: is the newest complete backup older than the cluster file's `guard.rpo`? The task fails loudly.

Point your alerting at failures of this DAG, and at its absence.
"""

clusters, rdbms_clusters = read_clusters()[0], read_rdbms_clusters()
rpos = [*((one, one.guard.rpo) for one in clusters), *((one, one.guard.rpo) for one in rdbms_clusters)]

with DAG(
    "guard",
    dag_display_name="Guard",
    description="Exporting that nobody resumes, and backups that are missing",
    doc_md=DOC,
    # No start date: the first look is at the next five minutes, not at once for those that passed.
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC", run_immediately=False),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    tags=["camunda", "backup", "guard"],
    default_args={"owner": "data-platform", "retries": 2, "retry_delay": timedelta(seconds=10)},
):
    GuardExporting.partial(task_id="exporting", map_index_template="{{ task.cluster }}").expand_kwargs(
        [
            {
                "cluster": one.name,
                "resume": one.guard.resume,
                "margin": one.guard.margin.total_seconds(),
                "restores": [one.dag_id(job) for job in ("restore", "cold_restore", "cold_back_up")],
                "exporting": one.exporting(),
            }
            for one in clusters
        ]
    )
    if rdbms_clusters:
        GuardContinuousBackups.partial(task_id="zeebe_backups", map_index_template="{{ task.cluster }}").expand_kwargs(
            [
                {
                    "cluster": one.name,
                    "part": one.part(Component.ZEEBE),
                    "exporting": one.exporting(),
                    "max_age": one.zeebe_backups.max_age.total_seconds(),
                    "restores": [one.dag_id("restore")],
                }
                for one in rdbms_clusters
            ]
        )
    if stopped_at_times := [one for one in clusters if one.cold]:
        GuardDowntime.partial(task_id="downtime", map_index_template="{{ task.cluster }}").expand_kwargs(
            [{"cluster": one.name, "config": one.runtime_config()} for one in stopped_at_times]
        )
    GuardRecoveryPoint.partial(task_id="recovery_point", map_index_template="{{ task.cluster }}").expand_kwargs(
        [
            {
                "cluster": one.name,
                "location": manifests.location(one.manifests),
                "rpo": rpo and rpo.total_seconds(),
            }
            for one, rpo in rpos
        ]
    )
