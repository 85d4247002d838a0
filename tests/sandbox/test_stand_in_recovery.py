"""The stand-in's Restore API of 8.10: modes, restores, and what stands still meanwhile."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.stand_in import StandIn, until

RESTORE, MODE = "/v2/restore", "/v2/mode?mode=RECOVERING"


@pytest.fixture(scope="module")
def running() -> Iterator[StandIn]:
    with StandIn("8.10", pace=0.02) as cluster:
        yield cluster


@pytest.fixture
def camunda(running: StandIn) -> StandIn:
    """A fresh Camunda 8.10 with two instances, and a backup made before the second."""
    running.reset()
    running.work(1)
    running.plant(zeebe=[10])
    running.work(1)
    return running


def rest(camunda: StandIn, method: str, path: str, **sent: Any) -> Any:
    return camunda.ask("zeebe_rest", path, method, **sent)


def change(camunda: StandIn) -> dict[str, Any]:
    told: dict[str, Any] = camunda.ask("zeebe_management", "/actuator/cluster").json()
    return told


def settled(camunda: StandIn) -> dict[str, Any]:
    """Wait until no change goes on; return the last."""
    told = until(lambda: change(camunda), lambda found: "pendingChange" not in found)
    last: dict[str, Any] = told["lastChange"]
    return last


def states(camunda: StandIn) -> set[tuple[str, str]]:
    brokers = rest(camunda, "GET", "/v2/topology").json()["brokers"]
    return {(copy["state"], copy["role"]) for broker in brokers for copy in broker["partitions"]}


def test_recovering_mode_stands_still_and_says_so(camunda: StandIn) -> None:
    asked = rest(camunda, "PATCH", MODE)
    assert (asked.status_code, asked.json()["changeId"]) == (200, "1")
    assert rest(camunda, "PATCH", MODE).status_code == 409
    assert settled(camunda)["status"] == "COMPLETED"
    assert states(camunda) == {("recovering", "inactive")}
    started = rest(camunda, "POST", "/v2/process-instances", json={"processDefinitionId": "demo"})
    assert started.status_code == 503
    assert camunda.ask("zeebe_management", "/actuator/partitions").json() == {}
    assert camunda.ask("zeebe_management", "/actuator/health").ok


def test_a_restore_goes_back_to_work_by_itself(camunda: StandIn) -> None:
    assert rest(camunda, "POST", RESTORE, json={"backupIds": [10]}).status_code == 409
    rest(camunda, "PATCH", MODE)
    settled(camunda)
    assert rest(camunda, "GET", RESTORE).status_code == 404
    accepted = rest(camunda, "POST", RESTORE, json={"backupIds": [10]})
    assert (accepted.status_code, accepted.json()["changeId"]) == (202, "2")
    told = rest(camunda, "GET", RESTORE).json()
    assert (told["status"], told["changeId"], told["brokers"][0]["partitionsToRestore"]) == ("IN_PROGRESS", "2", 2)
    last = settled(camunda)
    assert (last["id"], last["status"]) == (2, "COMPLETED")
    assert rest(camunda, "GET", RESTORE).status_code == 404
    assert states(camunda) == {("active", "leader")}
    assert camunda.truth()["instances"] == {"ACTIVE": 1}


def test_a_dry_run_changes_nothing(camunda: StandIn) -> None:
    before = camunda.truth()
    assert rest(camunda, "POST", f"{RESTORE}?dryRun=true", json={"backupIds": [10]}).status_code == 202
    missing = rest(camunda, "POST", f"{RESTORE}?dryRun=true", json={"backupIds": [11]})
    assert missing.status_code == 400
    assert missing.json()["detail"] == "No completed backup found for partition 1 with backup id 11"
    assert camunda.truth() == before
    camunda.conditions(validates_late=True)
    assert rest(camunda, "POST", f"{RESTORE}?dryRun=true", json={"backupIds": [10]}).status_code == 409


@pytest.mark.parametrize(
    ("body", "detail"),
    [({}, "No backupId specified"), ({"backupIds": [10, 11]}, "Cannot restore from multiple backups")],
)
def test_a_restore_wants_one_backup(camunda: StandIn, body: dict[str, Any], detail: str) -> None:
    answer = rest(camunda, "POST", f"{RESTORE}?dryRun=true", json=body)
    assert answer.status_code == 400
    assert detail in answer.json()["detail"]


@pytest.mark.parametrize(("refusal", "status"), [("partitions", 400), ("store_none", 400), ("forbidden", 403)])
def test_a_restore_can_be_refused(camunda: StandIn, refusal: str, status: int) -> None:
    camunda.conditions(restore_refusal=refusal)
    assert rest(camunda, "POST", f"{RESTORE}?dryRun=true", json={"backupIds": [10]}).status_code == status


@pytest.mark.parametrize("outcome", ["FAILED", "STUCK"])
def test_a_restore_that_fails_stays_in_the_mode_and_another_may_follow(camunda: StandIn, outcome: str) -> None:
    camunda.outcome("restore", outcome)
    rest(camunda, "PATCH", MODE)
    settled(camunda)
    rest(camunda, "POST", RESTORE, json={"backupIds": [10]})
    if outcome == "STUCK":
        assert camunda.ask("zeebe_management", "/actuator/cluster/changes/1", "DELETE").status_code == 400
        assert camunda.ask("zeebe_management", "/actuator/cluster/changes/2", "DELETE").ok
    assert settled(camunda)["status"] == ("CANCELLED" if outcome == "STUCK" else "FAILED")
    assert states(camunda) == {("recovering", "inactive")}
    rest(camunda, "POST", RESTORE, json={"backupIds": [10]})
    assert settled(camunda)["status"] == "COMPLETED"


def test_a_running_gateway_makes_its_index_for_sessions_again(camunda: StandIn) -> None:
    camunda.conditions(sessions_return=1)
    index = "/camunda-web-session-8.8.0_"
    assert camunda.ask("search", index, "DELETE").ok
    assert camunda.ask("search", f"{index}/_count").ok
    assert camunda.ask("search", index, "DELETE").ok
    assert camunda.ask("search", f"{index}/_count").status_code == 404


def test_lines_before_know_none_of_it() -> None:
    with StandIn("8.8", pace=0) as before:
        assert rest(before, "PATCH", MODE).status_code == 404
        assert rest(before, "GET", RESTORE).status_code == 404
        brokers = rest(before, "GET", "/v2/topology").json()["brokers"]
        assert "state" not in brokers[0]["partitions"][0]
