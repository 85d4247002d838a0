"""Requests and answers as data: the sentence in an error body, and times as Camunda writes them."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from camunda_backup.api.messages import Answer, moment
from camunda_backup.errors import CamundaBackupError, Rejected, Unreachable


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"message": "Backup with id 99999 does not exist"}, "Backup with id 99999 does not exist"),
        ({"status": 404, "message": "No backup with id [1] found.", "type": "Requested resource not found"},
         "No backup with id [1] found."),
        ({"errorCode": "x", "errorMessage": "short", "detailedMessage": "in full"}, "in full"),
        ({"errorCode": "x", "errorMessage": "short"}, "short"),
        ({"title": "Conflict", "status": 409, "detail": "the ID exists"}, "the ID exists"),
        ({"timestamp": "t", "status": 400, "error": "Bad Request", "path": "/actuator/backups"}, "Bad Request"),
        ({"error": {"type": "repository_missing_exception", "reason": "[backups] missing"}, "status": 404},
         "[backups] missing"),
        ({"error": {"type": "repository_missing_exception", "reason": None}}, "repository_missing_exception"),
        ({"message": None, "error": "Internal Server Error"}, "Internal Server Error"),
        ("<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
        ({"colour": "blue"}, "{'colour': 'blue'}"),
        ([1, 2], "[1, 2]"),
    ],
)  # fmt: skip
def test_the_sentence_is_found_whichever_field_it_is_in(body: Any, message: str) -> None:
    assert Answer(400, body).message == message


@pytest.mark.parametrize("body", ["x" * 5000, {"message": "x" * 5000}, {"y": "x" * 5000}])
def test_a_long_body_is_cut(body: Any) -> None:
    assert len(Answer(500, body).message) == 300


@pytest.mark.parametrize(
    ("status", "ok"), [(199, False), (200, True), (204, True), (299, True), (300, False), (302, False), (500, False)]
)
def test_only_a_success_code_is_ok(status: int, ok: bool) -> None:
    assert Answer(status, None).ok is ok


@pytest.mark.parametrize(
    ("status", "transient"),
    [(400, False), (401, False), (404, False), (408, True), (409, False), (429, True), (500, True), (503, True)],
)
def test_an_answer_that_may_pass_is_transient(status: int, transient: bool) -> None:
    assert Answer(status, None).transient is transient


@pytest.mark.parametrize(("status", "failure"), [(404, Rejected), (408, Unreachable), (429, Unreachable)])
def test_a_failure_is_worth_another_try_when_its_answer_may_pass(
    status: int, failure: type[CamundaBackupError]
) -> None:
    error = Answer(status, {"message": "told"}).failure("no list")
    assert type(error) is failure
    assert str(error) == f"no list: HTTP {status} told"


def test_an_answer_is_shown_by_code_and_sentence() -> None:
    assert str(Answer(409, {"message": "taken"})) == "HTTP 409 taken"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-23T09:59:44.951101838Z", datetime(2026, 11, 23, 9, 59, 44, 951101, UTC)),
        ("2026-11-23T09:59:03.330+0000", datetime(2026, 11, 23, 9, 59, 3, 330000, UTC)),
        ("2026-11-23T09:59:03Z", datetime(2026, 11, 23, 9, 59, 3, tzinfo=UTC)),
        ("2026-11-23T10:59:03.330+01:00",
         datetime(2026, 11, 23, 10, 59, 3, 330000, timezone(timedelta(hours=1)))),
        ("2026-11-23T09:59:03", datetime(2026, 11, 23, 9, 59, 3, tzinfo=UTC)),
        (None, None),
        ("", None),
    ],
)  # fmt: skip
def test_a_time_is_read_as_camunda_writes_it(text: str | None, time: datetime | None) -> None:
    assert moment(text) == time


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01T00:00:00Z", "09:59:44"])
def test_what_is_no_time_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month must be"):
        moment(text)
