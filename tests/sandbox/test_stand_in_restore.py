"""The stand-in's processes, its disaster, and a restore by plain calls."""

from typing import Any

import pytest
import requests

from tests.stand_in import StandIn, until

HEALTH = "/actuator/health"
MANAGEMENT = {
    "zeebe": "zeebe_management",
    "operate": "operate_management",
    "tasklist": "tasklist_management",
    "optimize": "optimize_management",
}
BACKUPS = {"8.6": "/actuator/backups", "8.8": "/actuator/backupRuntime"}
WEB_APPS = {"8.6": ("operate", "tasklist"), "8.8": ()}


def healthy(cluster: StandIn, name: str) -> bool:
    try:
        return cluster.ask(MANAGEMENT[name], HEALTH).ok
    except requests.ConnectionError:
        return False


def start(cluster: StandIn, name: str) -> None:
    """Start a process and wait until it is healthy."""
    cluster.process(name, "start")
    until(lambda: healthy(cluster, name), bool)


def back_up(cluster: StandIn, number: int = 10, line: str = "8.6") -> None:
    """Take a whole backup inside a hard pause."""
    cluster.ask("zeebe_management", "/actuator/exporting/pause", "POST")
    parts = {"zeebe_management": BACKUPS[line], "optimize_management": "/actuator/backups"}
    parts |= {MANAGEMENT[app]: "/actuator/backups" for app in WEB_APPS[line]}
    paths = list(parts.items()) + ([("zeebe_management", "/actuator/backupHistory")] if line == "8.8" else [])
    for door, path in paths:
        cluster.ask(door, path, "POST", json={"backupId": number}).raise_for_status()
    for door, path in paths:
        until(
            lambda d=door, p=path: cluster.ask(d, f"{p}/{number}").json().get("state"),  # type: ignore[misc]
            lambda state: state == "COMPLETED",
        )
    records = f"/_snapshot/backups/records_{number}?wait_for_completion=true"
    cluster.ask("search", records, "PUT", json={"indices": "zeebe-record*"}).raise_for_status()
    cluster.ask("zeebe_management", "/actuator/exporting/resume", "POST")


def restore_indices(cluster: StandIn, number: int = 10) -> None:
    """Restore every snapshot of a backup, in ascending order."""
    for snapshot in snapshots(cluster, number):
        path = f"/_snapshot/backups/{snapshot}/_restore?wait_for_completion=true"
        restored = cluster.ask("search", path, "POST", json={"include_global_state": False}).json()["snapshot"]
        assert restored["shards"]["failed"] == 0


def snapshots(cluster: StandIn, number: int = 10) -> list[str]:
    listed = cluster.ask("search", "/_snapshot/backups/_all").json()["snapshots"]
    return sorted(s["snapshot"] for s in listed if f"_{number}" in s["snapshot"])


def shards(cluster: StandIn, names: str = "_all") -> dict[str, dict[str, Any]]:
    path = f"/_cat/shards/{names}?format=json&h=index,shard,prirep,state,unassigned.reason,unassigned.details"
    return {row["index"]: row for row in cluster.ask("search", path).json()}


def in_operate(cluster: StandIn) -> dict[str, str]:
    found = cluster.ask("search", "/operate-list-view-8.3.0_/_search", "POST", json={"size": 1000}).json()
    return {hit["_id"]: hit["_source"]["state"] for hit in found["hits"]["hits"]}


def test_a_stopped_process_refuses_connections_until_it_is_started(camunda_8_6: StandIn) -> None:
    for name, door in MANAGEMENT.items():
        assert camunda_8_6.process(name) == {"state": "running"}
        camunda_8_6.process(name, "stop")
        camunda_8_6.process(name, "stop")
        assert camunda_8_6.process(name) == {"state": "stopped"}
        assert camunda_8_6.truth()["processes"][name] == "stopped"
        with pytest.raises(requests.ConnectionError):
            camunda_8_6.ask(door, HEALTH)
        start(camunda_8_6, name)
    assert camunda_8_6.truth()["crash_loops"] == []
    assert set(camunda_8_6.truth()["processes"].values()) == {"running"}


def test_a_started_process_is_not_healthy_at_once(camunda_8_6: StandIn) -> None:
    camunda_8_6.process("zeebe", "stop")
    camunda_8_6.pace(3600)
    camunda_8_6.process("zeebe", "start")
    camunda_8_6.process("zeebe", "start")
    assert camunda_8_6.ask("zeebe_management", HEALTH).status_code == 503
    assert camunda_8_6.ask("zeebe_rest", "/v2/topology").json()["brokers"] == []
    assert camunda_8_6.ask("zeebe_management", "/actuator/partitions").json() == {}
    refused = camunda_8_6.ask("zeebe_rest", "/v2/process-instances", "POST", json={"processDefinitionId": "demo"})
    assert refused.status_code == 503
    camunda_8_6.pace(0)
    until(lambda: healthy(camunda_8_6, "zeebe"), bool)
    assert len(camunda_8_6.ask("zeebe_rest", "/v2/topology").json()["brokers"]) == 1


@pytest.mark.parametrize("app", ["operate", "tasklist", "optimize"])
def test_a_web_app_started_before_zeebe_is_healthy_gets_nowhere(camunda_8_6: StandIn, app: str) -> None:
    camunda_8_6.process(app, "stop")
    camunda_8_6.process("zeebe", "stop")
    camunda_8_6.pace(3600)
    camunda_8_6.process("zeebe", "start")
    camunda_8_6.process(app, "start")
    camunda_8_6.pace(0)
    until(lambda: healthy(camunda_8_6, "zeebe"), bool)
    assert camunda_8_6.truth()["crash_loops"] == [app]
    until(lambda: camunda_8_6.process(app), lambda found: found == {"state": "stopped"})
    start(camunda_8_6, app)
    assert camunda_8_6.truth()["crash_loops"] == [app]


def test_a_web_app_that_began_without_zeebe_runs_for_a_while_and_answers_nobody(camunda_8_6: StandIn) -> None:
    camunda_8_6.process("operate", "stop")
    camunda_8_6.process("zeebe", "stop")
    camunda_8_6.process("operate", "start")
    start(camunda_8_6, "zeebe")
    assert camunda_8_6.process("operate") == {"state": "running"}
    assert not healthy(camunda_8_6, "operate")
    start(camunda_8_6, "operate")


def test_a_web_app_waits_for_a_zeebe_with_all_partitions(camunda_8_6: StandIn) -> None:
    camunda_8_6.process("operate", "stop")
    camunda_8_6.conditions(unhealthy_partitions=[2])
    camunda_8_6.process("operate", "start")
    assert camunda_8_6.truth()["crash_loops"] == ["operate"]


def test_the_web_apps_of_8_8_come_and_go_with_zeebe(camunda_8_8: StandIn) -> None:
    assert set(camunda_8_8.truth()["processes"]) == {"zeebe", "optimize"}
    with pytest.raises(ValueError, match="The stand-in knows no POST /processes/operate/start."):
        camunda_8_8.process("operate", "start")
    camunda_8_8.process("zeebe", "stop")
    for door in ("zeebe_rest", "zeebe_management"):
        with pytest.raises(requests.ConnectionError):
            camunda_8_8.ask(door, "/")
    start(camunda_8_8, "zeebe")
    assert camunda_8_8.ask("zeebe_management", "/actuator/backupHistory").ok


def test_a_process_can_refuse_to_stop(camunda_8_6: StandIn) -> None:
    camunda_8_6.conditions(stays_running=["operate"])
    camunda_8_6.process("operate", "stop")
    assert camunda_8_6.process("operate") == {"state": "running"}
    assert healthy(camunda_8_6, "operate")


def test_the_journal_keeps_the_order_of_process_events_and_requests(camunda_8_6: StandIn) -> None:
    camunda_8_6.ask("search", "/")
    camunda_8_6.process("operate", "stop")
    camunda_8_6.ask("search", "/operate-*", "DELETE")
    camunda_8_6.process("operate")
    camunda_8_6.truth()
    told = [(e["role"], e["method"], e["path"], e["status"]) for e in camunda_8_6.journal()]
    assert told == [
        ("search", "GET", "/", 200),
        ("processes", "POST", "/processes/operate/stop", 204),
        ("search", "DELETE", "/operate-*", 200),
        ("processes", "GET", "/processes/operate", 200),
    ]


def test_a_process_event_can_be_spoiled(camunda_8_6: StandIn) -> None:
    camunda_8_6.fault("processes", {"status": 500}, path="operate/stop")
    assert camunda_8_6.ask("control", "/processes/operate/stop", "POST").status_code == 500
    assert camunda_8_6.process("operate") == {"state": "running"}


def test_data_is_touched_only_while_zeebe_is_stopped(camunda_8_6: StandIn) -> None:
    for path in ("empty", "restore"):
        refused = camunda_8_6.ask("control", f"/processes/zeebe/{path}", "POST", json={"backup_id": 10})
        assert refused.status_code == 409
        assert refused.json()["message"] == "zeebe is running; stop it first."
    assert camunda_8_6.ask("control", "/processes/operate/empty", "POST").status_code == 404


def test_an_emptied_zeebe_begins_anew(camunda_8_6: StandIn) -> None:
    (key,) = camunda_8_6.work(1)
    camunda_8_6.process("zeebe", "stop")
    camunda_8_6.process("zeebe", "empty")
    start(camunda_8_6, "zeebe")
    assert camunda_8_6.truth()["instances"] == {}
    gone = camunda_8_6.ask("zeebe_rest", f"/v2/process-instances/{key}/cancellation", "POST")
    assert gone.status_code == 404
    assert in_operate(camunda_8_6) == {str(key): "ACTIVE"}


def test_a_plain_restart_keeps_everything_and_the_pause(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(2)
    camunda_8_6.exporting("PAUSED")
    before = camunda_8_6.truth()
    camunda_8_6.process("zeebe", "stop")
    start(camunda_8_6, "zeebe")
    after = camunda_8_6.truth()
    assert {k: after[k] for k in ("instances", "partitions", "exporting")} == {
        k: before[k] for k in ("instances", "partitions", "exporting")
    }


def test_the_restore_application_wants_an_empty_directory_and_a_complete_backup(camunda_8_6: StandIn) -> None:
    camunda_8_6.plant(zeebe=[10])
    camunda_8_6.process("zeebe", "stop")
    full = camunda_8_6.process("zeebe", "restore", backup_id=10)
    assert full["exit_code"] == 1
    assert "DirectoryNotEmptyException" in full["output"]
    camunda_8_6.process("zeebe", "empty")
    unknown = camunda_8_6.process("zeebe", "restore", backup_id=11)
    assert unknown["exit_code"] == 1
    assert "Could not find a completed backup with id 11." in unknown["output"]
    done = camunda_8_6.process("zeebe", "restore", backup_id=10)
    assert done["exit_code"] == 0
    assert "Successfully restored broker from backup 10" in done["output"]
    assert done["output"].startswith("20")
    again = camunda_8_6.process("zeebe", "restore", backup_id=10)
    assert "DirectoryNotEmptyException" in again["output"]


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"data_left": True}, "DirectoryNotEmptyException"),
        ({"restore_store": "refusing"}, "Connection refused"),
        ({"backup_store": "none"}, "No backup store configured, cannot restore from backup."),
    ],
)
def test_the_restore_application_can_fail(camunda_8_6: StandIn, condition: dict[str, Any], said: str) -> None:
    camunda_8_6.plant(zeebe=[10])
    camunda_8_6.conditions(**condition)
    camunda_8_6.process("zeebe", "stop")
    camunda_8_6.process("zeebe", "empty")
    failed = camunda_8_6.process("zeebe", "restore", backup_id=10)
    assert failed["exit_code"] == 1
    assert said in failed["output"]


def test_the_backup_store_knows_what_it_holds_while_zeebe_is_down(camunda_8_6: StandIn) -> None:
    camunda_8_6.plant(zeebe=[10])
    camunda_8_6.disaster()
    exists = {n: camunda_8_6.ask("control", f"/processes/zeebe/backups/{n}").json() for n in (10, 11)}
    assert exists == {10: {"exists": True}, 11: {"exists": False}}
    camunda_8_6.conditions(restore_store="refusing")
    assert camunda_8_6.ask("control", "/processes/zeebe/backups/10").status_code == 502


def test_a_disaster_leaves_repository_backups_and_templates(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(2)
    back_up(camunda_8_6)
    camunda_8_6.disaster()
    truth = camunda_8_6.truth()
    assert set(truth["processes"].values()) == {"stopped"}
    assert truth["instances"] == {}
    assert camunda_8_6.ask("search", "/_cat/indices?format=json").json() == []
    assert truth["zeebe_backups"]["10"]["state"] == "COMPLETED"
    assert len(snapshots(camunda_8_6)) == 15
    assert camunda_8_6.ask("search", "/_index_template").json()["index_templates"]
    camunda_8_6.reset()
    assert set(camunda_8_6.truth()["processes"].values()) == {"running"}
    assert all(healthy(camunda_8_6, name) for name in MANAGEMENT)


@pytest.mark.parametrize("line", ["8.6", "8.8"])
def test_a_whole_restore_brings_back_what_was_there_at_the_checkpoint(
    line: str, request: pytest.FixtureRequest
) -> None:
    cluster: StandIn = request.getfixturevalue(f"camunda_{line.replace('.', '_')}")
    kept = cluster.work(4)
    cluster.ask("zeebe_rest", f"/v2/process-instances/{kept[0]}/cancellation", "POST").raise_for_status()
    until(lambda: in_operate(cluster)[str(kept[0])], lambda state: state == "CANCELED")
    back_up(cluster, line=line)
    records, before = cluster.written(), in_operate(cluster)
    lost = cluster.work(3)
    cluster.disaster()

    cluster.process("zeebe", "empty")
    assert cluster.process("zeebe", "restore", backup_id=10)["exit_code"] == 0
    restore_indices(cluster)
    for name in ("zeebe", *WEB_APPS[line], "optimize"):
        start(cluster, name)

    truth = cluster.truth()
    assert truth["crash_loops"] == []
    assert truth["instances"] == {"ACTIVE": 3, "CANCELED": 1}
    assert cluster.written() == records
    until(lambda: cluster.count("zeebe-record*"), lambda found: found == records)
    assert in_operate(cluster) == before
    assert {p["acknowledged"] for p in truth["partitions"].values()} == {
        p["last"] for p in truth["partitions"].values()
    }
    for key in kept[1:]:
        cluster.ask("zeebe_rest", f"/v2/process-instances/{key}/cancellation", "POST").raise_for_status()
    new = cluster.work(2)
    assert set(new) & set(lost)
    until(lambda: in_operate(cluster), lambda found: all(found.get(str(k)) == "ACTIVE" for k in new))
    until(lambda: in_operate(cluster), lambda found: all(found[str(k)] == "CANCELED" for k in kept))
