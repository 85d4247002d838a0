"""The search engine the stand-in plays: indices, queries, snapshots."""

from typing import Any

import pytest

from tests.stand_in import StandIn, until

INDEX = "operate-list-view-8.3.0_"


def error_type(body: dict[str, Any]) -> str:
    return str(body["error"]["type"])


def snapshot(cluster: StandIn, name: str, wait: bool = True, **body: Any) -> Any:
    path = f"/_snapshot/backups/{name}?wait_for_completion={str(wait).lower()}"
    return cluster.ask("search", path, "PUT", json=body)


def test_it_says_what_it_is() -> None:
    with StandIn("8.6", "--engine", "elasticsearch") as cluster:
        assert "distribution" not in cluster.ask("search", "/").json()["version"]


def test_opensearch_says_what_it_is(camunda_8_6: StandIn) -> None:
    version = camunda_8_6.ask("search", "/").json()["version"]
    assert (version["distribution"], version["number"]) == ("opensearch", "3.8.0")
    assert camunda_8_6.ask("search", "/_cluster/health").json()["status"] == "green"
    camunda_8_6.conditions(search_health="red", version={"search": "2.19.1"})
    assert camunda_8_6.ask("search", "/_cluster/health").json()["status"] == "red"
    assert camunda_8_6.ask("search", "/").json()["version"]["number"] == "2.19.1"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"match_all": {}}, 3),
        ({"term": {"state": "ACTIVE"}}, 2),
        ({"term": {"state": {"value": "ACTIVE"}}}, 2),
        ({"term": {"state": "active"}}, 0),
        ({"term": {"key": "1"}}, 1),
        ({"terms": {"key": [1, 3]}}, 2),
        ({"exists": {"field": "endDate"}}, 1),
        ({"range": {"key": {"gt": 1, "lte": 3}}}, 2),
        ({"term": {"joinRelation": "processInstance"}}, 2),
        ({"bool": {"filter": [{"term": {"state": "ACTIVE"}}], "must_not": {"term": {"key": 1}}}}, 1),
        ({"bool": {"should": [{"term": {"key": 1}}, {"term": {"key": 2}}]}}, 2),
    ],
)
def test_queries(camunda_8_6: StandIn, query: dict[str, Any], found: int) -> None:
    documents: dict[int, dict[str, Any]] = {
        1: {"key": 1, "state": "ACTIVE", "endDate": None, "joinRelation": {"name": "processInstance"}},
        2: {"key": 2, "state": "ACTIVE", "joinRelation": {"name": "activity", "parent": 1}},
        3: {"key": 3, "state": "COMPLETED", "endDate": "2026-01-01", "joinRelation": {"name": "processInstance"}},
    }
    for number, document in documents.items():
        answer = camunda_8_6.ask("search", f"/{INDEX}/_doc/{number}?refresh=true", "PUT", json=document)
        assert answer.status_code == 201
    assert camunda_8_6.count(INDEX, query) == found
    hits = camunda_8_6.ask("search", f"/{INDEX}/_search", "POST", json={"query": query}).json()["hits"]
    assert hits["total"] == {"value": found, "relation": "eq"}


def test_an_unknown_query_is_an_error(camunda_8_6: StandIn) -> None:
    answer = camunda_8_6.ask("search", f"/{INDEX}/_count", "POST", json={"query": {"nope": {}}})
    assert (answer.status_code, error_type(answer.json())) == (400, "parsing_exception")


def test_documents_and_indices_come_and_go(camunda_8_6: StandIn) -> None:
    ask = camunda_8_6.ask
    assert ask("search", "/probe", "HEAD").status_code == 404
    assert ask("search", "/probe", "PUT").json()["index"] == "probe"
    assert ask("search", "/probe", "PUT").status_code == 400
    assert ask("search", "/probe/_doc/1", "PUT", json={"a": 1}).status_code == 201
    assert ask("search", "/probe/_doc/1").json()["_source"] == {"a": 1}
    assert ask("search", "/probe/_doc/1", "DELETE").json()["result"] == "deleted"
    assert ask("search", "/probe/_doc/1").status_code == 404
    rows = ask("search", "/_cat/indices/prob*?format=json&h=index,docs.count").json()
    assert rows == [{"index": "probe", "docs.count": "0"}]
    assert ask("search", "/probe", "DELETE").json() == {"acknowledged": True}
    assert error_type(ask("search", "/probe/_count").json()) == "index_not_found_exception"
    assert ask("search", "/prob*/_count").json()["count"] == 0


def test_only_opensearch_deletes_by_pattern(camunda_8_6: StandIn) -> None:
    assert camunda_8_6.ask("search", "/tasklist-*", "DELETE").status_code == 200
    assert camunda_8_6.ask("search", "/_cat/indices/tasklist-*?format=json").json() == []
    with StandIn("8.6", "--engine", "elasticsearch") as cluster:
        assert cluster.ask("search", "/tasklist-*", "DELETE").status_code == 400


def test_a_repository_is_registered_verified_and_forgotten(camunda_8_6: StandIn) -> None:
    camunda_8_6.reset(repository=False)
    ask = camunda_8_6.ask
    assert error_type(ask("search", "/_snapshot/backups").json()) == "repository_missing_exception"
    definition = {"type": "fs", "settings": {"location": "backups", "compress": True}}
    assert ask("search", "/_snapshot/backups", "PUT", json=definition).json() == {"acknowledged": True}
    settings = {"location": "backups", "compress": "true"}
    assert ask("search", "/_snapshot/backups").json() == {"backups": {"type": "fs", "settings": settings}}
    assert list(ask("search", "/_snapshot/backups/_verify", "POST").json()["nodes"]) == ["stand-in"]
    camunda_8_6.conditions(repository_broken=True)
    broken = ask("search", "/_snapshot/backups/_verify", "POST")
    assert (broken.status_code, error_type(broken.json())) == (500, "repository_verification_exception")
    assert ask("search", "/_snapshot/backups", "DELETE").status_code == 200
    assert ask("search", "/_snapshot/backups", "DELETE").status_code == 404


def test_a_snapshot_holds_what_was_there_when_it_began(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(2)
    accepted = snapshot(camunda_8_6, "records", wait=False, indices="zeebe-record*", include_global_state=False)
    assert accepted.json() == {"accepted": True}
    held = camunda_8_6.written()
    camunda_8_6.work(2)
    status = "/_snapshot/backups/records/_status"
    done = until(lambda: camunda_8_6.ask("search", status).json()["snapshots"][0], lambda s: s["state"] == "SUCCESS")
    assert done["shards_stats"]["done"] == done["shards_stats"]["total"] > 0
    camunda_8_6.ask("search", "/zeebe-record*", "DELETE")
    restored = camunda_8_6.ask("search", "/_snapshot/backups/records/_restore?wait_for_completion=true", "POST")
    assert restored.json()["snapshot"]["shards"]["failed"] == 0
    assert camunda_8_6.count("zeebe-record*") == held


def test_a_running_snapshot_is_in_progress_and_started(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(1)
    camunda_8_6.outcome("search", "STUCK")
    snapshot(camunda_8_6, "stuck", wait=False, indices="zeebe-record*")
    (listed,) = camunda_8_6.ask("search", "/_snapshot/backups/stuck").json()["snapshots"]
    assert listed["state"] == "IN_PROGRESS"
    for path in ("/_snapshot/backups/stuck/_status", "/_snapshot/_status", "/_snapshot/backups/_status"):
        (status,) = camunda_8_6.ask("search", path).json()["snapshots"]
        assert status["state"] == "STARTED"


@pytest.mark.parametrize("outcome", ["FAILED", "PARTIAL"])
def test_snapshots_can_fail(camunda_8_6: StandIn, outcome: str) -> None:
    camunda_8_6.work(1)
    camunda_8_6.outcome("search", outcome)
    made = snapshot(camunda_8_6, "bad", indices="zeebe-record*").json()["snapshot"]
    assert made["state"] == outcome
    assert made["shards"]["failed"] == len(made["failures"]) > 0


def test_a_lost_snapshot_was_accepted_and_is_never_seen(camunda_8_6: StandIn) -> None:
    camunda_8_6.outcome("search", "LOST")
    assert snapshot(camunda_8_6, "lost", indices="operate-*").status_code == 200
    assert camunda_8_6.ask("search", "/_snapshot/backups/lost").status_code == 404


def test_refused_snapshots(camunda_8_6: StandIn) -> None:
    assert snapshot(camunda_8_6, "s1", indices="operate-*").status_code == 200
    cases = {
        ("s1", "operate-*"): (400, "invalid_snapshot_name_exception"),
        ("Bad_Name", "operate-*"): (400, "invalid_snapshot_name_exception"),
        ("s2", "missing"): (404, "index_not_found_exception"),
    }
    for (name, indices), expected in cases.items():
        answer = snapshot(camunda_8_6, name, indices=indices)
        assert (answer.status_code, error_type(answer.json())) == expected
    empty = snapshot(camunda_8_6, "s3", indices="nothing*").json()["snapshot"]
    assert (empty["state"], empty["shards"]["total"]) == ("SUCCESS", 0)


def test_elasticsearch_has_a_word_of_its_own_for_a_used_name() -> None:
    with StandIn("8.6", "--engine", "elasticsearch") as cluster:
        snapshot(cluster, "s1", indices="operate-*")
        again = snapshot(cluster, "s1", indices="operate-*")
        assert error_type(again.json()) == "snapshot_name_already_in_use_exception"
        listed = cluster.ask("search", "/_snapshot/backups/nothing*").json()
        assert listed == {"snapshots": [], "total": 0, "remaining": 0}
        gone = cluster.ask("search", "/_snapshot/nosuch/_all")
        assert (gone.status_code, error_type(gone.json())) == (404, "repository_missing_exception")


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/_snapshot/nosuch/s1", 404, "repository_missing_exception"),
        ("GET", "/_snapshot/nosuch/_all", 404, "repository_missing_exception"),
        ("GET", "/_snapshot/backups/nosuch", 404, "snapshot_missing_exception"),
        ("GET", "/_snapshot/backups/nosuch*", 404, "snapshot_missing_exception"),
        ("GET", "/_snapshot/backups/nosuch/_status", 404, "snapshot_missing_exception"),
        ("DELETE", "/_snapshot/backups/nosuch", 404, "snapshot_missing_exception"),
        ("POST", "/_snapshot/backups/nosuch/_restore", 500, "snapshot_restore_exception"),
        ("PUT", "/_snapshot/nosuch/s1", 404, "repository_missing_exception"),
        ("GET", "/_index_template/nosuch", 404, "resource_not_found_exception"),
        ("GET", "/_nonsense", 400, "invalid_index_name_exception"),
    ],
)
def test_what_is_missing(camunda_8_6: StandIn, method: str, path: str, status: int, kind: str) -> None:
    answer = camunda_8_6.ask("search", path, method, json={})
    assert (answer.status_code, error_type(answer.json())) == (status, kind)


def test_missing_snapshots_can_be_ignored_and_deleted_by_list(camunda_8_6: StandIn) -> None:
    camunda_8_6.pace(0)
    for name in ("s1", "s2"):
        snapshot(camunda_8_6, name, indices="operate-*")
    path = "/_snapshot/backups/s1,nosuch"
    assert camunda_8_6.ask("search", path).status_code == 404
    lenient = camunda_8_6.ask("search", f"{path}?ignore_unavailable=true").json()["snapshots"]
    assert [s["snapshot"] for s in lenient] == ["s1"]
    assert camunda_8_6.ask("search", "/_snapshot/backups/s1,s2", "DELETE").status_code == 200
    assert camunda_8_6.ask("search", "/_snapshot/backups/_all").json() == {"snapshots": []}


def test_an_open_index_blocks_a_restore(camunda_8_6: StandIn) -> None:
    snapshot(camunda_8_6, "s1", indices=INDEX)
    path = "/_snapshot/backups/s1/_restore?wait_for_completion=true"
    blocked = camunda_8_6.ask("search", path, "POST", json={"indices": INDEX})
    assert blocked.status_code == 500
    assert "an open index with same name already exists" in blocked.json()["error"]["reason"]


def test_templates_are_listed_by_name(camunda_8_6: StandIn) -> None:
    listed = camunda_8_6.ask("search", "/_index_template/operate-list*").json()["index_templates"]
    assert [t["name"] for t in listed] == ["operate-list-view-8.3.0_template"]
