"""The restore DAG of clusters whose secondary storage is a database, whole, against the stand-in."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dag_runs.playing import Played, Run, connect, parsed, quickly, runner
from tests.dag_runs.rdbms import in_order, rdbms_file, zeebe_backup
from tests.dag_runs.restoring import RESTORE_PACE, YES, People, changes, confirmed, require_order, work
from tests.stand_in import StandIn


@pytest.fixture(scope="module")
def dumped(airflow_db: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Played], Any]]:
    """Two clusters, with Optimize and without, each with one backup that its stand-in keeps; and their DAGs."""
    folder, dumps = tmp_path_factory.mktemp("clusters"), tmp_path_factory.mktemp("dumps")
    with (
        StandIn("8.9", pace=RESTORE_PACE) as first,
        StandIn("8.9", pace=RESTORE_PACE) as second,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("CAMUNDA_BACKUP_CLUSTERS", str(folder))
        found = {}
        for name, stand_in in (("replayed", first), ("lonely", second)):
            fields = rdbms_file(name, stand_in, dumps / name)
            if name == "lonely":
                for field in ("optimize", "optimize_web"):
                    del fields["connections"][field]
                del fields["optimize_storage"], fields["runtime"]["processes"]["optimize"]
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(fields))
            connect(name, stand_in)
            found[name] = Played(name, "8.9", "", stand_in)
        bag = parsed(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
        for cluster in found.values():
            in_order(cluster.stand_in)
            work(cluster.stand_in)
            with quickly():
                assert bag.dags[f"back_up_{cluster.name}"].test().state == "success"
            cluster.stand_in.keep()
        yield found, bag


def as_dumped(cluster: Played) -> Played:
    """Give a cluster as it was after its backup."""
    cluster.stand_in.reset(kept="work")
    cluster.stand_in.conditions(rdbms=True, generates_ids=True)
    return cluster


@pytest.fixture(params=["replayed", "lonely"])
def either(request: pytest.FixtureRequest, dumped: tuple[dict[str, Played], Any]) -> Played:
    """A cluster with Optimize, and one without."""
    return as_dumped(dumped[0][request.param])


@pytest.fixture
def replayed(dumped: tuple[dict[str, Played], Any]) -> Played:
    """A cluster with Optimize."""
    return as_dumped(dumped[0]["replayed"])


@pytest.fixture
def run(dumped: tuple[dict[str, Played], Any], capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run one of the DAGs for these clusters."""
    return runner(dumped[1], capfd)


def shown(cluster: Played, state: str) -> int:
    """Count instances as the REST API shows them."""
    found = cluster.stand_in.ask(
        "zeebe_rest", "/v2/process-instances/search", "POST", json={"filter": {"state": state}}
    )
    return int(found.json()["page"]["totalItems"])


def manifest_of(cluster: Played) -> dict[str, Any]:
    ((_, manifest),) = cluster.manifests().items()
    return manifest


@pytest.mark.shows("restore", line="8.9", engine="database", store="dump by a command")
def test_a_restore_brings_back_the_dump_and_replays_what_zeebe_has_beyond_it(either: Any, run: Any, api: Any) -> None:
    """Work after the dump is lost with the database, but Zeebe's next own backup has it."""
    stand_in, counts = either.stand_in, manifest_of(either)["counts"]
    stand_in.work(3)
    zeebe_backup(stand_in)
    stand_in.disaster()

    with People(api, YES).at_work() as people:
        done = run(f"restore_{either.name}", **confirmed(either))

    assert done.state == "success", done.errors
    assert stand_in.truth()["instances"]["ACTIVE"] == counts["process_instances_active"] + 3
    assert shown(either, "ACTIVE") == counts["process_instances_active"] + 3
    assert shown(either, "COMPLETED") == counts["process_instances_completed"]
    require_order(either, done)
    assert "the database, by" in people.asked["approve"]["body"]
    report = done.results("report")
    assert report["counts"]["backup"] == counts
    assert done.tasks["keep_stopped"] == "skipped"
    assert done.results("restore_database")["positions"] == {
        number: one["most"] for number, one in manifest_of(either)["database"]["exported"].items()
    }


def test_everything_stops_first_then_the_database_then_zeebe(replayed: Any, run: Any, api: Any) -> None:
    with People(api, YES).at_work():
        done = run(f"restore_{replayed.name}", **confirmed(replayed))

    assert done.state == "success", done.errors
    made = [change for change in changes(replayed.stand_in.journal()) if "/_restore" not in change]
    order = ["POST /processes/optimize/stop", "POST /processes/zeebe/stop", "PUT /database"]
    order += ["POST /processes/zeebe/empty", "POST /processes/zeebe/restore"]
    order += ["POST /processes/zeebe/start", "POST /processes/optimize/start"]
    assert [change for change in made if change in order] == order


def test_a_dry_run_shows_the_plan_and_changes_nothing(either: Any, run: Any) -> None:
    done = run(f"restore_{either.name}")

    assert done.state == "success", done.errors
    assert changes(either.stand_in.journal()) == []
    plan = done.results("plan")
    assert manifest_of(either)["database"]["file"] in plan["text"]
    assert "partition 1 at" in plan["text"]
    assert [step["component"] for step in plan["steps"]] == (["optimize"] if either.name == "replayed" else [])


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"partitions_without_backup": [2]}, "but Zeebe's backups cover none"),
        ({"version": {"zeebe": "8.11.0"}}, "zeebe is Camunda 8.11.0, but the backup was made by 8.9.0: install that"),
        ({"version": {"zeebe": "8.8.9"}}, "zeebe is Camunda 8.8.9, but the backup was made by 8.9.0: install that"),
        ({"version": {"optimize": "8.10.0"}}, "its backup was made by 8.9.0: install exactly that"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_what_speaks_against_a_restore_is_said_before_it(
    replayed: Any, run: Any, conditions: dict[str, Any], said: str
) -> None:
    replayed.stand_in.conditions(**conditions)

    done = run(f"restore_{replayed.name}")

    assert done.tasks["plan"] == "failed"
    assert said in done.errors
    assert changes(replayed.stand_in.journal()) == []


@pytest.mark.faults
def test_a_gap_behind_the_dump_is_told_and_ends_the_replay_there(replayed: Any, run: Any, api: Any) -> None:
    replayed.stand_in.work(1)
    zeebe_backup(replayed.stand_in)
    replayed.stand_in.conditions(backup_gaps=[1, 2])
    # Optimize would read on in the records of the time that is lost; docs/rdbms.md says to delete them.
    replayed.stand_in.ask("search", "/zeebe-record*", "DELETE").raise_for_status()

    with People(api, YES).at_work() as people:
        done = run(f"restore_{replayed.name}", **confirmed(replayed))

    assert done.state == "success", done.errors
    assert "the backups of partition 1 have a gap" in people.asked["approve"]["body"]
    assert shown(replayed, "ACTIVE") == manifest_of(replayed)["counts"]["process_instances_active"]


@pytest.mark.parametrize("spoil", [b"{}", b"no dump", None], ids=["changed", "unreadable", "gone"])
def test_a_spoilt_dump_is_found_before_anything_is_touched(replayed: Any, run: Any, spoil: bytes | None) -> None:
    file = Path(manifest_of(replayed)["database"]["file"])
    whole = file.read_bytes()
    if spoil is None:
        file.unlink()
    else:
        file.write_bytes(spoil)
    try:
        done = run(f"restore_{replayed.name}")
    finally:
        file.write_bytes(whole)

    assert done.tasks["plan"] == "failed"
    said = f"the dump {file} is not" if spoil else f"the file {file} cannot be read: it is not there"
    assert said in done.errors
    assert changes(replayed.stand_in.journal()) == []


def test_a_zeebe_that_is_down_leaves_the_question_to_its_backup_store(replayed: Any, run: Any) -> None:
    replayed.stand_in.disaster()

    done = run(f"restore_{replayed.name}")

    assert done.state == "success", done.errors
    assert [entry["path"] for entry in replayed.stand_in.journal("processes")].count(
        f"/processes/zeebe/backups/{manifest_of(replayed)['zeebe_backup_id']}"
    )


@pytest.mark.faults
def test_a_database_that_does_not_come_back_stops_the_restore_there(replayed: Any, run: Any, api: Any) -> None:
    refusal = {"status": 500, "body": {"message": "no rights"}}
    replayed.stand_in.fault("processes", refusal, method="PUT", path="/database", times=None)

    with People(api, YES).at_work():
        done = run(f"restore_{replayed.name}", **confirmed(replayed))

    assert done.tasks["restore_database"] == "failed"
    assert "the database's restore command ended with exit code 1" in done.errors
    assert done.tasks["restore_zeebe_broker-0"] == "upstream_failed"
    assert done.tasks["keep_stopped"] == "success"
    assert set(replayed.stand_in.truth()["processes"].values()) == {"stopped"}


@pytest.mark.faults
def test_a_store_that_does_not_reach_the_database_fails_the_restore_application(
    replayed: Any, run: Any, api: Any
) -> None:
    """It shows only then when Zeebe is down before: its store cannot be asked for ranges."""
    replayed.stand_in.disaster()
    replayed.stand_in.conditions(partitions_without_backup=[2])

    with People(api, YES).at_work():
        done = run(f"restore_{replayed.name}", **confirmed(replayed))

    assert done.tasks["restore_zeebe_broker-0"] == "failed"
    assert "no range of its backups covers the exported positions in the database" in done.errors
