"""Backup endpoints: answers recorded from Camunda 8.6.0 go in, what they mean comes out."""

from typing import Any

import pytest

from camunda_backup.api import generation
from camunda_backup.api.backups import BackupApi
from camunda_backup.api.messages import Answer, Request
from camunda_backup.errors import CamundaBackupError, Conflict, Rejected, Unreachable
from camunda_backup.states import Component, Phase

OF_8_6 = generation("8.6")
ZEEBE, OPERATE, TASKLIST, OPTIMIZE = (
    OF_8_6.backup_api(component)
    for component in (Component.ZEEBE, Component.OPERATE, Component.TASKLIST, Component.OPTIMIZE)
)
WEB_APPS, RUNTIME = (generation("8.8").backup_api(component) for component in (Component.WEB_APPS, Component.ZEEBE))
EVERY_API = pytest.mark.parametrize(
    "api", [ZEEBE, OPERATE, TASKLIST, OPTIMIZE, RUNTIME, WEB_APPS], ids=lambda api: f"{api.component} {api.path}"
)


def said(status: int, message: str, **more: Any) -> Answer:
    """An error answer of Camunda."""
    return Answer(status, {"status": status, "message": message, **more})


def partition(number: int, state: str = "COMPLETED", **more: Any) -> dict[str, Any]:
    """One partition, as Zeebe 8.6.0 tells of it."""
    return {
        "partitionId": number,
        "state": state,
        "createdAt": "2026-11-23T09:59:44.951101838Z",
        "lastUpdatedAt": "2026-11-23T09:59:45.951101838Z",
        "snapshotId": "626-1-6237-5710-0",
        "checkpointPosition": 50,
        "brokerVersion": "8.6.0",
        **more,
    }


def part(number: int, state: str = "SUCCESS", app: str = "operate") -> dict[str, Any]:
    """One snapshot, as Operate 8.6.0 tells of it."""
    return {
        "snapshotName": f"camunda_{app}_10_8.6.0_part_{number}_of_6",
        "state": state,
        "startTime": "2026-11-23T09:59:03.330+0000",
        "failures": None,
    }


def backup(state: str, *details: dict[str, Any], backup_id: int = 10, reason: str | None = None) -> Answer:
    """A backup, as a status request tells of it."""
    return Answer(200, {"backupId": backup_id, "state": state, "failureReason": reason, "details": list(details)})


SCHEDULED = [f"camunda_operate_10_8.6.0_part_{n}_of_6" for n in range(1, 7)]


class TestRequests:
    @EVERY_API
    def test_a_backup_is_asked_for_by_number(self, api: BackupApi) -> None:
        assert api.start(10) == Request("POST", api.path, body={"backupId": 10})

    @EVERY_API
    def test_one_backup_is_looked_at_below_the_list(self, api: BackupApi) -> None:
        assert api.status(10) == Request("GET", f"{api.path}/10")

    @EVERY_API
    def test_the_list_is_asked_for_with_true_states(self, api: BackupApi) -> None:
        assert api.list() == Request("GET", api.path)  # verbose=false reports wrong ones


class TestStarting:
    def test_operate_and_tasklist_tell_their_snapshots(self) -> None:
        assert OPERATE.read_start(10, Answer(200, {"scheduledSnapshots": SCHEDULED})) == tuple(SCHEDULED)

    @pytest.mark.parametrize(
        ("api", "answer"),
        [
            (ZEEBE, Answer(202, {"message": "A backup with id 10 has been scheduled. Use GET actuator/backups/10"})),
            (RUNTIME, Answer(202, {"message": "A backup with id 10 has been scheduled.", "backupId": 10})),
            (OPTIMIZE, Answer(202, {"message": "Backup creation for ID 10 has been scheduled."})),
            (OPTIMIZE, Answer(202, None)),
        ],
    )
    def test_zeebe_and_optimize_tell_none(self, api: BackupApi, answer: Answer) -> None:
        assert api.read_start(10, answer) == ()

    @pytest.mark.parametrize(
        ("api", "answer"),
        [
            (
                ZEEBE,
                Answer(409, {"message": "Requested backup has id 11. The latest backup has id 11. Id of new backups"
                             " must be higher than the previous one. "}),
            ),
            (RUNTIME, Answer(409, {"message": "Requested backup has id 11. The latest backup has id 12."})),
            (OPERATE, said(400, "A backup with ID [11] already exists. Found snapshots: [camunda_operate_11_8.6.0_…]")),
            (TASKLIST, said(400, "A backup with ID [11] already exists. Found snapshots: [camunda_tasklist_11_…]")),
            (WEB_APPS, said(400, "A backup with ID [11] already exists. Found snapshots: [camunda_webapps_11_…]")),
            (OPTIMIZE, Answer(409, {"errorCode": "x", "errorMessage": "A backup with this ID exists"})),
        ],
    )  # fmt: skip
    def test_a_taken_id_is_a_conflict(self, api: BackupApi, answer: Answer) -> None:
        with pytest.raises(Conflict, match="backup ID 11 is taken"):
            api.read_start(11, answer)

    @pytest.mark.parametrize(
        ("api", "answer"),
        [
            (OPERATE, said(400, "Another backup is running at the moment")),
            (TASKLIST, said(400, "Another backup is running at the moment")),
            (WEB_APPS, said(400, "Another backup is running at the moment")),
            (RUNTIME, said(409, "Cannot take backup while scaling is in progress.")),
        ],
    )
    def test_another_operation_is_no_conflict_and_says_what_to_do(self, api: BackupApi, answer: Answer) -> None:
        with pytest.raises(Rejected, match=r"another operation runs.*Wait for it") as caught:
            api.read_start(11, answer)
        assert not isinstance(caught.value, Conflict)

    @pytest.mark.parametrize(
        ("api", "answer"),
        [
            (OPERATE, said(400, "Exception occurred when validating whether backup with ID [130] already exists.")),
            (OPERATE, said(400, "Exception occurred when validating existence of repository with name [backups].")),
            (OPERATE, said(400, "Index 0 out of bounds for length 0")),
            (
                TASKLIST,
                said(502, "Encountered an error connecting to Elasticsearch while searching for duplicate backup."),
            ),
            (TASKLIST, said(500, "something broke")),
            (ZEEBE, Answer(504, {"message": "Request from gateway to broker timed out. timed out in PT15S"})),
            (ZEEBE, Answer(503, {"message": "resource exhausted"})),
            (ZEEBE, Answer(502, {"message": "incomplete topology"})),
            (ZEEBE, Answer(500, {"message": "software.amazon.awssdk.core.exception.SdkClientException"})),
            (OPTIMIZE, Answer(502, {"errorMessage": "database not reachable"})),
            (OPERATE, Answer(503, "<html>no server</html>")),
            (ZEEBE, Answer(429, "too many requests")),
            (ZEEBE, Answer(408, None)),
        ],
    )
    def test_what_may_pass_is_worth_another_try(self, api: BackupApi, answer: Answer) -> None:
        with pytest.raises(Unreachable, match=f"HTTP {answer.status}"):
            api.read_start(130, answer)

    @pytest.mark.parametrize(
        ("api", "answer"),
        [
            (ZEEBE, Answer(400, {"message": "A backupId must be provided and it must be > 0"})),
            (ZEEBE, Answer(415, {"status": 415, "error": "Unsupported Media Type"})),
            (ZEEBE, Answer(405, {"status": 405, "error": "Method Not Allowed"})),
            (OPERATE, said(400, "BackupId must be a non-negative Integer. Received value: -3")),
            (OPERATE, said(400, "BackupId must be provided")),
            (OPERATE, said(400, "No backup repository configured.")),
            (OPERATE, said(400, "No repository with name [backups] could be found.")),
            (TASKLIST, said(404, "No backup repository configured.")),
            (TASKLIST, said(500, "No repository with name [backups] could be found.")),
            (TASKLIST, Answer(400, {"timestamp": "t", "status": 400, "error": "Bad Request", "path": "/actuator"})),
            (OPTIMIZE, Answer(400, {"errorMessage": "no repository name"})),
            (ZEEBE, Answer(401, None)),
            (ZEEBE, Answer(403, "<html>forbidden</html>")),
            (ZEEBE, Answer(404, {"status": 404, "error": "Not Found"})),
            (ZEEBE, Answer(302, "")),
        ],
    )
    def test_a_refusal_is_final_and_no_conflict(self, api: BackupApi, answer: Answer) -> None:
        with pytest.raises(Rejected) as caught:
            api.read_start(10, answer)
        assert not isinstance(caught.value, Conflict)
        assert f"HTTP {answer.status}" in str(caught.value)

    @EVERY_API
    @pytest.mark.parametrize("status", [300, 400, 401, 404, 409, 415, 418, 429, 500, 502, 503, 504])
    def test_no_code_but_a_success_starts_a_backup(self, api: BackupApi, status: int) -> None:
        with pytest.raises(CamundaBackupError, match=str(api.component)):
            api.read_start(10, said(status, "whatever"))


class TestStatus:
    @pytest.mark.parametrize(
        ("api", "word", "phase"),
        [
            (ZEEBE, "IN_PROGRESS", Phase.RUNNING),
            (ZEEBE, "INCOMPLETE", Phase.PENDING),
            (ZEEBE, "DOES_NOT_EXIST", Phase.PENDING),
            (ZEEBE, "COMPLETED", Phase.COMPLETED),
            (ZEEBE, "FAILED", Phase.FAILED),
            (RUNTIME, "DELETED", Phase.FAILED),
            (OPERATE, "IN_PROGRESS", Phase.RUNNING),
            (TASKLIST, "INCOMPLETE", Phase.PENDING),
            (TASKLIST, "COMPLETED", Phase.COMPLETED),
            (WEB_APPS, "INCOMPATIBLE", Phase.FAILED),
            (OPTIMIZE, "COMPLETE", Phase.COMPLETED),
            (OPTIMIZE, "COMPLETED", Phase.COMPLETED),
        ],
    )
    def test_each_word_has_its_meaning(self, api: BackupApi, word: str, phase: Phase) -> None:
        report = api.read_status(10, backup(word))
        assert (report.phase, report.state, report.found) == (phase, word, True)

    @EVERY_API
    @pytest.mark.parametrize("word", ["FINISHED", "completed", "Completed", "COMPLETED ", "SUCCESS", ""])
    def test_an_unknown_word_is_a_failure_and_named_as_unknown(self, api: BackupApi, word: str) -> None:
        report = api.read_status(10, backup(word))
        assert (report.phase, report.state) == (Phase.FAILED, word)
        assert report.reason == f"unknown state; known are {', '.join(api.words)}"

    def test_a_word_of_another_generation_is_unknown(self) -> None:
        assert ZEEBE.read_status(10, backup("DELETED")).phase is Phase.FAILED
        assert OPERATE.read_status(10, backup("COMPLETE")).phase is Phase.FAILED

    def test_zeebes_partitions_are_pieces(self) -> None:
        report = ZEEBE.read_status(11, backup("COMPLETED", partition(2), partition(1), backup_id=11))
        assert [piece.name for piece in report.pieces] == ["partition 1", "partition 2"]
        assert {(piece.done, piece.version) for piece in report.pieces} == {(True, "8.6.0")}
        assert report.started_at is not None
        assert report.started_at.isoformat() == "2026-11-23T09:59:44.951101+00:00"

    def test_partition_2_comes_before_partition_10(self) -> None:
        report = ZEEBE.read_status(10, backup("COMPLETED", *(partition(n) for n in (10, 2, 1))))
        assert [piece.name for piece in report.pieces] == ["partition 1", "partition 2", "partition 10"]

    def test_snapshots_are_pieces_and_their_names_tell_the_version(self) -> None:
        report = OPERATE.read_status(10, backup("COMPLETED", *(part(n) for n in range(6, 0, -1))))
        assert [piece.name for piece in report.pieces] == SCHEDULED
        assert {piece.version for piece in report.pieces} == {"8.6.0"}
        assert report.started_at is not None
        assert report.started_at.isoformat() == "2026-11-23T09:59:03.330000+00:00"

    @pytest.mark.parametrize(
        ("name", "version"),
        [
            ("camunda_webapps_123_8.8.0_part_1_of_6", "8.8.0"),
            ("camunda_tasklist_10_8.6.0-alpha1_part_1_of_6", "8.6.0-alpha1"),
            ("camunda_optimize_10_8.7.12_part_2_of_2", "8.7.12"),
            ("a_snapshot_of_somebody_else", None),
        ],
    )
    def test_a_version_is_read_from_a_name_that_has_one(self, name: str, version: str | None) -> None:
        report = WEB_APPS.read_status(10, backup("COMPLETED", {**part(1), "snapshotName": name}))
        assert report.pieces[0].version == version

    def test_incomplete_between_two_parts_shows_the_parts_so_far(self) -> None:
        report = TASKLIST.read_status(10, backup("INCOMPLETE", part(1, app="tasklist"), part(2, app="tasklist")))
        assert (report.phase, report.progress) == (Phase.PENDING, "tasklist: INCOMPLETE, 2 of 6 snapshots")

    def test_incomplete_with_a_partition_that_has_not_begun_is_pending(self) -> None:
        told = backup("INCOMPLETE", {"partitionId": 1, "state": "DOES_NOT_EXIST"}, partition(2))
        report = ZEEBE.read_status(10, told)
        assert report.phase is Phase.PENDING
        assert [piece.state for piece in report.pieces] == ["DOES_NOT_EXIST", "COMPLETED"]

    def test_a_failed_backup_tells_the_components_reason(self) -> None:
        why = "Backup on partition 1 failed due to software.amazon.awssdk"
        report = ZEEBE.read_status(10, backup("FAILED", partition(1, "FAILED", failureReason=why), reason=why))
        assert (report.phase, report.reason) == (Phase.FAILED, why)

    @pytest.mark.parametrize(
        ("api", "finished", "unfinished"),
        [
            (ZEEBE, partition(1), partition(2, "IN_PROGRESS")),
            (ZEEBE, partition(1), {"partitionId": 2, "state": "DOES_NOT_EXIST"}),
            (RUNTIME, partition(1), partition(2, "DELETED")),
            (OPERATE, part(1), part(2, "PARTIAL")),
            (TASKLIST, part(1), part(2, "FAILED")),
            (WEB_APPS, part(1), part(2, "IN_PROGRESS")),
            (OPTIMIZE, part(1), part(2, "COMPLETED")),
        ],
    )
    def test_completed_with_an_unfinished_piece_is_a_failure_that_names_it(
        self, api: BackupApi, finished: dict[str, Any], unfinished: dict[str, Any]
    ) -> None:
        report = api.read_status(10, backup("COMPLETED", finished, unfinished))
        assert report.phase is Phase.FAILED
        assert f"is {unfinished['state']}" in str(report.reason)

    @pytest.mark.parametrize("failures", [None, []])
    def test_failures_may_be_null_or_empty(self, failures: list[str] | None) -> None:
        told = backup("COMPLETED", {**part(1), "failures": failures})
        assert OPERATE.read_status(10, told).phase is Phase.COMPLETED

    @pytest.mark.parametrize(
        ("api", "answer", "phase"),
        [
            # not there yet, or gone
            (ZEEBE, Answer(404, {"message": "Backup with id 99999 does not exist"}), Phase.PENDING),
            (OPERATE, said(404, "No backup with id [99999] found."), Phase.PENDING),
            (TASKLIST, said(404, "No backup with id [99999] found."), Phase.PENDING),
            (OPTIMIZE, Answer(404, {"errorMessage": "no such backup"}), Phase.PENDING),
            # Operate on OpenSearch, in the place of IN_PROGRESS
            (OPERATE, said(400, "Exception occurred when searching for backup with ID [100]."), Phase.RUNNING),
            # outages
            (OPERATE, said(400, "Exception occurred when validating existence of repository with name [backups]."),
             Phase.FAULT),
            (OPERATE, said(400, "Index 0 out of bounds for length 0"), Phase.FAULT),
            (TASKLIST, said(502, "Encountered an error connecting to Elasticsearch"), Phase.FAULT),
            (TASKLIST, said(500, "Index 0 out of bounds for length 0"), Phase.FAULT),
            (ZEEBE, Answer(500, {"message": "SdkClientException: Unable to execute HTTP request"}), Phase.FAULT),
            (ZEEBE, Answer(500, {"message": "NoSuchBucketException"}), Phase.FAULT),
            (ZEEBE, Answer(504, {"message": "Request from gateway to broker timed out in PT15S"}), Phase.FAULT),
            (ZEEBE, Answer(502, "<html>Bad Gateway</html>"), Phase.FAULT),
            (ZEEBE, Answer(429, None), Phase.FAULT),
            (ZEEBE, Answer(408, None), Phase.FAULT),
            # nothing that waiting could mend
            (OPERATE, said(400, "No backup repository configured."), Phase.FAILED),
            (TASKLIST, said(404, "No backup repository configured."), Phase.FAILED),
            (OPERATE, said(400, "No repository with name [backups] could be found."), Phase.FAILED),
            (TASKLIST, said(500, "No repository with name [backups] could be found."), Phase.FAILED),
            (OPERATE, said(400, "Failed to convert value of type"), Phase.FAILED),
            (TASKLIST, Answer(400, {"status": 400, "error": "Bad Request"}), Phase.FAILED),
            (ZEEBE, Answer(400, {"message": "Exception occurred, in Operate's words"}), Phase.FAILED),
            (ZEEBE, Answer(401, None), Phase.FAILED),
            (ZEEBE, Answer(403, "<html>forbidden</html>"), Phase.FAILED),
            (ZEEBE, Answer(405, None), Phase.FAILED),
        ],
    )  # fmt: skip
    def test_each_error_answer_has_its_meaning(self, api: BackupApi, answer: Answer, phase: Phase) -> None:
        report = api.read_status(10, answer)
        assert report.phase is phase
        assert report.found is (phase is Phase.RUNNING)
        assert report.reason == answer.message

    def test_a_missing_backup_is_told_as_not_visible(self) -> None:
        assert ZEEBE.read_status(10, Answer(404, {"message": "no"})).state == "not visible"

    @EVERY_API
    @pytest.mark.parametrize(
        "body",
        [
            None,
            "",
            "<html>login</html>",
            [],
            {},
            {"backupId": 10},
            {"state": "COMPLETED"},
            {"backupId": "ten", "state": "COMPLETED"},
            {"backupId": None, "state": "COMPLETED"},
            {"backupId": 10, "state": "COMPLETED", "details": [{}]},
            {"backupId": 10, "state": "COMPLETED", "details": [{"state": "SUCCESS"}]},
            {"backupId": 10, "state": "COMPLETED", "details": ["SUCCESS"]},
            {"backupId": 10, "state": "COMPLETED", "details": 5},
            {"backupId": 10, "state": "COMPLETED", "details": [{**part(1), "startTime": "yesterday"}]},
        ],
        ids=str,
    )
    def test_an_unreadable_body_is_a_fault_and_never_a_success(self, api: BackupApi, body: Any) -> None:
        report = api.read_status(10, Answer(200, body))
        assert (report.phase, report.state, report.found) == (Phase.FAULT, "unreadable answer", False)

    @EVERY_API
    def test_an_answer_that_speaks_of_another_backup_is_unreadable(self, api: BackupApi) -> None:
        report = api.read_status(400, backup("COMPLETED", backup_id=10))
        assert (report.backup_id, report.phase, report.state) == (400, Phase.FAULT, "unreadable answer")
        assert "it speaks of backup 10" in str(report.reason)


class TestList:
    @EVERY_API
    def test_an_empty_list_is_no_backup(self, api: BackupApi) -> None:
        assert api.read_list(Answer(200, [])) == ()

    def test_every_backup_is_listed_with_its_phase(self) -> None:
        listed = [backup(word, backup_id=n).body for n, word in enumerate(("COMPLETED", "IN_PROGRESS", "FAILED"), 7)]
        told = [(report.backup_id, report.phase) for report in TASKLIST.read_list(Answer(200, listed))]
        assert told == [(7, Phase.COMPLETED), (8, Phase.RUNNING), (9, Phase.FAILED)]

    def test_zeebes_shorter_entries_are_read(self) -> None:
        entry = {"partitionId": 1, "state": "COMPLETED", "createdAt": "2026-11-23T09:59:44Z", "brokerVersion": "8.6.0"}
        (report,) = ZEEBE.read_list(Answer(200, [{"backupId": 5, "state": "COMPLETED", "details": [entry]}]))
        assert report.pieces[0].version == "8.6.0"

    @pytest.mark.parametrize(
        ("api", "answer", "failure"),
        [
            (ZEEBE, Answer(500, {"message": "SdkClientException"}), Unreachable),
            (ZEEBE, Answer(504, {"message": "timed out"}), Unreachable),
            (OPERATE, said(400, "Exception occurred when validating existence of repository"), Unreachable),
            (OPERATE, said(400, "No repository with name [backups] could be found."), Rejected),
            (TASKLIST, said(404, "No backup repository configured."), Rejected),
            (TASKLIST, said(500, "No repository with name [backups] could be found."), Rejected),
            (ZEEBE, Answer(404, {"error": "Not Found"}), Rejected),
            (ZEEBE, Answer(401, None), Rejected),
        ],
    )
    def test_an_answer_that_is_no_list_is_an_error_that_names_the_component(
        self, api: BackupApi, answer: Answer, failure: type[CamundaBackupError]
    ) -> None:
        with pytest.raises(failure, match=f"^{api.component} does not list its backups: HTTP {answer.status}"):
            api.read_list(answer)

    @pytest.mark.parametrize("body", [None, "<html>login</html>", {}, {"backups": []}])
    def test_a_success_without_a_list_is_an_error(self, body: Any) -> None:
        with pytest.raises(CamundaBackupError, match="does not list its backups"):
            ZEEBE.read_list(Answer(200, body))

    @pytest.mark.parametrize(
        "entry", [None, "text", {}, {"backupId": 10}, {"state": "COMPLETED"}, {"backupId": "ten", "state": "COMPLETED"}]
    )
    def test_an_entry_that_cannot_be_read_makes_the_list_unusable(self, entry: Any) -> None:
        with pytest.raises(Unreachable, match=r"^zeebe does not list its backups"):
            ZEEBE.read_list(Answer(200, [backup("COMPLETED").body, entry]))
