"""What the node agent asks of the API server: a few calls as plain HTTP, every answer as JSON types."""

from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError
from sandbox.loopback import session

ANSWER = 30.0  # seconds
MERGE = "application/strategic-merge-patch+json"
ALREADY_THERE, NOT_THERE = 409, 404


class ApiServer:
    """The API server, asked as one user.

    :param server: its address
    :param authority: the file with the certificate that vouches for it
    :param token: the user's
    """

    def __init__(self, server: str, authority: Path, token: str) -> None:
        self._server = server
        self._authority = str(authority)
        self._token = token

    def nodes_pods(self, node: str) -> list[dict[str, Any]]:
        """Return the pods that are bound to a node."""
        found: list[dict[str, Any]] = self._send("GET", f"/api/v1/pods?fieldSelector=spec.nodeName={node}")["items"]
        return found

    def create_node(self, node: dict[str, Any]) -> None:
        """Create a node, unless it is there."""
        self._send("POST", "/api/v1/nodes", node, passes=ALREADY_THERE)

    def patch_node_status(self, name: str, status: dict[str, Any]) -> None:
        """Change a node's status."""
        self._send("PATCH", f"/api/v1/nodes/{name}/status", {"status": status})

    def patch_pod_status(self, pod: dict[str, Any], status: dict[str, Any]) -> None:
        """Change a pod's status; nothing when this very pod is gone."""
        told = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status}
        self._send("PATCH", f"{_path(pod)}/status", told, passes=NOT_THERE)

    def remove_pod(self, pod: dict[str, Any]) -> None:
        """Remove a pod whose processes are gone."""
        told = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
        self._send("DELETE", _path(pod), told, passes=NOT_THERE)

    def folder_of_claim(self, namespace: str, name: str) -> Path:
        """Return the folder on the node that a claim is bound to.

        :raises SandboxError: it is not bound, or to something else
        """
        claim = self._send("GET", f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{name}")
        volume = claim["spec"].get("volumeName")
        if not volume:
            raise SandboxError(f"The claim {name} is not bound to a volume.")
        told = self._send("GET", f"/api/v1/persistentvolumes/{volume}")["spec"]
        if "hostPath" not in told:
            raise SandboxError(f"The volume {volume} of the claim {name} has no hostPath.")
        return Path(told["hostPath"]["path"])

    def _send(self, method: str, path: str, body: Any = None, passes: int | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        if method == "PATCH":
            headers["Content-Type"] = MERGE
        with session() as direct:
            direct.verify = self._authority
            response = direct.request(method, f"{self._server}{path}", json=body, headers=headers, timeout=ANSWER)
        if not response.ok and response.status_code != passes:
            raise SandboxError(f"The API server refuses {method} {path}: {response.text:.500}")
        return response.json()


def _path(pod: dict[str, Any]) -> str:
    meta = pod["metadata"]
    return f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
