"""What the backup DAG does beside its parts; tests/generations/test_matrix.py has each line in both orders."""

from typing import Any

import pytest


def test_a_place_that_keeps_no_manifest_is_known_before_anything_is_paused(
    played: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMUNDA_BACKUP_MANIFESTS", "s3://nobody@bucket/manifests")

    done = run(f"back_up_{played.name}")

    assert done.tasks["check"] == "failed"
    assert "\n- manifests: " in done.errors
    assert not [entry for entry in played.stand_in.journal() if "/actuator/exporting/" in entry["path"]]


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_wait_ends_well_in_the_triggerer_and_on_the_worker(
    played: Any,
    run: Any,
    dags: Any,
    deferrable: bool,
) -> None:
    sensors = [task for task in dags.dags[f"back_up_{played.name}"].tasks if task.task_id.startswith("wait_")]
    for sensor in sensors:
        sensor.deferrable, sensor.on_worker = deferrable, 0.0
    played.stand_in.pace(0.3)

    done = run(f"back_up_{played.name}")

    for sensor in sensors:
        sensor.deferrable, sensor.on_worker = True, 10.0
    assert done.state == "success", done.errors
    assert ("DEFERRED" in done.log) == deferrable
    assert len(played.manifests()) == 1


def test_the_manifest_is_the_extra_of_the_asset_event(played: Any, run: Any) -> None:
    from airflow.models.asset import AssetEvent, AssetModel  # noqa: PLC0415 - after the environment is set
    from airflow.utils.session import create_session  # noqa: PLC0415

    run(f"back_up_{played.name}")

    ((_, manifest),) = played.manifests().items()
    with create_session() as session:
        event = (
            session.query(AssetEvent)
            .join(AssetModel, AssetEvent.asset_id == AssetModel.id)
            .filter(AssetModel.name == f"camunda_backup_{played.name}")
            .order_by(AssetEvent.id.desc())
            .first()
        )
        assert event is not None
        assert event.extra == manifest


def test_the_backup_id_exceeds_every_known_one(played: Any, run: Any) -> None:
    lead = 99_999_999_999
    played.stand_in.plant(zeebe=[lead], operate=[lead + 5], optimize=[lead + 3])

    done = run(f"back_up_{played.name}")

    assert done.state == "success", done.errors
    assert list(played.manifests()) == [lead + 6]
