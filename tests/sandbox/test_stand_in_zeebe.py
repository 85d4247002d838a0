"""The stand-in's Zeebe: exporting, backups, REST API."""

from typing import Any

import pytest

from tests.stand_in import StandIn, until

BACKUPS = "/actuator/backups"
BACKUP = f"{BACKUPS}/10"
DONE = {"body": None, "status": 204, "contentType": None}


def phases(cluster: StandIn) -> set[str]:
    partitions = cluster.ask("zeebe_management", "/actuator/partitions").json()
    return {p["exporterPhase"] for p in partitions.values()}


def start(cluster: StandIn, backup_id: Any = 10) -> int:
    return cluster.ask("zeebe_management", BACKUPS, "POST", json={"backupId": backup_id}).status_code


def states(cluster: StandIn, last: str, path: str = BACKUP) -> list[str]:
    """Poll until a state is seen; give what was seen on the way, without repetitions."""
    seen: list[str] = []

    def look() -> str:
        answer = cluster.ask("zeebe_management", path)
        state = answer.json()["state"] if answer.ok else str(answer.status_code)
        if seen[-1:] != [state]:
            seen.append(state)
        return state

    until(look, lambda state: state == last)
    return seen


def test_pause_and_resume_answer_200_with_the_true_status_inside(camunda_8_6: StandIn) -> None:
    for operation, phase in (("pause", "PAUSED"), ("resume", "EXPORTING"), ("pause?soft=true", "SOFT_PAUSED")):
        answer = camunda_8_6.ask("zeebe_management", f"/actuator/exporting/{operation}", "POST")
        assert (answer.status_code, answer.json()) == (200, DONE)
        assert phases(camunda_8_6) == {phase}


def test_an_unknown_operation_is_also_200(camunda_8_6: StandIn) -> None:
    answer = camunda_8_6.ask("zeebe_management", "/actuator/exporting/nonsense", "POST")
    assert answer.status_code == 200
    assert answer.json()["body"]["stackTrace"] == []
    assert phases(camunda_8_6) == {"EXPORTING"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/actuator/exporting/pause?soft=maybe", 400),
        ("GET", "/actuator/exporting", 404),
        ("GET", "/actuator/exporting/pause", 405),
        ("GET", "/actuator/backupRuntime", 404),
    ],
)
def test_what_the_actuator_refuses(camunda_8_6: StandIn, method: str, path: str, status: int) -> None:
    answer = camunda_8_6.ask("zeebe_management", path, method)
    assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_a_hard_pause_keeps_records_out_of_the_indices_until_resume(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(2)
    before = camunda_8_6.count("zeebe-record*")
    camunda_8_6.ask("zeebe_management", "/actuator/exporting/pause", "POST")
    camunda_8_6.ask("zeebe_rest", "/v2/process-instances", "POST", json={"processDefinitionId": "demo"})
    partitions = camunda_8_6.truth()["partitions"]
    assert camunda_8_6.count("zeebe-record*") == before < camunda_8_6.written()
    assert {p["acknowledged"] < p["last"] for p in partitions.values()} == {True, False}
    camunda_8_6.ask("zeebe_management", "/actuator/exporting/resume", "POST")
    until(lambda: camunda_8_6.count("zeebe-record*"), lambda found: found == camunda_8_6.written())


def test_a_soft_pause_freezes_only_the_acknowledged_position(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(2)
    camunda_8_6.ask("zeebe_management", "/actuator/exporting/pause?soft=true", "POST")
    frozen = {n: p["acknowledged"] for n, p in camunda_8_6.truth()["partitions"].items()}
    camunda_8_6.work(2)
    now = camunda_8_6.truth()["partitions"]
    assert {n: p["acknowledged"] for n, p in now.items()} == frozen
    assert all(p["written"] == p["last"] > frozen[n] for n, p in now.items())
    exported = camunda_8_6.ask("zeebe_management", "/actuator/partitions").json()
    assert {n: p["exportedPosition"] for n, p in exported.items()} == frozen


def test_a_missing_broker_fails_the_pause_inside_a_200(camunda_8_6: StandIn) -> None:
    camunda_8_6.conditions(missing_brokers=[0])
    answer = camunda_8_6.ask("zeebe_management", "/actuator/exporting/pause", "POST")
    assert (answer.status_code, answer.json()["status"]) == (200, 500)
    assert "members of partition 1" in answer.json()["body"]["message"]
    assert phases(camunda_8_6) == {"EXPORTING"}


def test_a_backup_is_404_then_incomplete_then_in_progress_then_completed(camunda_8_6: StandIn) -> None:
    camunda_8_6.pace(0.15)
    assert start(camunda_8_6) == 202
    assert states(camunda_8_6, "COMPLETED") == ["404", "INCOMPLETE", "IN_PROGRESS", "COMPLETED"]
    body = camunda_8_6.ask("zeebe_management", BACKUP).json()
    assert [d["partitionId"] for d in body["details"]] == [1, 2]
    assert all(d["brokerVersion"] == "8.6.0" and d["createdAt"].endswith("Z") for d in body["details"])


def test_an_id_must_be_higher_than_every_earlier_one_even_a_deleted_one(camunda_8_6: StandIn) -> None:
    camunda_8_6.pace(0)
    start(camunda_8_6)
    states(camunda_8_6, "COMPLETED")
    assert camunda_8_6.ask("zeebe_management", BACKUP, "DELETE").status_code == 204
    assert camunda_8_6.ask("zeebe_management", BACKUP).status_code == 404
    for used in (10, 9):
        answer = camunda_8_6.ask("zeebe_management", BACKUPS, "POST", json={"backupId": used})
        assert answer.status_code == 409
        assert "The latest backup has id 10." in answer.json()["message"]
    assert start(camunda_8_6, "11") == 202


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"json": {"backupId": 0}}, 400),
        ({"json": {"backupId": "abc"}}, 400),
        ({"json": {}}, 400),
        ({}, 415),
        ({"data": "{}", "headers": {"Content-Type": "text/plain"}}, 415),
    ],
)
def test_bad_requests_for_a_backup(camunda_8_6: StandIn, sent: dict[str, Any], status: int) -> None:
    assert camunda_8_6.ask("zeebe_management", BACKUPS, "POST", **sent).status_code == status


@pytest.mark.parametrize(
    ("outcome", "seen"),
    [
        ("FAILED", ["404", "INCOMPLETE", "IN_PROGRESS", "FAILED"]),
        ("HEALING", ["404", "INCOMPLETE", "IN_PROGRESS", "COMPLETED"]),
    ],
)
def test_planned_outcomes(camunda_8_6: StandIn, outcome: str, seen: list[str]) -> None:
    camunda_8_6.pace(0.15)
    camunda_8_6.outcome("zeebe", outcome, seconds=0.2)
    start(camunda_8_6)
    assert states(camunda_8_6, seen[-1]) == seen


def test_a_failed_backup_says_why(camunda_8_6: StandIn) -> None:
    camunda_8_6.outcome("zeebe", "FAILED")
    start(camunda_8_6)
    states(camunda_8_6, "FAILED")
    body = camunda_8_6.ask("zeebe_management", BACKUP).json()
    assert [d["state"] for d in body["details"]] == ["FAILED", "FAILED"]
    reasons = [f"Backup on partition {d['partitionId']} failed due to {d['failureReason']}. " for d in body["details"]]
    assert body["failureReason"] == "".join(reasons)


def test_a_plan_is_for_one_backup_only(camunda_8_6: StandIn) -> None:
    camunda_8_6.pace(0)
    camunda_8_6.outcome("zeebe", "FAILED")
    start(camunda_8_6, 10)
    start(camunda_8_6, 11)
    states(camunda_8_6, "FAILED")
    states(camunda_8_6, "COMPLETED", f"{BACKUPS}/11")


def test_a_lost_backup_was_accepted_is_never_seen_and_burns_its_id(camunda_8_6: StandIn) -> None:
    camunda_8_6.pace(0)
    camunda_8_6.outcome("zeebe", "LOST")
    assert start(camunda_8_6) == 202
    assert start(camunda_8_6, 11) == 202
    states(camunda_8_6, "COMPLETED", f"{BACKUPS}/11")
    assert camunda_8_6.ask("zeebe_management", BACKUP).status_code == 404
    assert start(camunda_8_6) == 409


def test_without_a_store_no_backup_begins(camunda_8_6: StandIn) -> None:
    camunda_8_6.conditions(backup_store="none")
    assert start(camunda_8_6) == 400
    beans = camunda_8_6.ask("zeebe_management", "/actuator/configprops/zeebe.broker").json()
    (bean,) = beans["contexts"]["application"]["beans"].values()
    assert bean["properties"]["data"]["backup"]["store"] == "NONE"


def test_a_store_that_refuses_connections_is_noticed_late_and_loses_the_backup(camunda_8_6: StandIn) -> None:
    camunda_8_6.conditions(backup_store="refusing")
    assert start(camunda_8_6) == 202
    assert camunda_8_6.ask("zeebe_management", BACKUP).status_code == 500
    assert camunda_8_6.ask("zeebe_management", BACKUPS).status_code == 500
    camunda_8_6.conditions(backup_store="ready")
    assert camunda_8_6.ask("zeebe_management", BACKUP).status_code == 404
    assert start(camunda_8_6) == 409


def test_a_store_that_hangs_delays_everything_but_the_202(camunda_8_6: StandIn) -> None:
    camunda_8_6.conditions(backup_store="hanging")
    assert start(camunda_8_6) == 202
    assert camunda_8_6.ask("zeebe_management", BACKUP).status_code == 504
    camunda_8_6.conditions(backup_store="ready")
    states(camunda_8_6, "COMPLETED")


def test_a_store_that_answers_wrongly_fails_the_backup(camunda_8_6: StandIn) -> None:
    camunda_8_6.conditions(backup_store="wrong")
    assert start(camunda_8_6) == 202
    states(camunda_8_6, "FAILED")


def test_each_broker_tells_its_own_partitions_only(camunda_8_6: StandIn) -> None:
    with StandIn("8.6", "--brokers", "3", "--partitions", "3") as cluster:
        for door in ("zeebe_management", "broker_1_management", "broker_2_management"):
            told = cluster.ask(door, "/actuator/partitions").json()
            leaders = [n for n, p in told.items() if p["role"] == "LEADER"]
            assert len(leaders) == 1
            assert all(p["exporterPhase"] is None for p in told.values() if p["role"] == "FOLLOWER")
        cluster.exporting("PAUSED", partition=2)
        assert {n: p["2"] for n, p in cluster.truth()["exporting"].items()} == dict.fromkeys("012", "PAUSED")
        told = cluster.ask("broker_1_management", "/actuator/partitions").json()
        assert told["2"]["exporterPhase"] == "PAUSED"


def test_instances_are_started_completed_and_cancelled(camunda_8_6: StandIn) -> None:
    first, second = camunda_8_6.work(2)
    task = until(
        lambda: camunda_8_6.ask("search", "/tasklist-task-8.5.0_/_search").json()["hits"]["hits"],
        lambda hits: len(hits) == 2,
    )
    keys = {int(hit["_source"]["processInstanceId"]): hit["_id"] for hit in task}
    rest = "zeebe_rest"
    assert camunda_8_6.ask(rest, f"/v2/user-tasks/{keys[first]}/completion", "POST", json={}).status_code == 204
    assert camunda_8_6.ask(rest, f"/v2/process-instances/{second}/cancellation", "POST").status_code == 204
    assert camunda_8_6.ask(rest, f"/v2/process-instances/{second}/cancellation", "POST").status_code == 404
    assert camunda_8_6.truth()["instances"] == {"COMPLETED": 1, "CANCELED": 1}
    states_query = {"size": 0, "aggs": {"states": {"terms": {"field": "state"}}}}

    def counted() -> dict[str, int]:
        answer = camunda_8_6.ask("search", "/operate-list-view-8.3.0_/_search", "POST", json=states_query).json()
        return {b["key"]: b["doc_count"] for b in answer["aggregations"]["states"]["buckets"]}

    until(counted, lambda found: found == {"COMPLETED": 1, "CANCELED": 1})


def test_topology_changes_and_sick_partitions_show(camunda_8_6: StandIn) -> None:
    camunda_8_6.conditions(pending_change=True, unhealthy_partitions=[2], version={"zeebe": "8.6.9"})
    assert camunda_8_6.ask("zeebe_management", "/actuator/cluster").json()["pendingChange"]["status"] == "IN_PROGRESS"
    topology = camunda_8_6.ask("zeebe_rest", "/v2/topology").json()
    assert [p["health"] for p in topology["brokers"][0]["partitions"]] == ["healthy", "unhealthy"]
    assert topology["gatewayVersion"] == "8.6.9"
    assert camunda_8_6.ask("zeebe_management", "/actuator/health").status_code == 503
