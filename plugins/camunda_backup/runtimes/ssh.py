"""Running a shell command on another host. Needs apache-airflow-providers-ssh, see requirements-extras.txt."""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import paramiko
from airflow.providers.ssh.hooks.ssh import SSHHook
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.runtimes.pipes import Feeder, Sink
from camunda_backup.runtimes.shells import CHUNK, LOOK, Ended, Lines, NoConnection, Tell, TimedOut

CONNECT = 15  # seconds, when the connection names no conn_timeout


class SshShell:
    """Commands on another host.

    :param conn_id: an Airflow connection of type ssh
    """

    def __init__(self, conn_id: str) -> None:
        self._conn_id = conn_id

    def run(self, command: str, timeout: float, tell: Tell | None = None, *, tied: bool = False) -> Ended:
        """Run a command over a connection of its own; a tied one has a terminal, which ends with the connection."""
        lines, end = Lines(tell), time.monotonic() + timeout
        with self._connected() as client, _session(client) as channel:
            if tied:
                channel.get_pty()
            channel.set_combine_stderr(True)
            channel.exec_command(command)
            channel.settimeout(LOOK)
            while self._reads(channel, lines):
                if time.monotonic() > end:
                    left = "ended" if tied else "left alone on its host"
                    raise TimedOut(f"it did not end within {timeout:.0f} s and was {left}")
            code = channel.recv_exit_status()
        if code < 0:
            raise Unreachable(f"it ended without an exit code: it was killed, or the connection {self._conn_id} broke")
        return Ended(code, lines.end())

    def pipe(self, command: str, timeout: float, sink: Sink, source: Iterable[bytes] | None = None) -> Ended:
        """Run a command whose output, or input, is data; without a terminal, which would change it."""
        lines, end = Lines(None), time.monotonic() + timeout
        with self._connected() as client, _session(client) as channel:
            channel.exec_command(command)
            channel.settimeout(LOOK if source is None else timeout)  # it counts for what is fed as well
            feeder = Feeder(source, channel.sendall, channel.shutdown_write) if source is not None else None
            if feeder:
                feeder.start()
            while not channel.exit_status_ready():
                if time.monotonic() > end:
                    raise TimedOut(f"it did not end within {timeout:.0f} s and was left alone on its host")
                while channel.recv_stderr_ready():
                    lines.feed(channel.recv_stderr(CHUNK))
                if channel.recv_ready() or source is None:
                    with suppress(TimeoutError):
                        sink(channel.recv(CHUNK))
                else:
                    channel.status_event.wait(LOOK)
            if feeder:
                feeder.finish()
            _rest(channel, sink, lines)
            code = channel.recv_exit_status()
        if code < 0:
            raise Unreachable(f"it ended without an exit code: it was killed, or the connection {self._conn_id} broke")
        return Ended(code, lines.end())

    @staticmethod
    def _reads(channel: paramiko.Channel, lines: Lines) -> bool:
        """Take what has arrived; return whether the command goes on."""
        over = channel.exit_status_ready()
        try:
            data = channel.recv(CHUNK)
        except TimeoutError:  # silent; what it left running in the background may hold the output open for longer
            return not over
        lines.feed(data)
        return bool(data) or not channel.status_event.wait(LOOK)

    @contextmanager
    def _connected(self) -> Iterator[paramiko.SSHClient]:
        logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # what matters of it is said below, in one sentence
        try:
            hook = SSHHook(self._conn_id, conn_retry_attempts=1)
            hook.conn_timeout = hook.conn_timeout or CONNECT
        except AirflowNotFoundException as error:
            raise Rejected(
                f"Airflow has no connection {self._conn_id}, which the cluster file names; create it with type ssh"
            ) from error
        except (AirflowException, ValueError, OSError, paramiko.SSHException) as error:
            raise Rejected(f"connection {self._conn_id} cannot be used as it is: {error}") from error
        where = f"{hook.remote_host}:{hook.port} ({self._conn_id})"
        try:
            client = hook.get_conn()
        except paramiko.AuthenticationException as error:
            raise Rejected(f"{where} refuses the login; correct the connection's login, password or key") from error
        except paramiko.BadHostKeyException as error:
            raise Rejected(f"{where} shows another host key than the one that is known for it") from error
        except paramiko.SSHException as error:
            if "known_hosts" in str(error):
                raise Rejected(
                    f"{where}: its host key is not known; put it as host_key into the connection's extra, or into"
                    " known_hosts on the workers"
                ) from error
            raise NoConnection(f"{where}: no SSH connection: {error}") from error
        except (OSError, EOFError) as error:
            raise NoConnection(f"{where}: no SSH connection: {type(error).__name__}") from error
        with client:
            yield client


def _rest(channel: paramiko.Channel, sink: Sink, lines: Lines) -> None:
    """Take what was on its way when the command ended; data may come after its exit code."""
    channel.settimeout(CONNECT)
    try:
        while data := channel.recv(CHUNK):
            sink(data)
        while data := channel.recv_stderr(CHUNK):
            lines.feed(data)
    except TimeoutError as error:
        raise Unreachable("its output did not end with it; nothing of it may run on in the background") from error


@contextmanager
def _session(client: paramiko.SSHClient) -> Iterator[paramiko.Channel]:
    transport = client.get_transport()
    if transport is None:
        raise Unreachable("the SSH connection broke")
    try:
        with transport.open_session(timeout=CONNECT) as channel:
            yield channel
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise Unreachable(f"the SSH connection broke: {error}") from error
