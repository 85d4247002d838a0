"""The checks before a backup: every problem in one list, one sentence each, and nothing changed."""

from typing import Any

import pytest
import requests

from tests.dag_runs.playing import fresh, job_running

CHANGING = {"POST", "PUT", "DELETE"}
ALLOWED = ("/_verify", "/_snapshot/backups")  # the second is a test's own


def check(played: Any, run: Any) -> str:
    """Run a backup that must stop at its checks; return what they said."""
    done = run(f"back_up_{played.name}")

    assert done.state == "failed"
    assert done.tasks["check"] == "failed", done.errors
    assert done.tasks["pause"] == "upstream_failed"
    journal = [e for e in played.stand_in.journal() if e["door"] != "zeebe_rest"]
    changes = [e for e in journal if e["method"] in CHANGING and not e["path"].endswith(ALLOWED)]
    assert changes == []
    errors: str = done.errors
    return errors


def test_all_problems_are_listed_at_once(played: Any, run: Any) -> None:
    requests.delete(f"{played.stand_in.urls['search']}/_snapshot/backups", timeout=5)
    played.stand_in.conditions(pending_change=True, version={"operate": "8.5.3"}, backup_store="none")
    played.stand_in.exporting("PAUSED", partition=1)
    played.stand_in.kill("optimize")

    said = check(played, run)

    for sentence in (
        "snapshot repository backups is not registered in the search engine; run the DAG set_up_repositories",
        "the cluster is being changed",
        "operate is Camunda 8.5.3",
        "Zeebe has no backup store",
        "exporting does not run on every partition: {'1': 'PAUSED', '2': 'EXPORTING'}",
        f"({played.name}_optimize): no connection",
        "nothing was changed",
    ):
        assert sentence in said


def test_a_connection_that_is_not_defined_is_named(played: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(f"AIRFLOW_CONN_{played.name.upper()}_TASKLIST")

    assert f"Airflow has no connection {played.name}_tasklist" in check(played, run)


def test_zeebe_that_makes_its_own_ids_is_told_to_stop(clusters: Any, run: Any) -> None:
    newer = fresh(clusters["8.8", "zeebe-first"])
    schedule = {"checkpointStates": [{"checkpointType": "SCHEDULED_BACKUP", "partitionId": 1}]}
    newer.stand_in.fault("zeebe", {"status": 200, "body": schedule}, path="backupRuntime/state", times=None)

    assert "Zeebe makes backup IDs itself" in check(newer, run)


def test_zeebe_that_refuses_the_callers_id_ends_the_run_with_exporting_running(clusters: Any, run: Any) -> None:
    newer = fresh(clusters["8.8", "zeebe-first"])
    newer.stand_in.conditions(generates_ids=True)

    done = run(f"back_up_{newer.name}")

    assert done.tasks["start_zeebe"] == "failed"
    assert "Cannot take backup with predetermined backupId" in done.errors
    assert newer.exporting == {"EXPORTING"}


def test_a_restore_of_the_cluster_excludes_a_backup(played: Any, run: Any) -> None:
    with job_running(f"restore_{played.name}"):
        said = check(played, run)

    assert f"restore_{played.name} is running; only one job of a cluster may run at a time" in said
