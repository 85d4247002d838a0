"""What the stand-in's lines differ in, and that nothing is called recorded that was not."""

import re
from collections.abc import Iterator

import pytest

from sandbox.stand_in.answers import LINES
from sandbox.stand_in.answers.entry import Source
from tests.stand_in import StandIn, until

RUNTIME, HISTORY, EXPORTING = "/v2/backups/runtime", "/v2/backups/history", "/v2/exporting"
PROBLEM = {"type", "title", "status", "detail", "instance"}


@pytest.fixture(scope="module")
def running_8_10() -> Iterator[StandIn]:
    with StandIn("8.10", "--client-secret", "only for this test") as cluster:
        yield cluster


@pytest.fixture
def camunda_8_10(running_8_10: StandIn) -> StandIn:
    """A fresh Camunda 8.10 on OpenSearch."""
    running_8_10.reset()
    return running_8_10


def test_every_line_from_8_5_on_is_played_and_only_8_6_was_recorded() -> None:
    assert list(LINES) == ["8.5", "8.6", "8.7", "8.8", "8.9", "8.10"]
    recorded = {name for name, line in LINES.items() for one in line.entries.values() if one.source is Source.RECORDED}
    assert recorded == {"8.6"}


@pytest.mark.parametrize("line", LINES)
def test_a_line_says_its_version(line: str) -> None:
    assert re.fullmatch(rf"{re.escape(line)}\.\d+", LINES[line].version)


def test_8_5_manages_operate_and_tasklist_on_their_web_ports() -> None:
    with StandIn("8.5") as cluster:
        assert not {"operate_management", "tasklist_management"} & set(cluster.urls)
        for app in ("operate", "tasklist"):
            assert cluster.ask(f"{app}_web", "/actuator/backups").json() == []
            told = cluster.ask(f"{app}_web", "/actuator/info").json()["build"]["version"]
            assert told == {"operate": "8.5.20", "tasklist": "8.5.22"}[app]
            assert cluster.ask(f"{app}_web", "/v1/nothing").status_code == 404


def test_nothing_answers_outside_a_context_path_but_optimize() -> None:
    with StandIn("8.10", "--context-path", "/camunda") as cluster:
        for door in ("zeebe_rest", "zeebe_management"):
            assert cluster.urls[door].endswith("/camunda")
            outside = cluster.urls[door].removesuffix("/camunda")
            path = "/v2/topology" if door == "zeebe_rest" else "/actuator/info"
            assert cluster.ask(door, path).ok
            cluster.urls["outside"] = outside
            assert cluster.ask("outside", path).status_code == 404
        assert cluster.ask("optimize_management", "/actuator/info").ok


def test_the_rest_twins_answer_with_true_codes(camunda_8_10: StandIn) -> None:
    for path in (RUNTIME, HISTORY):
        assert camunda_8_10.ask("zeebe_rest", path, "POST", json={"backupId": 10}).status_code == 202
    for path in (RUNTIME, HISTORY):
        until(lambda p=path: camunda_8_10.ask("zeebe_rest", f"{p}/10"), lambda found: found.ok)  # type: ignore[misc]
        again = camunda_8_10.ask("zeebe_rest", path, "POST", json={"backupId": 10})
        assert (again.status_code, set(again.json())) == (409, PROBLEM)
        missing = camunda_8_10.ask("zeebe_rest", f"{path}/11")
        assert (missing.status_code, set(missing.json())) == (404, PROBLEM)
        assert [one["backupId"] for one in camunda_8_10.ask("zeebe_rest", f"{path}?prefix=1*").json()] == [10]
    told = camunda_8_10.ask("zeebe_rest", f"{RUNTIME}/10").json()
    assert told["failureReason"] is None
    assert all(detail["snapshotId"] is None for detail in told["details"])


def test_exporting_is_told_over_every_replica(camunda_8_10: StandIn) -> None:
    def status() -> str:
        return str(camunda_8_10.ask("zeebe_rest", EXPORTING).json()["status"])

    for operation, seen in (("pause", "PAUSED"), ("resume", "EXPORTING"), ("pause?soft=true", "SOFT_PAUSED")):
        answer = camunda_8_10.ask("zeebe_rest", f"{EXPORTING}/{operation}", "POST")
        assert (answer.status_code, answer.content, status()) == (204, b"", seen)
    camunda_8_10.exporting("EXPORTING", partition=1)
    assert status() == "MIXED"
    camunda_8_10.conditions(missing_brokers=[0])
    assert camunda_8_10.ask("zeebe_rest", f"{EXPORTING}/resume", "POST").status_code == 503
    assert camunda_8_10.ask("zeebe_rest", f"{EXPORTING}/pause?soft=maybe", "POST").status_code == 400


@pytest.mark.parametrize("path", [EXPORTING, RUNTIME, HISTORY, f"{HISTORY}/10", f"{RUNTIME}/state"])
def test_the_rest_twins_want_a_signed_in_client(camunda_8_10: StandIn, path: str) -> None:
    camunda_8_10.conditions(sign_in="bearer")
    refused = camunda_8_10.ask("zeebe_rest", path)
    assert (refused.status_code, set(refused.json())) == (401, PROBLEM)
    assert camunda_8_10.ask("zeebe_management", "/actuator/backupHistory").ok


def test_both_apis_of_8_10_are_one_application(camunda_8_10: StandIn) -> None:
    camunda_8_10.pace(0.3)
    camunda_8_10.ask("zeebe_management", "/actuator/backupHistory", "POST", json={"backupId": 10})
    busy = camunda_8_10.ask("zeebe_rest", HISTORY, "POST", json={"backupId": 11})
    assert (busy.status_code, busy.json()["detail"]) == (409, "Another backup is running at the moment")
