"""Bringing snapshots back: which indices are an application's, what is asked, and when every shard is there."""

import pytest

from camunda_backup.api.messages import Answer
from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.storage.engine import Snapshot
from camunda_backup.storage.restoring import (
    LONGEST_PATH,
    belongs,
    in_paths,
    policies_of,
    progress,
    read_shards,
    read_sizes,
    restore_request,
    templates_of,
)

PART = Snapshot("camunda_operate_7_8.6.0_part_2_of_6", "SUCCESS", 0, 2, None, ("operate-a_", "operate-b_"))


def row(index: str, state: str, reason: str | None = None, kind: str = "p") -> dict[str, str | None]:
    """Return a row of ``_cat/shards`` as OpenSearch 3.8.0 gives it."""
    return {
        "index": index,
        "shard": "0",
        "prirep": kind,
        "state": state,
        "unassigned.reason": reason,
        "unassigned.details": reason and "failed shard on node",
    }


@pytest.mark.parametrize(
    ("index", "own"),
    [
        ("operate-list-view-8.3.0_", True),
        ("operate_archive", True),
        ("operated-list-view", False),
        ("operate", False),
        ("my-operate-list-view", False),
    ],
)
def test_an_index_belongs_to_the_prefix_before_a_separator(index: str, own: bool) -> None:
    assert belongs(index, ["operate"]) == own


def test_a_snapshots_indices_are_asked_for_by_name_and_without_global_state() -> None:
    request = restore_request("my backups", PART)

    assert request.path == "/_snapshot/my%20backups/camunda_operate_7_8.6.0_part_2_of_6/_restore"
    assert request.query == {"wait_for_completion": "false"}
    assert request.body == {"indices": "operate-a_,operate-b_", "include_global_state": False, "include_aliases": True}


def test_names_are_joined_as_long_as_a_request_line_takes_them() -> None:
    names = [f"operate-variable-8.3.0_2026-01-{day:02}-{filling}" for day in range(1, 32) for filling in ("a" * 90,)]

    paths = list(in_paths(names))

    assert ",".join(paths).split(",") == names
    assert len(paths) > 1
    assert max(map(len, paths)) <= LONGEST_PATH
    assert list(in_paths([])) == []


def test_indices_are_back_when_each_primary_shard_is_started() -> None:
    waiting = read_shards(Answer(200, [row("operate-a_", "INITIALIZING", "NEW_INDEX_RESTORED")]))
    there = read_shards(Answer(200, [row("operate-a_", "STARTED"), row("operate-b_", "STARTED")]))

    assert (progress([PART], waiting).started, progress([PART], waiting).done) == (0, False)
    assert progress([PART], there).done


def test_replicas_and_strange_indices_count_for_nothing() -> None:
    rows = [row("operate-a_", "STARTED"), row("operate-a_", "STARTED", kind="r"), row("other", "STARTED")]

    assert progress([PART], read_shards(Answer(200, rows))).started == 1


def test_a_shard_that_the_engine_gave_up_is_failed() -> None:
    rows = [row("operate-a_", "STARTED"), row("operate-b_", "UNASSIGNED", "ALLOCATION_FAILED")]

    seen = progress([PART], read_shards(Answer(200, rows)))

    assert [shard.index for shard in seen.failed] == ["operate-b_"]
    assert not seen.done


def test_a_part_of_nothing_is_back_at_once() -> None:
    empty = Snapshot("camunda_operate_7_8.6.0_part_3_of_6", "SUCCESS", 0, 0, None)

    assert progress([empty], ()).done


def test_no_such_index_means_no_shard() -> None:
    assert read_shards(Answer(404, {"error": {"type": "index_not_found_exception"}})) == ()


def test_sizes_templates_and_policies_are_read_by_name() -> None:
    status = {"snapshots": [{"snapshot": "one", "stats": {"total": {"size_in_bytes": 144370}}}]}
    templates = {
        "index_templates": [
            {"name": "operate-task_template", "index_template": {"index_patterns": ["operate-task-8.5.0_*"]}},
            {"name": "logs", "index_template": {"index_patterns": ["logs-*"]}},
        ]
    }

    assert read_sizes(Answer(200, status)) == {"one": 144370}
    assert templates_of(Answer(200, templates), ["operate"]) == ("operate-task_template",)
    assert policies_of(Answer(200, {"operate_delete_archived_indices": {}, "logs": {}}), ["operate"]) == (
        "operate_delete_archived_indices",
    )
    assert policies_of(Answer(200, {"policies": [{"_id": "tasklist_archived"}]}), ["tasklist"]) == (
        "tasklist_archived",
    )


def test_an_engine_without_policies_has_none() -> None:
    assert policies_of(Answer(400, {"error": "no handler found for uri [/_plugins/_ism/policies]"}), ["operate"]) == ()


@pytest.mark.parametrize(
    ("answer", "error"),
    [(Answer(503, "busy"), Unreachable), (Answer(403, "no"), Rejected), (Answer(200, "no JSON"), Unreachable)],
)
def test_an_answer_that_is_none_is_an_error(answer: Answer, error: type[Exception]) -> None:
    for read in (read_shards, read_sizes):
        with pytest.raises(error):
            read(answer)
    with pytest.raises(error):
        templates_of(answer, ["operate"])
