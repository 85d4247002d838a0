"""Stop, start, empty and restore the parts of a cluster over HTTP, on loopback only.

The parts belong to the process that started them, so whoever else wants to stop or start one asks that process here.
The stand-in answers the same calls on its `control` port.
"""

import json
import re
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO, Protocol, cast

from .archive_streams import Incoming, Outgoing
from .errors import BusyError, SandboxError
from .ports import HOST
from .programs import PACKAGE_FOLDER, Ended

Answer = tuple[HTTPStatus, dict[str, Any] | None]

ADDRESS = "SANDBOX_PROCESSES"
"""The environment variable that tells where to ask."""

ZEEBE = "zeebe"
ARCHIVE = f"/processes/{ZEEBE}/archive"
POLL_INTERVAL = 0.1


def variables(address: str) -> dict[str, str]:
    """Return the environment in which the commands of the sandbox's cluster files work.

    :param address: of this server, or of the stand-in's `control` port
    """
    return {"SANDBOX_PYTHON": sys.executable, "PYTHONPATH": str(PACKAGE_FOLDER), ADDRESS: address}


class Processes(Protocol):
    """What is controlled: the parts of a cluster."""

    parts: tuple[str, ...]

    def is_running(self, name: str) -> bool:
        """Return whether one part's process is there."""

    def stop_part(self, name: str) -> None:
        """Stop one part in an orderly way."""

    def start_part(self, name: str) -> None:
        """Start one part with the data it has, without waiting for it."""

    def empty_zeebe(self) -> None:
        """Remove everything from Zeebe's data folder."""

    def restore_zeebe(self, backup_id: int) -> Ended:
        """Run Zeebe's restore application."""

    def holds_backup(self, backup_id: int) -> bool:
        """Return whether Zeebe's backup store holds a complete backup."""

    def archive_zeebe(self, output: BinaryIO) -> None:
        """Write Zeebe's data folder as a tar archive, hard and symbolic links kept."""

    def unarchive_zeebe(self, source: BinaryIO) -> None:
        """Fill Zeebe's empty data folder from such an archive."""


@dataclass(frozen=True, slots=True)
class Route:
    """One call: its method, its path as a pattern, and what it does with the path's pieces and the body."""

    method: str
    path: re.Pattern[str]
    act: Callable[[Processes, Mapping[str, str], bytes], Answer]


def _state(processes: Processes, pieces: Mapping[str, str], _body: bytes) -> Answer:
    return HTTPStatus.OK, {"state": "running" if processes.is_running(pieces["name"]) else "stopped"}


def _stop(processes: Processes, pieces: Mapping[str, str], _body: bytes) -> Answer:
    processes.stop_part(pieces["name"])
    return HTTPStatus.NO_CONTENT, None


def _start(processes: Processes, pieces: Mapping[str, str], _body: bytes) -> Answer:
    if not processes.is_running(pieces["name"]):
        processes.start_part(pieces["name"])
    return HTTPStatus.NO_CONTENT, None


def _empty(processes: Processes, _pieces: Mapping[str, str], _body: bytes) -> Answer:
    processes.empty_zeebe()
    return HTTPStatus.NO_CONTENT, None


def _restore(processes: Processes, _pieces: Mapping[str, str], body: bytes) -> Answer:
    ended = processes.restore_zeebe(int(json.loads(body)["backup_id"]))
    return HTTPStatus.OK, {"exit_code": ended.exit_code, "output": ended.output}


def _backup(processes: Processes, pieces: Mapping[str, str], _body: bytes) -> Answer:
    return HTTPStatus.OK, {"exists": processes.holds_backup(int(pieces["backup"]))}


ROUTES = tuple(
    Route(method, re.compile(f"/processes/{path}"), act)
    for method, path, act in (
        ("POST", rf"(?P<name>{ZEEBE})/empty", _empty),
        ("POST", rf"(?P<name>{ZEEBE})/restore", _restore),
        ("GET", rf"(?P<name>{ZEEBE})/backups/(?P<backup>\d+)", _backup),
        ("GET", r"(?P<name>\w+)", _state),
        ("POST", r"(?P<name>\w+)/stop", _stop),
        ("POST", r"(?P<name>\w+)/start", _start),
    )
)


def answer(processes: Processes, method: str, path: str, body: bytes) -> Answer:
    """Return the answer to one call.

    :param processes: what is controlled
    :param method: as HTTP writes it
    :param path: without a query
    :param body: JSON, or nothing
    """
    for route in ROUTES:
        found = route.path.fullmatch(path) if route.method == method else None
        if found and found["name"] in processes.parts:
            try:
                return route.act(processes, found.groupdict(), body)
            except BusyError as busy:
                return HTTPStatus.CONFLICT, {"message": str(busy)}
            except SandboxError as error:
                return HTTPStatus.INTERNAL_SERVER_ERROR, {"message": str(error)}
            except (ValueError, TypeError, KeyError):
                return HTTPStatus.BAD_REQUEST, {"message": 'Send {"backup_id": <number>}.'}
    return HTTPStatus.NOT_FOUND, {"message": f"The sandbox knows no {method} {path}."}


class Handler(BaseHTTPRequestHandler):
    """Answers one call."""

    protocol_version = "HTTP/1.1"

    def handle_call(self) -> None:
        """Read the call and send its answer."""
        if self.path == ARCHIVE:
            self._pass_archive(cast("Server", self.server).processes)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._send(*answer(cast("Server", self.server).processes, self.command, self.path, body))

    def _pass_archive(self, processes: Processes) -> None:
        """Pass an archive through, in either direction; one that ends too early is cut off."""
        self.close_connection = True
        outgoing = Outgoing(self)
        try:
            if self.command == "GET":
                processes.archive_zeebe(cast("BinaryIO", outgoing))
                outgoing.end()
            else:
                size = int(self.headers.get("Content-Length") or 0)
                processes.unarchive_zeebe(cast("BinaryIO", Incoming(cast("BinaryIO", self.rfile), size)))
                self._send(HTTPStatus.NO_CONTENT, None)
        except (SandboxError, OSError) as error:
            if not outgoing.begun:
                status = HTTPStatus.CONFLICT if isinstance(error, BusyError) else HTTPStatus.INTERNAL_SERVER_ERROR
                self._send(status, {"message": str(error)})

    def _send(self, status: HTTPStatus, told: dict[str, Any] | None) -> None:
        content = b"" if told is None else json.dumps(told).encode()
        self.send_response_only(status)
        if told is not None:
            self.send_header("Content-Type", "application/json")
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = handle_call  # noqa: N815 - the base class calls them so

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so in the base class
        """Log nothing: the parts have logs of their own."""


class Server(ThreadingHTTPServer):
    """Answers each call in a thread of its own: some take as long as a restore."""

    daemon_threads = True

    def __init__(self, port: int, processes: Processes) -> None:
        super().__init__((HOST, port), Handler)
        self.processes = processes


class ProcessControl:
    """The server, for as long as the parts may be controlled.

    :param port: where to listen
    :param processes: what is controlled
    """

    def __init__(self, port: int, processes: Processes) -> None:
        self._port = port
        self._processes = processes
        self._server: Server | None = None

    def open(self) -> None:
        """Listen.

        :raises SandboxError: the port is taken
        """
        try:
            server = self._server = Server(self._port, self._processes)
        except OSError as error:
            raise SandboxError(f"Port {self._port} (for processes) cannot be used: {error.strerror}.") from error
        threading.Thread(target=server.serve_forever, args=(POLL_INTERVAL,), name="processes", daemon=True).start()

    def close(self) -> None:
        """Take no more calls; harmless when it is closed."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
