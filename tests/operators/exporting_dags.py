"""Pausing and resuming, each alone, in DAGs that only tests read."""

import os

import pendulum
from airflow.sdk import DAG

from camunda_backup.operators.exporting import PauseExporting, ResumeExporting

CLUSTER = os.environ["EXPORTING_DAGS_CLUSTER"]
EXPORTING = {
    "cluster": CLUSTER,
    "exporting": {"conn_id": f"{CLUSTER}_zeebe", "broker_conn_ids": [f"{CLUSTER}_zeebe"], "version": "8.6"},
    "retries": 0,
}
START = pendulum.datetime(2024, 1, 1, tz="UTC")

with DAG("pause_twice", schedule=None, start_date=START):
    hard = PauseExporting(task_id="hard", mode="hard", max_pause=60, **EXPORTING)
    soft = PauseExporting(task_id="soft", mode="soft", max_pause=60, **EXPORTING)
    hard >> soft

with DAG("resume_alone", schedule=None, start_date=START, render_template_as_native_obj=True):
    ResumeExporting(task_id="resume", pause="{{ dag_run.conf.get('pause') }}", **EXPORTING)
