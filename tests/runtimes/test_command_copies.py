"""A copy that the cluster file's own commands make: believed only when they say the same twice; here and over SSH."""

from typing import Any

import pytest

from camunda_backup.clusters import Cluster
from camunda_backup.copies import copies_of
from camunda_backup.errors import BackupFailed, CamundaBackupError, Rejected, RestoreFailed
from tests.runtimes.conftest import Host, goes_on

READ = "cksum < {copy} | (read sum bytes; echo $bytes $sum)"


def cluster(host: Host, timeout: str = "20s", **commands: str) -> Cluster:
    """Return a cluster of one stopped broker, node 7, whose data is copied on its own host."""
    data, copy = host.folder / "broker-0-data", f"{host.folder}/{{node_id}}-{{backup_id}}"
    read = READ.replace("{copy}", copy)
    copies = {
        "type": "command",
        "take": f"echo {{broker}} begins; tar -C {data} -cf {copy} . && {read}; echo a warning >&2",
        "verify": read,
        "bring_back": f"find {data} -mindepth 1 -delete; tar -C {data} -xf {copy}",
        **commands,
    }
    broker = {**host.broker("broker-0"), "node_id": 7}
    host.says("broker-0", "stopped")
    fields: dict[str, Any] = {
        "name": "prod",
        "version": "8.8",
        "connections": {"zeebe": "prod_zeebe"},
        "secondary_storage": {"engine": "opensearch", "connection": "prod_search"},
        "repository": {"name": "backups", "type": "fs", "settings": {"location": "backups"}},
        "runtime": {"type": "command", "timeout": "20s", "processes": {"zeebe": [broker]}},
        "cold": {"timeout": timeout, "copies": copies},
    }
    return Cluster(**fields)


def test_a_copy_comes_back_as_it_was(host: Host) -> None:
    one, data = cluster(host), host.folder / "broker-0-data"
    copies = copies_of(one)

    copy = copies.take("broker-0", 42)
    copies.verify(copy)
    (data / "later").write_text("not in the copy")
    copies_of(one, copy["type"]).bring_back("broker-0", copy)

    assert copies.problems() == []
    assert copy["bytes"] == (host.folder / "7-42").stat().st_size > 0
    assert (copy["type"], copy["broker"], copy["node_id"]) == ("command", "broker-0", 7)
    assert copy["reference"].isdecimal()
    assert host.data("broker-0") == {".topology.meta", "partitions"}
    assert (data / ".topology.meta").read_text() == "old"


def test_a_copy_may_be_found_again_by_the_name_that_its_command_gave_it(host: Host) -> None:
    store = host.folder / "snap-1"
    one = cluster(
        host,
        take=f"echo {{node_id}}.{{backup_id}} > {store}; echo 5 snap-1",
        verify=f"grep -q . {host.folder}/{{reference}} && echo 5 {{reference}}",
        bring_back=f"cp {host.folder}/{{reference}} {host.folder}/brought",
    )
    copies = copies_of(one)
    copy = copies.take("broker-0", 42)

    copies.bring_back("broker-0", copy)

    assert (host.folder / "brought").read_text() == "7.42\n"


def test_a_size_alone_is_enough(host: Host) -> None:
    size = "test {backup_id} -eq 42 && echo 5 # {node_id}"
    copies = copies_of(cluster(host, take=size, verify=size))

    copy = copies.take("broker-0", 42)
    copies.verify(copy)

    assert (copy["bytes"], copy["reference"]) == (5, None)


@pytest.mark.parametrize(
    ("take", "said"),
    [
        ("echo 5 good; echo disk is gone >&2; exit 3", "take command ended with exit code 3: disk is gone"),
        ("true", "last line of its take command's output is not"),
        ("echo done", "last line of its take command's output is not"),
        ("echo 5 good; echo done", "last line of its take command's output is not"),
        ("echo '5 $(reboot)'", "last line of its take command's output is not"),
        ("echo 5 AKIA''ABCDEFGHIJKLMNOP", "last line of its take command's output is not"),
        ("echo 0 empty", "says that the copy is empty"),
        ("sleep 30", "did not end within 2 s"),
    ],
)
def test_a_take_command_that_does_not_say_what_it_copied_made_no_copy(host: Host, take: str, said: str) -> None:
    copies = copies_of(cluster(host, timeout="2s", take=f"{take} # {{node_id}} {{backup_id}}"))

    with pytest.raises(CamundaBackupError) as caught:
        copies.take("broker-0", 42)

    assert said in str(caught.value)
    assert "AKIA" not in str(caught.value)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda file: file.unlink(), "verify command"),
        (lambda file: file.write_bytes(file.read_bytes()[:-512]), "its verify command read"),
        (lambda file: file.write_bytes(b"x" + file.read_bytes()[1:]), "its verify command read"),
    ],
    ids=["gone", "shorter", "changed"],
)
def test_a_copy_that_was_damaged_is_noticed_and_never_brought_back(host: Host, damage: Any, said: str) -> None:
    copies = copies_of(cluster(host))
    copy = copies.take("broker-0", 42)
    (host.folder / "broker-0-data" / "now").write_text("kept")
    damage(host.folder / "7-42")

    with pytest.raises(BackupFailed, match=said):
        copies.verify(copy)
    with pytest.raises(RestoreFailed, match=said):
        copies.bring_back("broker-0", copy)

    assert "now" in host.data("broker-0")


def test_a_bring_back_command_that_fails_is_told(host: Host) -> None:
    copies = copies_of(cluster(host, bring_back="echo no space left >&2; exit 2 # {node_id} {backup_id}"))
    copy = copies.take("broker-0", 42)

    with pytest.raises(RestoreFailed, match="bring_back command ended with exit code 2: no space left"):
        copies.bring_back("broker-0", copy)


def test_the_data_of_a_running_broker_is_left_alone(host: Host) -> None:
    copies = copies_of(cluster(host))
    copy = copies.take("broker-0", 42)
    host.says("broker-0", "running")

    with pytest.raises(BackupFailed, match="Zeebe is running"):
        copies.take("broker-0", 43)
    with pytest.raises(RestoreFailed, match="Zeebe is running"):
        copies.bring_back("broker-0", copy)

    assert not (host.folder / "7-43").exists()


def test_copies_that_the_cluster_file_says_nothing_of_are_told(host: Host) -> None:
    one = cluster(host)

    with pytest.raises(Rejected, match="names no broker with node ID 3"):
        copies_of(one).verify({"type": "command", "broker": "broker-0", "node_id": 3, "backup_id": 42, "bytes": 1})
    with pytest.raises(Rejected, match="are not known"):
        copies_of(one, "tape")


def test_a_bring_back_command_that_takes_too_long_is_gone_and_not_tried_again(host: Host) -> None:
    pid = host.folder / "pid"
    copies = copies_of(
        cluster(host, timeout="2s", bring_back=f"echo $$ > {pid}; exec sleep 300 # {{node_id}} {{backup_id}}")
    )
    copy = copies.take("broker-0", 42)

    with pytest.raises(RestoreFailed, match="bring_back command: it did not end within 2 s and was ended"):
        copies.bring_back("broker-0", copy)

    assert not goes_on(pid)
