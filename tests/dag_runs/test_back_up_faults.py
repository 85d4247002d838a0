"""Whatever goes wrong in a backup: exporting runs in the end, and the run's state tells the truth."""

import re
import threading
import time
from typing import Any

import pytest

from sandbox.workload import Workload
from tests.observing import until

pytestmark = pytest.mark.faults

# Every distinct request of a clean run of 8.6, Zeebe first; a test below keeps the list complete.
CALLS = [
    ("zeebe", "GET", r"/actuator/health$"),
    ("zeebe", "GET", r"/actuator/info$"),
    ("zeebe", "GET", r"/actuator/cluster$"),
    ("zeebe", "GET", r"/actuator/exporters$"),
    ("zeebe", "GET", r"/actuator/configprops$"),
    ("zeebe", "GET", r"/actuator/partitions$"),
    ("zeebe", "GET", r"/actuator/backups$"),
    ("zeebe", "GET", r"/actuator/backups/\d+$"),
    ("zeebe", "POST", r"/actuator/backups$"),
    ("zeebe", "POST", r"/actuator/exporting/pause"),
    ("zeebe", "POST", r"/actuator/exporting/resume$"),
    *(
        (app, method, path)
        for app in ("operate", "tasklist", "optimize")
        for method, path in (
            ("GET", r"/actuator/health$"),
            ("GET", r"/actuator/info$"),
            ("GET", r"/actuator/configprops$"),
            ("GET", r"/actuator/backups$"),
            ("GET", r"/actuator/backups/\d+$"),
            ("POST", r"/actuator/backups$"),
        )
    ),
    ("search", "GET", r"^/$"),
    ("search", "GET", r"/_cluster/health$"),
    ("search", "GET", r"/_cat/indices"),
    ("search", "GET", r"/_snapshot/backups$"),
    ("search", "POST", r"/_snapshot/backups/_verify$"),
    ("search", "GET", r"/_snapshot/backups/_all"),
    ("search", "GET", r"/_snapshot/backups/camunda_\*"),
    ("search", "GET", r"/_snapshot/backups/camunda_zeebe_records_backup_\d+$"),
    ("search", "PUT", r"/_snapshot/backups/camunda_zeebe_records_backup_\d+"),
    ("search", "POST", r"/_refresh$"),
    ("search", "POST", r"/_count"),
    ("search", "GET", r"/_index_template$"),
    ("search", "GET", r"/_plugins/_ism/policies$"),
]
# One of each kind; tests/operators and tests/sensors have them all, one task at a time.
AGAIN = [
    ("zeebe", "GET", r"/actuator/cluster$"),
    ("zeebe", "GET", r"/actuator/partitions$"),
    ("zeebe", "GET", r"/actuator/backups/\d+$"),
    ("zeebe", "POST", r"/actuator/backups$"),
    ("zeebe", "POST", r"/actuator/exporting/pause"),
    ("zeebe", "POST", r"/actuator/exporting/resume$"),
    ("operate", "GET", r"/actuator/backups/\d+$"),
    ("operate", "POST", r"/actuator/backups$"),
    ("search", "GET", r"/_snapshot/backups/camunda_\*"),
    ("search", "GET", r"/_snapshot/backups/camunda_zeebe_records_backup_\d+$"),
    ("search", "PUT", r"/_snapshot/backups/camunda_zeebe_records_backup_\d+"),
    ("search", "POST", r"/_refresh$"),
    ("search", "POST", r"/_count"),
    ("search", "GET", r"/_index_template$"),
]
WINDOW = [
    ("zeebe", "GET", r"/actuator/partitions$"),
    ("operate", "GET", r"/actuator/backups/\d+$"),
    ("operate", "POST", r"/actuator/backups$"),
    ("search", "PUT", r"/_snapshot/backups/camunda_zeebe_records_backup_\d+"),
    ("search", "POST", r"/_count"),
]
CHANGES = [
    ("zeebe", "POST", r"/actuator/exporting/pause"),
    ("zeebe", "POST", r"/actuator/exporting/resume$"),
    ("operate", "POST", r"/actuator/backups$"),
]
ONCE = {"status": 500, "body": {"message": "spoiled by the test"}}


def name(call: tuple[str, str, str]) -> str:
    """Name a call in a test's ID."""
    return f"{call[0]} {call[1]} {call[2]}"


def assert_truthful(cluster: Any, done: Any) -> None:
    """Exporting runs, and the run is a success exactly when there is a manifest."""
    assert cluster.exporting == {"EXPORTING"}
    assert (done.state == "success") == (len(cluster.manifests()) == 1), done.errors
    if done.state != "success":
        assert done.tasks["watcher"] == "failed"
        if done.tasks["record"] == "upstream_failed" and done.tasks["resume"] == "success":
            causes = {task for task, state in done.tasks.items() if state == "failed"} - {"watcher"}
            assert done.tasks["verify"] == ("failed" if causes == {"verify"} else "upstream_failed")


def test_the_list_of_calls_is_complete(played: Any, run: Any) -> None:
    run(f"back_up_{played.name}")

    journal = [entry for entry in played.stand_in.journal() if entry["door"] != "zeebe_rest"]  # the test's own work
    for entry in journal:
        fitting = [c for c in CALLS if c[:2] == (entry["role"], entry["method"]) and re.search(c[2], entry["path"])]
        assert fitting, entry
    for role, method, path in CALLS:
        assert any(
            (e["role"], e["method"]) == (role, method) and re.search(path, e["path"]) for e in played.stand_in.journal()
        ), (role, method, path)


@pytest.mark.parametrize("call", AGAIN, ids=name)
def test_a_call_that_fails_once(played: Any, run: Any, call: tuple[str, str, str]) -> None:
    role, method, path = call
    played.stand_in.fault(role, ONCE, method=method, path=path)

    done = run(f"back_up_{played.name}")

    assert_truthful(played, done)
    if done.state != "success":
        assert done.tasks["check"] == "failed"  # whatever comes after the checks is retried


@pytest.mark.parametrize("call", CHANGES, ids=name)
@pytest.mark.parametrize("lost", [{"act_then": {"drop": True}}, {"act_then": {"hang": 3}}], ids=["dropped", "in time"])
def test_a_change_whose_answer_is_lost(played: Any, run: Any, call: tuple[str, str, str], lost: dict[str, Any]) -> None:
    role, method, path = call
    played.stand_in.fault(role, lost, method=method, path=path)

    done = run(f"back_up_{played.name}")

    assert done.state == "success", done.errors
    assert_truthful(played, done)


@pytest.mark.parametrize("call", WINDOW, ids=name)
def test_a_call_that_keeps_failing_inside_the_window(played: Any, run: Any, call: tuple[str, str, str]) -> None:
    role, method, path = call
    spoil = threading.Thread(target=_spoil_after_the_pause, args=(played.stand_in, role, method, path))
    spoil.start()

    done = run(f"back_up_{played.name}")

    spoil.join()
    if call == ("zeebe", "GET", r"/actuator/partitions$"):
        # Resuming cannot be confirmed then: it must be loud, and exporting runs all the same.
        assert done.tasks["resume"] == "failed"
        assert done.state == "failed"
        assert played.exporting == {"EXPORTING"}
    else:
        assert_truthful(played, done)


def _spoil_after_the_pause(stand_in: Any, role: str, method: str, path: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if any("/exporting/pause" in entry["path"] for entry in stand_in.journal("zeebe")):
            stand_in.fault(role, ONCE, method=method, path=path, times=None)
            return
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("role", "outcome", "success"),
    [
        ("operate", "FAILED", False),
        ("optimize", "PARTIAL", False),
        ("tasklist", "STUCK", False),
        ("operate", "INCOMPLETE", False),
        ("zeebe", "LOST", False),
        ("zeebe", "HEALING", True),
    ],
)
def test_how_a_part_ends_decides_how_the_run_ends(
    played: Any,
    run: Any,
    role: str,
    outcome: str,
    success: bool,
) -> None:
    played.stand_in.outcome(role, outcome, seconds=1 if success else None)

    done = run(f"back_up_{played.name}")

    assert (done.state == "success") == success, done.errors
    assert_truthful(played, done)


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_a_200_that_hides_a_500_is_a_failure_and_is_repeated(played: Any, run: Any, command: str) -> None:
    played.stand_in.fault("zeebe", {"envelope": 500}, path=f"/actuator/exporting/{command}", times=2)

    done = run(f"back_up_{played.name}")

    assert done.state == "success", done.errors
    assert len([e for e in played.stand_in.journal("zeebe") if f"exporting/{command}" in e["path"]]) == 3


def test_a_pause_that_never_succeeds_ends_with_exporting_running(played: Any, run: Any) -> None:
    played.stand_in.fault("zeebe", {"act_then": {"envelope": 500}}, path="/actuator/exporting/pause", times=None)

    done = run(f"back_up_{played.name}")

    assert done.tasks["pause"] == "failed"
    assert done.tasks["resume"] == "success"
    assert done.state == "failed"
    assert_truthful(played, done)


def test_a_resume_that_never_succeeds_is_loud(played: Any, run: Any) -> None:
    played.stand_in.fault("zeebe", {"envelope": 500}, path="/actuator/exporting/resume", times=None)

    done = run(f"back_up_{played.name}")

    assert done.tasks["resume"] == "failed"
    assert done.state == "failed"
    assert played.manifests() == {}
    assert "exporting control failed" in done.errors


def test_a_component_that_goes_away_in_the_window(played: Any, run: Any) -> None:
    played.stand_in.outcome("operate", "STUCK")
    gone = threading.Thread(target=_kill_when_waited_for, args=(played.stand_in, "operate"))
    gone.start()

    done = run(f"back_up_{played.name}")

    gone.join()
    assert done.tasks["wait_operate"] == "failed"
    assert_truthful(played, done)


def _kill_when_waited_for(stand_in: Any, role: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        asked = [entry["method"] for entry in stand_in.journal(role)]
        if "POST" in asked and "GET" in asked[asked.index("POST") :]:  # somebody waits for what was started
            stand_in.kill(role)
            return
        time.sleep(0.02)


def test_a_backup_that_exceeds_max_pause_is_given_up(hasty: Any, run: Any) -> None:
    hasty.stand_in.outcome("operate", "STUCK")

    done = run(f"back_up_{hasty.name}")

    assert "max_pause" in done.errors
    assert done.tasks["start_optimize"] == "upstream_failed"
    assert_truthful(hasty, done)


def test_an_id_that_somebody_else_took_is_a_conflict_and_never_a_success(played: Any, run: Any) -> None:
    lead = 99_999_999_999
    played.stand_in.plant(zeebe=[lead], operate=[lead + 1])
    hidden = {"status": 200, "body": []}
    played.stand_in.fault("operate", hidden, method="GET", path=r"/actuator/backups$", times=None)
    played.stand_in.fault("search", {"status": 200, "body": {"snapshots": []}}, path=r"/backups/_all", times=None)

    done = run(f"back_up_{played.name}")

    assert done.tasks["start_operate"] == "failed"
    assert "that this run did not ask for" in done.errors
    assert_truthful(played, done)


@pytest.mark.parametrize("phase", ["PAUSED", "SOFT_PAUSED"])
def test_somebody_elses_pause_is_left_alone(played: Any, run: Any, phase: str) -> None:
    played.stand_in.exporting(phase)

    done = run(f"back_up_{played.name}")

    assert done.state == "failed"
    assert done.tasks["check"] == "failed"
    assert played.exporting == {phase}
    management = [e for e in played.stand_in.journal("zeebe") if e["door"] == "zeebe_management"]
    assert not [e for e in management if e["method"] == "POST"]


def test_exporting_that_somebody_resumes_in_the_window_spoils_the_set(played: Any, run: Any) -> None:
    played.stand_in.outcome("operate", "HEALING", seconds=2)
    meddler = threading.Thread(target=_resume_when_started, args=(played.stand_in, "operate"))
    meddler.start()

    done = run(f"back_up_{played.name}")

    meddler.join()
    assert "failed" in {done.tasks["start_tasklist"], done.tasks["start_optimize"]}  # whichever starts next
    assert "exporting is not paused" in done.errors
    assert_truthful(played, done)


def test_exporting_that_ran_during_the_last_part_spoils_the_set(played: Any, run: Any) -> None:
    meddler = threading.Thread(target=_resume_when_started, args=(played.stand_in, "search", "PUT"))
    meddler.start()

    done = run(f"back_up_{played.name}")

    meddler.join()
    assert done.tasks["verify"] == "failed"
    assert "not paused all through" in done.errors
    assert_truthful(played, done)


def test_work_that_is_exported_behind_the_backups_back_spoils_the_set(played: Any, run: Any) -> None:
    played.stand_in.outcome("optimize", "HEALING", seconds=2)
    meddler = threading.Thread(target=_export_when_started, args=(played.stand_in, "optimize", "POST"))
    meddler.start()

    done = run(f"back_up_{played.name}")

    meddler.join()
    assert done.tasks["verify"] == "failed"
    assert "the secondary storage would lead Zeebe" in done.errors
    assert_truthful(played, done)


def _export_when_started(stand_in: Any, role: str, method: str) -> None:
    """Resume, let new work be exported, and pause again, so that in the end exporting looks as it should."""
    _resume_when_started(stand_in, role, method)
    with Workload(stand_in.urls) as work:
        work.start(2)
    until(lambda: all(one["acknowledged"] >= one["last"] for one in stand_in.truth()["partitions"].values()))
    stand_in.exporting("PAUSED")


def _resume_when_started(stand_in: Any, role: str, method: str = "POST") -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if any(
            e["method"] == method and "backup" in e["path"] and "_verify" not in e["path"]
            for e in stand_in.journal(role)
        ):
            stand_in.exporting("EXPORTING")
            return
        time.sleep(0.02)
