"""The backup DAG of clusters whose secondary storage is a database, whole, against the stand-in."""

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dag_runs.playing import Played, Run, connect, parsed, runner
from tests.dag_runs.rdbms import RUNTIME, as_rdbms, rdbms_file, zeebe_backup
from tests.stand_in import StandIn


@pytest.fixture(scope="module")
def both(airflow_db: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Played], Any]]:
    """Two clusters on one stand-in, with Optimize and without, and the DAGs for these alone."""
    folder, dumps = tmp_path_factory.mktemp("clusters"), tmp_path_factory.mktemp("dumps")
    with StandIn("8.9", pace=0.02) as stand_in, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMUNDA_BACKUP_CLUSTERS", str(folder))
        files = {name: rdbms_file(name, stand_in, dumps / name) for name in ("decoupled", "alone", "thrifty")}
        for field in ("optimize", "optimize_web"):
            del files["alone"]["connections"][field]
        del files["alone"]["optimize_storage"]
        files["thrifty"]["zeebe_backups"] = {"reuse": "1h", "max_age": "1h"}
        found = {}
        for name, fields in files.items():
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(fields))
            connect(name, stand_in)
            found[name] = Played(name, "8.9", "", stand_in)
        yield found, parsed(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])


@pytest.fixture
def decoupled(both: tuple[dict[str, Played], Any]) -> Played:
    """A cluster with Optimize."""
    return as_rdbms(both[0]["decoupled"])


@pytest.fixture
def alone(both: tuple[dict[str, Played], Any]) -> Played:
    """A cluster without Optimize, and so without any search engine."""
    return as_rdbms(both[0]["alone"])


@pytest.fixture
def thrifty(both: tuple[dict[str, Played], Any]) -> Played:
    """A cluster whose backups take a young one of Zeebe's own schedule."""
    return as_rdbms(both[0]["thrifty"])


@pytest.fixture
def run(both: tuple[dict[str, Played], Any], capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run one of the DAGs for these clusters."""
    return runner(both[1], capfd)


@pytest.mark.shows("backup", line="8.9", engine="database", store="dump by a command")
def test_a_backup_is_a_dump_that_zeebe_can_be_restored_to(decoupled: Any, run: Any) -> None:
    done = run(f"back_up_{decoupled.name}")

    assert done.state == "success", done.errors
    ((backup_id, manifest),) = decoupled.manifests().items()
    assert manifest["kind"] == "rdbms"
    dumped = json.loads(Path(manifest["database"]["file"]).read_text())
    exported = manifest["database"]["exported"]
    assert {number: one["most"] for number, one in exported.items()} == dumped["positions"]
    assert manifest["zeebe_backup_id"] > 10**12
    assert backup_id < 10**12
    ranges = {str(one["partition"]): one for one in manifest["ranges"]}
    for number, one in exported.items():
        assert ranges[number]["from"] <= one["least"] + 1
        assert ranges[number]["to"] >= one["most"]
        assert ranges[number]["newest"] == manifest["zeebe_backup_id"]
    assert {part["component"]: part["state"] for part in manifest["parts"]} == {
        "zeebe": "COMPLETED",
        "optimize": "COMPLETED",
    }
    assert manifest["counts"]["process_instances_active"] == 4
    assert len(manifest["database"]["sha256"]) == 64


def test_nothing_is_paused_and_the_database_comes_before_zeebe(decoupled: Any, run: Any) -> None:
    run(f"back_up_{decoupled.name}")

    journal = decoupled.stand_in.journal()
    assert not [entry for entry in journal if "/actuator/exporting" in entry["path"]]
    dumped = next(n for n, entry in enumerate(journal) if entry["path"] == "/database")
    started = {
        entry["role"]: number
        for number, entry in enumerate(journal)
        if entry["method"] == "POST" and entry["path"] in {RUNTIME, "/actuator/backups"}
    }
    assert dumped < started["zeebe"]
    assert started["optimize"] < started["zeebe"]


def test_a_cluster_without_optimize_needs_no_search_engine(alone: Any, run: Any) -> None:
    alone.stand_in.kill("optimize")
    before = len([entry for entry in alone.stand_in.journal("search") if entry["method"] == "PUT"])

    done = run(f"back_up_{alone.name}")

    assert done.state == "success", done.errors
    ((_, manifest),) = alone.manifests().items()
    assert [part["component"] for part in manifest["parts"]] == ["zeebe"]
    assert len([entry for entry in alone.stand_in.journal("search") if entry["method"] == "PUT"]) == before


def test_a_young_backup_of_zeebes_own_schedule_serves_when_it_holds_the_dump(thrifty: Any, run: Any) -> None:
    newest = zeebe_backup(thrifty.stand_in)

    done = run(f"back_up_{thrifty.name}")

    assert done.state == "success", done.errors
    ((_, manifest),) = thrifty.manifests().items()
    assert manifest["zeebe_backup_id"] == newest


def test_a_young_backup_from_before_the_dumps_last_records_does_not_serve(thrifty: Any, run: Any) -> None:
    newest = zeebe_backup(thrifty.stand_in)
    thrifty.stand_in.work(2)

    done = run(f"back_up_{thrifty.name}")

    assert done.state == "success", done.errors
    ((_, manifest),) = thrifty.manifests().items()
    assert manifest["zeebe_backup_id"] > newest


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"backup_gaps": [2]}, "the backups of partition 2 have a gap: they cover positions"),
        ({"partitions_without_backup": [1]}, "partition 1 has no backup of its own yet"),
        ({"version": {"zeebe": "8.9.1"}}, "zeebe is Camunda 8.9.1, but the cluster file says 8.9.0"),
        ({"pending_change": True}, "the cluster is being changed"),
        ({"unhealthy_partitions": [1]}, "partition 1 is not healthy"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_wrong_is_said_before_anything_is_done(
    decoupled: Any, run: Any, conditions: dict[str, Any], said: str
) -> None:
    zeebe_backup(decoupled.stand_in)
    decoupled.stand_in.conditions(**conditions)
    before = len(decoupled.stand_in.journal())

    done = run(f"back_up_{decoupled.name}")

    assert done.tasks["check"] == "failed"
    assert said in done.errors
    assert decoupled.manifests() == {}
    asked = decoupled.stand_in.journal()[before:]
    assert not [entry for entry in asked if entry["path"] == "/database"]
    assert not [entry for entry in asked if entry["method"] == "POST" and "_verify" not in entry["path"]]


def test_a_database_that_does_not_tell_its_positions_is_one_sentence(decoupled: Any, run: Any) -> None:
    decoupled.stand_in.fault("processes", {"status": 500, "body": {"message": "no"}}, path="/database", times=None)

    done = run(f"back_up_{decoupled.name}")

    assert done.tasks["check"] == "failed"
    assert "the database's positions command ended with exit code 1" in done.errors


def test_a_gap_that_opens_meanwhile_leaves_no_manifest(decoupled: Any, run: Any) -> None:
    """The check saw none; the last look before the manifest does."""
    answer: dict[str, list[Any]] = {"checkpointStates": [], "backupStates": [], "ranges": []}
    decoupled.stand_in.fault("zeebe", {"status": 200, "body": answer}, path="backupRuntime/state", skip=1, times=None)

    done = run(f"back_up_{decoupled.name}")

    assert done.tasks["verify"] == "failed"
    assert "partition 1 has no backup of its own yet" in done.errors
    assert "but Zeebe's backups cover none: Zeebe could not be restored to it" in done.errors
    assert decoupled.manifests() == {}


def test_a_zeebe_without_continuous_backups_is_told_how_to_get_them(decoupled: Any, run: Any) -> None:
    decoupled.stand_in.conditions(generates_ids=False)

    done = run(f"back_up_{decoupled.name}")

    assert done.tasks["start_zeebe"] == "failed"
    assert "Zeebe makes no backup IDs itself, so its continuous backups are off" in done.errors


def test_a_failed_backup_of_zeebe_fails_the_run(decoupled: Any, run: Any) -> None:
    decoupled.stand_in.outcome("zeebe", "FAILED")

    done = run(f"back_up_{decoupled.name}")

    assert done.tasks["wait_zeebe"] == "failed"
    assert done.state == "failed"
    assert decoupled.manifests() == {}


def test_an_answer_that_gets_lost_starts_no_second_backup(decoupled: Any, run: Any) -> None:
    decoupled.stand_in.pace(0)
    decoupled.stand_in.fault("zeebe", {"act_then": {"drop": True}}, method="POST", path=f"{RUNTIME}$")

    done = run(f"back_up_{decoupled.name}")

    assert done.state == "success", done.errors
    made = [
        entry for entry in decoupled.stand_in.journal("zeebe") if (entry["method"], entry["path"]) == ("POST", RUNTIME)
    ]
    assert len(made) <= 3  # the schedule's, the lost one, and one more at the most
    ((_, manifest),) = decoupled.manifests().items()
    assert manifest["zeebe_backup_id"] in {int(number) for number in decoupled.stand_in.truth()["zeebe_backups"]}


def task(both: Any, cluster: Played) -> str:
    """Name the guard's mapped task of a cluster."""
    return f"zeebe_backups[{sorted(both[0]).index(cluster.name)}]"


def test_the_guard_is_content_with_young_backups_without_a_gap(decoupled: Any, both: Any, run: Any) -> None:
    decoupled.stand_in.exporting("PAUSED")  # not its business here

    done = run("guard")

    assert done.tasks[task(both, decoupled)] == "success", done.errors


def test_the_guard_fails_loudly_for_a_gap(decoupled: Any, both: Any, run: Any) -> None:
    zeebe_backup(decoupled.stand_in)
    decoupled.stand_in.conditions(backup_gaps=[1])

    done = run("guard")

    assert done.state == "failed"
    assert "Zeebe's own backups of decoupled:\n- the backups of partition 1 have a gap" in done.errors


def test_the_guard_fails_loudly_for_old_backups(decoupled: Any, both: Any, run: Any) -> None:
    old = (datetime.now(UTC) - timedelta(hours=5)).isoformat()
    told = decoupled.stand_in.ask("zeebe_management", f"{RUNTIME}/state").json()
    for backup in told["backupStates"]:
        backup["checkpointTimestamp"] = old
    decoupled.stand_in.fault("zeebe", {"status": 200, "body": told}, path="backupRuntime/state", times=None)

    done = run("guard")

    assert "the newest one is 300 min old, more than the 120 min of zeebe_backups.max_age" in done.errors
