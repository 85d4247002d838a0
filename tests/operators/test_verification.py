"""A set is recorded only when everybody says once more that it is whole."""

import json
from pathlib import Path

import pytest

from tests.stepping import NAME, SPOILED, Bench, Run, refused


def test_a_set_that_is_whole_is_told_as_a_manifest(bench: Bench) -> None:
    manifest = bench.made().execute(Run().context())

    assert {part["component"] for part in manifest["parts"]} == {"zeebe", "operate", "tasklist", "optimize", "records"}
    assert (manifest["cluster"], manifest["camunda_versions"], manifest["partitions"]) == (NAME, ["8.6.0", "8.6.20"], 2)
    (recorded,) = Path(bench.manifests, NAME).glob("*.json")
    assert json.loads(recorded.read_text()).keys() == manifest.keys()


def test_a_pause_that_was_not_held_spoils_the_set(bench: Bench) -> None:
    assert "not paused all through" in refused(bench.made(resumed={"held": False}))


def test_a_part_that_is_gone_since_spoils_the_set(bench: Bench) -> None:
    task = bench.made()
    bench.stand_in.ask("zeebe_management", f"/actuator/backups/{task.backup_id}", "DELETE").raise_for_status()

    assert refused(task).startswith(f"backup {task.backup_id} of {NAME} is not complete:\n- zeebe")


@pytest.mark.parametrize(
    ("snapshot", "said"),
    [
        ("camunda_tasklist_{id}_8.6.0_part_3_of_6", "tasklist: it says INCOMPLETE"),
        ("camunda_zeebe_records_backup_{id}", "records: "),
    ],
)
def test_a_snapshot_that_is_gone_since_spoils_the_set(bench: Bench, snapshot: str, said: str) -> None:
    task = bench.made()
    path = f"/_snapshot/backups/{snapshot.format(id=task.backup_id)}"
    bench.stand_in.ask("search", path, "DELETE").raise_for_status()

    assert refused(task).startswith(f"backup {task.backup_id} of {NAME} is not complete:\n- {said}")


def test_what_was_exported_behind_the_backups_back_spoils_the_set(bench: Bench) -> None:
    task = bench.made()
    task.resumed = {**task.resumed, "positions": {n: p + 1000 for n, p in task.resumed["positions"].items()}}

    assert "the secondary storage would lead Zeebe after a restore" in refused(task)


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("zeebe", r"/actuator/backups/\d+$"),
        ("operate", r"/actuator/backups/\d+$"),
        ("search", "camunda_"),
        ("search", "/_index_template"),
        ("search", "/_plugins/_ism/policies"),
    ],
)
def test_a_look_that_fails_once_spoils_nothing_for_good(bench: Bench, role: str, path: str) -> None:
    task = bench.made()
    bench.stand_in.fault(role, SPOILED, method="GET", path=path)

    refused(task)

    assert task.execute(Run().context())["backup_id"] == task.backup_id
