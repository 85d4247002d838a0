"""When a cold set is complete, and what a cluster file may say of cold backups."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from camunda_backup import cold_sets
from camunda_backup.clusters import Cluster
from camunda_backup.rdbms_clusters import RdbmsCluster
from camunda_backup.states import Companion, Component, Phase, Piece, Report
from camunda_backup.storage.engine import Snapshot

NODES = {"broker-0": 0, "broker-1": 1}
OWN = {
    "type": "command",
    "take": "take {node_id} {backup_id}",
    "verify": "verify {reference}",
    "bring_back": "bring-back {broker} {backup_id}",
}
PROCESS = {"state": "echo running", "stop": "true", "start": "true"}


def copy(broker: str, node_id: int, **fields: Any) -> dict[str, Any]:
    return {"type": "archive", "broker": broker, "node_id": node_id, "bytes": 10, **fields}


def report(component: Component, *names: str) -> Report:
    return Report(component, 42, Phase.COMPLETED, "SUCCESS", tuple(Piece(name, "SUCCESS", done=True) for name in names))


def snapshot(name: str, **fields: Any) -> Snapshot:
    told: dict[str, Any] = {"state": "SUCCESS", "failed_shards": 0, "total_shards": 2, "started_at": None}
    return Snapshot(name, **{**told, "indices": ("operate-a",), **fields})


COPIES = [copy("broker-0", 0), copy("broker-1", 1)]
PARTS = [report(Component.OPERATE, "camunda_cold_operate_42")]
SNAPSHOTS = [snapshot("camunda_cold_operate_42")]


def problems(**changed: Any) -> list[str]:
    given: dict[str, Any] = {"copies": COPIES, "parts": PARTS, "snapshots": SNAPSHOTS, **changed}
    return cold_sets.problems(NODES, given["copies"], [Component.OPERATE], given["parts"], given["snapshots"])


def test_a_whole_set_has_no_problem() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"copies": COPIES[:1]}, "broker-1: there is no copy of the data of node 1"),
        ({"copies": [COPIES[0], copy("broker-1", 1, bytes=0)]}, "broker-1: the copy of its data is empty"),
        ({"copies": [*COPIES, copy("broker-0", 0)]}, "there are several copies of one broker's data"),
        (
            {"copies": [*COPIES, copy("broker-2", 2)]},
            "there are copies of the data of nodes that the cluster has not: 2",
        ),
        ({"parts": []}, "operate: there is no snapshot of its indices"),
        ({"parts": [report(Component.OPERATE)]}, "operate: there is no snapshot of its indices"),
        ({"snapshots": []}, "operate: snapshot camunda_cold_operate_42 is not in the repository any more"),
        (
            {"snapshots": [snapshot("camunda_cold_operate_42", state="PARTIAL", failed_shards=1)]},
            "operate: snapshot camunda_cold_operate_42 is PARTIAL with 1 shards missing",
        ),
        (
            {"snapshots": [snapshot("camunda_cold_operate_42", indices=())]},
            "operate: snapshot camunda_cold_operate_42 is empty",
        ),
    ],
)
def test_what_is_missing_is_named(changed: dict[str, Any], said: str) -> None:
    assert problems(**changed) == [said]


def cluster(version: str = "8.8", processes: dict[str, Any] | None = None, **fields: Any) -> Cluster:
    brokers = [{**PROCESS, "name": name, "empty": "true", "restore": "restore {backup_id}"} for name in NODES]
    given: dict[str, Any] = {
        "name": "prod",
        "version": version,
        "connections": {"zeebe": "prod_zeebe", "optimize": "prod_optimize", "rest": "prod_rest"},
        "secondary_storage": {"engine": "opensearch", "connection": "prod_search"},
        "repository": {"name": "backups", "type": "fs", "settings": {"location": "backups"}},
        "runtime": {
            "type": "command",
            "processes": {"zeebe": brokers, "optimize": [PROCESS], **(processes or {})},
        },
        "cold": {"location": "s3://conn@bucket/cold"},
        **fields,
    }
    return Cluster(**given)


def test_everything_stops_in_the_manuals_order() -> None:
    beside = {name: [PROCESS] for name in ("identity", "connectors", "web_modeler")}
    assert cluster(processes=beside).stop_order == (
        Companion.WEB_MODELER,
        Component.OPTIMIZE,
        Component.ZEEBE,
        Companion.CONNECTORS,
        Companion.IDENTITY,
    )
    assert cluster().stop_order == (Component.OPTIMIZE, Component.ZEEBE)


def test_a_broker_has_the_node_id_of_its_place_or_its_own() -> None:
    assert cluster().node_ids == NODES
    broker = {**PROCESS, "empty": "true", "restore": "restore {backup_id}"}
    turned = {"zeebe": [{**broker, "name": "a", "node_id": 1}, {**broker, "name": "b", "node_id": 0}]}
    assert cluster(processes=turned).node_ids == {"a": 1, "b": 0}
    same = {"zeebe": [{**broker, "name": "a", "node_id": 1}, {**broker, "name": "b"}]}
    with pytest.raises(ValidationError, match="give every broker its own node_id"):
        cluster(processes=same)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"runtime": None}, "nothing says how components stop for the cold backup"),
        ({"version": "8.10", "cold": {"location": "copies"}}, "write management_api: actuator"),
        (
            {"cold": {"copies": {"type": "volume_snapshot", "volume_snapshot_class": "retain"}}},
            "cold.copies must not be of type volume_snapshot",
        ),
        (
            {"runtime": {"type": "kubernetes", "connection": "k", "namespace": "camunda", "brokers": 2}},
            "cold.copies must not be of type archive",
        ),
        (
            {"cold": {"location": "copies", "databases": [{"name": "a", "dump": "x"}, {"name": "a", "dump": "y"}]}},
            "give every database a name of its own",
        ),
        ({"cold": {}}, "location is missing"),
        ({"cold": {"copies": OWN, "databases": [{"name": "a", "dump": "x"}]}}, "location is missing"),
        ({"cold": {"copies": {**OWN, "take": "copy {backup_id}"}}}, "take: write {backup_id}, and {node_id} or"),
        ({"cold": {"copies": {**OWN, "take": "copy {reference}"}}}, "is not known before there is a copy"),
        ({"cold": {"copies": {**OWN, "bring_back": "copy {node_id}"}}}, "bring_back: write {backup_id}, and {node_id}"),
    ],
)
def test_what_cannot_be_backed_up_cold_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        cluster(**fields)


def test_copies_of_ones_own_need_no_location() -> None:
    assert cluster(cold={"copies": OWN}).cold is not None


def test_a_cluster_on_a_database_has_no_cold_backup() -> None:
    with pytest.raises(ValidationError, match="cold must go: with secondary_storage"):
        RdbmsCluster.model_validate({"name": "prod", "version": "8.9", "cold": {"location": "copies"}})
