"""A node whose containers are real processes on this machine: what a kubelet does, in short."""

import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.errors import SandboxError
from sandbox.ports import HOST
from sandbox.programs import Programs

from . import forwards
from .api_server import ApiServer
from .pod import Image, Pod

LABEL = "sandbox/agent"
"""The label of a node that kwok does not play; a pod asks for it by its node selector."""

LOOK = 0.3
HEARTBEAT = 10.0  # seconds; controllers take a node for lost after 40


class NodeAgent:
    """Runs the pods that are bound to its node until it is left.

    :param name: the node's
    :param home: the folder for logs and keys
    :param api: the API server, as an administrator
    :param images: what is run for each image that it has
    """

    def __init__(self, name: str, home: Path, api: ApiServer, images: Mapping[str, Image]) -> None:
        self._name = name
        self._home = home.resolve()
        self._api = api
        self._images = images
        self._pods: dict[str, Pod] = {}
        self._ending: set[str] = set()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._home.mkdir(parents=True, exist_ok=True)
        self._programs = Programs(self._home)
        self._server = _PodServer(self._home, self._programs, self._pods)
        self._api.create_node({"metadata": {"name": self._name, "labels": {LABEL: "true"}}})
        for target in (self._server.serve_forever, self._beat, self._look):
            thread = threading.Thread(target=target, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()
        for pod in self._pods.values():
            pod.end()
        self._programs.close()

    def _beat(self) -> None:
        while True:
            with suppress(SandboxError, requests.RequestException):
                self._api.patch_node_status(self._name, self._status())
            if self._over.wait(HEARTBEAT):
                return

    def _status(self) -> dict[str, Any]:
        room = {"cpu": "8", "memory": "32Gi", "pods": "20"}
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "addresses": [{"type": "InternalIP", "address": HOST}],
            "capacity": room,
            "allocatable": room,
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._server.server_port}},
            "conditions": [{"type": "Ready", "status": "True", "reason": "NodeAgent", "lastHeartbeatTime": now}],
        }

    def _look(self) -> None:
        while not self._over.wait(LOOK):
            with suppress(SandboxError, requests.RequestException):
                for body in self._api.nodes_pods(self._name):
                    self._take(body)

    def _take(self, body: dict[str, Any]) -> None:
        uid = body["metadata"]["uid"]
        if not body["metadata"].get("deletionTimestamp"):
            if uid not in self._pods and body["status"].get("phase") == "Pending":
                self._pods[uid] = Pod(body, self._api, self._programs, self._images)
                self._pods[uid].start()
        elif uid not in self._ending:
            self._ending.add(uid)
            threading.Thread(target=self._remove, args=(body,), daemon=True).start()

    def _remove(self, body: dict[str, Any]) -> None:
        uid = body["metadata"]["uid"]
        if pod := self._pods.get(uid):
            pod.end()
        try:
            self._api.remove_pod(body)
        except (SandboxError, requests.RequestException):
            self._ending.discard(uid)  # the next look tries again


class _PodServer(ThreadingHTTPServer):
    """Gives the API server what containers have printed, and leads it to their ports."""

    daemon_threads = True

    def __init__(self, home: Path, programs: Programs, pods: Mapping[str, Pod]) -> None:
        super().__init__((HOST, 0), _PodHandler)
        self._programs = programs
        self._pods = pods
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_certificate(home))
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def log_of(self, namespace: str, name: str, container: str) -> bytes | None:
        """Return a container's output, None when there is none."""
        for pod in list(self._pods.values()):
            meta = pod.body["metadata"]
            if (meta["namespace"], meta["name"]) == (namespace, name):
                log = self._programs.log_path(pod.program_name(container))
                return log.read_bytes() if log.exists() else None
        return None


class _PodHandler(BaseHTTPRequestHandler):
    server: _PodServer

    def do_GET(self) -> None:
        """Answer /containerLogs/<namespace>/<pod>/<container> and /portForward/<namespace>/<pod>, as a kubelet does."""
        path, _, query = self.path.partition("?")
        parts = path.strip("/").split("/")
        if parts[0] == "portForward":
            self.close_connection = True
            head = f"{self.requestline}\r\n{self.headers}".replace("\r\n", "\n").replace("\n", "\r\n")
            with suppress(OSError):
                forwards.serve(self.connection, head.encode(), int(parse_qs(query)["port"][0]))
            return
        text = self.server.log_of(*parts[1:]) if len(parts) == 4 and parts[0] == "containerLogs" else None
        self.send_response(404 if text is None else 200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text or b"")))
        self.end_headers()
        self.wfile.write(text or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


def _certificate(home: Path) -> Path:
    """Return a file with a key and a certificate that it signed itself; the API server asks for no other."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node agent")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = home / "node.pem"
    file.touch(mode=0o600)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file
