"""The Restore API of Camunda 8.10: what is asked, and what its answers mean."""

from typing import Any

import pytest

from camunda_backup.api import restore_api
from camunda_backup.api.messages import Answer
from camunda_backup.api.restore_api import Changes, NotRecovering, Progress, Topology
from camunda_backup.errors import CamundaBackupError, Rejected, Unreachable

# Examples of Camunda's manual.
STATUS: dict[str, Any] = {
    "status": "IN_PROGRESS",
    "changeId": "8",
    "startedAt": "2026-01-01T10:00:00Z",
    "brokers": [
        {
            "brokerId": "1",
            "partitionsRestored": 1,
            "partitionsToRestore": 2,
            "partitions": [
                {
                    "partitionId": 1,
                    "state": "RESTORED",
                    "backupIds": [1748937221],
                    "completedAt": "2026-01-01T10:02:00Z",
                },
                {"partitionId": 2, "state": "RESTORING", "backupIds": [1748937221], "completedAt": None},
            ],
        }
    ],
}
GROUPED = [{"physicalTenantId": "default", "operations": [{"operation": "ModeChangeOperation", "brokerId": "0"}]}]
FLAT = [{"operation": "ModeChangeOperation", "mode": "RECOVERING"}]


def problem(status: int, detail: str) -> Answer:
    """Form an error of the REST API."""
    return Answer(status, {"type": "about:blank", "title": "x", "status": status, "detail": detail, "instance": "/v2"})


def copy(partition: int = 1, role: str = "leader", health: str = "healthy", state: str = "active") -> dict[str, Any]:
    """Form one copy of a partition in a topology."""
    return {"partitionId": partition, "role": role, "health": health, "state": state}


def topology(*copies: dict[str, Any]) -> Topology:
    """Read a topology of one broker."""
    return restore_api.read_topology(Answer(200, {"brokers": [{"brokerId": "0", "partitions": list(copies)}]}))


def test_a_restore_names_one_backup_and_a_dry_run_says_so() -> None:
    asked, dry = restore_api.restore(41), restore_api.restore(41, dry_run=True)
    assert (asked.method, asked.path, asked.query, asked.body) == ("POST", "/v2/restore", None, {"backupIds": [41]})
    assert (dry.path, dry.query, dry.body) == (asked.path, {"dryRun": "true"}, asked.body)


def test_the_mode_is_only_ever_asked_to_become_recovering() -> None:
    asked = restore_api.ENTER_RECOVERY
    assert (asked.method, asked.path, asked.query) == ("PATCH", "/v2/mode", {"mode": "RECOVERING"})
    assert restore_api.cancel("8").path == "/actuator/cluster/changes/8"


@pytest.mark.parametrize("plan", [GROUPED, FLAT], ids=["grouped", "flat"])
def test_of_an_accepted_change_only_the_id_is_read(plan: Any) -> None:
    assert restore_api.read_change(Answer(200, {"changeId": "7", "plannedChanges": plan}), "no") == "7"
    assert restore_api.read_restore(41, Answer(202, {"changeId": 8, "plannedChanges": plan})) == "8"


@pytest.mark.parametrize("status", [400, 404, 409, 500])
@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("No completed backup found for partition 2 with backup id 41", "partition 2 has no completed backup 41"),
        (
            "Cannot restore backup 41: it has 3 partitions, but the partition group only has 2",
            "the backup has 3 partitions, the cluster 2; set camunda.cluster.partition-count to 3",
        ),
        ("Cannot restore: no backup store is configured on this broker.", "a broker has no backup store; configure"),
        ("No backupId specified", "look for a proxy that changes it"),
        ("Time range restore (from/to) is not supported for elasticsearch.", "look for a proxy that changes it"),
        ("Cannot restore from multiple backups against database type elasticsearch", "look for a proxy"),
    ],
)
def test_what_validation_says_becomes_one_sentence_whatever_the_code(status: int, message: str, said: str) -> None:
    with pytest.raises(Rejected, match="Zeebe refuses to restore backup 41") as caught:
        restore_api.read_restore(41, problem(status, message))
    assert said in str(caught.value)
    assert not isinstance(caught.value, NotRecovering)


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (problem(409, "The cluster is not in recovery mode."), NotRecovering, "it must be in recovering mode"),
        (Answer(409, None), NotRecovering, "it must be in recovering mode"),
        (problem(401, "who"), Rejected, "correct the login of connections.rest"),
        (problem(403, "no"), Rejected, "give the client of connections.rest the permission RESTORE on BACKUP"),
        (problem(400, "something new"), Rejected, "HTTP 400 something new"),
        (problem(500, "boom"), Unreachable, "HTTP 500 boom"),
        (problem(503, "later"), Unreachable, "HTTP 503 later"),
        (Answer(202, {}), Unreachable, "unreadable answer"),
        (Answer(202, "<html>"), Unreachable, "unreadable answer"),
    ],
)
def test_a_restore_that_is_not_accepted_says_why(answer: Answer, error: type[CamundaBackupError], said: str) -> None:
    with pytest.raises(error) as caught:
        restore_api.read_restore(41, answer)
    assert type(caught.value) is error
    assert said in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_mode_that_may_not_be_changed_names_the_permission(status: int) -> None:
    with pytest.raises(Rejected, match=r"connections\.rest"):
        restore_api.read_change(problem(status, "no"), "Zeebe stays out of recovering mode")


def test_changes_are_told_by_the_management_port_with_numbers_as_ids() -> None:
    body = {"lastChange": {"id": 7, "status": "COMPLETED"}, "pendingChange": {"id": 8, "status": "IN_PROGRESS"}}
    changes = restore_api.read_changes(Answer(200, body))
    assert changes == Changes(pending="8", last="7", ended="COMPLETED")
    assert [changes.state(one) for one in ("7", "8", "9")] == ["COMPLETED", "IN_PROGRESS", None]
    assert restore_api.read_changes(Answer(200, {"pendingChange": None})) == Changes()


@pytest.mark.parametrize("answer", [Answer(500, None), Answer(404, "x"), Answer(200, []), Answer(200, None)])
def test_changes_that_cannot_be_read_may_be_readable_later(answer: Answer) -> None:
    with pytest.raises(Unreachable):
        restore_api.read_changes(answer)


def test_progress_is_told_for_each_copy_of_a_partition() -> None:
    progress = restore_api.read_progress(Answer(200, STATUS))
    assert progress == Progress("8", "IN_PROGRESS", 1, 2, ("2 on broker 1 RESTORING",), frozenset({1748937221}))
    assert str(progress) == "restore IN_PROGRESS, 1 of 2 partitions are back, 2 on broker 1 RESTORING"


def test_no_progress_means_that_no_restore_goes_on() -> None:
    assert restore_api.read_progress(problem(404, "No restore is currently in progress.")) is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (problem(403, "no"), Rejected),
        (problem(500, "boom"), Unreachable),
        (Answer(200, {"status": "IN_PROGRESS"}), Unreachable),
        (Answer(200, {**STATUS, "status": "PAUSED"}), Rejected),
    ],
    ids=["forbidden", "fault", "unreadable", "an unknown word"],
)
def test_progress_that_cannot_be_told(answer: Answer, error: type[CamundaBackupError]) -> None:
    with pytest.raises(error):
        restore_api.read_progress(answer)


def test_a_cluster_is_in_recovering_mode_when_every_copy_is() -> None:
    recovering = copy(1, "inactive", state="recovering")
    assert topology(recovering, {**recovering, "partitionId": 2}).recovering
    assert not topology(recovering, copy(2)).recovering
    assert not topology().recovering


@pytest.mark.parametrize(
    ("copies", "said"),
    [
        ([copy(1), copy(2)], []),
        ([copy(1), copy(2, health="unhealthy")], ["partition 2 on broker 0 is active, leader, unhealthy"]),
        ([copy(1), copy(2, "follower")], ["partition 2 has no leader", "1 partitions have a leader, the backup has 2"]),
        ([copy(1)], ["1 partitions have a leader, the backup has 2"]),
        ([], ["0 partitions have a leader, the backup has 2"]),
        ([copy(1), copy(2), copy(2, "follower")], []),
    ],
)
def test_a_cluster_is_at_work_when_every_partition_is_active_healthy_and_led(copies: Any, said: list[str]) -> None:
    assert topology(*copies).ailments(2) == said


def test_a_partition_that_still_recovers_is_no_partition_at_work() -> None:
    assert (
        topology(copy(1), copy(2, "inactive", state="recovering"))
        .ailments(2)[0]
        .endswith("is recovering, inactive, healthy")
    )


@pytest.mark.parametrize(
    ("answer", "error"),
    [(problem(401, "who"), Rejected), (problem(503, "x"), Unreachable), (Answer(200, {"brokers": [{}]}), Unreachable)],
)
def test_a_topology_that_cannot_be_read(answer: Answer, error: type[CamundaBackupError]) -> None:
    with pytest.raises(error):
        restore_api.read_topology(answer)
