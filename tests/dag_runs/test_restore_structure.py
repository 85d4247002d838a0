"""The shape of the restore DAG makes the worst mistakes impossible."""

from typing import Any

import pytest

WEB_APPS = {"start_operate", "start_tasklist", "start_optimize"}


def restores(dags: Any) -> list[Any]:
    """Return the restore DAGs of clusters that stop for it and name a runtime."""
    found = [
        dag for dag_id, dag in dags.dags.items() if dag_id.startswith("restore_") and "keep_stopped" in dag.task_ids
    ]
    assert found
    return found


def upstream(dag: Any, task_id: str) -> set[str]:
    """Return everything that comes before a task."""
    return set(dag.task_dict[task_id].get_flat_relative_ids(upstream=True))


@pytest.mark.parametrize("kind", ["stop_", "restore_", "start_"])
def test_nothing_changes_before_plan_and_approval(dags: Any, kind: str) -> None:
    for dag in restores(dags):
        changing = [task_id for task_id in dag.task_dict if task_id.startswith(kind)]
        assert changing
        for task_id in changing:
            assert upstream(dag, task_id) >= {"plan", "end_of_dry_run", "approve"}, task_id


def test_nothing_is_deleted_before_everything_is_stopped(dags: Any) -> None:
    for dag in restores(dags):
        stops = {task_id for task_id in dag.task_dict if task_id.startswith("stop_")}
        for task_id in (task_id for task_id in dag.task_dict if task_id.startswith("restore_")):
            assert upstream(dag, task_id) >= stops, task_id


def test_zeebes_data_comes_first_then_the_web_apps_then_optimize(dags: Any) -> None:
    for dag in restores(dags):
        brokers = {task_id for task_id in dag.task_dict if task_id.startswith("restore_zeebe")}
        apps = {"restore_operate", "restore_tasklist", "restore_webapps"}.intersection(dag.task_dict)
        for task_id in apps:
            assert upstream(dag, task_id) >= brokers
        assert upstream(dag, "restore_optimize") >= brokers | apps
        assert upstream(dag, "restore_records") >= brokers | apps | {"restore_optimize"}


def test_no_web_app_starts_before_zeebe_is_healthy(dags: Any) -> None:
    for dag in restores(dags):
        data = {task_id for task_id in dag.task_dict if task_id.startswith("restore_")}
        assert upstream(dag, "start_zeebe") >= data
        for task_id in WEB_APPS.intersection(dag.task_dict):
            assert "wait_zeebe" in upstream(dag, task_id)


def test_stops_go_from_optimize_to_zeebe(dags: Any) -> None:
    for dag in restores(dags):
        stops = [task.task_id for task in dag.topological_sort() if task.task_id.startswith("stop_")]
        assert (stops[0], stops[-1]) == ("stop_optimize", "stop_zeebe")
        assert upstream(dag, "stop_zeebe") >= {*stops[:-1]}


def test_no_step_ignores_a_failure_before_it(dags: Any) -> None:
    for dag in restores(dags):
        rules = {task.task_id: task.trigger_rule.value for task in dag.tasks if task.trigger_rule != "all_success"}
        assert rules == {"keep_stopped": "all_done"}


def test_a_dry_run_is_what_happens_by_default_and_every_param_is_explained(dags: Any) -> None:
    for dag in restores(dags):
        assert dag.params["dry_run"] is True
        assert dag.params["approve"] is True
        assert set(dag.params) == {"backup_id", "dry_run", "confirm", "approve"}
        assert all(dag.params.get_param(name).description for name in dag.params)


def test_without_a_runtime_there_is_only_the_plan_that_says_so(dags: Any) -> None:
    alone = [dag for dag_id, dag in dags.dags.items() if dag_id.startswith("restore_") and len(dag.tasks) == 1]
    assert alone
    assert all(dag.task_ids == ["plan"] for dag in alone)
