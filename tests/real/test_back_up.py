"""The backup DAG on the embedded cluster, through a real Airflow: under load, and while things die."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.airflow_processes import AirflowProcesses
from sandbox.workload import Load, Workload
from tests.observing import until
from tests.real.backups import Backups, airflow_for, restart_importers
from tests.real.conftest import AGAINST, Cluster

WRONG = {"name": "nope", "type": "fs", "settings": {"location": "nope"}}
VARIANTS: dict[str, dict[str, Any]] = {
    "embedded": {},
    "vendors-order": {"order": "secondary-first"},
    "wrong-repository": {"repository": WRONG},
}
WORDS = {"COMPLETED", "SUCCESS"}


@pytest.fixture(scope="module")
def airflow(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowProcesses]:
    """Airflow, without the guard: three cluster files for one cluster would look like strangers' pauses to it."""
    with airflow_for(cluster, VARIANTS, tmp_path_factory.mktemp("backups")) as processes:
        processes.client.set_paused("guard", paused=True)
        yield processes


@pytest.fixture
def backups(cluster: Cluster, airflow: AirflowProcesses) -> Backups:
    """Backups of the embedded cluster."""
    with Workload(cluster.urls) as work:
        work.start(3)
    return Backups(cluster, airflow)


@pytest.mark.shows("backup", line="8.6", engine="OpenSearch 3.8.0", store="fs", against=AGAINST)
@pytest.mark.parametrize("variant", ["embedded", "vendors-order"])
def test_a_backup_under_load_is_complete_by_every_components_own_word(backups: Backups, variant: str) -> None:
    with Load(backups.cluster.urls) as load:
        run_id = backups.start(variant)
        state = backups.end(variant, run_id)

    assert state == "success"
    assert load.started
    backup_id = int(backups.client.xcom(f"back_up_{variant}", run_id, "mint_backup_id"))
    assert all(words <= WORDS for words in backups.parts(backup_id).values())
    assert backups.phases() == {"EXPORTING"}
    manifest = backups.client.asset_events(source_run_id=run_id)[0]["extra"]
    assert manifest["backup_id"] == backup_id
    assert manifest["pause"]["mode"] == ("hard" if variant == "embedded" else "soft")
    assert manifest["counts"]["process_definitions"] >= 1


@pytest.mark.shows("backup", line="8.6", engine="OpenSearch 3.8.0", store="fs", against=AGAINST)
def test_a_task_killed_in_mid_wait_is_tried_again_and_the_set_is_complete(backups: Backups) -> None:
    run_id = backups.start("embedded")
    backups.when("embedded", run_id, "start_zeebe", "success", lambda: backups.cluster.freeze_part("zeebe"))
    try:
        until(lambda: bool(backups.task("embedded", run_id, "wait_zeebe")["pid"]))
        os.kill(backups.task("embedded", run_id, "wait_zeebe")["pid"], signal.SIGKILL)
    finally:
        backups.cluster.thaw_part("zeebe")

    assert backups.end("embedded", run_id) == "success"
    assert backups.task("embedded", run_id, "wait_zeebe")["try_number"] == 2
    assert backups.phases() == {"EXPORTING"}


def test_a_wrong_repository_is_found_before_anything_is_changed(backups: Backups) -> None:
    run_id = backups.start("wrong-repository")

    assert backups.end("wrong-repository", run_id) == "failed"
    assert "snapshot repository nope is not registered" in backups.said("wrong-repository", run_id, "check")
    assert backups.task("wrong-repository", run_id, "pause")["state"] == "upstream_failed"
    assert backups.phases() == {"EXPORTING"}


@pytest.mark.shows("backup", line="8.6", engine="OpenSearch 3.8.0", store="fs", against=AGAINST)
def test_a_backup_store_that_stops_during_zeebes_backup_costs_the_id_and_nothing_else(backups: Backups) -> None:
    run_id = backups.start("embedded")
    backups.when("embedded", run_id, "pause", "success", lambda: backups.cluster.kill_part("store"))

    assert backups.end("embedded", run_id) == "failed"
    # Before or after Zeebe's 202: the store may be gone a moment too early for the start.
    assert "failed" in {backups.task("embedded", run_id, f"{step}_zeebe")["state"] for step in ("start", "wait")}
    assert backups.phases() == {"EXPORTING"}
    lost = int(backups.client.xcom("back_up_embedded", run_id, "mint_backup_id"))

    backups.cluster.start_part("store")
    backups.cluster.wait_healthy("store", 60)
    again = backups.start("embedded")

    assert backups.end("embedded", again) == "success"
    assert int(backups.client.xcom("back_up_embedded", again, "mint_backup_id")) > lost


@pytest.mark.shows("backup", line="8.6", engine="OpenSearch 3.8.0", store="fs", against=AGAINST)
def test_a_backup_store_that_answers_wrongly_fails_zeebes_part_and_the_run(backups: Backups) -> None:
    backups.cluster.stop_part("store")
    backups.cluster.start_part("store", backup_store="s3-wrong")
    backups.cluster.wait_healthy("store", 60)
    try:
        run_id = backups.start("embedded")

        assert backups.end("embedded", run_id) == "failed"
        # Real Zeebe says FAILED at once, or stays IN_PROGRESS while its client tries again.
        said = backups.said("embedded", run_id, "wait_zeebe")
        assert "is FAILED" in said or "made no progress" in said
        assert backups.phases() == {"EXPORTING"}
    finally:
        for part in ("zeebe", "store"):  # Zeebe's client may still be trying; what it writes later is nobody's backup
            backups.cluster.stop_part(part)
        for part in ("store", "zeebe"):
            backups.cluster.start_part(part)
            backups.cluster.wait_healthy(part, 120)


@pytest.mark.shows("backup", line="8.6", engine="OpenSearch 3.8.0", store="fs", against=AGAINST)
def test_a_search_engine_that_stops_in_the_window_fails_the_run_and_exporting_runs(backups: Backups) -> None:
    run_id = backups.start("embedded")
    backups.when("embedded", run_id, "wait_zeebe", "success", lambda: backups.cluster.kill_part("search"))
    try:
        assert backups.end("embedded", run_id) == "failed"
        assert backups.phases() == {"EXPORTING"}
    finally:
        backups.cluster.start_part("search")
        backups.cluster.wait_healthy("search", 180)
        restart_importers(backups.cluster)
