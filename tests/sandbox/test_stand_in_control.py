"""Faults, outages and what the control port tells of them."""

import subprocess
import sys
import time

import pytest
import requests

from tests.stand_in import StandIn, until

HEALTH = "/actuator/health"
BACKUPS = "/actuator/backups"


def test_a_fault_spoils_the_requests_it_is_for(camunda_8_6: StandIn) -> None:
    camunda_8_6.fault("operate", {"status": 503, "body": {"message": "away"}}, path=BACKUPS, skip=1, times=2)
    codes = [camunda_8_6.ask("operate_management", BACKUPS).status_code for _ in range(4)]
    assert codes == [200, 503, 503, 200]
    assert camunda_8_6.ask("tasklist_management", BACKUPS).status_code == 200
    faults = [e["fault"] is not None for e in camunda_8_6.journal("operate")]
    assert faults == [False, True, True, False]


def test_a_fault_can_be_about_one_method_and_a_text(camunda_8_6: StandIn) -> None:
    plain = {"status": 200, "body": "<html>", "content_type": "text/html"}
    camunda_8_6.fault("search", plain, method="GET", path="_cluster/health$", times=None)
    answer = camunda_8_6.ask("search", "/_cluster/health")
    assert (answer.text, answer.headers["Content-Type"]) == ("<html>", "text/html")
    assert camunda_8_6.ask("search", "/_cluster/health?x=1").json()["status"] == "green"


def test_an_envelope_fails_inside_a_200_and_does_nothing(camunda_8_6: StandIn) -> None:
    camunda_8_6.fault("zeebe", {"envelope": 500}, path="exporting/pause")
    answer = camunda_8_6.ask("zeebe_management", "/actuator/exporting/pause", "POST")
    assert (answer.status_code, answer.json()["status"]) == (200, 500)
    assert camunda_8_6.truth()["exporting"] == {"0": {"1": "EXPORTING", "2": "EXPORTING"}}


def test_a_dropped_request_gets_no_answer(camunda_8_6: StandIn) -> None:
    camunda_8_6.fault("zeebe", {"drop": True})
    with pytest.raises(requests.ConnectionError):
        camunda_8_6.ask("zeebe_management", HEALTH)
    assert camunda_8_6.journal()[-1]["status"] == "dropped"
    assert camunda_8_6.ask("zeebe_management", HEALTH).ok


def test_a_lost_answer_leaves_the_deed_done(camunda_8_6: StandIn) -> None:
    camunda_8_6.fault("zeebe", {"act_then": {"drop": True}}, method="POST", path=BACKUPS)
    with pytest.raises(requests.ConnectionError):
        camunda_8_6.ask("zeebe_management", BACKUPS, "POST", json={"backupId": 10})
    assert camunda_8_6.ask("zeebe_management", BACKUPS, "POST", json={"backupId": 10}).status_code == 409
    camunda_8_6.fault("zeebe", {"act_then": {"status": 500}}, path="exporting")
    assert camunda_8_6.ask("zeebe_management", "/actuator/exporting/pause", "POST").status_code == 500
    assert camunda_8_6.truth()["exporting"] == {"0": {"1": "PAUSED", "2": "PAUSED"}}


def test_a_hanging_request_outlasts_the_clients_patience(camunda_8_6: StandIn) -> None:
    camunda_8_6.fault("zeebe", {"hang": 5})
    with pytest.raises(requests.ReadTimeout):
        camunda_8_6.ask("zeebe_management", HEALTH, timeout=0.1)
    camunda_8_6.fault("zeebe", {"hang": 0.05})
    assert camunda_8_6.ask("zeebe_management", HEALTH).ok


def test_faults_leave_the_stand_ins_own_requests_alone_unless_asked(camunda_8_6: StandIn) -> None:
    camunda_8_6.fault("search", {"status": 500}, times=None)
    assert camunda_8_6.ask("search", "/").status_code == 500
    assert camunda_8_6.ask("operate_management", BACKUPS).status_code == 200
    camunda_8_6.fault("search", {"status": 500}, path="_snapshot", times=None, caller="any")
    assert camunda_8_6.ask("operate_management", BACKUPS).status_code == 400


def test_a_fault_that_spoils_nothing_is_told_once_also_after_a_reset(camunda_8_6: StandIn) -> None:
    for path in (HEALTH, BACKUPS):
        camunda_8_6.fault("zeebe", {"status": 500}, path=path)
    camunda_8_6.fault("operate", {"status": 500}, skip=1)
    camunda_8_6.fault("optimize", {"status": 500}, may_rest=True)
    for role in ("zeebe", "operate"):
        camunda_8_6.ask(f"{role}_management", HEALTH)
    camunda_8_6.reset()
    assert StandIn.unfired_faults() == [
        f".* {BACKUPS} of zeebe, 0 more of which were to pass",
        ".*  of operate, 0 more of which were to pass",
    ]
    assert StandIn.unfired_faults() == []


def test_a_killed_role_refuses_connections_until_it_is_revived(camunda_8_6: StandIn) -> None:
    for role, door in (("zeebe", "zeebe_management"), ("operate", "operate_management"), ("search", "search")):
        camunda_8_6.kill(role)
        with pytest.raises(requests.ConnectionError):
            camunda_8_6.ask(door, "/")
        assert camunda_8_6.truth()["down"] == [role]
        camunda_8_6.revive(role)
        assert camunda_8_6.ask(door, "/").status_code in {200, 404}


def test_nothing_is_exported_while_the_search_engine_is_down(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(1)
    camunda_8_6.kill("search")
    camunda_8_6.ask("zeebe_rest", "/v2/process-instances", "POST", json={"processDefinitionId": "demo"})
    camunda_8_6.revive("search")
    until(lambda: camunda_8_6.count("zeebe-record*"), lambda found: found == camunda_8_6.written())


def test_the_pace_can_be_changed_while_a_backup_waits(camunda_8_6: StandIn) -> None:
    camunda_8_6.pace(3600)
    camunda_8_6.ask("zeebe_management", BACKUPS, "POST", json={"backupId": 10})
    assert camunda_8_6.ask("zeebe_management", f"{BACKUPS}/10").status_code == 404
    camunda_8_6.pace(0)
    until(
        lambda: camunda_8_6.ask("zeebe_management", f"{BACKUPS}/10").json().get("state"),
        lambda state: state == "COMPLETED",
    )


def test_the_journal_keeps_order_roles_and_bodies(camunda_8_6: StandIn) -> None:
    camunda_8_6.ask("zeebe_management", "/actuator/exporting/pause?soft=true", "POST")
    camunda_8_6.ask("operate_management", BACKUPS, "POST", json={"backupId": 10})
    camunda_8_6.ask("search", "/_snapshot/backups")
    told = [(e["role"], e["door"], e["method"], e["path"], e["status"]) for e in camunda_8_6.journal()]
    assert told == [
        ("zeebe", "zeebe_management", "POST", "/actuator/exporting/pause?soft=true", 200),
        ("operate", "operate_management", "POST", BACKUPS, 200),
        ("search", "search", "GET", "/_snapshot/backups", 200),
    ]
    assert camunda_8_6.journal("operate")[0]["body"] == '{"backupId": 10}'
    assert {e["from"] for e in camunda_8_6.journal("search", caller="any")} >= {"client", "operate"}


def test_reset_forgets_everything(camunda_8_6: StandIn) -> None:
    camunda_8_6.work(1)
    camunda_8_6.plant(zeebe=[10])
    camunda_8_6.fault("zeebe", {"status": 500}, times=None, may_rest=True)
    camunda_8_6.kill("operate")
    camunda_8_6.exporting("PAUSED")
    camunda_8_6.reset(repository=False)
    assert camunda_8_6.ask("zeebe_management", BACKUPS).json() == []
    assert camunda_8_6.ask("operate_management", HEALTH).ok
    assert camunda_8_6.count("zeebe-record*") == 0
    truth = camunda_8_6.truth()
    assert truth["snapshots"] == truth["instances"] == {}
    assert [e["door"] for e in camunda_8_6.journal()] == ["zeebe_management", "operate_management", "search"]


def test_a_reset_can_bring_back_what_was_kept(camunda_8_6: StandIn) -> None:
    kept = camunda_8_6.work(2)
    camunda_8_6.plant(zeebe=[10], operate=[10])
    camunda_8_6.keep()
    before = camunda_8_6.truth()
    for _ in range(2):
        camunda_8_6.work(1)
        camunda_8_6.plant(zeebe=[11], operate=[11])
        camunda_8_6.disaster()
        camunda_8_6.reset(kept="work")
        assert camunda_8_6.truth() == before
        assert camunda_8_6.count("zeebe-record*") == camunda_8_6.written()
        cancellation = f"/v2/process-instances/{kept[0]}/cancellation"
        assert camunda_8_6.ask("zeebe_rest", cancellation, "POST", json={}).status_code == 204


def test_what_was_never_kept_cannot_be_brought_back() -> None:
    with StandIn("8.6") as cluster, pytest.raises(ValueError, match="nothing was kept"):
        cluster.reset(kept="work")


def test_the_truth_tells_a_consistent_set_from_a_broken_one(camunda_8_6: StandIn) -> None:
    """Snapshots may hold less than the Zeebe backup, never more; with a soft pause and Zeebe first they hold more."""
    camunda_8_6.pace(0)
    camunda_8_6.work(2)
    for backup_id, pause, broken in ((10, "pause", False), (11, "pause?soft=true", True)):
        camunda_8_6.ask("zeebe_management", f"/actuator/exporting/{pause}", "POST")
        camunda_8_6.ask("zeebe_management", BACKUPS, "POST", json={"backupId": backup_id})
        path = f"{BACKUPS}/{backup_id}"
        until(lambda p=path: camunda_8_6.ask("zeebe_management", p).json().get("state"), lambda s: s == "COMPLETED")  # type: ignore[misc]
        for _ in range(4):
            camunda_8_6.ask("zeebe_rest", "/v2/process-instances", "POST", json={"processDefinitionId": "demo"})
        if broken:
            until(lambda: camunda_8_6.count("zeebe-record*"), lambda found: found == camunda_8_6.written())
        records = f"/_snapshot/backups/records_{backup_id}?wait_for_completion=true"
        camunda_8_6.ask("search", records, "PUT", json={"indices": "zeebe-record*"})
        camunda_8_6.ask("zeebe_management", "/actuator/exporting/resume", "POST")
        truth = camunda_8_6.truth()
        zeebe = truth["zeebe_backups"][str(backup_id)]["partitions"]
        snapshot = truth["snapshots"]["backups"][f"records_{backup_id}"]["positions"]
        ahead = {n for n, position in snapshot.items() if position > zeebe[n]["last"]}
        assert bool(ahead) == broken


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/faults", {"role": "zeebe"}),
        ("/faults", {"role": "zeebe", "effect": {"explode": True}}),
        ("/faults", {"role": "zeebe", "effect": {"drop": True}, "colour": "red"}),
        ("/outcomes", {"role": "zeebe", "outcome": "GREAT"}),
        ("/conditions", {"weather": "bad"}),
        ("/conditions", {"busy": True}),
        ("/kill-role", {"role": "nobody"}),
        ("/exporting", {"phase": "TIRED"}),
        ("/backups", {"nobody": [1]}),
    ],
)
def test_mistakes_at_the_control_port_are_told(camunda_8_6: StandIn, path: str, body: dict[str, object]) -> None:
    answer = camunda_8_6.ask("control", path, "POST", json=body)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_it_starts_fast_and_dies_with_its_starter() -> None:
    begun = time.monotonic()
    cluster = StandIn("8.6")
    assert time.monotonic() - begun < 5
    url = cluster.urls["search"]
    cluster.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=1)


def test_a_taken_port_and_a_half_given_choice_are_said_in_one_sentence(camunda_8_6: StandIn) -> None:
    taken = int(camunda_8_6.urls["search"].rpartition(":")[2])
    program = [sys.executable, "-m", "sandbox.stand_in"]
    where = {"PYTHONPATH": "include"}
    result = subprocess.run(  # noqa: S603 - our own program
        [*program, "--ports", str(taken - 50)], capture_output=True, text=True, check=False, env=where, timeout=20
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "Choose another --ports" in result.stderr
    result = subprocess.run(  # noqa: S603 - our own program
        [*program, "--only", "optimize"], capture_output=True, text=True, check=False, env=where, timeout=20
    )
    assert result.returncode == 2
    assert "--only needs --search" in result.stderr
