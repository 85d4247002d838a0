"""A set whose snapshots are in two repositories: found, measured and brought back from where each of them is."""

from collections.abc import Iterator
from typing import Any

import pytest

from camunda_backup.hooks.storage import StorageHook
from tests.stand_in import StandIn, until

FIRST, SECOND = "camunda_operate_7_8.6.0_part_1_of_1", "camunda_optimize_7_8.6.0_part_1_of_1"


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """Give a search engine with an index for each application, and a snapshot of each in a repository of its own."""
    with StandIn("8.6", pace=0.01) as running:
        monkeypatch.setenv("AIRFLOW_CONN_SEARCH", running.urls["search"])
        for repository, snapshot, index in (("backups", FIRST, "operate-a"), ("own", SECOND, "optimize-a")):
            definition = {"type": "fs", "settings": {"location": repository}}
            running.ask("search", f"/_snapshot/{repository}", "PUT", json=definition).raise_for_status()
            running.ask("search", f"/{index}/_doc/1", "PUT", json={"of": repository}).raise_for_status()
            path = f"/_snapshot/{repository}/{snapshot}?wait_for_completion=true"
            running.ask("search", path, "PUT", json={"indices": index}).raise_for_status()
        yield running


def test_snapshots_of_a_set_are_found_measured_and_restored_where_they_are(stand_in: StandIn) -> None:
    hook = StorageHook("search", "opensearch", "backups", other_repositories=["own"])

    found = {one.name: one for one in hook.snapshots("camunda_*_7_*")}
    assert {name: one.repository for name, one in found.items()} == {FIRST: "backups", SECOND: "own"}
    assert hook.backup_ids() == {7}
    assert hook.sizes(list(found.values())).keys() == {FIRST, SECOND}

    hook.delete(["operate-a", "optimize-a"])
    for snapshot in found.values():
        hook.restore(snapshot)

    def counted() -> int:  # an index that is coming back answers with an error
        every: dict[str, Any] = {"query": {"match_all": {}}}
        answers = [stand_in.ask("search", f"/{one}-a/_count", "POST", json=every) for one in ("operate", "optimize")]
        return sum(int(answer.json().get("count", 0)) for answer in answers)

    until(counted, lambda count: count == 2)


def test_one_repository_is_all_there_is_by_default(stand_in: StandIn) -> None:
    assert [one.name for one in StorageHook("search", "opensearch", "backups").snapshots()] == [FIRST]
