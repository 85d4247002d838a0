"""The stand-in with its data in a real OpenSearch and Zeebe's backups in a real S3 store."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from sandbox.open_cluster import INDICES, PLAYED, OpenCluster
from sandbox.preflight import problems
from sandbox.workload import Workload
from tests.observing import until
from tests.real.conftest import PORTS as BASE

PORTS = BASE + 500  # the embedded cluster may be up
PATIENCE = 120.0  # seconds
RECORDS = "zeebe-record*"
SNAPSHOTS = "camunda_*_{}*"


@dataclass(frozen=True)
class Stage:
    """A cluster with a deployed process, and work for it."""

    cluster: OpenCluster
    work: Workload

    def call(self, method: str, server: str, path: str, body: Any = None) -> requests.Response:
        """Send one request to the cluster."""
        return requests.request(method, self.cluster.urls[server] + path, json=body, timeout=60)

    def done(self, method: str, server: str, path: str, body: Any = None) -> Any:
        """Send one that must succeed; return its answer."""
        answer = self.call(method, server, path, body)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def pause(self) -> None:
        """Pause exporting."""
        self.done("POST", "zeebe_management", "/actuator/exporting/pause")

    def resume(self) -> None:
        """Resume exporting."""
        self.done("POST", "zeebe_management", "/actuator/exporting/resume")

    def records(self, partition: int) -> int:
        """Count the records of a partition in the search engine."""
        query = {"query": {"term": {"partitionId": partition}}}
        return int(self.done("POST", "search", f"/{RECORDS}/_count", query)["count"])

    def back_up(self, *apps: str) -> int:
        """Have some components make a backup; return its ID."""
        backup_id = time.time_ns() // 1_000_000
        for app in apps:
            self.done("POST", f"{app}_management", "/actuator/backups", {"backupId": backup_id})
            until(lambda app=app: self.state(app, backup_id) == "COMPLETED", PATIENCE)  # type: ignore[misc]
        return backup_id

    def state(self, app: str, backup_id: int) -> str | None:
        """What a component says of a backup, None when it does not know it or cannot tell now."""
        answer = self.call("GET", f"{app}_management", f"/actuator/backups/{backup_id}")
        return str(answer.json()["state"]) if answer.ok else None

    def restore_zeebe(self, backup_id: int) -> None:
        """Run the restore application into an empty data folder."""
        self.done("POST", "control", "/processes/zeebe/empty")
        ended = self.done("POST", "control", "/processes/zeebe/restore", {"backup_id": backup_id})
        assert ended["exit_code"] == 0, ended["output"]

    def start_all(self) -> None:
        """Start Zeebe, then the web apps."""
        for name in PLAYED:
            self.cluster.start_part(name)
            self.cluster.wait_healthy(name, PATIENCE)

    def shown(self, started: list[int]) -> None:
        """Wait until Operate and Tasklist show some instances."""
        until(lambda: self.work.instances().keys() >= set(started), PATIENCE)
        until(lambda: self.work.tasks().keys() >= set(started), PATIENCE)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A cluster of its own, as its stand-in is killed."""
    with OpenCluster(tmp_path_factory.mktemp("open"), PORTS) as cluster, Workload(cluster.urls) as work:
        if found := problems(cluster.needs()):
            pytest.fail("\n".join(found), pytrace=False)
        cluster.fetch(print)
        cluster.start(print)
        cluster.register_repository()
        work.deploy()
        yield Stage(cluster, work)


def test_a_pause_of_exporting_keeps_the_records_indices_as_they_are(stage: Stage) -> None:
    stage.shown(stage.work.start(2))
    stage.pause()
    before = {partition: stage.records(partition) for partition in (1, 2)}
    started = stage.work.start(4)
    stage.done("POST", "control", "/exporting", {"phase": "EXPORTING", "partition": 2})
    # Partition 1 comes first whenever records are written.
    until(lambda: stage.records(2) > before[2], PATIENCE)
    assert stage.records(1) == before[1]
    stage.resume()
    stage.shown(started)
    assert stage.records(1) > before[1]


def test_under_a_soft_pause_records_flow_and_the_exported_position_stays(stage: Stage) -> None:
    def positions() -> list[int]:
        told = stage.done("GET", "zeebe_management", "/actuator/partitions")
        return [told[number]["exportedPosition"] for number in ("1", "2")]

    stage.done("POST", "zeebe_management", "/actuator/exporting/pause?soft=true")
    before = positions()
    stage.shown(stage.work.start(2))
    assert positions() == before
    stage.resume()
    until(lambda: positions() > before, PATIENCE)


def test_exporter_and_importers_wait_for_a_search_engine_that_is_down_and_go_on(stage: Stage) -> None:
    stage.cluster.kill_part("search")
    started = stage.work.start(2)
    until(lambda: stage.call("GET", "operate_management", "/actuator/health/readiness").status_code == 503)
    assert stage.call("POST", "operate_web", "/v1/process-instances/search", {}).status_code in {401, 500}
    stage.cluster.start_part("search")
    stage.cluster.wait_healthy("search", PATIENCE)
    stage.shown(started)
    until(lambda: stage.call("GET", "operate_management", "/actuator/health/readiness").ok)


def test_records_of_a_snapshot_ahead_of_zeebe_are_imported_after_the_restore(stage: Stage) -> None:
    held = stage.work.start(3)
    stage.shown(held)
    stage.pause()
    backup_id = stage.back_up("zeebe", "operate", "tasklist", "optimize")
    stage.resume()
    ahead = stage.work.start(2)
    stage.shown(ahead)
    path = f"/_snapshot/backups/camunda_zeebe_records_backup_{backup_id}?wait_for_completion=true"
    stage.done("PUT", "search", path, {"indices": RECORDS, "include_global_state": False})

    told: list[str] = []
    stage.cluster.destroy(told.append)
    assert told[-1].endswith(" indices are deleted")
    assert stage.done("GET", "search", f"/_cat/indices/{INDICES}?format=json") == []
    stage.restore_zeebe(backup_id)
    listed = stage.done("GET", "search", f"/_snapshot/backups/{SNAPSHOTS.format(backup_id)}")["snapshots"]
    assert len(listed) == 15
    for snapshot in listed:
        path = f"/_snapshot/backups/{snapshot['snapshot']}/_restore?wait_for_completion=true"
        stage.done("POST", "search", path, {"include_global_state": False})
    stage.start_all()

    stage.shown(held + ahead)  # Operate shows them, and Zeebe has never heard of them
    for key, status in ((ahead[0], 404), (held[0], 204)):
        answer = stage.call("POST", "zeebe_rest", f"/v2/process-instances/{key}/cancellation", {})
        assert answer.status_code == status


def test_zeebes_backup_outlives_the_stand_in(stage: Stage) -> None:
    started = stage.work.start(2)
    stage.shown(started)
    (task,) = stage.work.open_tasks_of(started[0])
    backup_id = stage.back_up("zeebe")
    stage.cluster.kill_part("stand_in")
    stage.cluster.start_part("stand_in")
    stage.cluster.wait_healthy("stand_in", PATIENCE)

    assert stage.state("zeebe", backup_id) == "COMPLETED"
    assert stage.done("GET", "control", f"/processes/zeebe/backups/{backup_id}") == {"exists": True}
    assert stage.call("POST", "zeebe_rest", f"/v2/user-tasks/{task}/completion", {}).status_code == 404
    for name in reversed(PLAYED):
        stage.cluster.stop_part(name)
    stage.restore_zeebe(backup_id)
    stage.start_all()

    stage.work.complete_task(task)
    until(lambda: stage.work.instances()[started[0]] == "COMPLETED", PATIENCE)


def test_a_backup_that_was_deleted_is_gone_from_the_store(stage: Stage) -> None:
    backup_id = stage.back_up("zeebe")
    stage.done("DELETE", "zeebe_management", f"/actuator/backups/{backup_id}")
    assert stage.call("GET", "zeebe_management", f"/actuator/backups/{backup_id}").status_code == 404
    assert backup_id not in {told["backupId"] for told in stage.done("GET", "zeebe_management", "/actuator/backups")}


def test_without_its_store_zeebe_tells_of_no_backup(stage: Stage) -> None:
    backup_id = stage.back_up("zeebe")
    stage.cluster.kill_part("store")
    answer = stage.call("GET", "zeebe_management", f"/actuator/backups/{backup_id}")
    assert (answer.status_code, "Unable to execute HTTP request" in answer.text) == (500, True)
    assert stage.call("GET", "control", f"/processes/zeebe/backups/{backup_id}").status_code == 502
