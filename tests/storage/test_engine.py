"""Search engines: answers recorded from OpenSearch and Elasticsearch go in, what they mean comes out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from camunda_backup.api.messages import Answer
from camunda_backup.errors import CamundaBackupError, Rejected, Unreachable
from camunda_backup.states import Component, Phase
from camunda_backup.storage import ENGINES
from camunda_backup.storage.engine import RecordsApi, Snapshot, error_type, read_snapshots, repository_path

BEGAN = 1_795_427_943_330  # milliseconds
NAME = "camunda_zeebe_records_backup_10"
EVERY_ENGINE = pytest.mark.parametrize("engine", ENGINES)


def records(engine: str = "opensearch", repository: str = "backups", prefix: str = "zeebe-record") -> RecordsApi:
    return RecordsApi(ENGINES[engine], repository, prefix)


def refused(status: int, kind: str, reason: str = "why") -> Answer:
    """An error as both engines write it."""
    error = {"root_cause": [{"type": kind, "reason": reason}], "type": kind, "reason": reason}
    return Answer(status, {"error": error, "status": status})


def status(state: str, *, failed: int = 0, total: int = 4, began: int | None = BEGAN) -> Answer:
    """A snapshot, asked for by its name."""
    shards = {"total": total, "failed": failed, "successful": total - failed}
    return Answer(200, {"snapshots": [listed(state=state, shards=shards, start_time_in_millis=began)]})


def listed(**changes: Any) -> dict[str, Any]:
    """A snapshot, as the list tells of it."""
    shards = {"total": 4, "failed": 0, "successful": 4}
    return {"snapshot": NAME, "state": "SUCCESS", "start_time_in_millis": BEGAN, "shards": shards, **changes}


class TestRepositoryPath:
    @pytest.mark.parametrize(
        ("name", "path"),
        [("backups", "/_snapshot/backups"), ("a b", "/_snapshot/a%20b"), ("../_all", "/_snapshot/..%2F_all")],
    )
    def test_a_name_cannot_leave_its_place_in_the_path(self, name: str, path: str) -> None:
        assert repository_path(name) == path


class TestStartingTheRecords:
    @EVERY_ENGINE
    def test_only_the_records_are_taken_and_the_answer_does_not_wait(self, engine: str) -> None:
        request = records(engine, prefix="eu-record").start(10)
        assert (request.method, request.path) == ("PUT", f"/_snapshot/backups/{NAME}")
        assert request.query == {"wait_for_completion": "false"}
        assert request.body["indices"] == "eu-record*"
        assert request.body["include_global_state"] is False

    def test_elasticsearch_is_told_to_leave_its_own_features_out(self) -> None:
        assert records("elasticsearch").start(10).body["feature_states"] == ["none"]

    @EVERY_ENGINE
    @pytest.mark.parametrize("code", [200, 202])
    def test_what_was_accepted_is_told_by_name(self, engine: str, code: int) -> None:
        assert records(engine).read_start(10, Answer(code, {"accepted": True})) == (NAME,)

    @pytest.mark.parametrize(
        "answer",
        [
            refused(404, "repository_missing_exception", "[backups] missing"),
            refused(400, "invalid_snapshot_name_exception", "snapshot with the same name already exists"),
            refused(400, "snapshot_name_already_in_use_exception", "snapshot with the same name already exists"),
            refused(404, "index_not_found_exception", "no such index"),
            Answer(401, None),
            Answer(403, "<html>forbidden</html>"),
        ],
    )
    def test_a_refusal_is_final_and_tells_the_engines_reason(self, answer: Answer) -> None:
        with pytest.raises(Rejected) as caught:
            records().read_start(10, answer)
        assert answer.message in str(caught.value)

    @pytest.mark.parametrize(
        "answer",
        [
            refused(500, "repository_exception"),
            refused(503, "concurrent_snapshot_execution_exception"),
            refused(429, "circuit_breaking_exception"),
            Answer(502, "<html>Bad Gateway</html>"),
            Answer(408, None),
        ],
    )
    def test_what_may_pass_is_worth_another_try(self, answer: Answer) -> None:
        with pytest.raises(Unreachable, match=f"HTTP {answer.status}"):
            records().read_start(10, answer)


class TestStatusOfTheRecords:
    @EVERY_ENGINE
    def test_the_snapshot_is_asked_for_as_it_is_listed(self, engine: str) -> None:
        request = records(engine).status(10)
        assert (request.method, request.path) == ("GET", f"/_snapshot/backups/{NAME}")

    @pytest.mark.parametrize(
        ("word", "phase"),
        [
            ("SUCCESS", Phase.COMPLETED),
            ("INIT", Phase.RUNNING),
            ("STARTED", Phase.RUNNING),
            ("IN_PROGRESS", Phase.RUNNING),
            ("PARTIAL", Phase.FAILED),
            ("FAILED", Phase.FAILED),
            ("INCOMPATIBLE", Phase.FAILED),
            ("ABORTED", Phase.FAILED),
            ("success", Phase.FAILED),
            ("", Phase.FAILED),
        ],
    )
    def test_each_word_has_its_meaning_and_an_unknown_one_is_a_failure(self, word: str, phase: Phase) -> None:
        report = records().read_status(10, status(word))
        assert (report.component, report.backup_id, report.phase, report.found) == (Component.RECORDS, 10, phase, True)

    def test_the_snapshot_is_the_one_piece(self) -> None:
        (piece,) = records().read_status(10, status("SUCCESS")).pieces
        began = datetime(2026, 11, 23, 9, 59, 3, 330000, UTC)
        assert (piece.name, piece.done, piece.started_at) == (NAME, True, began)

    def test_a_running_snapshot_is_not_done(self) -> None:
        report = records().read_status(10, status("IN_PROGRESS", total=0))
        assert report.phase is Phase.RUNNING
        assert not report.pieces[0].done

    def test_a_success_without_every_shard_is_a_failure(self) -> None:
        report = records().read_status(10, status("SUCCESS", failed=1))
        assert (report.phase, report.reason) == (Phase.FAILED, "1 of 4 shards are missing in it")

    def test_a_snapshot_of_nothing_is_a_failure(self) -> None:
        report = records(prefix="wrong").read_status(10, status("SUCCESS", total=0))
        assert report.phase is Phase.FAILED
        assert report.reason == "it is empty: no index matches wrong*"

    @pytest.mark.parametrize("began", [None, 0])
    def test_a_snapshot_that_has_not_begun_has_no_time(self, began: int | None) -> None:
        assert records().read_status(10, status("INIT", began=began)).started_at is None

    @pytest.mark.parametrize(
        ("answer", "phase", "word"),
        [
            (refused(404, "snapshot_missing_exception"), Phase.PENDING, "not visible"),
            (refused(404, "repository_missing_exception"), Phase.FAILED, "HTTP 404"),
            (Answer(404, "<html>not here</html>"), Phase.FAILED, "HTTP 404"),
            (refused(400, "invalid_snapshot_name_exception"), Phase.FAILED, "HTTP 400"),
            (Answer(401, None), Phase.FAILED, "HTTP 401"),
            (refused(500, "repository_exception"), Phase.FAULT, "HTTP 500"),
            (refused(503, "cluster_block_exception"), Phase.FAULT, "HTTP 503"),
            (Answer(502, "<html>Bad Gateway</html>"), Phase.FAULT, "HTTP 502"),
            (refused(429, "circuit_breaking_exception"), Phase.FAULT, "HTTP 429"),
            (Answer(408, None), Phase.FAULT, "HTTP 408"),
        ],
    )
    def test_each_error_answer_has_its_meaning(self, answer: Answer, phase: Phase, word: str) -> None:
        report = records().read_status(10, answer)
        assert (report.phase, report.state, report.reason) == (phase, word, answer.message)
        assert not report.found

    @pytest.mark.parametrize(
        "body",
        [
            None,
            "<html>login</html>",
            [],
            {},
            {"snapshots": []},
            {"snapshots": [{}]},
            {"snapshots": [{"state": "SUCCESS"}]},
        ],
        ids=str,
    )
    def test_an_unreadable_body_is_a_fault_and_never_a_success(self, body: Any) -> None:
        report = records().read_status(10, Answer(200, body))
        assert (report.phase, report.state, report.found) == (Phase.FAULT, "unreadable answer", False)


class TestListingSnapshots:
    def test_each_snapshot_is_read(self) -> None:
        began = datetime(2026, 11, 23, 9, 59, 3, 330000, UTC)
        assert read_snapshots(Answer(200, {"snapshots": [listed()], "total": 1})) == (
            Snapshot(NAME, "SUCCESS", failed_shards=0, total_shards=4, started_at=began),
        )

    @pytest.mark.parametrize(
        ("changes", "whole"),
        [
            ({}, True),
            ({"shards": {"total": 0, "failed": 0, "successful": 0}}, True),
            ({"state": "PARTIAL", "shards": {"total": 4, "failed": 1, "successful": 3}}, False),
            ({"shards": {"total": 4, "failed": 1, "successful": 3}}, False),
            ({"state": "IN_PROGRESS"}, False),
            ({"state": "FAILED"}, False),
            ({"state": "INCOMPATIBLE"}, False),
        ],
    )
    def test_a_snapshot_is_whole_when_it_succeeded_and_misses_no_shard(
        self, changes: dict[str, Any], whole: bool
    ) -> None:
        (snapshot,) = read_snapshots(Answer(200, {"snapshots": [listed(**changes)]}))
        assert snapshot.whole is whole

    def test_a_running_snapshot_without_shards_or_time_is_read(self) -> None:
        told = {"snapshot": NAME, "state": "IN_PROGRESS"}
        (snapshot,) = read_snapshots(Answer(200, {"snapshots": [told]}))
        assert (snapshot.total_shards, snapshot.started_at) == (0, None)

    @pytest.mark.parametrize(
        "answer",
        [Answer(200, {"snapshots": []}), Answer(200, {}), refused(404, "snapshot_missing_exception")],
    )
    def test_none_is_none(self, answer: Answer) -> None:
        assert read_snapshots(answer) == ()

    @pytest.mark.parametrize(
        ("answer", "failure"),
        [
            (refused(404, "repository_missing_exception", "[backups] missing"), Rejected),
            # Elasticsearch lists a missing repository so
            (
                Answer(200, {"snapshots": [], "failures": {"backups": {"type": "repository_missing_exception"}}}),
                Rejected,
            ),
            (Answer(401, None), Rejected),
            (refused(500, "repository_exception"), Unreachable),
            (Answer(503, "<html>no server</html>"), Unreachable),
            (refused(429, "circuit_breaking_exception"), Unreachable),
            (Answer(408, None), Unreachable),
            (Answer(200, None), Unreachable),
            (Answer(200, "<html>login</html>"), Unreachable),
            (Answer(200, []), Unreachable),
            (Answer(200, {"snapshots": None}), Unreachable),
            (Answer(200, {"snapshots": [{}]}), Unreachable),
            (Answer(200, {"snapshots": ["name"]}), Unreachable),
        ],
    )
    def test_an_empty_list_is_never_made_of_an_error(self, answer: Answer, failure: type[CamundaBackupError]) -> None:
        with pytest.raises(failure, match="the snapshots cannot be listed"):
            read_snapshots(answer)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (refused(404, "repository_missing_exception").body, "repository_missing_exception"),
        ({"error": "Incorrect HTTP method for uri [/]", "status": 405}, None),
        ({"acknowledged": True}, None),
        ("<html>", None),
        (None, None),
        ([], None),
    ],
)
def test_the_engines_name_for_a_failure_is_read_where_there_is_one(body: Any, kind: str | None) -> None:
    assert error_type(Answer(500, body)) == kind


@EVERY_ENGINE
def test_an_engine_is_registered_under_its_own_name(engine: str) -> None:
    assert ENGINES[engine].name == engine
    assert ENGINES[engine].majors
