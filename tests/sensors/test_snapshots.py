"""Taking and restoring snapshots: nothing is deleted too early, and a failure is told by its shard."""

from typing import Any

import pytest

from camunda_backup import manifests
from camunda_backup.operators.restoring import RestoreZeebe
from camunda_backup.sensors.cold import TakeSnapshot
from camunda_backup.sensors.snapshots import RestoreSnapshots
from camunda_backup.states import Component
from tests.stepping import LOST, NAME, SPOILED, Bench, Run, Store, refused

ID = 9_999_999_999


def manifest(bench: Bench) -> dict[str, Any]:
    found = manifests.newest(bench.manifests, NAME, manifests.HOT)
    assert found is not None
    return dict(found)


def stop(bench: Bench) -> None:
    """Stop everything."""
    for name in bench.stand_in.truth()["processes"]:
        bench.stand_in.process(name, "stop")
    (bench.home / "connectors").write_text("stopped\n")


def take(bench: Bench, component: Component = Component.OPERATE) -> TakeSnapshot:
    return TakeSnapshot(task_id="snapshot", cluster=bench.cluster, component=component, backup_id=ID)


def restore(bench: Bench, component: Component = Component.OPERATE) -> RestoreSnapshots:
    task = RestoreSnapshots(task_id="restore", cluster=bench.cluster, component=component, manifest=manifest(bench))
    task.deadline = 8
    return task


def restore_zeebe(bench: Bench) -> RestoreZeebe:
    backup_id = manifest(bench)["backup_id"]
    return RestoreZeebe(task_id="restore_zeebe", cluster=bench.cluster, broker="broker-0", backup_id=backup_id)


@pytest.mark.parametrize("component", [Component.OPERATE, Component.RECORDS])
def test_a_cold_snapshot_is_whole(bench: Bench, component: Component) -> None:
    stop(bench)

    assert take(bench, component).execute(Run().context())["report"]["phase"] == "completed"


@pytest.mark.parametrize("effect", [SPOILED, LOST], ids=["500", "done without an answer"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "camunda_cold_operate"), ("GET", "camunda_cold_operate"), ("GET", "_cat/indices")],
)
def test_a_call_for_a_cold_snapshot_that_fails_once_is_made_again(
    bench: Bench, method: str, path: str, effect: dict[str, Any]
) -> None:
    stop(bench)
    store = Store()
    bench.stand_in.fault("search", effect, method=method, path=path)

    assert take(bench).execute(Run().context(store))["report"]["phase"] == "completed"


def test_a_cold_snapshot_that_is_somebody_elses_is_left_alone(bench: Bench) -> None:
    stop(bench)
    take(bench).execute(Run().context())

    assert "but this run did not ask for it" in refused(take(bench))


def test_no_cold_snapshot_is_taken_while_something_runs(bench: Bench) -> None:
    assert "runs although it was stopped for the cold backup" in refused(take(bench))


def test_indices_come_back_when_everything_is_stopped(bench: Bench) -> None:
    stop(bench)

    found = restore(bench).execute(Run().context())

    assert found["indices"] > 0
    assert found["snapshots"] == 6


def test_nothing_is_deleted_while_something_runs(bench: Bench) -> None:
    assert "must not run while data is restored" in refused(restore(bench))
    assert bench.changes() == []


def test_nothing_is_deleted_when_the_set_is_not_whole(bench: Bench) -> None:
    stop(bench)
    snapshot = f"camunda_operate_{manifest(bench)['backup_id']}_8.6.0_part_3_of_6"
    bench.stand_in.ask("search", f"/_snapshot/backups/{snapshot}", "DELETE").raise_for_status()
    before = len(bench.changes())

    assert "not all snapshots of the set are in the repository and whole" in refused(restore(bench))
    assert len(bench.changes()) == before


@pytest.mark.parametrize("effect", [SPOILED, LOST], ids=["500", "done without an answer"])
@pytest.mark.parametrize(("method", "path"), [("DELETE", "^/operate-"), ("POST", r"part_2_of_6/_restore")])
def test_what_changes_indices_may_fail_once(bench: Bench, method: str, path: str, effect: dict[str, Any]) -> None:
    stop(bench)
    bench.stand_in.fault("search", effect, method=method, path=path)

    assert restore(bench).execute(Run().context())["snapshots"] == 6


def test_a_failed_shard_is_named(bench: Bench) -> None:
    stop(bench)
    bench.stand_in.conditions(restore_shards_fail=["operate-list-view-8.3.0_"])

    assert "operate-list-view-8.3.0_ shard 0: failed shard on node" in refused(restore(bench))


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"data_left": True}, "its data directory was not empty"),
        ({"restore_store": "refusing"}, "its backup store does not answer"),
    ],
    ids=["data left", "store refuses"],
)
def test_a_zeebe_that_does_not_come_back_is_told_with_its_reason(
    bench: Bench, conditions: dict[str, Any], said: str
) -> None:
    stop(bench)
    bench.stand_in.conditions(**conditions)

    assert said in refused(restore_zeebe(bench))


@pytest.mark.parametrize("effect", [SPOILED, LOST], ids=["500", "done without an answer"])
@pytest.mark.parametrize("action", ["empty", "restore"])
def test_a_restore_command_that_fails_is_told_and_the_next_try_works(
    bench: Bench, action: str, effect: dict[str, Any]
) -> None:
    stop(bench)
    bench.stand_in.fault("processes", effect, method="POST", path=f"zeebe/{action}")

    assert "ended with exit code" in refused(restore_zeebe(bench))
    assert "Successfully restored" in restore_zeebe(bench).execute(Run().context())["line"]


def test_zeebe_is_not_restored_while_something_runs(bench: Bench) -> None:
    assert "must not run while data is restored" in refused(restore_zeebe(bench))
    assert bench.changes() == []
