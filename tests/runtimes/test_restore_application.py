"""What the restore application prints, and the one sentence that is made of it."""

import pytest

from camunda_backup.errors import RestoreFailed
from camunda_backup.runtimes.restore_application import read_restore
from camunda_backup.runtimes.shells import Ended

LOGGER = "      io.camunda.zeebe.restore.RestoreApp - "
BANNER = f"{LOGGER}Starting to restore from backup 42"
FRAME = "\tat io.camunda.zeebe.restore.RestoreManager.restore(RestoreManager.java:75) ~[zeebe-restore-8.6.0.jar:8.6.0]"
DONE = f"{LOGGER}Successfully restored broker from backup 42"


def told(*lines: str, exit_code: int = 1) -> str:
    """Return what an end without success is said to be."""
    with pytest.raises(RestoreFailed) as caught:
        read_restore("broker-0", 42, Ended(exit_code, (BANNER, *lines)))
    return str(caught.value)


def test_exit_code_and_line_are_success_together() -> None:
    assert read_restore("broker-0", 42, Ended(0, (BANNER, DONE, "bye"))) == DONE.strip()


def test_the_exit_code_alone_is_none() -> None:
    assert told("all is well", exit_code=0).startswith(
        'broker-0 was not restored from backup 42: the restore command ended well, but did not print "Successfully'
    )


def test_the_line_alone_is_none() -> None:
    assert "ended with exit code 1\n" in told(DONE, "java.lang.IllegalStateException: closed twice")


# Recorded from Camunda 8.6.0, but for the second, which is how later versions may end.
CAUSES = (
    (
        "Caused by: java.nio.file.DirectoryNotEmptyException: /usr/local/zeebe/data",
        "its data directory was not empty: let the broker's empty command remove everything in it",
    ),
    (
        "Broker's data directory /data is not empty. Aborting restore to avoid overwriting data.",
        "its data directory was not empty: let the broker's empty command remove everything in it",
    ),
    (
        "Caused by: io.camunda.zeebe.restore.BackupNotFoundException: Could not find a completed backup with id 42",
        "its backup store holds no completed backup 42; is it the store in which the backup was made?",
    ),
    (
        "BackupNotValidException: Backup is not valid: Expected backup to have 3 partitions, but has 2.",
        "it is configured for 3 partitions, but the backup has 2: set its partition count to 2",
    ),
    (
        "Caused by: java.lang.IllegalArgumentException: No backup store configured, cannot restore from backup.",
        "it has no backup store",
    ),
    (
        "Caused by: java.lang.IllegalArgumentException: Could not resolve placeholder 'backupId'",
        "it was given no backup ID: let the restore command pass --backupId={backup_id}",
    ),
    (
        "Caused by: java.net.ConnectException: Connection refused",
        "its backup store does not answer: let it run, or correct its address",
    ),
)


@pytest.mark.parametrize(("line", "advice"), CAUSES)
def test_known_causes_come_with_what_to_do(line: str, advice: str) -> None:
    text = told(f"java.util.concurrent.CompletionException: {line.removeprefix('Caused by: ')}", FRAME, line, FRAME)
    assert text.startswith(f"broker-0 was not restored from backup 42: {advice}")
    assert text.endswith(f"({line})")


def test_of_others_the_last_exceptions_are_shown_without_their_frames() -> None:
    lines = [f"Caused by: java.lang.IllegalStateException: {number}" for number in range(5)]
    text = told(*(part for line in lines for part in (line, FRAME)), "goodbye")
    assert text.split("\n")[1:] == lines[2:]


def test_without_an_exception_the_last_lines_are_shown() -> None:
    assert told("one", "two", "three", "four").split("\n")[1:] == ["two", "three", "four"]


def test_a_command_that_printed_nothing_is_told() -> None:
    with pytest.raises(RestoreFailed, match=r"ended with exit code 137$"):
        read_restore("broker-0", 42, Ended(137, ()))


@pytest.mark.parametrize(
    "line",
    ["Caused by: S3Exception: AWS_SECRET_ACCESS_KEY=hunter2", "Connection refused: https://user:hunter2@store.example"],
)
def test_no_secret_is_shown(line: str) -> None:
    assert "hunter2" not in told(line)
