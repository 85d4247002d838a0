"""The stand-in's Camunda 8.8 and 8.9: one application, two backup APIs on one port."""

import pytest

from tests.stand_in import StandIn, until

RUNTIME = "/actuator/backupRuntime"
HISTORY = "/actuator/backupHistory"


def state(cluster: StandIn, path: str) -> str:
    answer = cluster.ask("zeebe_management", path)
    return str(answer.json()["state"]) if answer.ok else str(answer.status_code)


def start(cluster: StandIn, path: str, backup_id: int = 10) -> int:
    return cluster.ask("zeebe_management", path, "POST", json={"backupId": backup_id}).status_code


def test_one_port_plays_two_roles(camunda_8_8: StandIn) -> None:
    assert not any(name.startswith(("operate", "tasklist")) for name in camunda_8_8.urls)
    assert start(camunda_8_8, RUNTIME) == 202
    assert start(camunda_8_8, HISTORY) == 200
    assert [e["role"] for e in camunda_8_8.journal()] == ["zeebe", "webapps"]
    assert camunda_8_8.ask("zeebe_management", "/actuator/backups").status_code == 404


def test_both_backups_complete_and_history_hides_the_gaps_between_parts(camunda_8_8: StandIn) -> None:
    camunda_8_8.work(2)
    start(camunda_8_8, RUNTIME)
    start(camunda_8_8, HISTORY)
    until(lambda: state(camunda_8_8, f"{RUNTIME}/10"), lambda found: found == "COMPLETED")
    seen = set()

    def look() -> str:
        seen.add(state(camunda_8_8, f"{HISTORY}/10"))
        return state(camunda_8_8, f"{HISTORY}/10")

    until(look, lambda found: found == "COMPLETED")
    assert seen <= {"404", "IN_PROGRESS", "COMPLETED"}
    details = camunda_8_8.ask("zeebe_management", f"{HISTORY}/10").json()["details"]
    assert [d["snapshotName"] for d in details] == [f"camunda_webapps_10_8.8.0_part_{n}_of_7" for n in range(1, 8)]
    assert {d["brokerId"] for d in camunda_8_8.ask("zeebe_management", f"{RUNTIME}/10").json()["details"]} == {0}


def test_history_refuses_duplicates_and_zero_and_knows_nothing_of_others(camunda_8_8: StandIn) -> None:
    camunda_8_8.plant(webapps=[10])
    assert start(camunda_8_8, HISTORY, 10) == 400
    assert start(camunda_8_8, HISTORY, 0) == 400
    assert camunda_8_8.ask("zeebe_management", f"{HISTORY}/11").status_code == 404
    assert camunda_8_8.ask("zeebe_management", f"{HISTORY}/11", "DELETE").status_code == 404
    (listed,) = camunda_8_8.ask("zeebe_management", f"{HISTORY}?pattern=1*").json()
    assert listed["state"] == "COMPLETED"
    (hasty,) = camunda_8_8.ask("zeebe_management", f"{HISTORY}?verbose=false").json()
    assert hasty["state"] == "FAILED"


@pytest.mark.parametrize(("condition", "status"), [({"webapps": None}, 400), ({"webapps": "elsewhere"}, 404)])
def test_history_without_its_repository(camunda_8_8: StandIn, condition: dict[str, str | None], status: int) -> None:
    camunda_8_8.conditions(repository=condition)
    assert start(camunda_8_8, HISTORY) == status


def test_a_dead_history_backup_is_in_progress_until_the_check_gives_up(camunda_8_8: StandIn) -> None:
    camunda_8_8.conditions(incomplete_after=0.5)
    camunda_8_8.outcome("webapps", "INCOMPLETE")
    start(camunda_8_8, HISTORY)
    until(lambda: state(camunda_8_8, f"{HISTORY}/10"), lambda found: found == "IN_PROGRESS")
    until(lambda: state(camunda_8_8, f"{HISTORY}/10"), lambda found: found == "INCOMPLETE")


def test_scaling_refuses_a_backup_with_409(camunda_8_8: StandIn) -> None:
    camunda_8_8.conditions(pending_change=True)
    answer = camunda_8_8.ask("zeebe_management", RUNTIME, "POST", json={"backupId": 10})
    assert answer.status_code == 409
    assert "scaling is in progress" in answer.json()["message"]


def test_runtime_backups_are_found_by_prefix(camunda_8_8: StandIn) -> None:
    camunda_8_8.plant(zeebe=[101, 102, 211])
    found = camunda_8_8.ask("zeebe_management", f"{RUNTIME}/10*").json()
    assert [b["backupId"] for b in found] == [102, 101]
    assert camunda_8_8.ask("zeebe_management", f"{RUNTIME}/abc").status_code == 400
    assert camunda_8_8.ask("zeebe_management", f"{RUNTIME}/state").status_code == 400


def test_8_9_tells_its_checkpoints_and_can_mint_its_own_ids() -> None:
    with StandIn("8.8", "--version", "8.9.0", pace=0) as cluster:
        answer = cluster.ask("zeebe_management", RUNTIME, "POST", json={"backupId": 10})
        assert (answer.status_code, answer.json()["backupId"]) == (202, 10)
        until(lambda: state(cluster, f"{RUNTIME}/10"), lambda found: found == "COMPLETED")
        told = cluster.ask("zeebe_management", f"{RUNTIME}/state").json()
        assert {s["checkpointType"] for s in told["backupStates"]} == {"MANUAL_BACKUP"}
        assert cluster.ask("zeebe_management", RUNTIME, "POST").status_code == 400
        cluster.conditions(generates_ids=True)
        refused = cluster.ask("zeebe_management", RUNTIME, "POST", json={"backupId": 11})
        assert "without specifying a backupId" in refused.json()["message"]
        minted = cluster.ask("zeebe_management", RUNTIME, "POST").json()["backupId"]
        assert minted > 10**12


def test_the_exporter_fills_the_indices_so_a_hard_pause_stops_everything(camunda_8_8: StandIn) -> None:
    camunda_8_8.work(2)
    camunda_8_8.ask("zeebe_management", "/actuator/exporting/pause", "POST")
    camunda_8_8.ask("zeebe_rest", "/v2/process-instances", "POST", json={"processDefinitionId": "demo"})
    search = "/v2/process-instances/search"
    assert camunda_8_8.ask("zeebe_rest", search, "POST", json={}).json()["page"]["totalItems"] == 2
    camunda_8_8.ask("zeebe_management", "/actuator/exporting/resume", "POST")
    until(
        lambda: camunda_8_8.ask("zeebe_rest", search, "POST", json={}).json()["page"]["totalItems"],
        lambda found: found == 3,
    )
    (task,) = camunda_8_8.ask("zeebe_rest", "/v2/user-tasks/search", "POST", json={"page": {"limit": 1}}).json()[
        "items"
    ]
    assert isinstance(task["userTaskKey"], str)
    assert camunda_8_8.ask("zeebe_rest", f"/v2/user-tasks/{task['userTaskKey']}/completion", "POST").status_code == 204
    active = {"filter": {"state": "ACTIVE"}}
    until(
        lambda: camunda_8_8.ask("zeebe_rest", search, "POST", json=active).json()["page"]["totalItems"],
        lambda found: found == 2,
    )
    assert camunda_8_8.ask("zeebe_rest", "/v2/status").status_code == 204


def test_health_of_partitions_shows(camunda_8_8: StandIn) -> None:
    camunda_8_8.conditions(unhealthy_partitions=[1])
    told = camunda_8_8.ask("zeebe_management", "/actuator/partitions").json()
    assert [told[n]["health"]["status"] for n in "12"] == ["UNHEALTHY", "HEALTHY"]
