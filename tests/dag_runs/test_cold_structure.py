"""The shape of the cold DAGs makes the worst mistakes impossible."""

from typing import Any

import pytest

from tests.dag_runs.test_restore_structure import upstream


@pytest.fixture
def dag(stopping_clusters: Any) -> Any:
    """The cold backup of a cluster with web apps of their own."""
    return stopping_clusters[1].dags["cold_back_up_cold-86"]


@pytest.fixture
def restore(stopping_clusters: Any) -> Any:
    """Its cold restore."""
    return stopping_clusters[1].dags["cold_restore_cold-86"]


def tasks(dag: Any, *kinds: str) -> set[str]:
    """Return the tasks whose names begin so."""
    found = {task_id for task_id in dag.task_dict if task_id.startswith(kinds)}
    assert found
    return found


def test_nothing_stops_before_it_is_written_down_what_ran(dag: Any) -> None:
    for task_id in tasks(dag, "stop_"):
        assert upstream(dag, task_id) >= {"plan", "end_of_dry_run", "approve", "mint_backup_id", "begin_downtime"}


def test_nothing_is_copied_before_everything_is_stopped(dag: Any) -> None:
    for task_id in tasks(dag, "copy_", "snapshot_", "dump_"):
        assert upstream(dag, task_id) >= tasks(dag, "stop_")


def test_everything_that_stops_starts_again_whatever_happened_and_in_the_reverse_order(dag: Any) -> None:
    ordered = [task.task_id for task in dag.topological_sort()]
    stops = [task_id.removeprefix("stop_") for task_id in ordered if task_id.startswith("stop_")]
    starts = [task_id.removeprefix("start_") for task_id in ordered if task_id.startswith("start_")]
    assert starts == stops[::-1]
    assert stops[0] == "optimize"
    for task_id in (*tasks(dag, "start_", "wait_"), "end_downtime"):
        assert dag.task_dict[task_id].is_teardown
        assert not dag.task_dict[task_id].upstream_list[0].is_setup


def test_no_web_app_starts_before_zeebe_is_waited_for(dag: Any, restore: Any) -> None:
    for task_id in ("start_operate", "start_tasklist", "start_optimize"):
        assert "wait_zeebe" in upstream(dag, task_id)
        assert "wait_zeebe" in upstream(restore, task_id)


def test_the_manifest_is_the_last_word(dag: Any) -> None:
    everything = set(dag.task_dict) - {"record", "watcher"}
    assert upstream(dag, "record") == everything


def test_a_run_with_a_failed_task_is_no_success(dag: Any) -> None:
    watched = {task.task_id for task in dag.task_dict["watcher"].upstream_list}
    assert watched == {*tasks(dag, "start_", "wait_"), "end_downtime", "record"}
    assert dag.task_dict["watcher"].trigger_rule == "one_failed"


def test_the_form_says_that_everything_will_be_down(dag: Any) -> None:
    assert dag.params["dry_run"] is True
    assert "DOWNTIME" in dag.params.get_param("confirm").description
    assert dag.schedule is None


def test_a_cold_restore_has_the_tasks_of_a_hot_one(stopping_clusters: Any, restore: Any) -> None:
    hot = set(stopping_clusters[1].dags["restore_cold-86"].task_dict)
    beside = {"stop_connectors", "start_connectors", "wait_connectors", "restore_keycloak_database"}
    assert set(restore.task_dict) == hot | beside


def test_a_cluster_without_a_cold_location_has_no_cold_dags(dags: Any) -> None:
    assert not [dag_id for dag_id in dags.dags if dag_id.startswith("cold_")]
