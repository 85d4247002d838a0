"""The backup DAG, whole, against the stand-in: both generations, both orders."""

import re
from pathlib import Path
from typing import Any

import pytest

STARTS = re.compile(r"/actuator/backup\w*$|camunda_zeebe_records_backup_\d+(\?|$)")
FIRST_TO_LAST: dict[tuple[str, str], list[Any]] = {
    ("8.6", "zeebe-first"): ["zeebe", {"operate", "tasklist"}, "optimize", "search"],
    ("8.6", "secondary-first"): [{"operate", "tasklist", "optimize"}, "search", "zeebe"],
    ("8.8", "zeebe-first"): ["zeebe", "webapps", "optimize", "search"],
    ("8.8", "secondary-first"): [{"webapps", "optimize"}, "search", "zeebe"],
}


def starts(journal: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """Give number and role of every request that starts a part."""
    return [
        (number, entry["role"])
        for number, entry in enumerate(journal)
        if entry["method"] in {"POST", "PUT"} and STARTS.search(entry["path"].partition("?")[0])
    ]


def test_a_backup_is_one_complete_set_under_one_id(cluster: Any, run: Any) -> None:
    done = run(f"back_up_{cluster.name}")

    assert done.state == "success", done.errors
    ((backup_id, manifest),) = cluster.manifests().items()
    assert {part["state"] for part in manifest["parts"]} <= {"COMPLETED", "COMPLETE", "SUCCESS"}
    assert len(manifest["parts"]) == (5 if cluster.line == "8.6" else 4)
    assert manifest["counts"]["process_instances_active"] == 4
    assert manifest["backup_id"] == backup_id
    assert cluster.exporting == {"EXPORTING"}


@pytest.mark.parametrize("location", ["nowhere://bucket/manifests", "s3://nobody@bucket/manifests", "{}/file"])
def test_a_place_that_keeps_no_manifest_is_known_before_anything_is_paused(
    played: Any, run: Any, location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("a file where a folder should be")
    monkeypatch.setenv("CAMUNDA_BACKUP_MANIFESTS", location.format(tmp_path))

    done = run(f"back_up_{played.name}")

    assert done.tasks["check"] == "failed"
    assert "\n- manifests: " in done.errors
    assert not [entry for entry in played.stand_in.journal() if "/actuator/exporting/" in entry["path"]]


def test_every_part_is_made_inside_the_pause_and_in_the_order_of_the_cluster_file(cluster: Any, run: Any) -> None:
    run(f"back_up_{cluster.name}")

    journal = cluster.stand_in.journal()
    controls = [(n, e["path"]) for n, e in enumerate(journal) if "/actuator/exporting/" in e["path"]]
    assert [path for _, path in controls] == [
        "/actuator/exporting/pause" + ("?soft=true" if cluster.order == "secondary-first" else ""),
        "/actuator/exporting/resume",
    ]
    made = starts(journal)
    assert all(controls[0][0] < number < controls[1][0] for number, _ in made)
    roles = [role for _, role in made]
    for step in FIRST_TO_LAST[cluster.line, cluster.order]:
        together = step if isinstance(step, set) else {step}
        assert set(roles[: len(together)]) == together
        roles = roles[len(together) :]
    assert not roles


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
