"""The user's own Camunda works in the sandbox, and leaves nothing behind."""

import os
import subprocess
import sys
import time
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from sandbox.camunda_cluster import CamundaCluster
from sandbox.loopback import session
from sandbox.parts import PARTS
from sandbox.programs import PACKAGE_FOLDER
from sandbox.workload import Load, Workload
from tests.camunda.conftest import PORTS
from tests.observing import exists, listening_addresses, until

BACKUP_IDS = count(time.time_ns() // 1_000_000)


def get(address: str) -> Any:
    with session() as client:
        response = client.get(address, timeout=20)
        return response.json() if response.ok else {"state": str(response.status_code)}


def zeebe_backup(management: str) -> dict[str, Any]:
    """Take a backup of Zeebe alone and return how it ended."""
    address = f"{management}/actuator/backups"
    backup_id = next(BACKUP_IDS)
    with session() as client:
        assert client.post(address, json={"backupId": backup_id}, timeout=20).status_code == 202
    until(lambda: get(f"{address}/{backup_id}")["state"] in {"COMPLETED", "FAILED"})
    return dict(get(f"{address}/{backup_id}"))


def test_only_optimize_is_a_stand_in(cluster: CamundaCluster) -> None:
    assert get(cluster.urls["search"])["version"]["number"] == "3.8.0"
    names = {
        part: get(f"{cluster.urls[f'{part}_management']}/actuator/info")["build"]
        for part in ("zeebe", "operate", "tasklist", "optimize")
    }
    assert {build["version"] for build in names.values()} == {cluster.distribution.version}
    assert [part for part, build in names.items() if "stand-in" in build["name"]] == ["optimize"]


def test_zeebe_has_two_healthy_partitions(cluster: CamundaCluster) -> None:
    topology = get(f"{cluster.urls['zeebe_rest']}/v2/topology")
    [broker] = topology["brokers"]
    assert [(partition["role"], partition["health"]) for partition in broker["partitions"]] == [
        ("leader", "healthy"),
        ("leader", "healthy"),
    ]


def test_work_done_in_zeebe_arrives_in_the_web_apps(workload: Workload) -> None:
    first, second, last = started = workload.start(3)

    def shown() -> list[str | None]:
        """What Operate shows of the three; others may still be on their way there."""
        instances = workload.instances()
        return [instances.get(key) for key in started]

    def tasks(state: str) -> set[int]:
        """Whose user tasks Tasklist shows in a state; it may or may not show canceled ones."""
        return {key for key, found in workload.tasks().items() if found == state}.intersection(started)

    until(lambda: shown() == ["ACTIVE"] * 3 and tasks("CREATED") == set(started))
    workload.cancel(last)
    until(lambda: shown() == ["ACTIVE", "ACTIVE", "CANCELED"] and tasks("CREATED") == {first, second})
    for key in workload.open_tasks_of(first, second):
        workload.complete_task(key)
    until(lambda: shown() == ["COMPLETED", "COMPLETED", "CANCELED"] and tasks("COMPLETED") == {first, second})


def test_load_goes_on_in_the_background(cluster: CamundaCluster, workload: Workload) -> None:
    with Load(cluster.urls) as load:
        until(lambda: len(load.started) >= 10 and len(load.completed) >= 2)
    assert load.refused == []
    until(lambda: workload.instances().keys() >= set(load.started))


def test_zeebe_can_be_backed_up(cluster: CamundaCluster) -> None:
    report = zeebe_backup(cluster.urls["zeebe_management"])
    assert [part["state"] for part in report["details"]] == ["COMPLETED", "COMPLETED"]


def test_a_part_keeps_its_data_when_it_is_killed_and_started(cluster: CamundaCluster, workload: Workload) -> None:
    instances = workload.instances()
    assert instances
    cluster.kill_part("operate")
    assert not cluster.is_running("operate")
    cluster.start_part("operate")
    cluster.wait_healthy("operate", timeout=240)
    with Workload(cluster.urls) as again:
        until(lambda: again.instances().keys() >= instances.keys())


def test_only_loopback_is_listened_on(cluster: CamundaCluster) -> None:
    for part in cluster.parts:
        assert {ip.removeprefix("::ffff:") for ip in listening_addresses(cluster.pid(part))} == {"127.0.0.1"}


def test_nothing_runs_on_when_the_owner_is_killed(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "sandbox", "up", "--home", str(tmp_path), "--ports", str(PORTS + 100))
    variables = os.environ | {"PYTHONPATH": str(PACKAGE_FOLDER)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables) as owner:  # noqa: S603
        assert owner.stdout
        lines = list(takewhile(lambda line: "Ctrl-C" not in line, owner.stdout))
        pids = [int(row[2]) for row in (line.split() for line in lines) if row[0] in PARTS and len(row) == 4]
        assert len(pids) == len(PARTS)
        assert all(map(exists, pids))
        owner.kill()
    until(lambda: not any(map(exists, pids)))
