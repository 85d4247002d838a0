"""Rules that every DAG of the project keeps."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


def test_every_dag_file_loads(dags: Any, clusters: Any) -> None:
    assert dags.import_errors == {}
    assert {"set_up_repositories", "guard"} < set(dags.dags)
    for name in (cluster.name for cluster in clusters.values()):
        jobs = {dag_id.removesuffix(f"_{name}") for dag_id in dags.dags if dag_id.endswith(f"_{name}")}
        assert jobs == {"back_up", "restore"}


def test_every_dag_tells_what_it_is(dags: Any) -> None:
    for dag in dags.dags.values():
        assert dag.doc_md
        assert dag.description
        assert "camunda" in dag.tags
        assert {task.owner for task in dag.tasks} - {"airflow"}, dag.dag_id
        for name, param in dag.params.items():
            assert dag.params.get_param(name).description, f"{dag.dag_id}: {name}: {param}"


def test_no_dag_can_overlap_with_itself_or_skip_its_teardown(dags: Any) -> None:
    for dag in dags.dags.values():
        assert dag.max_active_runs == 1
        assert dag.dagrun_timeout is None  # it would skip the teardown
        assert not dag.catchup


def test_resume_runs_whatever_happened_and_fails_the_run_when_it_fails(dags: Any) -> None:
    for dag in (dag for dag_id, dag in dags.dags.items() if dag_id.startswith("back_up_")):
        resume = dag.task_dict["resume"]
        assert resume.is_teardown
        assert resume.on_failure_fail_dagrun
        assert not any(task.is_setup for task in dag.tasks)  # a failed setup would skip its teardown
        assert resume.retries >= 5
        upstream = resume.get_flat_relative_ids(upstream=True)
        assert {task.task_id for task in dag.tasks} - upstream == {"resume", "verify", "record", "watcher"}


def test_an_ordinary_leaf_watches_every_task(dags: Any) -> None:
    for dag in (dag for dag_id, dag in dags.dags.items() if dag_id.startswith("back_up_")):
        watcher = dag.task_dict["watcher"]
        assert watcher.trigger_rule == "one_failed"
        everything = watcher.get_flat_relative_ids(upstream=True)
        assert everything == {task.task_id for task in dag.tasks} - {"watcher"}


def test_a_wrong_cluster_file_breaks_only_its_own_dags(tmp_path: Path) -> None:
    good = {
        "version": "8.8",
        "connections": {"zeebe": "good_zeebe"},
        "secondary_storage": {"engine": "opensearch", "connection": "good_search"},
        "repository": {"name": "backups", "type": "fs", "settings": {"location": "backups"}},
    }
    (tmp_path / "good.yaml").write_text(yaml.safe_dump(good))
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump({**good, "order": "optimize-first"}))
    program = (
        "import json, os; from airflow.dag_processing.dagbag import DagBag\n"
        "bag = DagBag(dag_folder=os.environ['AIRFLOW__CORE__DAGS_FOLDER'])\n"
        "print('DAGS', sorted(bag.dags)); print('ERRORS', json.dumps(list(bag.import_errors.items())))"
    )
    environment = {**os.environ, "CAMUNDA_BACKUP_CLUSTERS": str(tmp_path), "PYTHONPATH": str(ROOT / "plugins")}

    told = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout

    assert "DAGS ['back_up_good', 'guard', 'restore_good', 'set_up_repositories']" in told
    (errors,) = [line for line in told.splitlines() if line.startswith("ERRORS")]
    ((file, error),) = json.loads(errors.removeprefix("ERRORS"))
    assert file.endswith("dags/cluster_files.py")
    assert "bad.yaml: order: write 'zeebe-first' or 'secondary-first' instead of 'optimize-first'" in error
