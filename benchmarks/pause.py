"""How long exporting is paused, and which tasks it is spent on: ``make benchmark``.

A stand-in that needs no time for its backups is backed up again and again by a real Airflow, so that what remains is
what this package and Airflow themselves cost inside the pause.
"""

import argparse
import statistics
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from sandbox import ports
from sandbox.airflow_client import AirflowClient
from sandbox.airflow_processes import AirflowProcesses
from sandbox.demo.clusters import cluster_of, connections, write_cluster_file
from sandbox.demo.story import start_together
from sandbox.workload import Workload

NAME = "stand_in"
DAG = f"back_up_{NAME}"


def main() -> None:
    """Measure, and print the minimum, median and maximum of each figure in seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="backups that are counted, after one that is not")
    parser.add_argument("--ports", type=int, default=ports.DEFAULT_BASE)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        cluster = cluster_of("stand-in", home / "cluster", options.ports)
        write_cluster_file(NAME, cluster.urls, home / "clusters")
        airflow = AirflowProcesses(
            home / "airflow", options.ports, connections(NAME, cluster.urls), clusters_folder=home / "clusters"
        )
        with cluster, airflow:
            start_together(lambda: cluster.start(print), lambda: airflow.start(print))
            told = requests.post(f"{cluster.urls['control']}/pace", json={"seconds_per_part": 0}, timeout=10)
            told.raise_for_status()
            with Workload(cluster.urls) as work:
                work.deploy()
                work.start(5)
            run(airflow, "set_up_repositories")
            measured = [run(airflow, DAG) for _ in range(options.runs + 1)][1:]
            report(airflow.client, measured)


def run(airflow: AirflowProcesses, dag_id: str) -> str:
    """Run a DAG to its success and return the run's ID."""
    client = airflow.client
    airflow.wait_dag(dag_id)
    client.set_paused(dag_id, paused=False)
    run_id = client.trigger(dag_id)
    state = client.wait_run(dag_id, run_id, interval=0.2)
    if state != "success":
        raise SystemExit(f"{dag_id} ended {state}")
    return run_id


def report(client: AirflowClient, runs: list[str]) -> None:
    """Print the figures of the runs."""
    pauses = [client.asset_events(source_run_id=run_id)[-1]["extra"]["pause"]["seconds"] for run_id in runs]
    figures: dict[str, list[float]] = {"exporter pause": pauses}
    for run_id in runs:
        for task in client.task_instances(DAG, run_id):
            if task["start_date"] and task["task_id"] != "watcher":
                figures.setdefault(f"task {task['task_id']}", []).append(seconds(task))
    print(f"\n{len(runs)} backups{'':21}min  median     max")
    for name, values in figures.items():
        print(f"{name:28}{min(values):8.2f}{statistics.median(values):8.2f}{max(values):8.2f}")


def seconds(task: dict[str, Any]) -> float:
    """Return how long a task ran."""
    began, ended = (datetime.fromisoformat(task[name]) for name in ("start_date", "end_date"))
    return (ended - began).total_seconds()


if __name__ == "__main__":
    main()
