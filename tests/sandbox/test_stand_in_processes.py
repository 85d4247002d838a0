"""The stand-in's processes: stop, start, health, and who was started too early."""

import pytest
import requests

from tests.stand_in import StandIn, until

HEALTH = "/actuator/health"
DOORS = {
    "zeebe": "zeebe_management",
    "operate": "operate_management",
    "tasklist": "tasklist_management",
    "optimize": "optimize_management",
}


def test_a_stopped_process_refuses_connections_until_it_is_started(camunda_8_6: StandIn) -> None:
    for name, door in DOORS.items():
        assert camunda_8_6.process(name) == {"state": "running"}
        camunda_8_6.process(name, "stop")
        camunda_8_6.process(name, "stop")
        assert camunda_8_6.process(name) == {"state": "stopped"}
        assert camunda_8_6.truth()["processes"][name] == "stopped"
        with pytest.raises(requests.ConnectionError):
            camunda_8_6.ask(door, HEALTH)
        camunda_8_6.start(name)
    assert camunda_8_6.truth()["crash_loops"] == []
    assert set(camunda_8_6.truth()["processes"].values()) == {"running"}


def test_a_started_process_is_not_healthy_at_once(camunda_8_6: StandIn) -> None:
    camunda_8_6.process("zeebe", "stop")
    camunda_8_6.pace(3600)
    camunda_8_6.process("zeebe", "start")
    camunda_8_6.process("zeebe", "start")
    assert camunda_8_6.ask("zeebe_management", HEALTH).status_code == 503
    assert camunda_8_6.ask("zeebe_rest", "/v2/topology").json()["brokers"] == []
    assert camunda_8_6.ask("zeebe_management", "/actuator/partitions").json() == {}
    refused = camunda_8_6.ask("zeebe_rest", "/v2/process-instances", "POST", json={"processDefinitionId": "demo"})
    assert refused.status_code == 503
    camunda_8_6.pace(0)
    until(lambda: camunda_8_6.healthy("zeebe"), bool)
    assert len(camunda_8_6.ask("zeebe_rest", "/v2/topology").json()["brokers"]) == 1


@pytest.mark.parametrize("app", ["operate", "tasklist", "optimize"])
def test_a_web_app_started_before_zeebe_is_healthy_gets_nowhere(camunda_8_6: StandIn, app: str) -> None:
    camunda_8_6.process(app, "stop")
    camunda_8_6.process("zeebe", "stop")
    camunda_8_6.pace(3600)
    camunda_8_6.process("zeebe", "start")
    camunda_8_6.process(app, "start")
    camunda_8_6.pace(0)
    until(lambda: camunda_8_6.healthy("zeebe"), bool)
    assert camunda_8_6.truth()["crash_loops"] == [app]
    until(lambda: camunda_8_6.process(app), lambda found: found == {"state": "stopped"})
    camunda_8_6.start(app)
    assert camunda_8_6.truth()["crash_loops"] == [app]


def test_a_web_app_that_began_without_zeebe_runs_for_a_while_and_answers_nobody(camunda_8_6: StandIn) -> None:
    camunda_8_6.process("operate", "stop")
    camunda_8_6.process("zeebe", "stop")
    camunda_8_6.process("operate", "start")
    camunda_8_6.start("zeebe")
    assert camunda_8_6.process("operate") == {"state": "running"}
    assert not camunda_8_6.healthy("operate")
    camunda_8_6.start("operate")


def test_a_web_app_waits_for_a_zeebe_with_all_partitions(camunda_8_6: StandIn) -> None:
    camunda_8_6.process("operate", "stop")
    camunda_8_6.conditions(unhealthy_partitions=[2])
    camunda_8_6.process("operate", "start")
    assert camunda_8_6.truth()["crash_loops"] == ["operate"]


def test_the_web_apps_of_8_8_come_and_go_with_zeebe(camunda_8_8: StandIn) -> None:
    assert set(camunda_8_8.truth()["processes"]) == {"zeebe", "optimize"}
    with pytest.raises(ValueError, match=r"The stand-in knows no POST /processes/operate/start\."):
        camunda_8_8.process("operate", "start")
    camunda_8_8.process("zeebe", "stop")
    for door in ("zeebe_rest", "zeebe_management"):
        with pytest.raises(requests.ConnectionError):
            camunda_8_8.ask(door, "/")
    camunda_8_8.start("zeebe")
    assert camunda_8_8.ask("zeebe_management", "/actuator/backupHistory").ok


def test_a_process_can_refuse_to_stop(camunda_8_6: StandIn) -> None:
    camunda_8_6.conditions(stays_running=["operate"])
    camunda_8_6.process("operate", "stop")
    assert camunda_8_6.process("operate") == {"state": "running"}
    assert camunda_8_6.healthy("operate")


def test_the_journal_keeps_the_order_of_process_events_and_requests(camunda_8_6: StandIn) -> None:
    camunda_8_6.ask("search", "/")
    camunda_8_6.process("operate", "stop")
    camunda_8_6.ask("search", "/operate-*", "DELETE")
    camunda_8_6.process("operate")
    camunda_8_6.truth()
    told = [(e["role"], e["method"], e["path"], e["status"]) for e in camunda_8_6.journal()]
    assert told == [
        ("search", "GET", "/", 200),
        ("processes", "POST", "/processes/operate/stop", 204),
        ("search", "DELETE", "/operate-*", 200),
        ("processes", "GET", "/processes/operate", 200),
    ]
    everything = ["zeebe", "operate", "tasklist", "optimize"]
    assert [e["running"] for e in camunda_8_6.journal()[1:3]] == [everything, ["zeebe", "tasklist", "optimize"]]


def test_a_process_event_can_be_spoiled(camunda_8_6: StandIn) -> None:
    camunda_8_6.fault("processes", {"status": 500}, path="operate/stop")
    assert camunda_8_6.ask("control", "/processes/operate/stop", "POST").status_code == 500
    assert camunda_8_6.process("operate") == {"state": "running"}
