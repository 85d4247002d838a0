"""Backup runs on the embedded cluster, through a real Airflow."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml

from sandbox.airflow_client import AirflowClient
from sandbox.airflow_processes import AirflowProcesses
from sandbox.demo.clusters import CLUSTER_FILES, connections
from sandbox.process_control import variables
from sandbox.workload import Workload
from tests.observing import until
from tests.real.conftest import PORTS, Cluster

SHORT = {"grace": "20s", "faults": "10s", "stall": "60s", "deadline": "120s", "max_pause": "90s"}


class Backups:
    """Backup runs on the embedded cluster, and what it says itself afterwards."""

    job = "back_up"

    def __init__(self, cluster: Cluster, airflow: AirflowProcesses) -> None:
        self.cluster, self.airflow = cluster, airflow

    @property
    def client(self) -> AirflowClient:
        """Airflow's REST API."""
        return self.airflow.client

    def phases(self) -> set[str]:
        """The exporter phases, by the broker's own word."""
        told = requests.get(f"{self.cluster.urls['zeebe_management']}/actuator/partitions", timeout=10).json()
        return {partition["exporterPhase"] for partition in told.values()}

    def task(self, variant: str, run_id: str, task_id: str) -> dict[str, Any]:
        """One task of a run."""
        (task,) = [t for t in self.client.task_instances(f"{self.job}_{variant}", run_id) if t["task_id"] == task_id]
        return task

    def start(self, variant: str) -> str:
        """Start a backup."""
        return self.client.trigger(f"{self.job}_{variant}")

    def end(self, variant: str, run_id: str) -> str:
        """Wait for its end."""
        return self.client.wait_run(f"{self.job}_{variant}", run_id, timeout=400)

    def when(self, variant: str, run_id: str, task_id: str, state: str, do: Callable[[], None]) -> None:
        """Do something as soon as a task is in a state."""
        until(lambda: self.task(variant, run_id, task_id)["state"] == state, seconds=120)
        do()

    def said(self, variant: str, run_id: str, task_id: str) -> str:
        """What a task said when it failed."""
        tries = self.task(variant, run_id, task_id)["try_number"]
        return str(self.client.log(f"{self.job}_{variant}", run_id, task_id, tries))

    def parts(self, backup_id: int) -> dict[str, set[str]]:
        """Ask every component itself for one ID."""
        urls, found = self.cluster.urls, {}
        for app in ("zeebe", "operate", "tasklist", "optimize"):
            told = requests.get(f"{urls[f'{app}_management']}/actuator/backups/{backup_id}", timeout=10).json()
            found[app] = {told["state"], *(detail["state"] for detail in told["details"])}
        listed = requests.get(f"{urls['search']}/_snapshot/backups/camunda_*_{backup_id}*", timeout=10).json()
        assert len(listed["snapshots"]) == 15  # 6 of Operate, 6 of Tasklist, 2 of Optimize, the records
        found["search"] = {snapshot["state"] for snapshot in listed["snapshots"]}
        return found


def restart_importers(cluster: Cluster) -> None:
    """Start Operate and Tasklist again and wait until they show new work.

    After an outage of the search engine their importers were seen to pause for many minutes.
    """
    for part in ("operate", "tasklist"):
        cluster.stop_part(part)
        cluster.start_part(part)
    for part in ("operate", "tasklist"):
        cluster.wait_healthy(part, 240)
    with Workload(cluster.urls) as work:
        (new,) = work.start()
        until(lambda: new in work.instances() and new in work.tasks(), seconds=240, pause=1)


@contextmanager
def airflow_for(
    cluster: Cluster,
    variants: Mapping[str, Mapping[str, Any]],
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> Iterator[AirflowProcesses]:
    """Run a real Airflow with a cluster file for each variant, all of the embedded cluster.

    :param variants: names of cluster files, and what they say beside the demo's
    :param environment: further variables of Airflow's
    """
    base = yaml.safe_load((CLUSTER_FILES / "embedded.yaml").read_text())
    files = folder / "clusters"
    files.mkdir()
    for name, fields in variants.items():
        (files / f"{name}.yaml").write_text(
            yaml.safe_dump({**base, "version": cluster.version, "limits": SHORT, **fields})
        )
    addresses, control = connections("embedded", cluster.urls), {**variables(cluster.processes), **(environment or {})}
    with AirflowProcesses(folder / "airflow", PORTS, addresses, files, control) as processes:
        processes.start(print)
        for name in variants:
            processes.wait_dag(f"back_up_{name}", 120)
            processes.client.set_paused(f"back_up_{name}", paused=False)
        yield processes
