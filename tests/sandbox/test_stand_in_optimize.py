"""How far the stand-in's Optimize has imported, inside the stand-in and beside another search engine."""

from typing import Any

import pytest

from tests.stand_in import StandIn, until

POSITIONS = "optimize-position-based-import-index_v3"


def imported(cluster: StandIn) -> dict[tuple[int, str], int]:
    """Give the imported position by partition and type."""
    found: list[dict[str, Any]] = cluster.ask(
        "search", "/optimize-position-based-import-index*/_search", "POST", json={"size": 100}
    ).json()["hits"]["hits"]
    notes = [hit["_source"] for hit in found]
    return {(n["dataSource"]["partitionId"], n["esTypeIndexRefersTo"]): n["positionOfLastEntity"] for n in notes}


def last_instance_records(cluster: StandIn) -> dict[tuple[int, str], int]:
    """Give the last position among the records of process instances, by partition."""
    body = {
        "size": 0,
        "aggs": {"p": {"terms": {"field": "partitionId"}, "aggs": {"last": {"max": {"field": "position"}}}}},
    }
    found = cluster.ask("search", "/zeebe-record_process-instance_*/_search", "POST", json=body).json()
    buckets = found["aggregations"]["p"]["buckets"]
    return {(b["key"], "zeebeProcessInstanceImportIndex"): b["last"]["value"] for b in buckets}


def in_step(cluster: StandIn) -> bool:
    last = last_instance_records(cluster)
    return bool(last) and last.items() <= imported(cluster).items()


def test_positions_are_in_step_with_the_records(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(4)
    until(lambda: in_step(camunda_8_6), bool)
    note = camunda_8_6.ask("search", f"/{POSITIONS}/_doc/zeebeProcessInstanceImportIndex-1").json()["_source"]
    assert note["dataSource"] == {"type": "zeebe", "name": "zeebe-record", "partitionId": 1}
    assert note["timestampOfLastEntity"] <= note["lastImportExecutionTimestamp"]


def test_nothing_is_imported_while_optimize_does_not_run(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(2)
    camunda_8_6.process("optimize", "stop")
    before = imported(camunda_8_6)
    camunda_8_6.work(2)
    assert imported(camunda_8_6) == before
    camunda_8_6.process("optimize", "start")
    until(lambda: in_step(camunda_8_6), bool)


@pytest.fixture
def alone(camunda_8_6: StandIn) -> StandIn:
    """A cluster whose own Optimize is stopped and has never been there."""
    camunda_8_6.process("optimize", "stop")
    camunda_8_6.ask("search", "/optimize-*", "DELETE")
    return camunda_8_6


def test_beside_another_search_engine_it_imports_over_the_network(alone: StandIn) -> None:
    keys = alone.work(4)
    with StandIn("8.6", "--only", "optimize", "--search", alone.urls["search"]):
        until(lambda: in_step(alone), bool)
        assert alone.count("optimize-process-instance-demo_v8") == 4
        alone.ask("zeebe_rest", f"/v2/process-instances/{keys[0]}/cancellation", "POST").raise_for_status()
        until(lambda: alone.count("optimize-process-instance-demo_v8", {"term": {"state": "CANCELED"}}), bool)
        assert alone.count("optimize-process-definition_v6") == 1


def test_what_was_restored_stays_when_it_starts(alone: StandIn) -> None:
    restored = {"name": "A report of ours", "owner": "somebody"}
    alone.ask("search", "/optimize-report_v8/_doc/stand-in", "PUT", json=restored).raise_for_status()
    with StandIn("8.6", "--only", "optimize", "--search", alone.urls["search"]):
        until(lambda: alone.count("optimize-metadata_v3"), bool)
        assert alone.ask("search", "/optimize-report_v8/_doc/stand-in").json()["_source"] == restored


def test_a_bulk_update_keeps_the_other_fields(alone: StandIn) -> None:
    lines = '{"update":{"_index":"probe","_id":"1"}}\n{"doc":{"%s":1},"doc_as_upsert":true}\n'
    for name in ("a", "b"):
        headers = {"Content-Type": "application/x-ndjson"}
        alone.ask("search", "/_bulk", "POST", data=lines % name, headers=headers).raise_for_status()
    assert alone.ask("search", "/probe/_doc/1").json()["_source"] == {"a": 1, "b": 1}
    taken = alone.ask("search", "/probe/_create/1", "PUT", json={})
    assert (taken.status_code, taken.json()["error"]["type"]) == (409, "version_conflict_engine_exception")
