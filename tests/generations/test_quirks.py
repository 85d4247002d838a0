"""Every known trap in what Camunda's management APIs say, by name, over the network."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pydantic
import pytest

from camunda_backup import ids
from camunda_backup.errors import Conflict, Rejected, Unreachable
from camunda_backup.hooks.storage import StorageHook
from camunda_backup.orders import PauseMode
from camunda_backup.states import Component, Phase
from camunda_backup.waiting import Patience, Wait
from tests.dag_runs.playing import cluster_file, connect
from tests.generations.speaking import Speaker, speakers
from tests.stand_in import PROCESS, StandIn, until

ACTUATOR, REST = "8.9", "8.10"
GENERATIONS = ("8.5", "8.6", ACTUATOR, REST)
UNIFIED = pytest.mark.parametrize("line", [ACTUATOR, REST])
EVERY_GENERATION = pytest.mark.parametrize("line", GENERATIONS)
CONTEXT = "/camunda"


@pytest.fixture(scope="module")
def running() -> Iterator[Callable[[str], Speaker]]:
    """A stand-in of each generation."""
    with speakers(*GENERATIONS) as speak:
        yield speak


@pytest.fixture
def camunda(running: Callable[[str], Speaker], line: str) -> Speaker:
    """The cluster of the test's line, freshly reset."""
    return running(line)


@pytest.mark.parametrize("line", ["8.6", ACTUATOR])
def test_a_200_that_hides_a_500(camunda: Speaker) -> None:
    camunda.stand_in.conditions(missing_brokers=[0])
    path = "/actuator/exporting/pause"
    assert camunda.stand_in.ask("zeebe_management", path, "POST").status_code == 200

    with pytest.raises(Unreachable, match="HTTP 200 with status 500 inside: Expected 1 members of partition 1"):
        camunda.exporting.pause(PauseMode.HARD)
    assert camunda.exporting.look().runs


@pytest.mark.parametrize("line", [REST])
def test_the_rest_api_has_true_codes_instead(camunda: Speaker) -> None:
    camunda.stand_in.conditions(missing_brokers=[0])
    with pytest.raises(Unreachable, match="exporting control failed: HTTP 503 Expected 1 members of partition 1"):
        camunda.exporting.pause(PauseMode.HARD)
    camunda.stand_in.conditions(missing_brokers=[])
    camunda.exporting.pause(PauseMode.SOFT)
    seen = camunda.exporting.look()
    assert (seen.everywhere, seen.paused(PauseMode.SOFT), seen.runs) == ("SOFT_PAUSED", True, False)


@pytest.mark.parametrize("line", [REST])
def test_a_mixed_pause_proves_nothing(camunda: Speaker) -> None:
    camunda.stand_in.exporting("PAUSED", partition=1)
    seen = camunda.exporting.look()
    assert seen.everywhere == "MIXED"
    assert not seen.runs
    assert not any(seen.paused(mode) for mode in PauseMode)


@EVERY_GENERATION
@pytest.mark.parametrize("word", ["COMPLETE", "COMPLETED"])
def test_complete_and_completed(camunda: Speaker, word: str) -> None:
    camunda.stand_in.conditions(optimize_completed=word)
    camunda.part(Component.OPTIMIZE).start(10)
    last = camunda.watched(Component.OPTIMIZE, 10)[-1]
    assert (last.phase, last.state) == (Phase.COMPLETED, word)


@pytest.mark.parametrize("line", ["8.5", "8.6"])
def test_an_incomplete_that_passes(camunda: Speaker) -> None:
    wait = Wait(Patience(grace=5, faults=5, stall=5, deadline=30), time.time(), time.time() - 60)
    camunda.part(Component.TASKLIST).start(10)
    seen = camunda.watched(Component.TASKLIST, 10)
    assert "INCOMPLETE" in {report.state for report in seen}
    assert [wait.settled(report, time.time()) for report in seen][-1]


@pytest.mark.parametrize("line", ["8.5", "8.6", *(ACTUATOR, REST)])
def test_an_incomplete_that_lasts(camunda: Speaker) -> None:
    component = camunda.web_app()
    camunda.stand_in.conditions(incomplete_after=0.1)
    camunda.stand_in.outcome(component, "INCOMPLETE")
    hook = camunda.part(component)
    hook.start(10)
    until(lambda: hook.status(10).state, lambda state: state == "INCOMPLETE")
    assert hook.status(10).phase is Phase.PENDING


@UNIFIED
def test_verbose_false_that_lies(camunda: Speaker) -> None:
    camunda.stand_in.plant(webapps=[10])
    api = camunda.cluster.generation.backup_api(Component.WEB_APPS)
    door = "zeebe_rest" if camunda.line == REST else "zeebe_management"
    (lie,) = camunda.stand_in.ask(door, f"{api.path}?verbose=false").json()
    assert lie["state"] == "FAILED"
    before = len(camunda.stand_in.journal())

    (told,) = camunda.part(Component.WEB_APPS).listed()

    assert (told.backup_id, told.phase) == (10, Phase.COMPLETED)
    (asked,) = [entry["path"] for entry in camunda.stand_in.journal()[before:]]
    assert asked == (f"{api.path}?verbose=true" if camunda.line == REST else api.path)


@UNIFIED
def test_a_409_that_means_scaling(camunda: Speaker) -> None:
    hook = camunda.part(Component.ZEEBE)
    camunda.stand_in.conditions(pending_change=True)
    with pytest.raises(Rejected, match="another operation runs: HTTP 409 Cannot take backup while scaling") as caught:
        hook.start(10)
    assert not isinstance(caught.value, Conflict)
    camunda.stand_in.conditions(pending_change=False)
    hook.start(10)
    with pytest.raises(Conflict, match="backup ID 10 is taken: HTTP 409"):
        hook.start(10)


@pytest.mark.parametrize(("line", "code"), [("8.5", 400), ("8.6", 400), (ACTUATOR, 400), (REST, 409)])
def test_a_400_another_backup_is_running(camunda: Speaker, code: int) -> None:
    component = camunda.web_app()
    camunda.stand_in.conditions(busy=[component])
    said = rf"another operation runs: HTTP {code} Another backup is running.* when it never ends, restart {component}"
    with pytest.raises(Rejected, match=said) as caught:
        camunda.part(component).start(10)
    assert not isinstance(caught.value, Conflict)


@UNIFIED
def test_a_callers_id_is_refused_while_zeebe_makes_its_own(camunda: Speaker) -> None:
    generated(camunda)
    assert [one for one in camunda.problems() if "Zeebe makes backup IDs itself" in one]
    with pytest.raises(Rejected, match="refused backup 10: HTTP 400 Cannot take backup with predetermined backupId"):
        camunda.part(Component.ZEEBE).start(10)


@UNIFIED
def test_a_generated_id_is_in_milliseconds_and_a_later_one_in_seconds_exceeds_it(camunda: Speaker) -> None:
    made = generated(camunda)
    now, hook = datetime.now(UTC), camunda.part(Component.ZEEBE)
    in_seconds = ids.now_in(ids.IdScheme.SECONDS, now)
    assert made > 10**12 > in_seconds
    camunda.stand_in.conditions(generates_ids=False)
    with pytest.raises(Conflict, match="The latest backup has id"):
        hook.start(in_seconds)

    minted = ids.mint(ids.IdScheme.SECONDS, now, [report.backup_id for report in hook.listed()])

    assert minted == made + 1
    hook.start(minted)
    assert camunda.watched(Component.ZEEBE, minted)[-1].phase is Phase.COMPLETED


def generated(camunda: Speaker) -> int:
    """Let Zeebe make a backup under an ID of its own; give the ID."""
    camunda.stand_in.conditions(generates_ids=True)
    answer = camunda.stand_in.ask("zeebe_management", "/actuator/backupRuntime", "POST")
    assert answer.status_code == 202
    camunda.watched(Component.ZEEBE, answer.json()["backupId"])
    return int(answer.json()["backupId"])


@EVERY_GENERATION
def test_a_context_path_stands_before_every_path_but_optimizes(line: str) -> None:
    with StandIn(line, "--context-path", CONTEXT, pace=0) as stand_in:
        camunda = Speaker(stand_in, line, "contextual")
        stand_in.work(1)
        assert stand_in.ask("optimize_management", f"{CONTEXT}/actuator/backups").status_code == 404
        assert camunda.problems() == []
        for component in (c for c in camunda.cluster.all_components if c is not Component.RECORDS):
            camunda.part(component).start(10)
            assert camunda.watched(component, 10)[-1].phase is Phase.COMPLETED
        camunda.exporting.pause(PauseMode.HARD)
        assert camunda.exporting.look().paused(PauseMode.HARD)


@UNIFIED
def test_one_pinned_pod_starts_the_web_apps_backup_and_tells_its_state(camunda: Speaker) -> None:
    with StandIn(camunda.line, pace=0.02) as pod:
        connect("pinned", pod)
        pinned = "pinned_rest" if camunda.line == REST else "pinned_zeebe"
        named = cluster_file(camunda.line, "zeebe-first", camunda.cluster.name)["connections"]
        beside = Speaker(
            camunda.stand_in, camunda.line, camunda.cluster.name, connections={**named, "web_apps": pinned}
        )
        for component in (Component.WEB_APPS, Component.ZEEBE):
            beside.part(component).start(10)
            assert beside.watched(component, 10)[-1].phase is Phase.COMPLETED
        assert roles(pod) == {"webapps"}
        assert roles(camunda.stand_in) == {"zeebe"}


def roles(stand_in: StandIn) -> set[str]:
    """Give who was asked about backups."""
    return {entry["role"] for entry in stand_in.journal() if "/backup" in entry["path"]}


@pytest.mark.parametrize("line", ["8.5", "8.6"])
def test_where_the_web_apps_are_apart_their_own_connections_are_pinned(camunda: Speaker) -> None:
    named = {**camunda.cluster.connections.model_dump(exclude_none=True), "web_apps": "pod"}
    with pytest.raises(pydantic.ValidationError, match=r"connections\.web_apps must go"):
        Speaker(camunda.stand_in, camunda.line, "apart", connections=named)


@EVERY_GENERATION
def test_a_cluster_of_another_version_than_its_file_says_is_not_backed_up(camunda: Speaker) -> None:
    camunda.stand_in.work(1)
    assert camunda.problems() == []
    camunda.stand_in.conditions(version={"zeebe": "8.4.9"})
    assert f"zeebe is Camunda 8.4.9, but the cluster file says {camunda.line}" in camunda.problems()


def test_a_broker_of_another_version_is_named_by_its_connection(running: Callable[[str], Speaker]) -> None:
    camunda, other = running("8.6"), running("8.5").stand_in
    connect("other", other)
    named = {**camunda.cluster.connections.model_dump(exclude_none=True), "brokers": ("q86_zeebe", "other_zeebe")}
    found = Speaker(camunda.stand_in, "8.6", "q86", connections=named).problems()
    assert "broker other_zeebe is Camunda 8.5.24, but the cluster file says 8.6" in found


@UNIFIED
def test_user_tasks_that_job_workers_have_are_not_counted_since_nothing_shows_them(camunda: Speaker) -> None:
    stand_in, cluster = camunda.stand_in, camunda.cluster
    stand_in.work(2)
    by_worker = PROCESS.replace('id="demo"', 'id="by_worker"').replace("<zeebe:userTask/>", "")
    assert stand_in.ask("zeebe_rest", "/v2/deployments", "POST", files={"resources": ("w.bpmn", by_worker)}).ok
    for _ in range(3):
        assert stand_in.ask("zeebe_rest", "/v2/process-instances", "POST", json={"processDefinitionId": "by_worker"}).ok
    until(lambda: stand_in.count("tasklist-task-*"), lambda found: found == 5)
    counts = {count.name: count for count in cluster.generation.counts}
    views = {view.count: view for view in cluster.generation.views}
    shown = stand_in.ask("zeebe_rest", views["user_tasks_created"].request.path, "POST", json={}).json()
    counted = StorageHook(**cluster.storage()).count(counts["user_tasks_created"], cluster.prefixes)
    assert shown["page"]["totalItems"] == counted == 2


@EVERY_GENERATION
def test_a_management_port_that_hides_its_version_leaves_it_to_the_rest_api(camunda: Speaker) -> None:
    camunda.stand_in.conditions(version={"zeebe": "8.4.9"})
    camunda.stand_in.fault("any", {"status": 404}, path="/actuator/info", times=None)
    assert f"zeebe is Camunda 8.4.9, but the cluster file says {camunda.line}" in camunda.problems()


def test_8_5_0_knows_no_soft_pause(running: Callable[[str], Speaker]) -> None:
    camunda = running("8.5")
    said = r"order must be zeebe-first: Camunda 8\.5\.0 knows no soft pause, 8\.5\.1 does"
    with pytest.raises(pydantic.ValidationError, match=said):
        Speaker(camunda.stand_in, "8.5", "early", version="8.5.0", order="secondary-first")
    camunda.stand_in.work(1)
    camunda.stand_in.conditions(version=dict.fromkeys(("zeebe", "operate", "tasklist", "optimize"), "8.5.0"))
    found = Speaker(camunda.stand_in, "8.5", "early", order="secondary-first").problems()
    assert found == ["Zeebe is Camunda 8.5.0, which knows no soft pause: write order: zeebe-first, or upgrade it"]
    assert Speaker(camunda.stand_in, "8.5", "early", version="8.5.0").problems() == []


@pytest.mark.parametrize("line", [REST])
@pytest.mark.parametrize(
    ("act", "permission"),
    [
        (lambda camunda: camunda.part(Component.WEB_APPS).start(10), "BACKUP:CREATE"),
        (lambda camunda: camunda.part(Component.ZEEBE).listed(), "BACKUP:READ"),
        (lambda camunda: camunda.exporting.pause(PauseMode.HARD), "EXPORTER:PAUSE"),
    ],
)
def test_a_403_of_the_rest_api_is_told_with_the_permission(
    camunda: Speaker, act: Callable[[Speaker], Any], permission: str
) -> None:
    refusal = {"type": "about:blank", "title": "FORBIDDEN", "status": 403, "detail": "Unauthorized to perform this"}
    camunda.stand_in.fault("any", {"status": 403, "body": refusal}, path="/v2/")
    with pytest.raises(Rejected, match=rf"HTTP 403 Unauthorized to perform .*give it the permission .*{permission}"):
        act(camunda)


def test_a_pause_that_stays_pending_is_told_with_its_change_and_repeated(running: Callable[[str], Speaker]) -> None:
    camunda = running(REST)
    camunda.stand_in.conditions(exporting_hangs=True)
    for said in ("not completed within 60 seconds", "Another cluster configuration change is in progress"):
        with pytest.raises(Unreachable, match=f"{said}.*DELETE /actuator/cluster/changes/2 on the management port"):
            camunda.exporting.pause(PauseMode.HARD)
    camunda.stand_in.conditions(exporting_hangs=False, pending_change=False)
    camunda.exporting.pause(PauseMode.HARD)
    assert camunda.exporting.look().paused(PauseMode.HARD)


def test_8_10_goes_back_to_the_actuator_where_the_cluster_file_says_so(running: Callable[[str], Speaker]) -> None:
    stand_in = running(REST).stand_in
    stand_in.work(1)
    named = cluster_file(REST, "zeebe-first", "fallback")["connections"]
    connections = {name: conn_id for name, conn_id in named.items() if name != "rest"}
    camunda = Speaker(stand_in, REST, "fallback", connections=connections, management_api="actuator")
    assert camunda.problems() == []
    for component in (Component.ZEEBE, Component.WEB_APPS):
        camunda.part(component).start(10)
        assert camunda.watched(component, 10)[-1].phase is Phase.COMPLETED
    camunda.exporting.pause(PauseMode.HARD)
    managed = {entry["door"] for entry in stand_in.journal() if re.search(r"backup|exporting", entry["path"])}
    assert managed == {"zeebe_management", "search", "optimize_management"}


@pytest.mark.parametrize(
    ("line", "fields", "said"),
    [
        (
            REST,
            {"connections": {"zeebe": "z"}},
            r"connections\.rest is missing: Camunda 8\.10 is backed up through its",
        ),
        ("8.9", {"management_api": "actuator"}, r"management_api must go: Camunda 8\.9 can be managed in one way only"),
        ("8.6", {"management_api": "rest"}, r"management_api must go: Camunda 8\.6 can be managed in one way only"),
    ],
)
def test_what_a_line_does_not_know_is_refused_in_its_cluster_file(
    running: Callable[[str], Speaker], line: str, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(pydantic.ValidationError, match=said):
        Speaker(running(REST).stand_in, line, "wrong", **fields)
