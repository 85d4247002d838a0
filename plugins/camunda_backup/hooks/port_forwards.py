"""Reaching a pod's port through the Kubernetes API server, as ``kubectl port-forward`` does."""

import os
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from camunda_backup.errors import CamundaBackupError, Rejected, Unreachable
from camunda_backup.runtimes.kubernetes_access import FORWARD_RIGHTS, missing

if TYPE_CHECKING:
    from camunda_backup.runtimes.kubernetes_api import KubernetesApi

HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class PortForward:
    """What ``port_forward`` in a connection's extra says.

    :param connection: an Airflow connection of type kubernetes
    :param namespace: of the pods
    :param selector: labels as ``kubectl -l`` takes them; the first ready pod by name is reached
    """

    connection: str
    namespace: str
    selector: str

    @classmethod
    def of(cls, told: Any) -> Self | None:
        """Return what the extra says, None when it says nothing.

        :raises ValueError: it cannot be used as it is
        """
        if told is None:
            return None
        names = [field.name for field in fields(cls)]
        given = told if isinstance(told, Mapping) else {}
        if sorted(given) != sorted(names) or not all(isinstance(one, str) and one for one in given.values()):
            raise ValueError(f"port_forward in its extra must have {', '.join(names)}, and nothing else")
        return cls(**given)

    def __str__(self) -> str:
        """Return what messages call it."""
        return f"a pod with the labels {self.selector} in namespace {self.namespace}"


class Tunnel:
    """Listens on this machine's loopback as long as the process lives; every connection goes on to the pod.

    :param api: where the pods are; asked anew for each connection
    :param forward: which pod
    :param port: the pod's
    """

    def __init__(self, api: "KubernetesApi", forward: PortForward, port: int) -> None:
        self._api, self._forward, self._remote = api, forward, port
        self.trouble: CamundaBackupError | None = None
        """Why the last connection led nowhere, None when it did not."""
        self._listener = socket.create_server((HERE, 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name=f"port-forward to {forward}", daemon=True).start()

    def close(self) -> None:
        """Listen no longer; connections that are open stay."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller, suppress(OSError):  # one of both hung up
            try:
                self.trouble = None
                self._lead(caller)
            except CamundaBackupError as error:
                self.trouble = error

    def _lead(self, caller: socket.socket) -> None:
        name = first_ready(self._api.pods(self._forward.selector))
        if name is None:
            raise Unreachable(f"{self._forward.connection}: there is no ready pod: {self._forward} is wanted")
        try:
            self._api.forward(caller, name, self._remote)
        except Rejected as error:
            lacking = missing(self._forward.namespace, self._api.allowed, FORWARD_RIGHTS)
            raise Rejected(f"connection {self._forward.connection}: {lacking[0]}" if lacking else str(error)) from error


def first_ready(pods: list[dict[str, Any]]) -> str | None:
    """Return the first ready pod by name, so that all requests reach the same; None when none is ready."""
    ready = (
        pod["metadata"]["name"]
        for pod in pods
        if not pod["metadata"].get("deletionTimestamp")
        for condition in pod.get("status", {}).get("conditions") or ()
        if (condition["type"], condition["status"]) == ("Ready", "True")
    )
    return min(ready, default=None)


_tunnels: dict[tuple[PortForward, int], Tunnel] = {}
_guard = threading.Lock()
os.register_at_fork(after_in_child=_tunnels.clear)  # threads stay with the parent


def tunnel(forward: PortForward, port: int) -> Tunnel:
    """Return this process's tunnel to a pod's port; it is opened when there is none, or none that works.

    :param port: the pod's
    :raises Rejected: the connection to Kubernetes cannot be used
    """
    with _guard:
        known = _tunnels.get((forward, port))
        if known and isinstance(known.trouble, Rejected):
            known.close()
            known = None
        if known is None:
            known = _tunnels[forward, port] = Tunnel(_api(forward), forward, port)
        return known


def _api(forward: PortForward) -> "KubernetesApi":
    try:
        from camunda_backup.runtimes.kubernetes_api import KubernetesApi  # noqa: PLC0415 - the provider is optional
    except ImportError as error:
        raise Rejected(
            "a connection names port_forward, but apache-airflow-providers-cncf-kubernetes is not installed; install"
            " requirements-extras.txt on the workers and for the triggerer"
        ) from error
    return KubernetesApi(forward.connection, forward.namespace)
