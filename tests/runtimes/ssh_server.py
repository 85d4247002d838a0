"""An SSH server on 127.0.0.1 that runs commands as sshd does: a command with a terminal ends with its connection."""

import os
import shlex
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED

from camunda_backup.runtimes.shells import NO_INPUT
from camunda_backup.runtimes.ssh import START

USER, PASSWORD = "camunda", "hunter2-let-me-in"


@dataclass
class SshServer:
    """What the server does next, and what it ran.

    ``breaking`` makes it hang up when the next command is asked for; without ``own_groups`` commands share its own
    process group.
    """

    key: paramiko.PKey = field(default_factory=paramiko.ECDSAKey.generate)
    port: int = 0
    breaking: bool = False
    own_groups: bool = True
    ran: list[str] = field(default_factory=list)
    with_terminal: list[bool] = field(default_factory=list)
    transports: list[paramiko.Transport] = field(default_factory=list)

    def hang_up(self) -> None:
        """Break every connection."""
        for transport in self.transports:
            transport.close()

    @property
    def host_key(self) -> str:
        """Its public key, as it stands in known_hosts."""
        return f"{self.key.get_name()} {self.key.get_base64()}"


class _Session(paramiko.ServerInterface):
    def __init__(self, server: SshServer, transport: paramiko.Transport) -> None:
        self._server, self._transport = server, transport
        self._terminals: set[int] = set()

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        right = (username, password) == (USER, PASSWORD)
        return AUTH_SUCCESSFUL if right else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED

    def check_channel_pty_request(self, channel: paramiko.Channel, *terminal: object) -> bool:
        self._terminals.add(channel.get_id())
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        _exec, _shell, _c, script, _name, *arguments = shlex.split(command.decode())
        if script in {START, START + NO_INPUT}:
            self._server.ran.append(arguments[0])
            self._server.with_terminal.append(channel.get_id() in self._terminals)
        threading.Thread(target=self._run, args=(channel, command.decode()), daemon=True).start()
        return True

    def _run(self, channel: paramiko.Channel, command: str) -> None:
        # The request is answered after this began; one round trip later the answer is out.
        self._transport.global_request("keepalive@openssh.com", wait=True)
        if self._server.breaking:
            self._transport.close()
            return
        with subprocess.Popen(  # noqa: S603 - running what it is given is what it is for
            ["/bin/sh", "-c", command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=self._server.own_groups,
        ) as process:
            pumps = [
                threading.Thread(target=self._pump, args=(process.stdout, channel.sendall), daemon=True),
                threading.Thread(target=self._pump, args=(process.stderr, channel.sendall_stderr), daemon=True),
            ]
            for thread in (*pumps, threading.Thread(target=self._feed, args=(process, channel), daemon=True)):
                thread.start()
            while process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.02)
                if channel.closed and channel.get_id() in self._terminals:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGHUP)
            for pump in pumps:
                pump.join(0.5)
            with suppress(OSError, EOFError):
                if process.returncode >= 0:  # one that was killed has no exit code
                    channel.send_exit_status(process.returncode)
                channel.close()

    @staticmethod
    def _pump(output: IO[bytes] | None, send: Callable[[bytes], object]) -> None:
        if output is None:
            raise TypeError("its output is a pipe")
        with suppress(OSError, ValueError, EOFError):  # the connection may be gone
            while data := os.read(output.fileno(), 65536):
                send(data)

    @staticmethod
    def _feed(process: subprocess.Popen[bytes], channel: paramiko.Channel) -> None:
        if process.stdin is None:
            raise TypeError("its input is a pipe")
        with suppress(OSError, ValueError):
            while data := channel.recv(65536):
                rest = memoryview(data)
                while rest:
                    rest = rest[process.stdin.write(rest) :]
        with suppress(OSError):
            process.stdin.close()


@contextmanager
def serving(server: SshServer) -> Iterator[SshServer]:
    """Let it listen on a free port of 127.0.0.1."""
    transports = server.transports

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                transport = paramiko.Transport(client)
                transports.append(transport)
                transport.add_server_key(server.key)
                with suppress(paramiko.SSHException, EOFError):
                    transport.start_server(event=threading.Event(), server=_Session(server, transport))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for transport in transports:
                transport.close()
                transport.join(5)
