"""The stand-in's Operate, Tasklist and Optimize: backups made of snapshots."""

from typing import Any

import pytest
import requests

from tests.stand_in import StandIn, until

APPS = ("operate", "tasklist")
BACKUPS = "/actuator/backups"
BACKUP = f"{BACKUPS}/10"


def start(cluster: StandIn, app: str, backup_id: Any = 10) -> dict[str, Any]:
    answer = cluster.ask(f"{app}_management", BACKUPS, "POST", json={"backupId": backup_id})
    return {"status": answer.status_code, **answer.json()}


def look(cluster: StandIn, app: str, path: str = BACKUP) -> str:
    """State of a backup, or the status code that stands in its place."""
    answer = cluster.ask(f"{app}_management", path)
    return str(answer.json()["state"]) if answer.ok else str(answer.status_code)


def seen_until(cluster: StandIn, app: str, last: str) -> set[str]:
    seen: set[str] = set()

    def step() -> str:
        state = look(cluster, app)
        seen.add(state)
        return state

    until(step, lambda state: state == last)
    return seen


@pytest.mark.parametrize(
    ("app", "between"),
    [("operate", {"400", "INCOMPLETE"}), ("tasklist", {"IN_PROGRESS", "INCOMPLETE"})],
)
def test_what_a_poller_sees_on_opensearch(camunda_8_6: StandIn, app: str, between: set[str]) -> None:
    camunda_8_6.pace(0.1)
    started = start(camunda_8_6, app)
    assert started["status"] == 200
    assert started["scheduledSnapshots"] == [f"camunda_{app}_10_8.6.0_part_{n}_of_6" for n in range(1, 7)]
    seen = seen_until(camunda_8_6, app, "COMPLETED")
    assert between <= seen <= between | {"404", "COMPLETED"}


def test_operate_says_in_progress_on_elasticsearch() -> None:
    with StandIn("8.6", "--engine", "elasticsearch") as cluster:
        start(cluster, "operate")
        seen = seen_until(cluster, "operate", "COMPLETED")
        assert "IN_PROGRESS" in seen
        assert "400" not in seen
        assert cluster.ask("operate_management", BACKUP).json()["details"][0]["failures"] == []


def test_a_backup_is_made_of_snapshots_in_the_search_engine(camunda_8_6: StandIn) -> None:
    camunda_8_6.pace(0)
    camunda_8_6.work(3)
    for app in (*APPS, "optimize"):
        start(camunda_8_6, app)
        until(lambda a=app: look(camunda_8_6, a), lambda state: state == "COMPLETED")  # type: ignore[misc]
    snapshots = camunda_8_6.ask("search", "/_snapshot/backups/_all").json()["snapshots"]
    assert len(snapshots) == 6 + 6 + 2
    assert {s["state"] for s in snapshots} == {"SUCCESS"}
    held = {s["snapshot"]: s["indices"] for s in snapshots}
    assert held["camunda_operate_10_8.6.0_part_2_of_6"] == ["operate-list-view-8.3.0_"]
    assert held["camunda_operate_10_8.6.0_part_3_of_6"] == []
    assert "optimize-position-based-import-index_v3" in held["camunda_optimize_10_8.6.20_part_1_of_2"]
    assert "optimize-process-instance-demo_v8" in held["camunda_optimize_10_8.6.20_part_2_of_2"]


def test_operate_says_null_and_tasklist_empty_when_no_shard_failed(camunda_8_6: StandIn) -> None:
    camunda_8_6.pace(0)
    for app, failures in (("operate", None), ("tasklist", [])):
        start(camunda_8_6, app)
        seen_until(camunda_8_6, app, "COMPLETED")
        details = camunda_8_6.ask(f"{app}_management", BACKUP).json()["details"]
        assert [d["failures"] for d in details] == [failures] * 6


def test_tasklist_prints_prettily(camunda_8_6: StandIn) -> None:
    assert camunda_8_6.ask("tasklist_management", BACKUPS).text == "[ ]"
    assert camunda_8_6.ask("tasklist_management", BACKUP).text.startswith('{\n  "status" : 404,\n')
    assert camunda_8_6.ask("operate_management", BACKUPS).text == "[]"


@pytest.mark.parametrize("app", APPS)
def test_used_ids_are_refused_with_400_lower_ones_taken(camunda_8_6: StandIn, app: str) -> None:
    camunda_8_6.pace(0)
    start(camunda_8_6, app)
    seen_until(camunda_8_6, app, "COMPLETED")
    refused = start(camunda_8_6, app)
    assert refused["status"] == 400
    assert "A backup with ID [10] already exists. Found snapshots: [camunda_" in refused["message"]
    assert ("type" in refused) == (app == "operate")
    assert start(camunda_8_6, app, "5")["scheduledSnapshots"][0] == f"camunda_{app}_5_8.6.0_part_1_of_6"


@pytest.mark.parametrize("app", APPS)
def test_one_backup_at_a_time(camunda_8_6: StandIn, app: str) -> None:
    camunda_8_6.outcome(app, "STUCK")
    start(camunda_8_6, app)
    refused = start(camunda_8_6, app, 11)
    assert (refused["status"], refused["message"]) == (400, "Another backup is running at the moment")
    camunda_8_6.reset()
    camunda_8_6.conditions(busy=[app])
    assert start(camunda_8_6, app)["message"] == "Another backup is running at the moment"


@pytest.mark.parametrize(
    ("body", "operate", "tasklist"),
    [
        ('{"backupId":"abc"}', 400, 400),
        ('{"backupId":-3}', 400, 400),
        ("{}", 400, 400),
        ("not json", 400, 400),
        ("", 400, 400),
    ],
)
def test_bad_requests_for_a_backup(camunda_8_6: StandIn, body: str, operate: int, tasklist: int) -> None:
    json_header = {"Content-Type": "application/json"}
    for app, status in (("operate", operate), ("tasklist", tasklist)):
        answer = camunda_8_6.ask(f"{app}_management", BACKUPS, "POST", data=body, headers=json_header)
        assert answer.status_code == status == answer.json()["status"]


def test_deleting_is_asynchronous(camunda_8_6: StandIn) -> None:
    camunda_8_6.pace(0)
    start(camunda_8_6, "tasklist")
    seen_until(camunda_8_6, "tasklist", "COMPLETED")
    camunda_8_6.pace(0.2)
    assert camunda_8_6.ask("tasklist_management", BACKUP, "DELETE").status_code == 204
    assert "INCOMPLETE" in seen_until(camunda_8_6, "tasklist", "404")
    assert camunda_8_6.ask("tasklist_management", BACKUP, "DELETE").status_code == 204


@pytest.mark.parametrize("app", [*APPS, "optimize"])
@pytest.mark.parametrize("outcome", ["FAILED", "PARTIAL"])
def test_failed_and_partial_snapshots_fail_the_backup(camunda_8_6: StandIn, app: str, outcome: str) -> None:
    camunda_8_6.outcome(app, outcome)
    start(camunda_8_6, app)
    seen_until(camunda_8_6, app, "FAILED")
    body = camunda_8_6.ask(f"{app}_management", BACKUP).json()
    assert body["failureReason"]
    assert outcome in {d["state"] for d in body["details"]}
    assert outcome in {s["state"] for s in camunda_8_6.truth()["snapshots"]["backups"].values()}


@pytest.mark.parametrize("app", [*APPS, "optimize"])
def test_a_missing_part_is_incomplete_for_good_or_heals(camunda_8_6: StandIn, app: str) -> None:
    camunda_8_6.outcome(app, "HEALING", seconds=0.3)
    start(camunda_8_6, app)
    assert "INCOMPLETE" in seen_until(camunda_8_6, app, "COMPLETED")
    camunda_8_6.outcome(app, "INCOMPLETE")
    until(lambda: start(camunda_8_6, app, 11)["status"], lambda status: status in {200, 202})
    until(lambda: look(camunda_8_6, app, f"{BACKUPS}/11"), lambda state: state == "INCOMPLETE")
    assert len(camunda_8_6.ask(f"{app}_management", f"{BACKUPS}/11").json()["details"]) == 1


@pytest.mark.parametrize(("app", "status"), [("operate", 400), ("tasklist", 404), ("optimize", 400)])
def test_without_a_configured_repository(camunda_8_6: StandIn, app: str, status: int) -> None:
    camunda_8_6.conditions(repository={app: None})
    for method, path in (("GET", BACKUPS), ("GET", BACKUP), ("POST", BACKUPS)):
        answer = camunda_8_6.ask(f"{app}_management", path, method, json={"backupId": 10})
        assert answer.status_code == status


@pytest.mark.parametrize(("app", "status"), [("operate", 400), ("tasklist", 500), ("optimize", 400)])
def test_a_repository_that_is_not_registered(camunda_8_6: StandIn, app: str, status: int) -> None:
    camunda_8_6.reset(repository=False)
    assert start(camunda_8_6, app)["status"] == status
    assert look(camunda_8_6, app) == str(status)


def test_elasticsearch_hides_a_missing_repository_from_lists() -> None:
    with StandIn("8.6", "--engine", "elasticsearch") as cluster:
        cluster.reset(repository=False)
        assert cluster.ask("operate_management", BACKUPS).json() == []
        assert cluster.ask("tasklist_management", BACKUPS).json() == []
        answer = cluster.ask("operate_management", BACKUP)
        assert (answer.status_code, answer.json()["message"]) == (400, "Index 0 out of bounds for length 0")


@pytest.mark.parametrize(
    ("app", "create", "get"), [("operate", 400, 400), ("tasklist", 500, 502), ("optimize", 502, 502)]
)
def test_while_the_search_engine_is_down(camunda_8_6: StandIn, app: str, create: int, get: int) -> None:
    camunda_8_6.kill("search")
    assert start(camunda_8_6, app)["status"] == create
    assert look(camunda_8_6, app) == str(get)
    camunda_8_6.revive("search")
    assert look(camunda_8_6, app) == "404"


def test_optimize_finds_duplicates_and_can_say_complete(camunda_8_6: StandIn) -> None:
    camunda_8_6.pace(0)
    started = camunda_8_6.ask("optimize_management", BACKUPS, "POST", json={"backupId": 10})
    assert started.status_code == 202
    seen_until(camunda_8_6, "optimize", "COMPLETED")
    assert start(camunda_8_6, "optimize")["status"] == 409
    camunda_8_6.conditions(optimize_completed="COMPLETE")
    assert look(camunda_8_6, "optimize") == "COMPLETE"
    camunda_8_6.ask("optimize_management", BACKUP, "DELETE")
    assert look(camunda_8_6, "optimize") == "404"


def test_optimize_alone_takes_snapshots_in_another_search_engine(camunda_8_6: StandIn) -> None:
    camunda_8_6.ask("search", "/optimize-*", "DELETE")
    with StandIn("8.6", "--only", "optimize", "--search", camunda_8_6.urls["search"]) as optimize:
        assert set(optimize.urls) == {"optimize_web", "optimize_management", "control"}
        assert camunda_8_6.count("optimize-report_v8") == 1
        start(optimize, "optimize", 77)
        until(lambda: look(optimize, "optimize", f"{BACKUPS}/77"), lambda state: state == "COMPLETED")
    names = [s["snapshot"] for s in camunda_8_6.ask("search", "/_snapshot/backups/_all").json()["snapshots"]]
    assert names == [f"camunda_optimize_77_8.6.20_part_{n}_of_2" for n in (1, 2)]


def test_searches_want_a_login(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(3)
    login = "/api/login?username=demo&password="
    for app, path in (("operate", "/v1/process-instances/search"), ("tasklist", "/v1/tasks/search")):
        door = f"{app}_web"
        assert camunda_8_6.ask(door, path, "POST", json={}, cookies={}).status_code == 401
        assert camunda_8_6.ask(door, f"{login}wrong", "POST").status_code == 401
        logged_in = camunda_8_6.ask(door, f"{login}demo", "POST")
        assert logged_in.status_code == 204
        found = camunda_8_6.ask(door, path, "POST", json={}, cookies=logged_in.cookies).json()
        assert len(found["items"] if app == "operate" else found) == 3


def test_versions_and_repository_names_show_in_the_actuator(camunda_8_6: StandIn) -> None:
    camunda_8_6.conditions(version={"operate": "8.5.3"}, repository={"operate": "elsewhere"})
    info = camunda_8_6.ask("operate_management", "/actuator/info").json()
    assert info["build"]["version"] == "8.5.3"
    beans = camunda_8_6.ask("operate_management", "/actuator/configprops/camunda.operate").json()
    (bean,) = beans["contexts"]["application"]["beans"].values()
    assert bean["properties"]["backup"]["repositoryName"] == "elsewhere"


def test_planted_backups_are_found_and_burn_their_ids(camunda_8_6: StandIn) -> None:
    camunda_8_6.plant(zeebe=[41], operate=[41], tasklist=[41], optimize=[41])
    for door in ("zeebe", "operate", "tasklist", "optimize"):
        assert look(camunda_8_6, door, f"{BACKUPS}/41") == "COMPLETED"
    assert start(camunda_8_6, "zeebe", 41)["status"] == 409


def test_operate_imports_what_is_in_the_records_indices_whoever_put_it_there(camunda_8_6: StandIn) -> None:
    (key,) = camunda_8_6.work(1)
    query = {"query": {"term": {"key": key}}}
    found = camunda_8_6.ask("search", "/zeebe-record_process-instance_*/_search", "POST", json=query).json()
    (hit,) = found["hits"]["hits"]
    ahead = {**hit["_source"], "key": key + 1000, "position": hit["_source"]["position"] + 1000}
    path = f"/{hit['_index']}/_doc/{ahead['partitionId']}-{ahead['position']}"
    camunda_8_6.ask("search", path, "PUT", json=ahead).raise_for_status()
    camunda_8_6.ask("zeebe_management", "/actuator/exporting/resume", "POST").raise_for_status()
    until(
        lambda: camunda_8_6.count("operate-list-view-8.3.0_", {"term": {"key": key + 1000}}), lambda found: found == 1
    )


def test_a_frozen_process_answers_once_it_is_thawed(camunda_8_6: StandIn) -> None:
    camunda_8_6.conditions(frozen=["operate"])
    with pytest.raises(requests.Timeout):
        camunda_8_6.ask("operate_management", "/actuator/health", timeout=0.3)
    assert camunda_8_6.healthy("tasklist")
    camunda_8_6.work(1)
    assert (camunda_8_6.count("operate-list-view-8.3.0_"), camunda_8_6.count("tasklist-task-8.5.0_")) == (0, 1)
    camunda_8_6.conditions(frozen=[])
    assert camunda_8_6.healthy("operate")
