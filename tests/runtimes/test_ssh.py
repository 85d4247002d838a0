"""What can be wrong with another host is one sentence, and a secret is in none of them."""

import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest

from camunda_backup.errors import Rejected, RestoreFailed, Unreachable
from camunda_backup.runtimes.shells import NoConnection
from camunda_backup.states import Component
from tests.observing import until
from tests.runtimes.conftest import CONN_ID, Host, goes_on
from tests.runtimes.ssh_server import PASSWORD, SshServer

Define = Callable[..., str]


def problems(folder: Path) -> list[str]:
    """Return what a cluster of two brokers and an Operate on the host says is wrong."""
    host = Host(folder, CONN_ID)
    brokers = [host.broker("broker-0"), host.broker("broker-1")]
    return host.runtime(zeebe=brokers, operate=[host.process("operate")]).problems((Component.ZEEBE, Component.OPERATE))


def test_commands_run_there_and_what_changes_data_has_a_terminal(
    ssh_server: SshServer, ssh_connection: Define, tmp_path: Path
) -> None:
    host = Host(tmp_path, ssh_connection())
    runtime = host.runtime(zeebe=[host.broker("broker-0")])
    runtime.stop(Component.ZEEBE)
    runtime.restore_zeebe("broker-0", 42)
    assert [command.split()[0] for command in ssh_server.ran] == ["echo", "cat", "find", "touch"]
    assert ssh_server.with_terminal == [False, False, True, True]


def test_a_host_that_is_down_is_told_once(ssh_server: SshServer, ssh_connection: Define, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    ssh_connection(port=port)
    assert problems(tmp_path) == [f"127.0.0.1:{port} ({CONN_ID}): no SSH connection: NoValidConnectionsError"]


def test_a_port_that_speaks_no_ssh_is_told(ssh_connection: Define, tmp_path: Path) -> None:
    def answer() -> None:
        client, _ = web.accept()
        with client:
            client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            client.shutdown(socket.SHUT_WR)
            while client.recv(1024):  # what is left unread would end the connection by a reset
                pass

    with socket.create_server(("127.0.0.1", 0)) as web:
        answering = threading.Thread(target=answer)
        answering.start()
        port = web.getsockname()[1]
        ssh_connection(port=port)
        told = problems(tmp_path)
        answering.join()
    assert told == [f"127.0.0.1:{port} ({CONN_ID}): no SSH connection: Error reading SSH protocol banner"]


def test_a_wrong_password_is_told(ssh_server: SshServer, ssh_connection: Define, tmp_path: Path) -> None:
    ssh_connection(password="wrong")
    assert problems(tmp_path) == [
        f"127.0.0.1:{ssh_server.port} ({CONN_ID}) refuses the login; correct the connection's login, password or key"
    ]


def test_an_unknown_host_key_is_told(ssh_server: SshServer, ssh_connection: Define, tmp_path: Path) -> None:
    ssh_connection(extra={"look_for_keys": False})
    (told,) = problems(tmp_path)
    assert told == (
        f"127.0.0.1:{ssh_server.port} ({CONN_ID}): its host key is not known; put it as host_key into the connection's"
        " extra, or into known_hosts on the workers"
    )


def test_another_host_key_is_told(ssh_server: SshServer, ssh_connection: Define, tmp_path: Path) -> None:
    other = paramiko.ECDSAKey.generate()
    ssh_connection(extra={"host_key": f"{other.get_name()} {other.get_base64()}", "look_for_keys": False})
    assert problems(tmp_path) == [
        f"127.0.0.1:{ssh_server.port} ({CONN_ID}) shows another host key than the one that is known for it"
    ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"host": ""}, "Missing required param: remote_host"),
        ({"extra": {"host_key": "ssh-abacus AAAA"}}, "Unsupported SSH host key algorithm 'ssh-abacus'"),
        ({"extra": {"conn_timeout": "soon"}}, "invalid literal"),
    ],
)
def test_a_connection_that_says_nonsense_is_told(
    ssh_connection: Define, tmp_path: Path, fields: dict[str, object], told: str
) -> None:
    ssh_connection(**fields)
    (line,) = problems(tmp_path)
    assert line.startswith(f"connection {CONN_ID} cannot be used as it is: {told}")


@pytest.mark.usefixtures("airflow_db")
def test_one_that_is_not_defined_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path) == [
        f"Airflow has no connection {CONN_ID}, which the cluster file names; create it with type ssh"
    ]


def test_a_connection_that_breaks_is_no_end(ssh_server: SshServer, ssh_connection: Define, tmp_path: Path) -> None:
    host = Host(tmp_path, ssh_connection())
    runtime = host.runtime(zeebe=[host.broker("broker-0")])
    ssh_server.breaking = True
    with pytest.raises(NoConnection, match=f"{CONN_ID}: no session for a command"):
        runtime.is_stopped(Component.ZEEBE)
    ssh_server.breaking = False
    assert runtime.is_started(Component.ZEEBE)


def test_one_whose_connection_breaks_is_ended_there_and_never_tried_again(
    ssh_server: SshServer, ssh_connection: Define, tmp_path: Path
) -> None:
    host, pid = Host(tmp_path, ssh_connection()), tmp_path / "pid"
    runtime = host.runtime(zeebe=[host.broker("broker-0", empty=f"trap '' HUP; echo $$ > {pid}; sleep 300")])
    host.says("broker-0", "stopped")

    def break_it() -> None:
        until(lambda: goes_on(pid), pause=0.02)
        ssh_server.hang_up()

    breaking = threading.Thread(target=break_it)
    breaking.start()
    with pytest.raises(RestoreFailed) as caught:
        runtime.restore_zeebe("broker-0", 42)
    breaking.join()

    assert str(caught.value).startswith("broker-0: its empty command: ")
    assert str(caught.value).endswith(
        "and it was not seen to end: it may still run on its host; see on its host that nothing of it runs any more,"
        " then clear this"
    )
    until(lambda: not goes_on(pid), pause=0.02)


def test_a_host_on_which_nothing_could_be_ended_runs_nothing(
    ssh_server: SshServer, ssh_connection: Define, tmp_path: Path
) -> None:
    ssh_connection()
    ssh_server.own_groups = False
    (told,) = problems(tmp_path)
    assert told == (
        f"{CONN_ID}: no session for a command: its SSH server gives commands no process group of their own, so none"
        " could be ended"
    )


def test_a_command_that_is_killed_there_is_no_end(ssh_connection: Define, tmp_path: Path) -> None:
    host = Host(tmp_path, ssh_connection())
    runtime = host.runtime(zeebe=[host.broker("broker-0", has_backup="kill -9 $$; : {backup_id}")])
    with pytest.raises(Unreachable, match="has_backup command: it ended without an exit code"):
        runtime.has_backup("broker-0", 42)


def test_without_the_provider_one_is_told_what_to_install(
    ssh_connection: Define, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh_connection()
    monkeypatch.setitem(sys.modules, "camunda_backup.runtimes.ssh", None)
    (told,) = problems(tmp_path)
    assert told == (
        f"the cluster file names the SSH connection {CONN_ID}, but apache-airflow-providers-ssh is not installed;"
        " install requirements-extras.txt on the workers"
    )


def test_neither_password_nor_command_is_logged(
    ssh_connection: Define, tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    host = Host(tmp_path, ssh_connection())
    runtime = host.runtime(zeebe=[host.broker("broker-0", stop="exit 5 # quietly")])
    with pytest.raises(Rejected):
        runtime.stop(Component.ZEEBE)
    assert PASSWORD not in logged.text
    assert "quietly" not in logged.text
