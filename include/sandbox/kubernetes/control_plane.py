"""Starts etcd, the API server, the controllers, the scheduler and kwok on loopback."""

import base64
import json
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.errors import SandboxError
from sandbox.loopback import session
from sandbox.ports import HOST
from sandbox.programs import Program, Programs, environment

from .api_server import ApiServer
from .node import LABEL as AGENT
from .program import PROGRAM, SOURCE, STAGES, build

DEFAULT_BASE = 34000
PORTS = ("api", "etcd", "etcd_peer", "controllers", "scheduler", "kwok")
COMPONENTS = ("kwok", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd")
PATIENCE = 120.0
LOOK = 0.2
NAME = "sandbox"
LOG = "2026-01-01T00:00:00.000000000Z stdout F "
SAID = ("Starting to restore from backup", "Successfully restored broker from backup")
"""What every pod prints: no container runs."""


class ControlPlane:
    """A Kubernetes control plane whose nodes and pods are played; its data is new with every start.

    :param home: the folder for data and logs
    :param base_port: the first of the ports that it listens on
    """

    def __init__(self, home: Path, base_port: int) -> None:
        self._home = home.resolve()
        self._ports = {name: base_port + number for number, name in enumerate(PORTS)}
        self._token = secrets.token_hex(16)
        self._programs: Programs | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._programs:
            for name in filter(self._programs.is_running, COMPONENTS):  # at once: there is nothing to save
                self._programs.kill(name)
            self._programs.close()

    @property
    def server(self) -> str:
        """The API server's address."""
        return f"https://{HOST}:{self._ports['api']}"

    @property
    def kubeconfig_path(self) -> Path:
        """The administrator's kubeconfig."""
        return self._home / "kubeconfig"

    @property
    def authority(self) -> Path:
        """The certificate that vouches for the API server."""
        return self._home / "certs" / "apiserver.crt"

    @property
    def api(self) -> ApiServer:
        """The API server, asked as administrator."""
        return ApiServer(self.server, self.authority, self._token)

    def kubeconfig(self, token: str | None = None) -> dict[str, Any]:
        """Return how to reach it.

        :param token: whose; default: the administrator's
        """
        authority = base64.b64encode(self.authority.read_bytes()).decode()
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": NAME,
            "clusters": [{"name": NAME, "cluster": {"server": self.server, "certificate-authority-data": authority}}],
            "users": [{"name": NAME, "user": {"token": token or self._token}}],
            "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
        }

    def start(self, report: Callable[[str], None]) -> None:
        """Start everything and wait until the API server is ready.

        :param report: is told what is being done
        :raises SandboxError: it does not start
        """
        folder = build(report)
        self._home.mkdir(parents=True, exist_ok=True)
        self._programs = programs = Programs(self._home)
        for old in ("etcd", "certs"):
            shutil.rmtree(self._home / old, ignore_errors=True)
        self._write_keys()
        self._run(folder, "etcd", *self._etcd())
        self._run(folder, "kube-apiserver", *self._api_server())
        self._wait_ready(programs)
        config = self.kubeconfig_path
        self._write_secret(config, json.dumps(self.kubeconfig()))
        alone = (
            "--kubeconfig",
            str(config),
            "--leader-elect=false",
            f"--bind-address={HOST}",
            "--authentication-skip-lookup",
        )
        keys = ("--service-account-private-key-file", str(self._home / "accounts.key"), "--allocate-node-cidrs=false")
        self._run(folder, "kube-controller-manager", *alone, f"--secure-port={self._ports['controllers']}", *keys)
        self._run(folder, "kube-scheduler", *alone, f"--secure-port={self._ports['scheduler']}")
        self._run(folder, "kwok", *self._kwok(folder, config))

    def _etcd(self) -> list[str]:
        client, peer = (f"http://{HOST}:{self._ports[name]}" for name in ("etcd", "etcd_peer"))
        return [
            f"--data-dir={self._home / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
        ]  # fmt: skip

    def _api_server(self) -> list[str]:
        return [
            f"--etcd-servers=http://{HOST}:{self._ports['etcd']}", f"--bind-address={HOST}",
            f"--advertise-address={HOST}", f"--secure-port={self._ports['api']}", f"--cert-dir={self._home / 'certs'}",
            "--service-cluster-ip-range=10.96.0.0/16", "--endpoint-reconciler-type=none",
            f"--token-auth-file={self._home / 'tokens.csv'}", "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self._home / 'accounts.pub'}",
            f"--service-account-signing-key-file={self._home / 'accounts.key'}",
        ]  # fmt: skip

    def _kwok(self, folder: Path, config: Path) -> list[str]:
        log, stages = self._home / "pod.log", self._home / "stages.yaml"
        log.write_text("".join(f"{LOG}{line}\n" for line in SAID), encoding="utf-8")
        logs = {
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": "ClusterLogs",
            "metadata": {"name": "all"},
            "spec": {"logs": [{"logsFile": str(log), "follow": False}]},
        }
        told = [(folder / STAGES).read_text(), (SOURCE / "pods.yaml").read_text(), json.dumps(logs)]
        stages.write_text("\n---\n".join(told), encoding="utf-8")
        kwok = self._ports["kwok"]
        return [
            "--kubeconfig", str(config), "--config", str(stages), f"--manage-nodes-with-label-selector=!{AGENT}",
            "--node-lease-duration-seconds=40", f"--server-address={HOST}:{kwok}", f"--node-ip={HOST}",
            f"--node-port={kwok}",
        ]  # fmt: skip

    def _run(self, folder: Path, name: str, *arguments: str) -> None:
        if self._programs:
            command = (str(folder / PROGRAM), name, *arguments)
            self._programs.start(Program(name, command, environment(self._home), self._home, ""))

    def _write_keys(self) -> None:
        key = rsa.generate_private_key(65537, 2048)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._write_secret(self._home / "accounts.key", private.decode())
        self._write_secret(self._home / "accounts.pub", public.decode())
        self._write_secret(self._home / "tokens.csv", f"{self._token},admin,admin,system:masters\n")

    @staticmethod
    def _write_secret(file: Path, text: str) -> None:
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")

    def _wait_ready(self, programs: Programs) -> None:
        end = time.monotonic() + PATIENCE
        with session() as direct:
            while time.monotonic() < end:
                if programs.has_crashed("kube-apiserver"):
                    break
                try:
                    direct.verify = str(self.authority)
                    if self.authority.exists() and direct.get(f"{self.server}/readyz", timeout=5).ok:
                        return
                except requests.RequestException:
                    pass
                time.sleep(LOOK)
        raise SandboxError(f"The API server does not start; see {programs.log_path('kube-apiserver')}.")
