"""The stand-in's disaster, its restore application, and a whole restore by plain calls."""

from typing import Any

import pytest

from tests.stand_in import StandIn, until

BACKUPS = {"8.6": "/actuator/backups", "8.8": "/actuator/backupRuntime"}
WEB_APPS = {"8.6": ("operate", "tasklist"), "8.8": ()}


def back_up(cluster: StandIn, number: int = 10, line: str = "8.6") -> None:
    """Take a whole backup inside a hard pause."""
    cluster.ask("zeebe_management", "/actuator/exporting/pause", "POST")
    parts = {"zeebe_management": BACKUPS[line], "optimize_management": "/actuator/backups"}
    parts |= {f"{app}_management": "/actuator/backups" for app in WEB_APPS[line]}
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


def in_operate(cluster: StandIn) -> dict[str, str]:
    found = cluster.ask("search", "/operate-list-view-8.3.0_/_search", "POST", json={"size": 1000}).json()
    return {hit["_id"]: hit["_source"]["state"] for hit in found["hits"]["hits"]}


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
    camunda_8_6.start("zeebe")
    assert camunda_8_6.truth()["instances"] == {}
    gone = camunda_8_6.ask("zeebe_rest", f"/v2/process-instances/{key}/cancellation", "POST")
    assert gone.status_code == 404
    assert in_operate(camunda_8_6) == {str(key): "ACTIVE"}


def test_a_plain_restart_keeps_everything_and_the_pause(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(2)
    camunda_8_6.exporting("PAUSED")
    before = camunda_8_6.truth()
    camunda_8_6.process("zeebe", "stop")
    camunda_8_6.start("zeebe")
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


def test_an_id_of_an_earlier_timeline_is_accepted_and_stays_what_it_was(camunda_8_6: StandIn) -> None:
    camunda_8_6.plant(zeebe=[10, 11])
    old = camunda_8_6.ask("zeebe_management", f"{BACKUPS['8.6']}/11").json()
    camunda_8_6.process("zeebe", "stop")
    camunda_8_6.process("zeebe", "empty")
    camunda_8_6.process("zeebe", "restore", backup_id=10)
    camunda_8_6.start("zeebe")
    accepted = camunda_8_6.ask("zeebe_management", BACKUPS["8.6"], "POST", json={"backupId": 11})
    assert accepted.status_code == 202
    assert camunda_8_6.ask("zeebe_management", f"{BACKUPS['8.6']}/11").json() == old


@pytest.mark.parametrize(("line", "version"), [("8.6", "v1"), ("8.6", "v2"), ("8.8", "v2")])
def test_a_partition_can_swallow_its_first_commands_after_a_restore(
    line: str, version: str, request: pytest.FixtureRequest
) -> None:
    cluster: StandIn = request.getfixturevalue(f"camunda_{line.replace('.', '_')}")
    cluster.conditions(swallowed={"1": 3})

    def command(partition: int) -> int:
        key = partition << 51
        return cluster.ask("zeebe_rest", f"/{version}/user-tasks/{key}/completion", "POST", json={}).status_code

    assert [command(1), command(2), command(3)] == [404, 404, 503]
    cluster.plant(zeebe=[10])
    cluster.process("zeebe", "stop")
    cluster.process("zeebe", "empty")
    cluster.process("zeebe", "restore", backup_id=10)
    cluster.start("zeebe")
    assert [command(2), command(1), command(1), command(1), command(1)] == [404, 504, 504, 504, 404]


def test_a_rejected_command_is_exported_and_gets_into_no_index(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(1)
    before = camunda_8_6.ask("zeebe_management", "/actuator/partitions").json()
    for partition in (1, 2):
        unused = (partition << 51) + 12345
        path = f"/v2/process-instances/{unused}/cancellation"
        assert camunda_8_6.ask("zeebe_rest", path, "POST", json={}).status_code == 404
    until(
        lambda: camunda_8_6.ask("zeebe_management", "/actuator/partitions").json(),
        lambda now: all(now[n]["exportedPosition"] > before[n]["exportedPosition"] for n in "12"),
    )
    assert camunda_8_6.count("zeebe-record*") == camunda_8_6.written()


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
    assert all(camunda_8_6.healthy(name) for name in camunda_8_6.truth()["processes"])


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
        cluster.start(name)

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
