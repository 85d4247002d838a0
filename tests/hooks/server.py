"""A small HTTP server whose answers a test decides, with or without TLS."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request as it arrived; the names of its headers are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Given:
    """One answer as it is sent."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Server:
    """What the server answers next, and what it received.

    ``decide`` answers each request by itself, in the place of ``status``, ``body`` and ``content_type``. ``hanging``
    makes it keep quiet until the test is over; ``breaking`` makes it hang up instead of answering.
    """

    scheme: str = "http"
    port: int = 0
    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    decide: Callable[[Received], Given] | None = None
    hanging: bool = False
    breaking: bool = False
    received: list[Received] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def connection(self) -> dict[str, Any]:
        """An Airflow connection to it, in Airflow's JSON form."""
        return {"conn_type": "http", "schema": self.scheme, "host": "127.0.0.1", "port": self.port}

    @property
    def last(self) -> Received:
        """The last request that arrived."""
        return self.received[-1]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    decided: Server

    def _answer(self) -> None:
        decided, length = self.decided, int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.command, self.path, headers, self.rfile.read(length))
        decided.received.append(received)
        if decided.hanging:
            decided.over.wait()
        if decided.hanging or decided.breaking:
            self.close_connection = True
            return
        given = Given(decided.status, decided.body, decided.content_type)
        self._send(decided.decide(received) if decided.decide else given)

    def _send(self, given: Given) -> None:
        self.send_response(given.status)
        for name, value in given.headers.items():
            self.send_header(name, value)
        if given.status != 204:
            self.send_header("Content-Type", given.content_type)
            self.send_header("Content-Length", str(len(given.body)))
        self.end_headers()
        if given.status != 204:
            self.wfile.write(given.body)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that breaks off, e.g. over a certificate that it does not trust


@contextmanager
def serving(server: Server, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Let it listen on a free port of 127.0.0.1."""
    listener = _Listener(("127.0.0.1", 0), type("Handler", (_Handler,), {"decided": server}))
    if tls:
        listener.socket = tls.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
    server.port = listener.server_address[1]
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        listener.shutdown()
        thread.join()
        listener.server_close()
