"""The cluster is lost and brought back by plain calls, without any code of the project's DAGs.

What Zeebe's restore application says is recorded here for the stand-in. It is `io.camunda.zeebe.restore.RestoreApp`
of Camunda 8.6.0, in the broker's own environment without a profile.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import camunda, fetch
from sandbox.camunda_cluster import LOST_IN_A_DISASTER, CamundaCluster
from sandbox.errors import BusyError
from sandbox.sites import Site
from sandbox.workload import Workload
from tests.camunda.conftest import PORTS
from tests.observing import until

UNKNOWN_ID = 77777
NOBODYS_PORTS = PORTS + 400
PATIENCE = 300.0  # seconds; after a restore a partition may swallow its first commands, each for 15 s
INDICES = "operate-*,tasklist-*,optimize-*,zeebe-record*"


@dataclass(frozen=True)
class Lost:
    """A backup, and a cluster that was destroyed after it.

    :param kept: what Operate showed of each instance at the backup
    :param tasks: what Tasklist showed of each
    :param later: instances that were started after it
    :param report: what the disaster told
    """

    cluster: CamundaCluster
    backup_id: int
    kept: dict[int, str]
    tasks: dict[int, str]
    later: list[int]
    report: list[str]

    def call(self, method: str, server: str, path: str, body: Any = None) -> requests.Response:
        """Send one request to the cluster."""
        return call(self.cluster, method, server, path, body)


def call(cluster: CamundaCluster, method: str, server: str, path: str, body: Any = None) -> requests.Response:
    return requests.request(method, cluster.urls[server] + path, json=body, timeout=60)


def back_up(cluster: CamundaCluster, backup_id: int) -> None:
    """Take a backup in the order of the project: hard pause, Zeebe, the web apps, Optimize, the records."""
    assert call(cluster, "POST", "zeebe_management", "/actuator/exporting/pause").ok
    for app in ("zeebe", "operate", "tasklist", "optimize"):
        server = f"{app}_management"
        assert call(cluster, "POST", server, "/actuator/backups", {"backupId": backup_id}).ok
        until(lambda server=server: is_complete(cluster, server, backup_id), seconds=120)  # type: ignore[misc]
    path = f"/_snapshot/backups/camunda_zeebe_records_backup_{backup_id}?wait_for_completion=true"
    taken = call(cluster, "PUT", "search", path, {"indices": "zeebe-record*", "feature_states": ["none"]})
    assert taken.json()["snapshot"]["state"] == "SUCCESS"
    assert call(cluster, "POST", "zeebe_management", "/actuator/exporting/resume").ok


def is_complete(cluster: CamundaCluster, server: str, backup_id: int) -> bool:
    told = call(cluster, "GET", server, f"/actuator/backups/{backup_id}")
    return told.ok and told.json()["state"] == "COMPLETED"


def shown(cluster: CamundaCluster, instances: list[int]) -> tuple[dict[int, str], dict[int, str]]:
    """What Operate and Tasklist show of some instances; a canceled one Tasklist shows at times only (8.6.0)."""
    with Workload(cluster.urls) as work:
        seen, tasks = work.instances(), work.tasks()
    known = {key: seen[key] for key in instances if key in seen}
    return known, {key: tasks[key] for key, state in known.items() if key in tasks and state != "CANCELED"}


@pytest.fixture(scope="module")
def lost(cluster: CamundaCluster) -> Iterator[Lost]:
    """Work, a backup, more work, and then the disaster."""
    backup_id = time.time_ns() // 1_000_000  # above those of the tests before
    with Workload(cluster.urls) as work:
        started = work.start(12)
        until(lambda: len(work.open_tasks_of(*started)) == 12)
        for key in work.open_tasks_of(*started[:4]):
            work.complete_task(key)
        work.cancel(started[4])
        wanted = {key: "COMPLETED" if key in started[:4] else "ACTIVE" for key in started} | {started[4]: "CANCELED"}
        until(lambda: shown(cluster, started)[0] == wanted)
        until(lambda: list(shown(cluster, started)[1].values()).count("COMPLETED") == 4)
        kept, tasks = shown(cluster, started)
        back_up(cluster, backup_id)
        later = work.start(5)
        for key in work.open_tasks_of(*started[5:8]):
            work.complete_task(key)
        until(lambda: work.instances().keys() >= set(later))
    report: list[str] = []
    cluster.destroy(report.append)
    yield Lost(cluster, backup_id, kept, tasks, later, report)
    for part in cluster.parts:  # so that later tests have a cluster, even after a failure here
        if not cluster.is_running(part):
            cluster.start_part(part)
    for part in cluster.parts:
        cluster.wait_healthy(part, PATIENCE)


def test_a_disaster_leaves_the_backups_and_nothing_else(lost: Lost) -> None:
    cluster = lost.cluster
    assert not [part for part in LOST_IN_A_DISASTER if cluster.is_running(part)]
    assert list((cluster.home / "data" / "zeebe" / "data").iterdir()) == []
    assert lost.call("GET", "search", f"/_cat/indices/{INDICES}?format=json").json() == []
    assert lost.report[-1].endswith("indices are deleted")
    assert len(lost.call("GET", "search", "/_index_template").json()["index_templates"]) > 40
    listed = lost.call("GET", "search", f"/_snapshot/backups/camunda_*_{lost.backup_id}*").json()["snapshots"]
    assert len(listed) == 15


def test_the_backup_store_itself_tells_what_it_holds(lost: Lost) -> None:
    assert lost.cluster.holds_backup(lost.backup_id)
    assert not lost.cluster.holds_backup(UNKNOWN_ID)
    path = f"/processes/zeebe/backups/{lost.backup_id}"
    assert requests.get(lost.cluster.processes + path, timeout=10).json() == {"exists": True}


def test_the_restore_application_refuses_an_unknown_backup(lost: Lost) -> None:
    ended = lost.cluster.restore_zeebe(UNKNOWN_ID)
    assert ended.exit_code == 1
    data = lost.cluster.home / "data" / "zeebe" / "data"
    for line in (
        f"io.camunda.zeebe.restore.RestoreApp - Starting to restore from backup {UNKNOWN_ID}",
        f"io.camunda.zeebe.restore.PartitionRestoreService - Searching for a completed backup with id {UNKNOWN_ID}",
        f"io.camunda.zeebe.restore.RestoreManager - Failed to restore broker. Deleting data directory {data}",
        (
            "Caused by: io.camunda.zeebe.restore.BackupNotFoundException: "
            f"Could not find a completed backup with id {UNKNOWN_ID}."
        ),
    ):
        assert line in ended.output
    assert list(data.iterdir()) == []


def test_the_restore_application_refuses_a_folder_with_something_in_it(lost: Lost) -> None:
    data = lost.cluster.home / "data" / "zeebe" / "data"
    (data / "something").write_text("precious")
    ended = lost.cluster.restore_zeebe(lost.backup_id)
    assert ended.exit_code == 1
    for line in (
        (
            f"io.camunda.zeebe.restore.RestoreManager - Brokers's data directory {data} is not empty. "
            "Aborting restore to avoid overwriting data. Please restart with a clean directory."
        ),
        f"Caused by: java.nio.file.DirectoryNotEmptyException: {data}",
    ):
        assert line in ended.output
    assert (data / "something").read_text() == "precious"
    lost.cluster.empty_zeebe()
    assert list(data.iterdir()) == []


def test_the_restore_application_tells_that_the_store_does_not_answer(lost: Lost, tmp_path: Path) -> None:
    site = Site(tmp_path, fetch.cache_folder(), NOBODYS_PORTS, "s3", "backups")
    ended = lost.cluster.programs.run(camunda.restore(site, lost.backup_id), timeout=120)
    assert ended.exit_code == 1
    data = camunda.zeebe_data(site)
    for line in (
        f"io.camunda.zeebe.restore.RestoreManager - Failed to restore broker. Deleting data directory {data}",
        (
            "Caused by: software.amazon.awssdk.core.exception.SdkClientException: Unable to execute HTTP request: "
            f"Connection refused: /{site.address('store')}"
        ),
    ):
        assert line in ended.output


def test_the_restore_application_says_so_without_a_store(lost: Lost, tmp_path: Path) -> None:
    site = Site(tmp_path, fetch.cache_folder(), NOBODYS_PORTS, "none", "backups")
    ended = lost.cluster.programs.run(camunda.restore(site, lost.backup_id), timeout=120)
    assert ended.exit_code == 1
    assert "No backup store configured, cannot restore from backup." in ended.output


def test_web_apps_that_start_without_zeebe_end_by_themselves(lost: Lost) -> None:
    cluster = lost.cluster
    for app in ("operate", "tasklist"):
        cluster.start_part(app)
    until(lambda: cluster.has_crashed("operate") and cluster.has_crashed("tasklist"), seconds=240)
    for app, name in (("operate", "Operate"), ("tasklist", "Tasklist")):
        wanted = f"{name} needs an established connection to Zeebe in order to retrieve Zeebe Partitions. Shutting down"
        assert wanted in cluster.log_path(app).read_text()
    assert lost.call("DELETE", "search", f"/{INDICES}").ok  # they make empty ones first, which a restore refuses


def test_the_cluster_comes_back_as_it_was_backed_up(lost: Lost) -> None:
    cluster = lost.cluster
    ended = cluster.restore_zeebe(lost.backup_id)
    assert ended.exit_code == 0
    assert f"Successfully restored broker from backup {lost.backup_id}" in ended.output
    for partition in (1, 2):
        assert f"Successfully restored partition {partition} from backup {lost.backup_id}. Backup de" in ended.output
    restore_snapshots(lost)

    cluster.start_part("zeebe")
    cluster.wait_healthy("zeebe", PATIENCE)
    with pytest.raises(BusyError, match="zeebe is running"):
        cluster.restore_zeebe(lost.backup_id)
    for partition in (1, 2):
        until(lambda partition=partition: takes_every_command(lost, partition), seconds=PATIENCE)  # type: ignore[misc]
    cluster.stop_part("zeebe")  # it counts its keys on from what is in its log, and nothing there may mislead it
    cluster.start_part("zeebe")
    cluster.wait_healthy("zeebe", PATIENCE)
    for app in ("operate", "tasklist", "optimize"):
        cluster.start_part(app)
    for app in ("operate", "tasklist", "optimize"):
        cluster.wait_healthy(app, PATIENCE)

    until(lambda: shown(cluster, list(lost.kept)) == (lost.kept, lost.tasks), seconds=120)
    assert shown(cluster, lost.later) == ({}, {})
    with Workload(cluster.urls) as work:
        started = work.start(4)
        assert {key >> 51 for key in started} == {1, 2}
        until(lambda: len(work.open_tasks_of(*started)) == 4)
        old = next(key for key, state in lost.kept.items() if state == "ACTIVE")
        for task in work.open_tasks_of(old, started[0]):
            work.complete_task(task)
        until(lambda: {work.instances().get(key) for key in (old, started[0])} == {"COMPLETED"}, seconds=PATIENCE)


def restore_snapshots(lost: Lost) -> None:
    listed = lost.call("GET", "search", f"/_snapshot/backups/camunda_*_{lost.backup_id}*").json()["snapshots"]
    for name in sorted(snapshot["snapshot"] for snapshot in listed):
        path = f"/_snapshot/backups/{name}/_restore?wait_for_completion=true"
        told = lost.call("POST", "search", path, {"include_global_state": False})
        assert told.json()["snapshot"]["shards"]["failed"] == 0


def takes_every_command(lost: Lost, partition: int) -> bool:
    """Ask a partition again and again for a user task that cannot be there; whoever looks for it works.

    A large command comes first: it writes over the bytes of the lost log on which a partition may stumble (8.6.0).
    """
    path = f"/v2/user-tasks/{partition << 51}/completion"
    bodies = [{"variables": {"padding": "x" * 262_144}}, *({} for _ in range(10))]
    return all(lost.call("POST", "zeebe_rest", path, body).status_code == 404 for body in bodies)
