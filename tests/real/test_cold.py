"""The cold backup and the cold restore on the embedded cluster, through a real Airflow."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox.airflow_processes import AirflowProcesses
from sandbox.workload import Workload
from tests.observing import until
from tests.real.backups import Backups, airflow_for
from tests.real.conftest import AGAINST, Cluster

LIMITS = {"stop": "60s", "snapshots": "3m", "stall": "60s", "start": "4m", "settle": "4m", "sign_off": "5m"}
PARTS = ("zeebe", "operate", "tasklist", "optimize")


@pytest.fixture(scope="module")
def airflow(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowProcesses]:
    """Airflow with a cluster file that knows where cold backups go."""
    fields = {
        "restore_limits": LIMITS,
        "visual_check": {"enabled": False},
        "cold": {"location": str(tmp_path_factory.mktemp("copies"))},
    }
    with airflow_for(cluster, {"embedded": fields}, tmp_path_factory.mktemp("cold")) as processes:
        processes.client.set_paused("guard", paused=True)
        for job in ("cold_back_up", "cold_restore"):
            processes.client.set_paused(f"{job}_embedded", paused=False)
        yield processes


class ColdRuns(Backups):
    """Cold backups of the embedded cluster."""

    job = "cold_back_up"

    def start(self, variant: str) -> str:
        """Start one that nobody is asked about."""
        return self.client.trigger(f"{self.job}_{variant}", {"dry_run": False, "confirm": variant, "approve": False})


class ColdRestores(ColdRuns):
    """Cold restores of it."""

    job = "cold_restore"

    def accepted(self, variant: str, run_id: str) -> bool:
        """Accept when a person is asked; return whether the run is over."""
        dag_id = f"{self.job}_{variant}"
        states = {t["task_id"]: t["state"] for t in self.client.task_instances(dag_id, run_id)}
        if states["sign_off"] == "awaiting_input":
            self.client.answer(dag_id, run_id, "sign_off", "Accept")
        return bool(self.client.run(dag_id, run_id)["state"] in {"success", "failed"})


def settled(work: Workload, started: list[int]) -> dict[int, str]:
    """Give the state of some instances in Operate, once it shows all of them."""
    until(lambda: work.instances().keys() >= set(started), seconds=120)
    found = work.instances()
    return {key: found[key] for key in started}


@pytest.mark.shows("cold backup and restore", line="8.6", engine="OpenSearch 3.8.0", store="fs", against=AGAINST)
def test_a_cluster_that_was_backed_up_cold_is_destroyed_and_comes_back(
    cluster: Cluster, airflow: AirflowProcesses
) -> None:
    with Workload(cluster.urls) as work:
        started = work.start(10)
        until(lambda: len(work.open_tasks_of(*started)) == 10)
        for key in work.open_tasks_of(*started[:3]):
            work.complete_task(key)
        wanted = {key: "COMPLETED" if key in started[:3] else "ACTIVE" for key in started}
        until(lambda: settled(work, started) == wanted, seconds=120)

    backups = ColdRuns(cluster, airflow)
    run_id = backups.start("embedded")
    assert backups.end("embedded", run_id) == "success"
    assert all(cluster.is_running(part) for part in PARTS)
    (event,) = backups.client.asset_events(source_dag_id="cold_back_up_embedded", source_run_id=run_id)
    manifest = event["extra"]
    (copy,) = manifest["copies"]
    with tarfile.open(copy["file"]) as archive:
        assert [member for member in archive if member.name.endswith(".log") and member.size]
    assert Path(copy["file"]).stat().st_size == copy["bytes"]
    print(f"cold: down for {manifest['downtime']['seconds']} s, {copy['bytes']} bytes of Zeebe's data")

    with Workload(cluster.urls) as work:
        later = work.start(4)
        settled(work, later)
    cluster.destroy(print)
    restores = ColdRestores(cluster, airflow)
    run_id = restores.start("embedded")
    until(lambda: restores.accepted("embedded", run_id), seconds=540, pause=2)

    assert restores.end("embedded", run_id) == "success"
    (event,) = restores.client.asset_events(source_dag_id="cold_restore_embedded", source_run_id=run_id)
    print(f"cold: restored in {event['extra']['recovery_seconds']} s")
    with Workload(cluster.urls) as work:
        assert settled(work, started) == wanted
        assert not set(later) & work.instances().keys()
        (task, *_) = work.open_tasks_of(started[5])
        work.complete_task(task)
        (new,) = work.start(1)
        until(lambda: work.instances().get(new) == "ACTIVE", seconds=60)
        until(lambda: work.instances().get(started[5]) == "COMPLETED", seconds=60)


def test_the_snapshots_do_not_disturb_the_web_apps_own_lists(cluster: Cluster) -> None:
    for app in ("operate", "tasklist"):
        listed = requests.get(f"{cluster.urls[f'{app}_management']}/actuator/backups", timeout=30)
        assert listed.ok, listed.text
        assert "cold" not in listed.text
