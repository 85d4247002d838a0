"""What goes wrong in a restore: what the plan could have known, and what happens on the way."""

from typing import Any

import pytest

from tests.dag_runs.restoring import YES, People, changes, confirmed, destroys, require_order

pytestmark = pytest.mark.faults

BROKEN = {"status": 500, "body": {"message": "spoiled"}}
# One of each kind; tests/operators/test_planning.py has all the looks.
PLANNED: list[tuple[str, str, str]] = [
    ("processes", "GET", "/processes/zeebe$"),
    ("zeebe", "GET", "/actuator/cluster"),
    ("operate", "GET", r"/actuator/backups/\d+"),
    ("search", "GET", "/_status"),
]


@pytest.fixture
def attempt(restorable_8_6: Any, restore: Any, api: Any) -> Any:
    """Restore with people who say yes; what must never happen is looked for after each run."""

    def run(cluster: Any, before: Any = None) -> Any:
        since = len(cluster.stand_in.journal())
        with People(api, YES, before).at_work():
            done = restore(f"restore_{cluster.name}", **confirmed(cluster))
        require_order(cluster, done, since)
        return done

    return run


def processes(cluster: Any) -> set[str]:
    """Give the states of all processes, each once."""
    return set(cluster.stand_in.truth()["processes"].values())


def destroyed(cluster: Any) -> list[str]:
    """Give the requests that deleted or replaced data."""
    return [e["path"] for e in cluster.stand_in.journal() if destroys(e)]


@pytest.mark.parametrize(
    ("look", "effect"), [*((look, BROKEN) for look in PLANNED), *((look, {"drop": True}) for look in PLANNED[2:])]
)
def test_nothing_is_changed_when_a_look_of_the_plan_fails(
    restorable_8_6: Any, attempt: Any, look: tuple[str, str, str], effect: dict[str, Any]
) -> None:
    role, method, path = look
    restorable_8_6.stand_in.fault(role, effect, method=method, path=path, times=None)

    done = attempt(restorable_8_6)

    assert done.tasks["plan"] == "failed"
    assert "nothing was changed" in done.errors
    assert changes(restorable_8_6.stand_in.journal()) == []


def test_a_backup_store_that_is_empty_is_known_to_the_plan_although_zeebe_is_gone(
    restorable_8_6: Any, attempt: Any
) -> None:
    (backup_id,) = restorable_8_6.manifests()
    path = f"/actuator/backups/{backup_id}"
    restorable_8_6.stand_in.ask("zeebe_management", path, "DELETE").raise_for_status()
    restorable_8_6.stand_in.disaster()
    before = len(restorable_8_6.stand_in.journal())

    done = attempt(restorable_8_6)

    assert f"broker-0: Zeebe's backup store does not hold backup {backup_id}" in done.errors
    assert changes(restorable_8_6.stand_in.journal()[before:]) == []


def test_a_component_that_refuses_to_stop_keeps_its_data(restorable_8_6: Any, attempt: Any) -> None:
    restorable_8_6.stand_in.conditions(stays_running=["operate"])

    done = attempt(restorable_8_6)

    assert done.state == "failed"
    assert done.tasks["stop_operate"] == "failed"
    assert "given up after 2 s: operate still runs" in done.errors
    assert destroyed(restorable_8_6) == []
    assert "no data was touched" in done.log
    assert restorable_8_6.stand_in.truth()["processes"]["zeebe"] == "running"


def test_a_zeebe_that_does_not_come_back_leaves_the_indices_alone(restorable_8_6: Any, attempt: Any) -> None:
    restorable_8_6.stand_in.conditions(data_left=True)

    done = attempt(restorable_8_6)

    assert done.tasks["restore_zeebe_broker-0"] == "failed"
    assert "its data directory was not empty" in done.errors
    assert not any(path.startswith("/operate") for path in destroyed(restorable_8_6))
    assert processes(restorable_8_6) == {"stopped"}
    assert "stays stopped rather than half-started" in done.log


def test_a_failed_shard_stops_the_restore_and_a_new_run_completes_it(restorable_8_6: Any, attempt: Any) -> None:
    restorable_8_6.stand_in.conditions(restore_shards_fail=["operate-list-view-8.3.0_"])

    failed = attempt(restorable_8_6)

    assert failed.tasks["restore_operate"] == "failed"
    assert "operate-list-view-8.3.0_ shard 0: failed shard on node" in failed.errors
    assert processes(restorable_8_6) == {"stopped"}
    restorable_8_6.stand_in.conditions(restore_shards_fail=[])

    done = attempt(restorable_8_6)

    assert done.state == "success", done.errors
    assert processes(restorable_8_6) == {"running"}


@pytest.mark.parametrize(
    ("fault", "failing"),
    [
        (("zeebe", "GET", "/actuator/health$"), "wait_zeebe"),
        (("operate", "GET", "/actuator/health/readiness"), "wait_operate"),
    ],
    ids=["zeebe", "operate"],
)
def test_a_component_that_does_not_get_well_leaves_nothing_half_started(
    restorable_8_6: Any, attempt: Any, fault: tuple[str, str, str], failing: str
) -> None:
    role, method, path = fault

    def sicken() -> None:
        restorable_8_6.stand_in.fault(role, {"status": 503}, method=method, path=path, times=None)

    done = attempt(restorable_8_6, sicken)

    assert done.tasks[failing] == "failed"
    assert processes(restorable_8_6) == {"stopped"}
    assert "clear this run from start_zeebe with everything downstream" in done.log


def test_commands_that_are_swallowed_after_a_restore_are_repeated(restorable_8_6: Any, attempt: Any) -> None:
    restorable_8_6.stand_in.conditions(swallowed={"1": 3, "2": 1})

    done = attempt(restorable_8_6)

    assert done.state == "success", done.errors
    commands = [e["status"] for e in restorable_8_6.stand_in.journal("zeebe") if "completion" in e["path"]]
    assert commands.count(504) == 4


def test_a_command_that_fails_ends_the_run_and_another_run_goes_on(restorable_8_6: Any, attempt: Any) -> None:
    commands = {
        "operate/stop": "stop_operate",
        "zeebe/restore": "restore_zeebe_broker-0",
        "operate/start": "start_operate",
    }
    for path, task in commands.items():
        restorable_8_6.stand_in.fault("processes", BROKEN, method="POST", path=path)

        failed = attempt(restorable_8_6)

        assert failed.tasks[task] == "failed"
        assert "ended with exit code" in failed.errors
        if task != "stop_operate":
            assert processes(restorable_8_6) == {"stopped"}

    done = attempt(restorable_8_6)

    assert done.state == "success", done.errors
    assert restorable_8_6.stand_in.truth()["instances"] == {"ACTIVE": 2, "CANCELED": 1, "COMPLETED": 1}


def test_what_changes_indices_may_fail_once(restorable_8_6: Any, attempt: Any) -> None:
    search, effect = restorable_8_6.stand_in, {"act_then": {"drop": True}}
    search.fault("search", effect, method="DELETE", path="^/operate-")
    search.fault("search", effect, method="POST", path=r"camunda_tasklist_\w+\.6\.0_part_2_of_6/_restore")

    done = attempt(restorable_8_6)

    assert done.state == "success", done.errors
    assert search.truth()["instances"] == {"ACTIVE": 2, "CANCELED": 1, "COMPLETED": 1}


def test_every_look_may_fail_now_and_then(restorable_8_6: Any, attempt: Any) -> None:
    def spoil() -> None:
        looks = {
            "processes": ("GET", "/processes/operate"),
            "zeebe": ("GET", "/actuator/(health|partitions|cluster)"),
            "operate": (".*", "/actuator/health|/v1/process-instances"),
            "search": ("GET|POST", "_cat/shards|_count|_search"),
        }
        for role, (method, path) in looks.items():
            restorable_8_6.stand_in.fault(role, {"status": 503}, method=method, path=path, skip=1)

    done = attempt(restorable_8_6, spoil)

    assert done.state == "success", done.errors
