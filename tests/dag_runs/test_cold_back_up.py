"""The cold backup, whole, against the stand-in, and what goes wrong in it."""

import threading
from pathlib import Path
from typing import Any

import pytest

from tests.dag_runs.cold_playing import is_over, require_order, require_runs_or_told, unchanged
from tests.dag_runs.playing import job_running
from tests.dag_runs.restoring import People, confirmed, shown
from tests.stand_in import until

BROKEN = {"status": 500, "body": {"message": "spoiled"}}
DONE_WITHOUT_ANSWER = {"act_then": {"drop": True}}
YES = {"approve": "Approve"}


@pytest.fixture
def attempt(run_cold: Any, api: Any) -> Any:
    """Back up cold with somebody who says yes; what must never happen is looked for after each run."""

    def run(cluster: Any, before: Any = None, **conf: Any) -> Any:
        since = len(cluster.stand_in.journal())
        with People(api, YES, before).at_work():
            done = run_cold(f"cold_back_up_{cluster.name}", **confirmed(cluster, **conf))
        require_order(cluster.stand_in.journal()[since:])
        require_runs_or_told(cluster, done)
        return done

    return run


def test_a_cold_backup_stops_copies_and_starts_everything(stopping: Any, attempt: Any) -> None:
    before, written = shown(stopping), stopping.stand_in.written()

    done = attempt(stopping)

    assert done.state == "success", done.errors
    assert set(stopping.processes.values()) == {"running"}
    assert (shown(stopping), stopping.stand_in.written()) == (before, written)
    ((backup_id, manifest),) = stopping.manifests().items()
    assert (manifest["kind"], manifest["backup_id"]) == ("cold", backup_id)
    (copy,) = manifest["copies"]
    assert (copy["broker"], copy["node_id"]) == ("broker-0", 0)
    file = copy["file"] if copy["type"] == "archive" else stopping.home / "copies" / f"0-{backup_id}"
    assert Path(file).stat().st_size == copy["bytes"] > 0
    assert [one["database"] for one in manifest["databases"]] == ["keycloak"]
    assert {part["component"] for part in manifest["parts"]} >= {"zeebe", "optimize", "records"}
    assert manifest["counts"]
    assert manifest["downtime"]["seconds"] > 0
    assert is_over(stopping)


def test_it_stops_the_web_apps_before_zeebe_and_starts_them_after_it(stopping_8_6: Any, attempt: Any) -> None:
    attempt(stopping_8_6)

    calls = [e["path"].split("/")[2:] for e in stopping_8_6.stand_in.journal("processes") if e["method"] == "POST"]
    assert [name for name, action in calls if action == "stop"] == ["optimize", "tasklist", "operate", "zeebe"]
    assert [name for name, action in calls if action == "start"] == ["zeebe", "operate", "tasklist", "optimize"]


def test_a_dry_run_changes_nothing(stopping: Any, run_cold: Any) -> None:
    done = run_cold(f"cold_back_up_{stopping.name}")

    assert done.state == "success", done.errors
    assert unchanged(stopping)
    assert "will be down" in done.results("plan")["text"]
    assert stopping.manifests() == {}


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ({"dry_run": False, "confirm": "production"}, "confirm must be the cluster's name"),
        ({"dry_run": True, "backup": 5}, "unknown in the run's conf: backup"),
    ],
)
def test_a_run_that_is_not_meant_so_changes_nothing(
    stopping_8_6: Any, run_cold: Any, conf: dict[str, Any], said: str
) -> None:
    done = run_cold(f"cold_back_up_{stopping_8_6.name}", **conf)

    assert done.state == "failed"
    assert said in done.errors
    assert unchanged(stopping_8_6)


def test_a_downtime_that_is_rejected_changes_nothing(stopping_8_6: Any, run_cold: Any, api: Any) -> None:
    with People(api, {"approve": "Reject"}).at_work():
        done = run_cold(f"cold_back_up_{stopping_8_6.name}", **confirmed(stopping_8_6))

    assert done.state == "failed"
    assert "nothing was changed" in done.errors
    assert unchanged(stopping_8_6)


def test_another_job_of_the_cluster_excludes_it(stopping_8_6: Any, attempt: Any) -> None:
    job = "cold_restore"
    with job_running(f"{job}_{stopping_8_6.name}"):
        done = attempt(stopping_8_6)

    assert f"{job}_{stopping_8_6.name} is running; only one job of a cluster may run at a time" in done.errors
    assert unchanged(stopping_8_6)


def test_a_cold_backup_excludes_a_hot_one(stopping_8_6: Any, run_cold: Any) -> None:
    with job_running(f"cold_back_up_{stopping_8_6.name}"):
        done = run_cold(f"back_up_{stopping_8_6.name}")

    assert "only one job of a cluster may run at a time" in done.errors


@pytest.mark.faults
@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        ("processes", "GET", "/processes/optimize$"),
        ("zeebe", "GET", "/actuator/partitions"),
        ("search", "POST", "/_snapshot/backups/_verify"),
    ],
)
def test_nothing_is_changed_when_a_look_of_the_plan_fails(
    stopping_8_6: Any, attempt: Any, role: str, method: str, path: str
) -> None:
    stopping_8_6.stand_in.fault(role, BROKEN, method=method, path=path, times=None)

    done = attempt(stopping_8_6)

    assert done.tasks["plan"] == "failed"
    assert "nothing was changed" in done.errors
    assert unchanged(stopping_8_6)


@pytest.mark.faults
def test_a_component_that_refuses_to_stop_leaves_nothing_half_stopped(stopping_8_6: Any, attempt: Any) -> None:
    stopping_8_6.stand_in.conditions(stays_running=["operate"])

    done = attempt(stopping_8_6)

    assert done.state == "failed"
    assert done.tasks["stop_operate"] == "failed"
    assert set(stopping_8_6.processes.values()) == {"running"}
    assert stopping_8_6.manifests() == {}


ALWAYS, UNSEEN = (BROKEN, None), (DONE_WITHOUT_ANSWER, 1)
# One of each kind of step; tests/operators/test_cold.py and tests/sensors have them one at a time.
STEPS = [
    (("processes", "POST", "optimize/stop"), ALWAYS),
    (("processes", "POST", "zeebe/stop"), UNSEEN),
    (("processes", "GET", "zeebe/archive"), ALWAYS),
    (("search", "PUT", "/_snapshot/backups/camunda_cold_operate"), UNSEEN),
    (("search", "GET", "/_snapshot/backups/camunda_cold_optimize"), ALWAYS),
    (("search", "POST", "_count"), ALWAYS),
    (("search", "GET", r"/_snapshot/backups/camunda_\*_\d+_\*,"), ALWAYS),
    (("processes", "POST", "zeebe/start"), ALWAYS),
    (("processes", "POST", "operate/start"), ALWAYS),
    (("processes", "POST", "optimize/start"), UNSEEN),
]


@pytest.mark.faults
@pytest.mark.parametrize(("step", "spoiled"), STEPS, ids=lambda given: " ".join(map(str, given)).replace("/", " "))
def test_whatever_fails_everything_runs_again_or_the_run_says_what_does_not(
    stopping_8_6: Any, attempt: Any, step: tuple[str, str, str], spoiled: tuple[dict[str, Any], int | None]
) -> None:
    role, method, path = step
    effect, times = spoiled

    def spoil() -> None:
        stopping_8_6.stand_in.fault(role, effect, method=method, path=path, times=times)

    done = attempt(stopping_8_6, spoil)

    assert (done.state == "success") == bool(stopping_8_6.manifests())
    if not path.endswith("/start"):
        assert set(stopping_8_6.processes.values()) == {"running"}
        assert is_over(stopping_8_6)


@pytest.mark.faults
def test_a_zeebe_that_does_not_get_well_is_told_and_nothing_starts_on_it(stopping_8_6: Any, attempt: Any) -> None:
    def sicken() -> None:
        stopping_8_6.stand_in.fault(
            "zeebe", {"status": 503}, method="GET", path="/actuator/health$", times=None, skip=2
        )
        stopping_8_6.stand_in.conditions(unhealthy_partitions=[1])

    done = attempt(stopping_8_6, sicken)

    assert done.state == "failed"
    assert done.tasks["wait_zeebe"] == "failed"
    assert "operate does not run" in done.errors
    assert stopping_8_6.stand_in.truth()["crash_loops"] == []


@pytest.mark.faults
@pytest.mark.parametrize("name", ["connectors", "zeebe"])
def test_something_that_starts_while_data_is_copied_spoils_the_set(stopping_8_6: Any, attempt: Any, name: str) -> None:
    stand_in = stopping_8_6.stand_in
    stand_in.fault("processes", {"hang": 1.5}, method="GET", path="zeebe/archive")

    def start_behind_everybodys_back() -> None:
        until(lambda: any("archive" in e["path"] for e in stand_in.journal("processes")), bool, seconds=60)
        if name == "connectors":
            (stopping_8_6.home / "connectors").write_text("running\n")
        else:
            stand_in.process("zeebe", "start")

    supervisor = threading.Thread(target=start_behind_everybodys_back)
    done = attempt(stopping_8_6, supervisor.start)
    supervisor.join()

    assert done.state == "failed"
    assert stopping_8_6.manifests() == {}
    assert set(stopping_8_6.processes.values()) == {"running"}


@pytest.mark.faults
def test_the_guard_tells_of_what_a_run_that_is_over_has_left_stopped(
    stopping_8_6: Any, attempt: Any, run_cold: Any
) -> None:
    def spoil() -> None:
        stopping_8_6.stand_in.fault("processes", BROKEN, method="POST", path="optimize/start", times=None)

    attempt(stopping_8_6, spoil)
    told = run_cold("guard")
    stopping_8_6.stand_in.reset(kept="work")
    mended = run_cold("guard")

    assert "failed" in {state for task, state in told.tasks.items() if task.startswith("downtime")}
    assert "optimize does not run" in told.errors
    assert {state for task, state in mended.tasks.items() if task.startswith("downtime")} == {"success"}
    assert is_over(stopping_8_6)
