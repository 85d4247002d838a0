"""The restore DAG, whole, against the stand-in: both generations, and the people who decide."""

from typing import Any

import pytest

from tests.dag_runs.playing import job_running
from tests.dag_runs.restoring import YES, People, changes, confirmed, require_order, shown

AFTER_PLAN = ("approve", "stop_zeebe", "restore_zeebe_broker-0", "restore_operate", "start_zeebe", "report")


def test_a_restore_brings_back_what_was_backed_up(restorable: Any, restore: Any, api: Any) -> None:
    stand_in, before, records = restorable.stand_in, shown(restorable), restorable.stand_in.written()
    stand_in.work(3)
    if restorable.line == "8.8":
        stand_in.conditions(sign_in="bearer", guarded={"management": "bearer"}, token_seconds=5)

    with People(api, YES).at_work() as people:
        done = restore(f"restore_{restorable.name}", **confirmed(restorable))

    assert done.state == "success", done.errors
    truth = stand_in.truth()
    assert truth["instances"] == {"ACTIVE": 2, "CANCELED": 1, "COMPLETED": 1}
    assert set(truth["processes"].values()) == {"running"}
    assert stand_in.written() == records
    assert shown(restorable) == before
    require_order(restorable, done)
    assert done.tasks["keep_stopped"] == "skipped"
    ((backup_id, manifest),) = restorable.manifests().items()
    report = done.results("report")
    assert report["backup_id"] == backup_id
    assert report["counts"]["backup"] == manifest["counts"]
    assert report["counts"]["restored"] == manifest["counts"]
    assert 0 < report["recovery_seconds"]["healthy"] <= report["recovery_seconds"]["verified"]
    assert [report[answer]["by"] for answer in ("approved", "signed_off")] == ["on call", "on call"]
    assert f"Backup **{backup_id}**" in people.asked["approve"]["body"]


def test_the_report_is_the_extra_of_the_asset_event(restorable_8_6: Any, restore: Any, api: Any) -> None:
    from airflow.models.asset import AssetEvent, AssetModel  # noqa: PLC0415 - after the environment is set
    from airflow.utils.session import create_session  # noqa: PLC0415

    with People(api, {"sign_off": "Accept"}).at_work() as people:
        done = restore(f"restore_{restorable_8_6.name}", **confirmed(restorable_8_6, approve=False))

    assert done.state == "success", done.errors
    assert list(people.asked) == ["sign_off"]
    report = done.results("report")
    assert report["approved"] == {"by": None}
    with create_session() as session:
        event = (
            session.query(AssetEvent)
            .join(AssetModel, AssetEvent.asset_id == AssetModel.id)
            .filter(AssetModel.name == f"camunda_restore_{restorable_8_6.name}")
            .order_by(AssetEvent.id.desc())
            .first()
        )
        assert event is not None
        assert event.extra["run"] == report["run"]


def test_a_dry_run_shows_the_plan_and_changes_nothing(restorable: Any, restore: Any) -> None:
    done = restore(f"restore_{restorable.name}")

    assert done.state == "success", done.errors
    assert changes(restorable.stand_in.journal()) == []
    assert {done.tasks[task] for task in AFTER_PLAN if task in done.tasks} == {"skipped"}
    assert done.tasks["end_of_dry_run"] == "success"
    plan = done.results("plan")
    assert plan["backup_id"] in restorable.manifests()
    assert {step["component"] for step in plan["steps"]} >= {"optimize", "records"}
    assert all(one["bytes"] is not None for step in plan["steps"] for one in step["restored"])
    assert f"Backup **{plan['backup_id']}**" in plan["text"]


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ({"dry_run": False, "confirm": "production"}, "confirm must be the cluster's name, {name}"),
        ({"dry_run": True, "backup": 5}, "unknown in the run's conf: backup; known are approve, backup_id,"),
    ],
)
def test_a_run_that_is_not_meant_so_changes_nothing(
    restorable_8_6: Any, restore: Any, conf: dict[str, Any], said: str
) -> None:
    done = restore(f"restore_{restorable_8_6.name}", **conf)

    assert done.tasks["plan"] == "failed"
    assert said.format(name=restorable_8_6.name) in done.errors
    assert changes(restorable_8_6.stand_in.journal()) == []


def test_a_backup_of_the_cluster_excludes_a_restore(restorable_8_6: Any, restore: Any) -> None:
    with job_running(f"back_up_{restorable_8_6.name}"):
        done = restore(f"restore_{restorable_8_6.name}", **confirmed(restorable_8_6))

    assert f"back_up_{restorable_8_6.name} is running; only one job of a cluster may run at a time" in done.errors
    assert changes(restorable_8_6.stand_in.journal()) == []


def test_a_plan_that_is_rejected_changes_nothing(restorable_8_6: Any, restore: Any, api: Any) -> None:
    with People(api, {"approve": "Reject"}).at_work():
        done = restore(f"restore_{restorable_8_6.name}", **confirmed(restorable_8_6))

    assert done.state == "failed"
    assert "rejected by on call; nothing was changed" in done.errors
    assert changes(restorable_8_6.stand_in.journal()) == []


def test_a_restored_cluster_that_is_rejected_goes_on_running(restorable_8_6: Any, restore: Any, api: Any) -> None:
    with People(api, {**YES, "sign_off": "Reject"}).at_work():
        done = restore(f"restore_{restorable_8_6.name}", **confirmed(restorable_8_6))

    assert done.state == "failed"
    assert f"rejected by on call; {restorable_8_6.name} runs as it was restored" in done.errors
    assert set(restorable_8_6.stand_in.truth()["processes"].values()) == {"running"}
    require_order(restorable_8_6, done)
