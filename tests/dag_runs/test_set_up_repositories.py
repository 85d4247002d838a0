"""The repository DAG: idempotent, careful with what is there, and proven by a probe."""

from typing import Any

import pytest
import requests

DEFINITION = {"type": "fs", "settings": {"location": "backups"}}


def repository(cluster: Any) -> Any:
    """Give the repository as the search engine has it."""
    answer = requests.get(f"{cluster.stand_in.urls['search']}/_snapshot/backups", timeout=5)
    return answer.json().get("backups")


def test_a_missing_repository_is_registered_verified_and_probed(played: Any, run: Any) -> None:
    played.stand_in.reset(repository=False)

    done = run("set_up_repositories", cluster=played.name)

    assert done.state == "success", done.errors
    assert repository(played) == DEFINITION
    assert done.results(f"set_up_{played.name}") == {
        "registered": True,
        "nodes": ["stand-in"],
        "proven": ["write", "list", "read", "delete"],
    }


def test_a_second_run_changes_nothing_and_leaves_nothing_behind(played: Any, run: Any) -> None:
    run("set_up_repositories", cluster=played.name)

    done = run("set_up_repositories", cluster=played.name)

    assert done.results(f"set_up_{played.name}")["registered"] is False
    search = played.stand_in.urls["search"]
    assert requests.get(f"{search}/_snapshot/backups/_all", timeout=5).json()["snapshots"] == []
    assert "probe" not in requests.get(f"{search}/_cat/indices?format=json", timeout=5).text


def test_a_different_repository_is_shown_and_left_alone(played: Any, run: Any) -> None:
    other = {"type": "fs", "settings": {"location": "elsewhere", "compress": "true"}}
    requests.put(f"{played.stand_in.urls['search']}/_snapshot/backups", json=other, timeout=5)

    done = run("set_up_repositories", cluster=played.name)

    assert done.state == "failed"
    assert "location: cluster file 'backups', registered 'elsewhere'" in done.errors
    assert "compress: cluster file not set, registered 'true'" in done.errors
    assert repository(played) == other


def test_overwrite_replaces_a_different_repository(played: Any, run: Any) -> None:
    other = {"type": "fs", "settings": {"location": "elsewhere"}}
    requests.put(f"{played.stand_in.urls['search']}/_snapshot/backups", json=other, timeout=5)

    done = run("set_up_repositories", cluster=played.name, overwrite=True)

    assert done.state == "success", done.errors
    assert repository(played) == DEFINITION


def test_only_the_chosen_cluster_is_touched(played: Any, clusters: Any, run: Any) -> None:
    other = clusters["8.8", "zeebe-first"]
    other.stand_in.reset(repository=False)

    run("set_up_repositories", cluster=played.name)

    assert repository(other) is None


@pytest.mark.parametrize(
    ("method", "path", "sentence"),
    [
        ("POST", r"_verify", "does not verify"),
        ("PUT", r"/camunda-backup-probe-\w+/_doc/1", "failed"),
        ("PUT", r"/_snapshot/backups/camunda-backup-probe", "failed"),
        ("POST", r"_restore", "failed"),
        ("GET", r"/_doc/1", "failed"),
    ],
)
def test_a_probe_that_does_not_come_back_fails_and_is_cleaned_up(
    played: Any, run: Any, method: str, path: str, sentence: str
) -> None:
    spoiled = {"status": 500, "body": {"error": {"type": "repository_exception", "reason": "spoiled"}}}
    played.stand_in.fault("search", spoiled, method=method, path=path, times=None)

    done = run("set_up_repositories", cluster=played.name)

    assert done.state == "failed"
    assert sentence in done.errors
    search = played.stand_in.urls["search"]
    assert "probe" not in requests.get(f"{search}/_cat/indices?format=json", timeout=5).text
    assert requests.get(f"{search}/_snapshot/backups/_all", timeout=5).json()["snapshots"] == []
