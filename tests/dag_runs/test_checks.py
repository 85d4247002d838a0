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


@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        ({"version": {"operate": "8.5.3"}}, "operate is Camunda 8.5.3, but the cluster file says 8.6"),
        ({"version": {"tasklist": "8.6.4"}}, "the components run different versions"),
        ({"unhealthy_partitions": [2]}, "Zeebe is not healthy"),
        ({"pending_change": True}, "the cluster is being changed"),
        ({"backup_store": "none"}, "Zeebe has no backup store"),
        ({"repository": {"operate": None}}, "No backup repository configured"),
        ({"repository": {"tasklist": "other"}}, "tasklist is configured for snapshot repository 'other'"),
        ({"repository_broken": True}, "does not verify"),
        (
            {"index_prefix": {"operate": "acme"}},
            "operate is configured with the index prefix 'acme', the cluster file says 'operate'",
        ),
        (
            {"stores": {"0": {"store": "FILESYSTEM", "filesystem": {"basePath": "backups"}}}},
            "Zeebe's backup store and snapshot repository backups have one place, fs:backups",
        ),
    ],
)
def test_each_condition_is_one_sentence(played: Any, run: Any, conditions: dict[str, Any], sentence: str) -> None:
    played.stand_in.conditions(**conditions)

    assert sentence in check(played, run)


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


@pytest.mark.parametrize("role", ["zeebe", "operate", "tasklist", "optimize", "search"])
def test_a_component_that_does_not_answer_is_named_once_with_its_connection(played: Any, run: Any, role: str) -> None:
    played.stand_in.kill(role)

    said = check(played, run)

    assert said.count(f"({played.name}_{role}): no connection") == 1


def test_a_backup_that_is_being_made_is_waited_for(played: Any, run: Any) -> None:
    played.stand_in.outcome("zeebe", "STUCK")
    url = f"{played.stand_in.urls['zeebe_management']}/actuator/backups"
    requests.post(url, json={"backupId": 7}, timeout=5)

    done = run(f"back_up_{played.name}")

    assert "zeebe: backup 7 is IN_PROGRESS; wait for it" in done.errors
    assert done.tasks["pause"] == "upstream_failed"


def test_refused_credentials_are_told_with_their_connection(played: Any, run: Any) -> None:
    refused = {"status": 401, "body": {"message": "Unauthorized"}}
    played.stand_in.fault("operate", refused, path="/actuator/health", times=None)

    assert f"connection {played.name}_operate: /actuator/health answers HTTP 401" in check(played, run)


def test_a_connection_that_is_not_defined_is_named(played: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(f"AIRFLOW_CONN_{played.name.upper()}_TASKLIST")

    assert f"Airflow has no connection {played.name}_tasklist" in check(played, run)


def test_a_prefix_without_indices_is_named_with_its_field(played: Any, run: Any) -> None:
    played.stand_in.reset()  # no work was done: the exporter has written nothing

    said = check(played, run)

    assert "no index begins with 'zeebe-record'; correct secondary_storage.index_prefixes.records" in said


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


def test_an_answer_that_is_no_json_is_a_sentence(played: Any, run: Any) -> None:
    page = {"status": 200, "body": "<html>Welcome</html>", "content_type": "text/html"}
    played.stand_in.fault("zeebe", page, path="/actuator/cluster", times=None)

    assert "an answer could not be read" in check(played, run)
