"""Exporting control: HTTP 200 says nothing, the status inside the body does; brokers tell the truth."""

from typing import Any

import pytest

from camunda_backup.api.exporting import PHASE_OF, Exporting, ExportingApi, Partition
from camunda_backup.api.messages import Answer, Request
from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.orders import PauseMode

API = ExportingApi()


def envelope(status: int, body: Any = None) -> Answer:
    """An answer as Camunda 8.6.0 wraps it."""
    return Answer(200, {"body": body, "status": status, "contentType": None})


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (API.pause(PauseMode.HARD), Request("POST", "/actuator/exporting/pause")),
        (API.pause(PauseMode.SOFT), Request("POST", "/actuator/exporting/pause", {"soft": "true"})),
        (API.resume(), Request("POST", "/actuator/exporting/resume")),
        (API.list_partitions(), Request("GET", "/actuator/partitions")),
    ],
    ids=["hard pause", "soft pause", "resume", "partitions"],
)
def test_requests_are_those_of_the_management_api(request_: Request, expected: Request) -> None:
    assert request_ == expected


REST = ExportingApi(control="/v2/exporting", state="/v2/exporting")


def test_the_phase_of_every_replica_is_asked_for_where_it_can_be_told() -> None:
    assert API.ask_everywhere() is None
    assert REST.ask_everywhere() == Request("GET", "/v2/exporting")
    assert REST.read_everywhere(Answer(200, {"status": "MIXED"})) == "MIXED"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(503, {"title": "UNAVAILABLE", "detail": "no quorum"}), Unreachable),
        (Answer(200, {"state": "PAUSED"}), Unreachable),
        (Answer(200, "<html>"), Unreachable),
        (Answer(403, {"detail": "Unauthorized"}), Rejected),
    ],
)
def test_a_phase_that_is_not_told_is_no_pause(answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error, match="the cluster does not tell its exporting state"):
        REST.read_everywhere(answer)


@pytest.mark.parametrize("everywhere", ["EXPORTING", "MIXED", "SOFT_PAUSED", "NEW_WORD"])
def test_a_pause_that_anybody_contradicts_is_none(everywhere: str) -> None:
    paused = Partition(1, leader=True, exporter_phase="PAUSED", exported_position=7, healthy=True)
    assert Exporting({1: paused}).paused(PauseMode.HARD)
    assert Exporting({1: paused}, "PAUSED").paused(PauseMode.HARD)
    seen = Exporting({1: paused}, everywhere)
    assert not seen.paused(PauseMode.HARD)
    assert not seen.runs
    assert seen.phases == {"every replica": everywhere, "1": "PAUSED"}


@pytest.mark.parametrize("answer", [envelope(204), envelope(200), envelope(202), Answer(204, None)])
def test_a_command_is_carried_out_by_the_status_inside_or_by_a_bare_204(answer: Answer) -> None:
    API.read_command(answer)


MEMBERS = "Expected 3 members of partition 1 but found 2, current topology: ..."


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (envelope(500, {"message": MEMBERS}), MEMBERS),
        (envelope(500, MEMBERS), MEMBERS),  # Camunda 8.10
        (envelope(503), "status 503 inside"),
        (envelope(500, {"cause": None, "stackTrace": [{}]}), "status 500 inside"),
        (envelope(300), "status 300 inside"),
        (envelope(199), "status 199 inside"),
    ],
)
def test_http_200_with_a_failure_inside_is_a_failure(answer: Answer, told: str) -> None:
    with pytest.raises(Unreachable) as caught:
        API.read_command(answer)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "<html>login</html>",
        {},
        [],
        {"body": {"cause": None, "stackTrace": []}},
        {"status": None},
        {"status": "204"},
        {"status": "UP"},
        {"body": {"status": 204}},
    ],
    ids=str,
)
def test_http_200_without_a_status_inside_is_a_failure(body: Any) -> None:
    with pytest.raises(Unreachable):
        API.read_command(Answer(200, body))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_worth_another_try(status: int) -> None:
    with pytest.raises(Unreachable, match=f"HTTP {status}"):
        API.read_command(Answer(status, "no"))


@pytest.mark.parametrize("answer", [Answer(409, {"detail": "another change"}), envelope(409, "another change")])
def test_where_a_pause_is_a_change_of_the_cluster_another_change_passes(answer: Answer) -> None:
    with pytest.raises(Unreachable, match="another change"):
        ExportingApi(patience=75).read_command(answer)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
def test_a_refusal_is_final(status: int) -> None:
    with pytest.raises(Rejected, match=f"HTTP {status}"):
        API.read_command(Answer(status, "no"))


def test_an_ordinary_404_keeps_its_reason() -> None:
    body = {"timestamp": "t", "status": 404, "error": "Not Found", "path": "/actuator/exporting/pause"}
    with pytest.raises(Rejected, match=r"^exporting control refused: HTTP 404 Not Found$"):
        API.read_command(Answer(404, body))


def test_a_success_inside_an_error_is_no_success() -> None:
    with pytest.raises(Unreachable):
        API.read_command(Answer(500, {"body": None, "status": 204, "contentType": None}))


LEADER = {
    "role": "LEADER",
    "processedPosition": 56,
    "exporterPhase": "PAUSED",
    "exportedPosition": 57,
    "health": {"status": "HEALTHY"},
}
FOLLOWER = {"role": "FOLLOWER", "processedPosition": None, "exporterPhase": None, "exportedPosition": None}


def test_a_brokers_partitions_are_read() -> None:
    told = API.read_partitions(Answer(200, {"1": LEADER, "2": {**LEADER, "exporterPhase": "EXPORTING"}}))
    assert told == (
        Partition(1, leader=True, exporter_phase="PAUSED", exported_position=57, healthy=True),
        Partition(2, leader=True, exporter_phase="EXPORTING", exported_position=57, healthy=True),
    )


def test_a_follower_is_no_leader_and_has_no_position() -> None:
    (follower,) = API.read_partitions(Answer(200, {"3": FOLLOWER}))
    assert (follower.partition_id, follower.leader, follower.exported_position) == (3, False, None)


@pytest.mark.parametrize("role", ["FOLLOWER", "CANDIDATE", "INACTIVE", None, "leader"])
def test_only_a_leader_is_one(role: str | None) -> None:
    (partition,) = API.read_partitions(Answer(200, {"1": {**LEADER, "role": role}}))
    assert not partition.leader


@pytest.mark.parametrize(
    ("health", "healthy"),
    [({"status": "HEALTHY"}, True), ({"status": "UNHEALTHY"}, False), ({"status": "DEAD"}, False), ({}, True),
     (None, True)],
)  # fmt: skip
def test_health_is_told_where_the_generation_tells_it(health: dict[str, str] | None, healthy: bool) -> None:
    (partition,) = API.read_partitions(Answer(200, {"1": {**LEADER, "health": health}}))
    assert partition.healthy is healthy


def test_a_broker_without_partitions_tells_none() -> None:
    assert API.read_partitions(Answer(200, {})) == ()


@pytest.mark.parametrize(
    "answer", [Answer(404, {"error": "Not Found"}), Answer(500, None), Answer(200, "<html>"), Answer(200, None),
               Answer(200, [LEADER])]
)  # fmt: skip
def test_what_is_no_partition_list_is_an_error(answer: Answer) -> None:
    with pytest.raises(Unreachable, match="does not list its partitions"):
        API.read_partitions(answer)


@pytest.mark.parametrize(
    "body", [{"status": "UP"}, {"1": None}, {"1": "LEADER"}, {"1": {"health": "HEALTHY"}}], ids=str
)
def test_a_partition_list_that_cannot_be_read_is_an_error(body: Any) -> None:
    with pytest.raises(Unreachable, match="list of partitions cannot be read"):
        API.read_partitions(Answer(200, body))


def test_every_pause_has_a_phase_of_its_own_to_be_seen_by() -> None:
    assert PHASE_OF == {PauseMode.HARD: "PAUSED", PauseMode.SOFT: "SOFT_PAUSED"}
