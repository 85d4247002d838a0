"""What the search engine the stand-in plays does with a restore: refusals, progress, failing shards, templates."""

from typing import Any

import pytest

from tests.stand_in import StandIn, until

LIST_VIEW, TASKS = "operate-list-view-8.3.0_", "tasklist-task-8.5.0_"
COLUMNS = "?format=json&h=index,shard,prirep,state,unassigned.reason,unassigned.details"


def take(cluster: StandIn, name: str = "s1", indices: str = f"{LIST_VIEW},{TASKS}", **body: Any) -> None:
    """Take a snapshot and delete what is in it."""
    path = f"/_snapshot/backups/{name}?wait_for_completion=true"
    cluster.ask("search", path, "PUT", json={"indices": indices, **body}).raise_for_status()
    cluster.ask("search", f"/{indices}", "DELETE").raise_for_status()


def restore(cluster: StandIn, name: str = "s1", *, wait: bool = True, **body: Any) -> Any:
    path = f"/_snapshot/backups/{name}/_restore" + ("?wait_for_completion=true" if wait else "")
    return cluster.ask("search", path, "POST", json=body)


def shards(cluster: StandIn, names: str = f"{LIST_VIEW},{TASKS}") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cluster.ask("search", f"/_cat/shards/{names}{COLUMNS}").json()
    return found


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["error"]["reason"])


def test_indices_are_deleted_by_name(camunda_8_6: StandIn) -> None:
    assert camunda_8_6.ask("search", f"/{LIST_VIEW},{TASKS}", "DELETE").json() == {"acknowledged": True}
    assert camunda_8_6.ask("search", f"/{LIST_VIEW}", "HEAD").status_code == 404
    again = camunda_8_6.ask("search", f"/{LIST_VIEW}", "DELETE")
    assert (again.status_code, again.json()["error"]["type"]) == (404, "index_not_found_exception")


def test_a_restore_can_be_watched(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(2)
    take(camunda_8_6)
    camunda_8_6.pace(3600)
    assert restore(camunda_8_6, wait=False).json() == {"accepted": True}
    told = {"shard": "0", "prirep": "p", "unassigned.reason": "NEW_INDEX_RESTORED"}
    told["unassigned.details"] = "restore_source[backups/s1]"
    assert shards(camunda_8_6) == [
        {"index": LIST_VIEW, "state": "INITIALIZING", **told},
        {"index": TASKS, "state": "UNASSIGNED", **told},
    ]
    health = camunda_8_6.ask("search", "/_cluster/health").json()
    assert (health["status"], health["initializing_shards"], health["unassigned_shards"]) == ("red", 1, 1)
    assert camunda_8_6.ask("search", f"/{LIST_VIEW}/_count").status_code == 503
    camunda_8_6.pace(0)
    done = until(lambda: shards(camunda_8_6), lambda found: {s["state"] for s in found} == {"STARTED"})
    assert {s["unassigned.reason"] for s in done} == {None}
    assert camunda_8_6.ask("search", "/_cluster/health").json()["status"] == "green"
    assert camunda_8_6.count(LIST_VIEW) == 2


def test_a_shard_can_fail_to_come_back(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(2)
    take(camunda_8_6)
    camunda_8_6.conditions(restore_shards_fail=[LIST_VIEW])
    answer = restore(camunda_8_6)
    assert answer.status_code == 200
    assert answer.json()["snapshot"]["shards"] == {"total": 2, "failed": 1, "successful": 1}
    failed, fine = shards(camunda_8_6)
    assert (failed["state"], failed["unassigned.reason"]) == ("UNASSIGNED", "ALLOCATION_FAILED")
    assert f"[{LIST_VIEW}][0]: Recovery failed" in failed["unassigned.details"]
    assert fine["state"] == "STARTED"


def test_only_the_wanted_indices_come_back(camunda_8_6: StandIn) -> None:
    take(camunda_8_6)
    answer = restore(camunda_8_6, indices=[TASKS], include_global_state=False, include_aliases=True)
    assert answer.json()["snapshot"]["indices"] == [TASKS]
    assert camunda_8_6.ask("search", f"/{LIST_VIEW}", "HEAD").status_code == 404
    assert restore(camunda_8_6, indices="nothing*").json()["snapshot"]["shards"]["total"] == 0
    assert restore(camunda_8_6, indices="missing").status_code == 404
    assert restore(camunda_8_6, indices="missing", ignore_unavailable=True).status_code == 200


def test_refused_restores(camunda_8_6: StandIn) -> None:
    take(camunda_8_6, include_global_state=False)
    unknown = camunda_8_6.ask("search", "/_snapshot/nosuch/s1/_restore", "POST")
    assert (unknown.status_code, unknown.json()["error"]["type"]) == (404, "repository_missing_exception")
    assert refusal(restore(camunda_8_6, "nosuch")) == (500, "[backups:nosuch] snapshot does not exist")
    status, reason = refusal(restore(camunda_8_6, include_global_state=True))
    assert (status, "created without global state" in reason) == (500, True)
    restore(camunda_8_6).raise_for_status()
    status, reason = refusal(restore(camunda_8_6))
    assert (status, "an open index with same name already exists" in reason) == (500, True)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("FAILED", "unsupported snapshot state [FAILED]"),
        ("PARTIAL", f"index [{LIST_VIEW}] wasn't fully snapshotted - cannot restore"),
        ("STUCK", "snapshot does not exist"),
    ],
)
def test_a_snapshot_that_is_not_whole_is_not_restored(camunda_8_6: StandIn, outcome: str, said: str) -> None:
    camunda_8_6.outcome("search", outcome)
    camunda_8_6.ask("search", "/_snapshot/backups/s1", "PUT", json={"indices": LIST_VIEW})
    until(
        lambda: camunda_8_6.ask("search", "/_snapshot/backups/s1").json()["snapshots"][0]["state"],
        lambda state: state == {"STUCK": "IN_PROGRESS"}.get(outcome, outcome),
    )
    camunda_8_6.ask("search", f"/{LIST_VIEW}", "DELETE")
    status, reason = refusal(restore(camunda_8_6))
    assert (status, said in reason) == (500, True)


def test_finished_snapshots_tell_their_size(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(2)
    take(camunda_8_6)
    take(camunda_8_6, "s2", indices="zeebe-record*")
    told = camunda_8_6.ask("search", "/_snapshot/backups/s1,s2/_status").json()["snapshots"]
    assert [s["snapshot"] for s in told] == ["s1", "s2"]
    assert all(s["stats"]["total"]["size_in_bytes"] > 0 for s in told)


def test_templates_are_there_unless_they_are_missing(camunda_8_6: StandIn) -> None:
    def names(path: str = "") -> set[str]:
        listed = camunda_8_6.ask("search", f"/_index_template{path}").json()["index_templates"]
        assert all(t["index_template"]["index_patterns"] for t in listed)
        return {t["name"] for t in listed}

    template = f"{LIST_VIEW}template"
    assert {n.partition("-")[0] for n in names()} >= {"operate", "tasklist", "zeebe"}
    assert names(f"/{template}") == {template}
    camunda_8_6.conditions(templates_missing=[template])
    assert template not in names()
    assert camunda_8_6.ask("search", f"/_index_template/{template}").status_code == 404


def test_each_engine_lists_its_own_life_cycle_policies(camunda_8_6: StandIn) -> None:
    without = camunda_8_6.ask("search", "/_plugins/_ism/policies")
    assert (without.status_code, "no handler found for uri" in without.json()["error"]) == (400, True)
    camunda_8_6.conditions(policies=["operate_delete_archived_indices"])
    listed = camunda_8_6.ask("search", "/_plugins/_ism/policies").json()["policies"]
    assert [policy["_id"] for policy in listed] == ["operate_delete_archived_indices"]
    assert camunda_8_6.ask("search", "/_ilm/policy").status_code == 400
    with StandIn("8.6", "--engine", "elasticsearch") as cluster:
        assert cluster.ask("search", "/_ilm/policy").json() == {}
        cluster.conditions(policies=["operate_delete_archived_indices"])
        assert list(cluster.ask("search", "/_ilm/policy").json()) == ["operate_delete_archived_indices"]
        assert cluster.ask("search", "/_plugins/_ism/policies").status_code == 400


def test_shards_are_not_listed_with_a_parameter_that_only_indices_know(camunda_8_6: StandIn) -> None:
    refused = camunda_8_6.ask("search", "/_cat/shards/operate-*?format=json&expand_wildcards=all")

    assert refused.status_code == 400
    assert refused.json()["error"]["reason"] == (
        "request [/_cat/shards/operate-*] contains unrecognized parameter: [expand_wildcards]"
    )
