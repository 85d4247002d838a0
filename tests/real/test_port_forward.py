"""Management ports behind a real API server, reached by port-forward with exactly the documented rights."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import kubernetes
import pytest

from camunda_backup.api.messages import Answer, Request
from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.hooks.http import AsyncJsonHook, JsonHook
from camunda_backup.runtimes.kubernetes_access import FORWARD_RIGHTS
from sandbox.kubernetes.control_plane import ControlPlane
from sandbox.kubernetes.node import LABEL, NodeAgent
from sandbox.kubernetes.pod import Image
from tests.observing import until
from tests.real.conftest import PORTS as BASE
from tests.real.namespaces import PORTS, documented_role

RULES = documented_role("camunda-port-forward")["rules"]
NAMESPACE, CONN_ID, ACCOUNT = "default", "prod_operate", "airflow"
LOOK = Request("GET", "/actuator/health")
PORT, SILENT = BASE + 200, BASE + 201  # the embedded cluster may be up
NAMED = """
import http.server, json, os, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        told = json.dumps({"pod": sys.argv[1], "host": self.headers["Host"], "size": "x" * 300000}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)
while True:
    try:
        http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
    except OSError:
        time.sleep(0.2)
"""
"""Says which pod it is once it has the port: the node's pods share this machine's."""


@dataclass
class Cluster:
    """A control plane with one node."""

    plane: ControlPlane
    core: Any
    rbac: Any

    def account(self, name: str, rules: list[dict[str, Any]]) -> str:
        """Create an account with these rights; return the Airflow connection."""
        self.core.create_namespaced_service_account(NAMESPACE, {"metadata": {"name": name}})
        self.rbac.create_namespaced_role(NAMESPACE, {"metadata": {"name": name}, "rules": rules})
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        subject = {"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}
        self.rbac.create_namespaced_role_binding(
            NAMESPACE, {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
        )
        asked = {"spec": {"expirationSeconds": 7200}}
        token = self.core.create_namespaced_service_account_token(name, NAMESPACE, asked).status.token
        return json.dumps({"conn_type": "kubernetes", "extra": {"kube_config": self.plane.kubeconfig(token)}})

    def run(self, name: str) -> None:
        """Create a pod that says its name."""
        container = {
            "name": "main",
            "image": "tool:1",
            "args": [name, str(PORT)],
            "readinessProbe": {"httpGet": {"port": PORT, "path": "/"}},
        }
        spec = {"nodeSelector": {LABEL: "true"}, "terminationGracePeriodSeconds": 1, "containers": [container]}
        meta = {"name": name, "labels": {"app": "operate"}}
        self.core.create_namespaced_pod(NAMESPACE, {"metadata": meta, "spec": spec})

    def is_ready(self, name: str) -> bool:
        """Return whether a pod is ready."""
        conditions = self.core.read_namespaced_pod(name, NAMESPACE).status.conditions or []
        return any((one.type, one.status) == ("Ready", "True") for one in conditions)

    def names(self) -> set[str]:
        """Return the pods that are there."""
        return {one.metadata.name for one in self.core.list_namespaced_pod(NAMESPACE).items}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A control plane with a node that runs one image."""
    home = tmp_path_factory.mktemp("forward")
    image = Image((sys.executable, "-c", NAMED), {"PATH": "/usr/bin:/bin"}, home, {})
    with ControlPlane(home / "plane", PORTS) as plane:
        plane.start(print)
        api = kubernetes.config.new_client_from_config_dict(plane.kubeconfig())
        core = kubernetes.client.CoreV1Api(api)
        accounts = core.list_namespaced_service_account
        until(lambda: any(one.metadata.name == "default" for one in accounts(NAMESPACE).items))
        with NodeAgent("here", home / "agent", plane.api, {"tool:1": image}):
            yield Cluster(plane, core, kubernetes.client.RbacAuthorizationV1Api(api))


def connect(patch: pytest.MonkeyPatch, kubernetes_connection: str, account: str, port: int = PORT) -> None:
    forward = {"connection": account, "namespace": NAMESPACE, "selector": "app=operate"}
    told = {"conn_type": "http", "host": "camunda-operate", "port": port, "extra": {"port_forward": forward}}
    patch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(told))
    patch.setenv(f"AIRFLOW_CONN_{account.upper()}", kubernetes_connection)


def asked_by_both() -> list[Answer]:
    """Ask as a worker does, and as a trigger does."""

    async def by_trigger() -> Answer:
        async with AsyncJsonHook(CONN_ID) as hook:
            return await hook.send(LOOK)

    return [JsonHook(CONN_ID).send(LOOK), asyncio.run(by_trigger())]


def said(pod: str) -> dict[str, str]:
    return {"pod": pod, "host": f"camunda-operate:{PORT}", "size": "x" * 300000}


def test_workers_and_triggers_reach_the_first_ready_pod_and_then_the_next(
    cluster: Cluster, airflow_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, cluster.account(ACCOUNT, RULES), ACCOUNT)
    with pytest.raises(Unreachable, match=r"^airflow: there is no ready pod: a pod with the labels app=operate in"):
        JsonHook(CONN_ID).send(LOOK)

    cluster.run("operate-0")
    until(lambda: cluster.is_ready("operate-0"))
    assert [answer.body for answer in asked_by_both()] == [said("operate-0")] * 2

    hook = JsonHook(CONN_ID)
    assert hook.send(LOOK).body == said("operate-0")
    cluster.run("operate-1")
    cluster.core.delete_namespaced_pod("operate-0", NAMESPACE)
    until(lambda: cluster.names() == {"operate-1"} and cluster.is_ready("operate-1"))

    def comes_back() -> bool:
        try:
            return bool(hook.send(LOOK).body == said("operate-1"))
        except Unreachable:  # the connection that was kept broke with its pod
            return False

    until(comes_back)
    assert [answer.body for answer in asked_by_both()] == [said("operate-1")] * 2

    connect(monkeypatch, os.environ[f"AIRFLOW_CONN_{ACCOUNT.upper()}"], ACCOUNT, SILENT)
    with pytest.raises(Unreachable, match=rf"^airflow: port {SILENT} of pod operate-1 cannot be reached: nothing list"):
        JsonHook(CONN_ID).send(LOOK)


def test_a_right_that_is_missing_is_named_and_once_granted_it_works(
    cluster: Cluster, airflow_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pods = [rule for rule in RULES if rule["resources"] == ["pods"]]
    connect(monkeypatch, cluster.account("weak", pods), "weak")
    with pytest.raises(Rejected, match=r"^connection weak: it may not create pods/portforward in namespace default,"):
        JsonHook(CONN_ID).send(LOOK)
    cluster.rbac.patch_namespaced_role("weak", NAMESPACE, {"rules": RULES})

    def granted() -> bool:
        try:
            return JsonHook(CONN_ID).send(LOOK).status == 200
        except Rejected:
            return False

    until(granted)


def test_the_documented_role_is_the_rights_that_are_asked_for() -> None:
    assert [right.rule() for right in FORWARD_RIGHTS] == RULES


def test_a_connection_to_kubernetes_that_is_not_there_is_named(
    airflow_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, "", "nobody")
    monkeypatch.delenv("AIRFLOW_CONN_NOBODY")
    with pytest.raises(Rejected, match=r"^Airflow has no connection nobody,"):
        JsonHook(CONN_ID).send(LOOK)
