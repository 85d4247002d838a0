"""The restore DAG of a cluster that restores itself (Camunda 8.10), against the stand-in, and what goes wrong."""

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.dag_runs.playing import Played, Run, commands, connect, parsed, quick_part, quickly, runner
from tests.dag_runs.restoring import (
    RESTORE_PACE,
    YES,
    People,
    as_backed_up,
    confirmed,
    destroys,
    restorable_file,
    shown,
    work,
)
from tests.stand_in import StandIn, until

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

NAME = "restorable-810"
BROKEN = {"status": 500, "body": {"message": "spoiled"}}
LOST = {"act_then": {"drop": True}}


@pytest.fixture(scope="module")
def itself(airflow_db: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Played, "DagBag"]]:
    """Give a cluster of 8.10 with one backup, which its stand-in keeps; its runtime knows Optimize alone."""
    folder = tmp_path_factory.mktemp("restores-itself")
    with StandIn("8.10", pace=RESTORE_PACE) as stand_in, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMUNDA_BACKUP_CLUSTERS", str(folder))
        runtime = commands("8.10", quick_part(stand_in.urls["control"]))
        del runtime["processes"]["zeebe"]
        fields = restorable_file("8.10", NAME, stand_in) | {"runtime": runtime}
        fields["restore_limits"] = {**fields["restore_limits"], "partitions": "8s"}
        (folder / f"{NAME}.yaml").write_text(yaml.safe_dump(fields))
        connect(NAME, stand_in)
        bag = parsed(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
        work(stand_in)
        with quickly():
            assert bag.dags[f"back_up_{NAME}"].test().state == "success"
        stand_in.keep()
        yield Played(NAME, "8.10", "zeebe-first", stand_in), bag


@pytest.fixture
def cluster(itself: tuple[Played, "DagBag"]) -> Played:
    """The cluster as it was after its backup."""
    return as_backed_up(itself[0])


@pytest.fixture
def restore(itself: tuple[Played, "DagBag"], capfd: pytest.CaptureFixture[str], api: Any) -> Callable[..., Run]:
    """Restore with people who say yes; what must never happen is looked for after each run."""
    run = runner(itself[1], capfd)

    def attempt(before: Callable[[], None] | None = None, **conf: Any) -> Run:
        stand_in = itself[0].stand_in
        since = len(stand_in.journal())
        with People(api, YES, before).at_work():
            done = run(f"restore_{NAME}", **confirmed(itself[0], **conf))
        require_order(itself[0], done, since)
        return done

    return attempt


@pytest.fixture
def clear(itself: tuple[Played, "DagBag"], capfd: pytest.CaptureFixture[str], api: Any) -> Callable[[Run, str], Run]:
    """Clear a task of a run with everything downstream, and let the run go on."""
    run = runner(itself[1], capfd)

    def attempt(failed: Run, task_id: str) -> Run:
        since = len(itself[0].stand_in.journal())
        wanted = {"dry_run": False, "dag_run_id": failed.run_id, "task_ids": [task_id], "include_downstream": True}
        answer = api.post(f"/api/v2/dags/restore_{NAME}/clearTaskInstances", json={**wanted, "only_failed": False})
        assert answer.status_code == 200, answer.text
        with People(api, YES).at_work():
            done = run(f"restore_{NAME}", again=failed.run_id, **confirmed(itself[0]))
        require_order(itself[0], done, since)
        return done

    return attempt


def is_change(entry: Any) -> bool:
    """Whether a request changes the cluster, its mode or its data."""
    if entry["role"] == "processes":
        return bool(entry["method"] != "GET")
    changing = entry["method"] in {"PATCH", "DELETE", "PUT"} or destroys(entry)
    return changing or (entry["method"] == "POST" and entry["path"] == "/v2/restore")


def changes(cluster: Played, since: int = 0) -> list[str]:
    """Give every request that changed anything, in order."""
    journal = cluster.stand_in.journal()[since:]
    return [f"{e['method']} {e['path']}" for e in journal if is_change(e)]


def require_order(cluster: Played, done: Run, since: int) -> None:
    """Fail when something changed without a plan, data went while somebody worked, or Optimize began too early."""
    journal = cluster.stand_in.journal()[since:]
    assert not any("mode=PROCESSING" in entry["path"] for entry in journal)
    if any(map(is_change, journal)):
        assert done.tasks["plan"] == "success"
        assert done.tasks["approve"] == "success"
    for entry in journal:
        if destroys(entry) and entry["role"] == "search":
            assert entry["mode"] == "RECOVERING", f"{entry['method']} {entry['path']} while Zeebe worked"
            assert "optimize" not in entry["running"], f"{entry['method']} {entry['path']} while Optimize ran"
        if entry["path"] == "/processes/optimize/start":
            assert entry["mode"] == "PROCESSING", "Optimize was started before Zeebe was restored"
    assert cluster.stand_in.truth()["crash_loops"] == []


def require_restored(cluster: Played, before: dict[str, str]) -> None:
    """Fail when the cluster is not as it was backed up, and at work."""
    truth = cluster.stand_in.truth()
    assert truth["instances"] == {"ACTIVE": 2, "CANCELED": 1, "COMPLETED": 1}
    assert truth["mode"] == "PROCESSING"
    assert set(truth["processes"].values()) == {"running"}
    assert shown(cluster) == before


@pytest.mark.shows("restore", line="8.10", engine="OpenSearch", store="fs")
@pytest.mark.shows("restore", line="8.10", engine="OpenSearch", store="fs")
@pytest.mark.parametrize("disaster", [True, False], ids=["from an empty cluster", "from a running cluster"])
def test_the_running_cluster_restores_itself(cluster: Played, restore: Any, disaster: bool) -> None:
    stand_in, before = cluster.stand_in, shown(cluster)
    stand_in.work(3)
    if disaster:
        stand_in.disaster()
        stand_in.start("zeebe")
        stand_in.start("optimize")
    else:
        stand_in.exporting("PAUSED")  # which the Restore API leaves as it is
    since = len(stand_in.journal())

    done = restore()

    assert done.state == "success", done.errors
    require_restored(cluster, before)
    assert cluster.exporting == {"EXPORTING"}
    assert done.tasks["keep_recovering"] == "skipped"
    order = [one for one in changes(cluster, since) if not one.startswith("DELETE")]
    assert order[0] == "POST /processes/optimize/stop"
    assert order[1] == "PATCH /v2/mode?mode=RECOVERING"
    assert order[-2] == "POST /v2/restore"
    assert order[-1] == "POST /processes/optimize/start"
    assert all("/_restore" in one for one in order[2:-2])
    resumed = {one["path"] for one in stand_in.journal()[since:] if one["path"].endswith("/exporting/resume")}
    assert resumed == (set() if disaster else {"/v2/exporting/resume"})  # perhaps more than once: that is harmless
    report = done.results("report")
    ((backup_id, manifest),) = cluster.manifests().items()
    assert (report["backup_id"], report["counts"]["restored"]) == (backup_id, manifest["counts"])
    assert 0 < report["recovery_seconds"]["healthy"] <= report["recovery_seconds"]["verified"]
    assert "of 2 partitions are back" in done.log


def test_a_dry_run_asks_zeebe_too_and_changes_nothing(cluster: Played, itself: Any, capfd: Any) -> None:
    done = runner(itself[1], capfd)(f"restore_{NAME}")

    assert done.state == "success", done.errors
    assert changes(cluster) == []
    assert "Restored last, by the running cluster itself" in done.results("plan")["text"]
    asked = [e["path"] for e in cluster.stand_in.journal() if e["method"] == "POST" and "/v2/restore" in e["path"]]
    assert asked == ["/v2/restore?dryRun=true"]


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"restore_refusal": "missing"}, "partition 1 has no completed backup"),
        (
            {"restore_refusal": "partitions"},
            "the backup has 3 partitions, the cluster 2; set camunda.cluster.partition-",
        ),
        ({"restore_refusal": "store_none"}, "a broker has no backup store; configure the one that holds the backup"),
        ({"restore_refusal": "forbidden"}, "give the client of connections.rest the permission RESTORE on BACKUP"),
        ({"pending_change": True}, "the cluster is being changed (change 2: no restore)"),
    ],
    ids=lambda given: str(next(iter(given.values()))) if isinstance(given, dict) else "",
)
def test_what_zeebe_refuses_is_known_to_the_plan(
    cluster: Played, restore: Any, conditions: dict[str, Any], said: str
) -> None:
    cluster.stand_in.conditions(**conditions)

    done = restore()

    assert done.tasks["plan"] == "failed"
    assert said in done.errors
    assert changes(cluster) == []


@pytest.mark.faults
@pytest.mark.parametrize("call", [("GET", "/v2/topology"), ("GET", "/v2/restore"), ("POST", r"/v2/restore\?dryRun")])
@pytest.mark.parametrize("effect", [BROKEN, {"drop": True}], ids=["500", "no answer"])
def test_nothing_is_changed_when_a_look_of_the_plan_fails(
    cluster: Played, restore: Any, call: tuple[str, str], effect: dict[str, Any]
) -> None:
    cluster.stand_in.fault("zeebe", effect, method=call[0], path=call[1], times=None)

    done = restore()

    assert done.tasks["plan"] == "failed"
    assert changes(cluster) == []


def test_a_restore_that_is_validated_in_recovering_mode_only_is_refused_before_anything_is_deleted(
    cluster: Played, restore: Any
) -> None:
    def spoil() -> None:
        cluster.stand_in.conditions(validates_late=True, restore_refusal="missing")

    cluster.stand_in.conditions(validates_late=True)
    before = shown(cluster)

    failed = restore(spoil)

    assert "it is asked then, before anything is deleted" in failed.log
    assert failed.tasks["enter_recovery"] == "failed"
    assert not any(map(destroys, cluster.stand_in.journal()))
    assert cluster.stand_in.truth()["mode"] == "RECOVERING"
    assert "No data was touched" in failed.log
    assert "give up: PATCH /v2/mode?mode=PROCESSING" in failed.log
    cluster.stand_in.conditions(restore_refusal="")

    done = restore()

    assert done.state == "success", done.errors
    assert "Zeebe is in recovering mode already, perhaps" in done.log
    require_restored(cluster, before)


@pytest.mark.faults
@pytest.mark.parametrize(
    ("outcome", "said"), [("STUCK", "given up after 2 s: change 1 of the cluster is going on"), ("FAILED", "is FAILED")]
)
def test_a_cluster_that_does_not_get_into_recovering_mode_keeps_its_data(
    cluster: Played, restore: Any, outcome: str, said: str
) -> None:
    cluster.stand_in.outcome("mode", outcome)

    done = restore()

    assert done.tasks["enter_recovery"] == "failed"
    assert said in done.errors
    assert not any(map(destroys, cluster.stand_in.journal()))
    assert "No data was touched" in done.log


def test_nobody_is_told_to_go_back_to_work_with_data_that_an_earlier_run_left(cluster: Played, restore: Any) -> None:
    cluster.stand_in.outcome("restore", "FAILED")
    assert restore().tasks["restore_zeebe"] == "failed"

    done = restore(lambda: cluster.stand_in.conditions(restore_refusal="missing"))

    assert done.tasks["enter_recovery"] == "failed"
    assert "Never switch the mode to PROCESSING by hand" in done.log
    assert "give up" not in done.log


@pytest.mark.faults
def test_an_optimize_that_does_not_stop_keeps_everything_as_it_is(cluster: Played, restore: Any) -> None:
    cluster.stand_in.conditions(stays_running=["optimize"])

    done = restore()

    assert done.tasks["stop_optimize"] == "failed"
    assert changes(cluster) == ["POST /processes/optimize/stop"]
    assert "or give up: start by hand what was stopped" in done.log


@pytest.mark.faults
@pytest.mark.parametrize(
    ("effect", "sent"),
    [(BROKEN, 2), ({"drop": True}, 2), (LOST, 1)],
    ids=["500", "no answer", "done without an answer"],
)
def test_every_call_may_fail_once(cluster: Played, restore: Any, effect: dict[str, Any], sent: int) -> None:
    before, stand_in = shown(cluster), cluster.stand_in
    stand_in.outcome("restore", "HEALING", seconds=1)  # it lasts longer than until the next look

    def spoil() -> None:
        stand_in.fault("zeebe", effect, method="PATCH", path="/v2/mode")
        stand_in.fault("zeebe", effect, method="POST", path="/v2/restore$")
        looks = ("/v2/restore", "/v2/topology", "/actuator/cluster")
        for path in looks if effect is not LOST else ():  # a look that is lost changes nothing
            stand_in.fault("zeebe", effect, method="GET", path=path, skip=1, times=2)
        stand_in.fault("search", effect, method="DELETE", path="/operate-")
        stand_in.fault("search", effect, method="POST", path="part_2_of_7/_restore")

    done = restore(spoil)

    assert done.state == "success", done.errors
    require_restored(cluster, before)
    assert changes(cluster).count("POST /v2/restore") == sent


@pytest.mark.faults
def test_a_restore_of_which_nothing_was_seen_is_not_taken_for_one(cluster: Played, restore: Any, clear: Any) -> None:
    before = shown(cluster)
    cluster.stand_in.pace(0)  # it is over before anybody looks

    failed = restore(lambda: cluster.stand_in.fault("zeebe", LOST, method="POST", path="/v2/restore$"))

    assert failed.tasks["restore_zeebe"] == "failed"
    assert "whether it was restored cannot be told. Clear the run from enter_recovery" in failed.errors
    assert cluster.stand_in.truth()["processes"]["optimize"] == "stopped"

    done = clear(failed, "enter_recovery")

    assert done.state == "success", done.errors
    require_restored(cluster, before)


@pytest.mark.faults
def test_an_index_that_a_running_gateway_makes_again_is_deleted_again(cluster: Played, restore: Any) -> None:
    before = shown(cluster)
    cluster.stand_in.conditions(sessions_return=2)

    done = restore()

    assert done.state == "success", done.errors
    require_restored(cluster, before)


@pytest.mark.faults
def test_an_index_that_always_comes_back_ends_the_restore_clearly(cluster: Played, restore: Any) -> None:
    cluster.stand_in.conditions(sessions_return=1000)

    done = restore()

    assert done.tasks["restore_webapps"] == "failed"
    assert (
        "indices come back while they are deleted: camunda-web-session-8.8.0_; find out who makes them" in done.errors
    )
    assert cluster.stand_in.truth()["mode"] == "RECOVERING"
    assert "Never switch the mode to PROCESSING by hand" in done.log


@pytest.mark.faults
@pytest.mark.parametrize(("outcome", "cancelled"), [("FAILED", False), ("STUCK", True), ("LOST", False)])
def test_a_restore_that_fails_keeps_the_mode_and_clearing_it_sends_another(
    cluster: Played, restore: Any, clear: Any, outcome: str, cancelled: bool
) -> None:
    before, stand_in = shown(cluster), cluster.stand_in
    stand_in.outcome("restore", outcome)

    failed = restore()

    assert failed.tasks["restore_zeebe"] == "failed"
    said = "the cluster tells nothing of change 2, its last is 1; " if outcome == "LOST" else "Mend that and "
    assert f"{said}clear restore_zeebe" in failed.errors
    assert "is in recovering mode and stays in it" in failed.log
    truth = stand_in.truth()
    assert truth["mode"] == "RECOVERING"
    assert truth["processes"]["optimize"] == "stopped"
    since = len(stand_in.journal())

    done = clear(failed, "restore_zeebe")

    assert done.state == "success", done.errors
    again = changes(cluster, since)
    assert ("DELETE /actuator/cluster/changes/2" in again) is cancelled
    assert again.count("POST /v2/restore") == 1
    assert again[-1] == "POST /processes/optimize/start"
    assert not any("mode=" in one for one in again)
    require_restored(cluster, before)


@pytest.mark.faults
def test_a_new_run_cancels_a_restore_that_hangs_only_when_it_is_told_to(cluster: Played, restore: Any) -> None:
    before, stand_in = shown(cluster), cluster.stand_in
    stand_in.outcome("restore", "STUCK")
    assert restore().tasks["restore_zeebe"] == "failed"
    since = len(stand_in.journal())

    refused = restore()

    assert "the cluster is being changed (change 2: restore IN_PROGRESS, 0 of 2 partitions are back" in refused.errors
    assert changes(cluster, since) == []

    done = restore(cancel_restore=True)

    assert done.state == "success", done.errors
    assert changes(cluster, since)[1] == "DELETE /actuator/cluster/changes/2"
    require_restored(cluster, before)


@pytest.mark.faults
def test_an_optimize_that_does_not_get_well_leaves_a_restored_zeebe_at_work(cluster: Played, restore: Any) -> None:
    def sicken() -> None:
        cluster.stand_in.fault("optimize", {"status": 503}, method="GET", path="/actuator/health$", times=None)

    done = restore(sicken)

    assert done.tasks["wait_optimize"] == "failed"
    assert "The data is restored. When that is mended, clear the run from wait_optimize" in done.log
    assert cluster.stand_in.truth()["mode"] == "PROCESSING"


@pytest.mark.faults
def test_the_guard_tells_of_a_cluster_left_in_recovering_mode_and_leaves_it_there(
    cluster: Played, itself: Any, capfd: Any
) -> None:
    cluster.stand_in.ask("zeebe_rest", "/v2/mode?mode=RECOVERING", "PATCH").raise_for_status()
    until(
        lambda: cluster.stand_in.ask("zeebe_management", "/actuator/cluster").json(), lambda told: "lastChange" in told
    )
    since = len(cluster.stand_in.journal())

    done = runner(itself[1], capfd)("guard")

    assert done.state == "failed"
    assert changes(cluster, since) == []
    assert "no broker has a partition at work: Zeebe is still starting, or in recovering mode" in done.errors
