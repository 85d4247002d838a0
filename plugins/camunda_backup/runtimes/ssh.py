"""Running a shell command on another host. Needs apache-airflow-providers-ssh, see requirements-extras.txt."""

import logging
import re
import shlex
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import paramiko
from airflow.providers.ssh.hooks.ssh import SSHHook
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.runtimes.pipes import Feeder, Sink
from camunda_backup.runtimes.shells import (
    CHUNK,
    GO,
    GUARD,
    HELD,
    KILLED,
    LAST_WORDS,
    LOOK,
    NO_INPUT,
    Ended,
    Lines,
    MayRun,
    NoConnection,
    Tell,
    TimedOut,
    guarded_for,
)
from camunda_backup.secrets import harmless

CONNECT = 15  # seconds, when the connection names no conn_timeout
BROKEN = (paramiko.SSHException, EOFError, OSError)

# Says which process group a command will have. POSIX sh alone.
START = f"""
kill -s 0 -- "-$$" 2>/dev/null || {{
    echo "its SSH server gives commands no process group of their own, so none could be ended"
    exit 1
}}
stty -echo 2>/dev/null
echo "camunda-backup $$"
{HELD}"""
BEGUN = re.compile(rb"(?:^|\n)camunda-backup (?P<group>\d+)\r?\n")
READY = re.compile(rb"(?:^|\n)ready\r?\n")
GONE = re.compile(rb"(?:^|\n)gone\r?\n")


class SshShell:
    """Commands on another host.

    :param conn_id: an Airflow connection of type ssh
    """

    def __init__(self, conn_id: str) -> None:
        self._conn_id = conn_id

    def run(self, command: str, timeout: float, tell: Tell | None = None, *, tied: bool = False) -> Ended:
        """Run a command over a connection of its own; a tied one has a terminal, whose end reaches what sudo runs."""
        lines, end = Lines(tell), time.monotonic() + timeout
        with self._connected() as client, self._begun(client, command, timeout, terminal=tied) as channel:
            channel.settimeout(LOOK)
            while self._reads(channel, lines):
                if time.monotonic() > end:
                    raise TimedOut(f"it did not end within {timeout:.0f} s and was ended")
            return Ended(self._exit_code(channel), lines.end())

    def pipe(self, command: str, timeout: float, sink: Sink, source: Iterable[bytes] | None = None) -> Ended:
        """Run a command whose output, or input, is data; without a terminal, which would change it."""
        lines, end = Lines(None), time.monotonic() + timeout
        fed = source is not None
        with self._connected() as client, self._begun(client, command, timeout, data=True, fed=fed) as channel:
            channel.settimeout(LOOK if source is None else timeout)  # it counts for what is fed as well
            feeder = Feeder(source, channel.sendall, channel.shutdown_write) if source is not None else None
            if feeder:
                feeder.start()
            while not channel.exit_status_ready():
                if time.monotonic() > end:
                    raise TimedOut(f"it did not end within {timeout:.0f} s and was ended")
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
            return Ended(self._exit_code(channel), lines.end())

    @contextmanager
    def _begun(
        self,
        client: paramiko.SSHClient,
        command: str,
        timeout: float,
        *,
        terminal: bool = False,
        data: bool = False,
        fed: bool = False,
    ) -> Iterator[paramiko.Channel]:
        """Start a command once its guard is there; whatever goes wrong then, it is gone, or MayRun is raised.

        :param terminal: it has one
        :param data: its output is kept apart from its error output
        :param fed: it has an input
        """
        with ExitStack() as stack:
            try:
                channel, guard = (stack.enter_context(_session(client)) for _ in range(2))
                if terminal:
                    channel.get_pty()
                channel.set_combine_stderr(not data)
                starter = START if fed else START + NO_INPUT
                channel.exec_command(_words(starter, command))
                group = _awaited(channel, BEGUN)["group"].decode()
                tied = "tied" if terminal or data else ""
                guard.exec_command(_words(GUARD, group, str(guarded_for(timeout)), tied))
                _awaited(guard, READY)
                channel.sendall(GO)
            except BROKEN as error:
                raise NoConnection(f"{self._conn_id}: no session for a command: {error}") from error
            try:
                yield channel
            except BaseException as error:
                if _ended(channel, guard) or not isinstance(error, Exception):
                    raise
                said = f"it did not end within {timeout:.0f} s" if isinstance(error, TimedOut) else str(error)
                raise MayRun(f"{said}, and it was not seen to end: it may still run on its host") from error

    def _exit_code(self, channel: paramiko.Channel) -> int:
        """Return it; a guard that was asked has seen the end of a command that has none."""
        if (code := channel.recv_exit_status()) < 0:
            raise Unreachable(f"it ended without an exit code: it was killed, or the connection {self._conn_id} broke")
        return code

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


def _words(script: str, *arguments: str) -> str:
    """Return what runs a script of ours there, whatever the login shell is."""
    return f"exec /bin/sh -c {shlex.quote(script)} camunda-backup {shlex.join(arguments)}"


def _awaited(channel: paramiko.Channel, pattern: re.Pattern[bytes], seconds: float = CONNECT) -> re.Match[bytes]:
    """Read until a script of ours has said something; what a login shell's own files print comes before it."""
    channel.settimeout(seconds)
    told = b""
    while not (match := pattern.search(told)):
        if not (data := channel.recv(CHUNK)):
            line = told.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise EOFError(harmless(line) or "it was closed")
        told += data
    return match


def _ended(channel: paramiko.Channel, guard: paramiko.Channel) -> bool:
    """Have a command ended; return whether its guard saw that all of it is gone."""
    try:
        channel.close()  # with its terminal, if it has one
        with suppress(OSError):  # it may have seen the end by itself
            guard.sendall(b"end\n")
        return bool(_awaited(guard, GONE, LAST_WORDS + KILLED + CONNECT))
    except BROKEN:
        return False


@contextmanager
def _session(client: paramiko.SSHClient) -> Iterator[paramiko.Channel]:
    transport = client.get_transport()
    if transport is None:
        raise EOFError("the SSH connection broke")
    with transport.open_session(timeout=CONNECT) as channel:
        yield channel
