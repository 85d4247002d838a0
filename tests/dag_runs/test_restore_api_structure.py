"""The shape of a restore by the running cluster itself (Camunda 8.10) makes the worst mistakes impossible."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dag_runs.playing import cluster_file, commands, parsed

SNAPSHOTS = {"restore_webapps", "restore_optimize", "restore_records"}


@pytest.fixture(scope="module")
def bag(airflow_db: None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Parse the DAGs of an 8.10 cluster with Optimize, one without it, and one whose runtime is missing."""
    folder = tmp_path_factory.mktemp("shapes")
    runtime = commands("8.10", lambda action, name: f"{action} {name}")
    del runtime["processes"]["zeebe"]
    whole = cluster_file("8.10", "zeebe-first", "whole", runtime=runtime)
    without = cluster_file("8.10", "zeebe-first", "without")
    del without["connections"]["optimize"], without["connections"]["optimize_web"]
    files = {"whole": whole, "without": without, "lacking": cluster_file("8.10", "zeebe-first", "lacking")}
    for name, fields in files.items():
        Path(folder, f"{name}.yaml").write_text(yaml.safe_dump(fields))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMUNDA_BACKUP_CLUSTERS", str(folder))
        return parsed(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])


@pytest.fixture(params=["whole", "without"])
def dag(bag: Any, request: pytest.FixtureRequest) -> Any:
    """A restore DAG."""
    return bag.dags[f"restore_{request.param}"]


def upstream(dag: Any, task_id: str) -> set[str]:
    """Return everything that comes before a task."""
    return set(dag.task_dict[task_id].get_flat_relative_ids(upstream=True))


def test_nothing_changes_before_plan_and_approval(dag: Any) -> None:
    for task_id in dag.task_ids:
        if task_id.startswith(("stop_", "enter_", "restore_", "start_")):
            assert upstream(dag, task_id) >= {"plan", "end_of_dry_run", "approve"}, task_id


def test_nothing_is_deleted_before_optimize_stands_still_and_zeebe_recovers(dag: Any) -> None:
    stops = {task_id for task_id in dag.task_ids if task_id.startswith("stop_")}
    for task_id in (task_id for task_id in dag.task_ids if task_id.startswith("restore_")):
        assert upstream(dag, task_id) >= {*stops, "enter_recovery"}, task_id


def test_every_snapshot_is_back_before_zeebe_is_restored(dag: Any) -> None:
    assert upstream(dag, "restore_zeebe") >= SNAPSHOTS.intersection(dag.task_ids)


def test_optimize_starts_when_zeebe_is_healthy(bag: Any) -> None:
    assert "wait_zeebe" in upstream(bag.dags["restore_whole"], "start_optimize")
    assert "restore_zeebe" in upstream(bag.dags["restore_whole"], "wait_zeebe")


def test_zeebe_is_neither_stopped_nor_started(dag: Any) -> None:
    assert not {"stop_zeebe", "start_zeebe", "keep_stopped"}.intersection(dag.task_ids)


def test_no_step_ignores_a_failure_before_it(dag: Any) -> None:
    rules = {task.task_id: task.trigger_rule.value for task in dag.tasks if task.trigger_rule != "all_success"}
    assert rules == {"keep_recovering": "all_done"}


def test_a_dry_run_is_what_happens_by_default_and_every_param_is_explained(dag: Any) -> None:
    assert (dag.params["dry_run"], dag.params["approve"], dag.params["cancel_restore"]) == (True, True, False)
    assert set(dag.params) == {"backup_id", "dry_run", "confirm", "approve", "cancel_restore"}
    assert all(dag.params.get_param(name).description for name in dag.params)


def test_a_runtime_is_needed_for_optimize_alone(bag: Any) -> None:
    assert bag.dags["restore_lacking"].task_ids == ["plan"]
    assert not SNAPSHOTS.isdisjoint(bag.dags["restore_without"].task_ids)
    assert not any("optimize" in task_id for task_id in bag.dags["restore_without"].task_ids)


def test_the_cluster_is_verified_before_anybody_signs_off(dag: Any) -> None:
    assert upstream(dag, "sign_off") >= {"check_identity", "check_partitions", "check_counts", "wait_zeebe"}
    assert "sign_off" in upstream(dag, "report")
