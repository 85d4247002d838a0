"""A stopped broker's data goes into an archive and comes back, or nobody calls it a copy; here and over SSH."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from camunda_backup.clusters import Cluster
from camunda_backup.copies import copies_of, databases
from camunda_backup.errors import BackupFailed, CamundaBackupError, Rejected, RestoreFailed
from camunda_backup.targets import CommandRuntime
from tests.runtimes.conftest import Host, goes_on


def cluster(host: Host, archive: str = "", unarchive: str = "", timeout: str = "20s", **more: str) -> Cluster:
    """Return a cluster of one stopped broker, whose commands are tar's unless others are given."""
    data = host.folder / "broker-0-data"
    broker = host.broker(
        "broker-0",
        archive=archive or f"tar -C {data} -cf - .",
        unarchive=unarchive or f"tar -C {data} -xpf -",
    )
    host.says("broker-0", "stopped")
    fields: dict[str, Any] = {
        "name": "prod",
        "version": "8.8",
        "connections": {"zeebe": "prod_zeebe"},
        "secondary_storage": {"engine": "opensearch", "connection": "prod_search"},
        "repository": {"name": "backups", "type": "fs", "settings": {"location": "backups"}},
        "runtime": {"type": "command", "timeout": "20s", "processes": {"zeebe": [broker]}},
        "cold": {
            "location": str(host.folder / "copies"),
            "timeout": timeout,
            "databases": [{"name": "keycloak", "ssh": host.ssh, **more}] if more else [],
        },
    }
    return Cluster(**fields)


def fill(host: Host) -> bytes:
    """Put something into the broker's data directory; return what its largest file holds."""
    data = host.folder / "broker-0-data"
    content = os.urandom(5_000_000)
    (data / "partitions" / "log").write_bytes(content)
    (data / "partitions" / "hard").hardlink_to(data / "partitions" / "log")
    (data / "soft").symlink_to("partitions/log")
    return content


def files(host: Host) -> list[str]:
    """Return what lies in the cold location."""
    return sorted(path.name for path in (host.folder / "copies").rglob("*") if path.is_file())


def test_an_archive_comes_back_as_it_was_with_its_links(host: Host) -> None:
    one = cluster(host)
    content, data, copies = fill(host), host.folder / "broker-0-data", copies_of(one)

    copy = copies.take("broker-0", 42)
    copies.verify(copy)
    (data / "later").write_text("not in the copy")
    copies.bring_back("broker-0", copy)

    assert copy["bytes"] == Path(copy["file"]).stat().st_size > len(content)
    assert (copy["node_id"], len(copy["sha256"])) == (0, 64)
    assert (data / "partitions" / "log").read_bytes() == content
    assert (data / "partitions" / "hard").samefile(data / "partitions" / "log")
    assert (data / "soft").readlink() == Path("partitions/log")
    assert not (data / "later").exists()


def test_a_compressed_archive_is_one_too(host: Host) -> None:
    data = host.folder / "broker-0-data"
    copies = copies_of(cluster(host, f"tar -C {data} -czf - .", f"tar -C {data} -xzpf -"))

    copy = copies.take("broker-0", 42)
    copies.verify(copy)
    copies.bring_back("broker-0", copy)

    assert (data / ".topology.meta").read_text() == "old"


@pytest.mark.parametrize(
    ("archive", "said"),
    [
        ("echo half of it; echo disk is gone >&2; exit 3", "ended with exit code 3: disk is gone"),
        ("true", "printed nothing"),
        ("sleep 30", "did not end within 2 s"),
    ],
)
def test_an_archive_that_fails_leaves_nothing_behind(host: Host, archive: str, said: str) -> None:
    with pytest.raises(CamundaBackupError) as caught:
        copies_of(cluster(host, archive, timeout="2s")).take("broker-0", 42)

    assert said in str(caught.value)
    assert files(host) == []


def test_the_data_of_a_running_broker_is_left_alone(host: Host) -> None:
    copies = copies_of(cluster(host))
    copy = copies.take("broker-0", 42)
    host.says("broker-0", "running")

    with pytest.raises(BackupFailed, match="broker-0 is running"):
        copies.take("broker-0", 43)
    with pytest.raises(RestoreFailed, match="broker-0 is running"):
        copies.bring_back("broker-0", copy)

    assert host.data("broker-0") == {".topology.meta", "partitions"}


@pytest.mark.parametrize(
    ("archive", "said"),
    [
        ("tar -C {data} -cf - . | head -c 300000", "ends too early|no readable tar"),
        ("echo this is no archive at all", "no readable tar archive"),
        ("tar -C {data}/partitions -cf - .", "holds no file with anything in it"),
    ],
    ids=["cut", "none", "empty"],
)
def test_what_is_no_whole_archive_is_noticed_when_it_is_read_again(host: Host, archive: str, said: str) -> None:
    copies = copies_of(cluster(host, archive.format(data=host.folder / "broker-0-data")))
    if "head" in archive:
        fill(host)
    copy = copies.take("broker-0", 42)

    with pytest.raises(BackupFailed, match=said):
        copies.verify(copy)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda file: file.unlink(), "is not there"),
        (lambda file: file.write_bytes(file.read_bytes()[:-512]), "bytes, but"),
        (lambda file: file.write_bytes(b"x" + file.read_bytes()[1:]), "checksum is another|no readable"),
    ],
    ids=["gone", "shorter", "changed"],
)
def test_a_copy_that_was_damaged_is_noticed(host: Host, damage: Any, said: str) -> None:
    copies = copies_of(cluster(host))
    copy = copies.take("broker-0", 42)
    damage(Path(copy["file"]))

    with pytest.raises(CamundaBackupError, match=said):
        copies.verify(copy)
    with pytest.raises(CamundaBackupError):
        copies.bring_back("broker-0", copy)


@pytest.mark.parametrize(
    ("location", "said"),
    [
        (
            "s3://nobody@bucket/cold",
            r"^cold\.location: Airflow has no connection nobody, which s3://nobody@bucket/cold/",
        ),
        ("s3://bucket/cold", r"^cold\.location: the file s3://bucket/cold/.* cannot be written: .*; install Airflow's"),
        ("nowhere://bucket/cold", r"^cold\.location: the file nowhere://bucket/cold/.* cannot be (used|written): "),
    ],
    ids=["no connection", "no provider", "no such store"],
)
def test_a_location_that_cannot_be_used_is_one_sentence(host: Host, airflow_db: None, location: str, said: str) -> None:
    fields = cluster(host).model_dump(exclude_unset=True)
    (told,) = copies_of(Cluster(**{**fields, "cold": {"location": location}})).problems()
    assert re.search(said, told)
    assert "\n" not in told


def test_an_unarchive_command_that_fails_is_told(host: Host) -> None:
    copies = copies_of(cluster(host, unarchive="cat > /dev/null; echo no space left >&2; exit 2"))
    copy = copies.take("broker-0", 42)

    with pytest.raises(RestoreFailed, match="unarchive command ended with exit code 2: no space left"):
        copies.bring_back("broker-0", copy)


def test_an_unarchive_command_that_does_not_read_is_told(host: Host) -> None:
    copies = copies_of(cluster(host, unarchive="exit 2"))
    fill(host)
    copy = copies.take("broker-0", 42)

    with pytest.raises(RestoreFailed):
        copies.bring_back("broker-0", copy)


def test_an_unarchive_command_that_takes_too_long_is_gone_and_not_tried_again(host: Host) -> None:
    pid = host.folder / "pid"
    copies = copies_of(cluster(host, unarchive=f"echo $$ > {pid}; exec sleep 300", timeout="2s"))
    copy = copies.take("broker-0", 42)

    with pytest.raises(RestoreFailed, match="unarchive command: it did not end within 2 s and was ended"):
        copies.bring_back("broker-0", copy)

    assert not goes_on(pid)


def test_a_load_command_that_takes_too_long_is_gone_and_not_tried_again(host: Host) -> None:
    pid = host.folder / "pid"
    one = cluster(host, timeout="2s", dump="echo users", load=f"echo $$ > {pid}; exec sleep 300")
    copy = databases.dump(one, "keycloak", 42)

    with pytest.raises(RestoreFailed, match="keycloak was not restored: it did not end within 2 s and was ended"):
        databases.load(one, copy)

    assert not goes_on(pid)


def test_commands_that_are_missing_are_told(host: Host) -> None:
    one = cluster(host)
    assert isinstance(one.runtime, CommandRuntime)
    broker = one.runtime.processes.zeebe[0].model_copy(update={"unarchive": None})
    processes = one.runtime.processes.model_copy(update={"zeebe": (broker,)})
    without = one.model_copy(update={"runtime": one.runtime.model_copy(update={"processes": processes})})

    (problem,) = copies_of(without).problems()

    assert problem.startswith("broker-0 has no archive or no unarchive command")
    assert copies_of(one).problems() == []


def test_a_database_is_dumped_and_loaded(host: Host) -> None:
    file = host.folder / "keycloak"
    file.write_text("users of now")
    one = cluster(host, dump=f"cat {file}", load=f"cat > {file}")

    copy = databases.dump(one, "keycloak", 42)
    databases.verify(copy)
    file.write_text("users of later")
    databases.load(one, copy)

    assert file.read_text() == "users of now"


def test_a_database_whose_commands_fail_is_told_and_their_text_is_not(host: Host) -> None:
    one = cluster(host, dump="echo secret-in-the-command > /dev/null; echo no such database >&2; exit 1")

    with pytest.raises(BackupFailed, match="dump command ended with exit code 1: no such database") as caught:
        databases.dump(one, "keycloak", 42)
    with pytest.raises(Rejected, match="names no database modeler"):
        databases.dump(one, "modeler", 42)

    assert "secret" not in str(caught.value)
    assert files(host) == []
