"""A namespace with Camunda as the Helm chart lays it out, on a real API server; its nodes are played."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes
import pytest
import yaml

from camunda_backup.errors import CamundaBackupError
from camunda_backup.kubernetes_target import KubernetesRuntime
from camunda_backup.runtimes import runtime_of
from camunda_backup.runtimes.runtime import Runtime
from camunda_backup.states import Component
from sandbox.kubernetes.control_plane import ControlPlane
from tests.observing import until

PORTS = int(os.environ.get("SANDBOX_TEST_KUBERNETES_PORTS", "34000"))
DOCS = Path(__file__).parents[2] / "docs" / "kubernetes.md"
CONN_ID, ACCOUNT = "kubernetes_test", "airflow-worker"
LABEL = "app.kubernetes.io/component"
ZEEBE, OPERATE, TASKLIST = Component.ZEEBE, Component.OPERATE, Component.TASKLIST
COMPONENTS = (ZEEBE, OPERATE, TASKLIST)
WORKER = """
import json, signal, sys
from camunda_backup.runtimes import runtime_of
from camunda_backup.states import Component
does, config, *components = sys.argv[1:]
for component in map(Component, components):
    runtime = runtime_of(json.loads(config))
    runtime.stop(component) if does == "stop" else runtime.start(component, {})
signal.pause()
"""


def documented_role(name: str = "camunda-restore", kind: str = "Role") -> dict[str, Any]:
    """Return a Role or ClusterRole that users are told to create."""
    blocks = DOCS.read_text(encoding="utf-8").split("```yaml\n")[1:]
    manifests = (one for block in blocks for one in yaml.safe_load_all(block.split("```")[0]))
    return next(one for one in manifests if (one.get("kind"), one.get("metadata", {}).get("name")) == (kind, name))


class Namespace:
    """A namespace with Camunda 8.6 as the Helm chart lays it out: three brokers, two gateways, Operate and Tasklist."""

    def __init__(self, plane: ControlPlane, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.name = name
        self._plane = plane
        self._monkeypatch = monkeypatch
        api = kubernetes.config.new_client_from_config_dict(plane.kubeconfig())
        self.core = kubernetes.client.CoreV1Api(api)
        self.apps = kubernetes.client.AppsV1Api(api)
        self.batch = kubernetes.client.BatchV1Api(api)
        self.rbac = kubernetes.client.RbacAuthorizationV1Api(api)
        self.autoscaling = kubernetes.client.AutoscalingV2Api(api)
        self.core.create_namespace({"metadata": {"name": name}})
        until(lambda: any(one.metadata.name == "default" for one in self._accounts()))
        self.core.create_namespaced_service_account(name, {"metadata": {"name": ACCOUNT}})
        self.grant(documented_role()["rules"])
        for ordinal in range(3):
            self._volume(ordinal)
        self.apps.create_namespaced_stateful_set(name, brokers())
        for component, replicas in (("zeebe-gateway", 2), ("operate", 1), ("tasklist", 1)):
            self.apps.create_namespaced_deployment(name, deployment(component, replicas))
        until(lambda: self.runtime().is_started(ZEEBE) and self.runtime().is_started(OPERATE))

    def _accounts(self) -> list[Any]:
        found: list[Any] = self.core.list_namespaced_service_account(self.name).items
        return found

    def _volume(self, ordinal: int) -> None:
        """Make the volume that the claim of one broker will get."""
        self.core.create_persistent_volume(
            {
                "metadata": {"name": f"{self.name}-{ordinal}"},
                "spec": {
                    "capacity": {"storage": "1Gi"},
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": "",
                    "hostPath": {"path": "/nowhere"},
                    "claimRef": {"namespace": self.name, "name": f"data-zeebe-{ordinal}"},
                },
            }
        )

    def grant(self, rules: list[dict[str, Any]]) -> None:
        """Give the runtime's account these rights, and no others."""
        role = {"metadata": {"name": "restore"}, "rules": rules}
        subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": self.name}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "restore"}
        known = [one.metadata.name for one in self.rbac.list_namespaced_role(self.name).items]
        if "restore" in known:
            self.rbac.replace_namespaced_role("restore", self.name, role)
        else:
            self.rbac.create_namespaced_role(self.name, role)
            binding = {"metadata": {"name": "restore"}, "roleRef": reference, "subjects": [subject]}
            self.rbac.create_namespaced_role_binding(self.name, binding)
        asked = {"spec": {"expirationSeconds": 3600}}
        token = self.core.create_namespaced_service_account_token(ACCOUNT, self.name, asked).status.token
        self.connect(self._plane.kubeconfig(token))

    def connect(self, kubeconfig: dict[str, Any]) -> None:
        """Define the Airflow connection."""
        told = {"conn_type": "kubernetes", "extra": {"kube_config": kubeconfig}}
        self._monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(told))

    def runtime(self, **fields: Any) -> Runtime:
        """Return the runtime of a cluster file, as a task of its own builds it: it remembers nothing."""
        return runtime_of(self.config(**fields))

    def config(self, **fields: Any) -> dict[str, Any]:
        """Return a cluster file's runtime, as it travels to a task."""
        told = {"type": "kubernetes", "connection": CONN_ID, "namespace": self.name, "brokers": 3, "timeout": "20s"}
        config: dict[str, Any] = KubernetesRuntime(**{**told, **fields}).of_version("8.6.0").as_json()
        return dict(json.loads(json.dumps(config)))

    def stop(self, *components: Component) -> None:
        """Stop components and wait until they are."""
        for component in components:
            self.runtime().stop(component)
        for component in components:
            until(lambda component=component: self.runtime().is_stopped(component))  # type: ignore[misc]

    def worker(self, does: str) -> subprocess.Popen[bytes]:
        """Start a process that stops or starts every component, as a worker does, and then stays."""
        variables = {**os.environ, "PYTHONPATH": str(DOCS.parents[1] / "plugins")}
        command = (sys.executable, "-c", WORKER, does, json.dumps(self.config()), *COMPONENTS)
        return subprocess.Popen(command, env=variables)  # noqa: S603 - our own program

    def replicas(self, *names: str) -> list[int]:
        """Return how many replicas workloads are to have."""
        kinds = (self.apps.list_namespaced_stateful_set, self.apps.list_namespaced_deployment)
        there = {one.metadata.name: one.spec.replicas for call in kinds for one in call(self.name).items}
        return [there[name] for name in names]

    def annotate_pods(self, **annotations: str | None) -> None:
        """Change the annotations of the brokers' pod template."""
        told = {name.replace("_", "-"): value for name, value in annotations.items()}
        patch = {"spec": {"template": {"metadata": {"annotations": {f"sandbox/{k}": v for k, v in told.items()}}}}}
        self.apps.patch_namespaced_stateful_set("zeebe", self.name, patch)

    def jobs(self) -> dict[str, Any]:
        """Return the Jobs by their names."""
        return {one.metadata.name: one for one in self.batch.list_namespaced_job(self.name).items}


def pod(component: str, **container: Any) -> dict[str, Any]:
    """Return a pod template."""
    return {
        "metadata": {"labels": {"app": "camunda-platform", LABEL: component}},
        "spec": {
            "containers": [{"name": component.partition("-")[0], "image": f"camunda/{component}:8.6.0", **container}]
        },
    }


def brokers() -> dict[str, Any]:
    """Return the brokers' StatefulSet, in short."""
    names = {"app": "camunda-platform", LABEL: "zeebe-broker"}
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    data = "/usr/local/zeebe/data"
    container = {
        "env": [
            {"name": "K8S_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "JAVA_TOOL_OPTIONS", "value": f"-Xmx1g -XX:HeapDumpPath={data} -XX:ErrorFile={data}/error%p.log"},
        ],
        "volumeMounts": [{"name": "data", "mountPath": data}],
    }
    return {
        "metadata": {"name": "zeebe", "labels": names},
        "spec": {
            "serviceName": "zeebe",
            "replicas": 3,
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": names},
            "template": pod("zeebe-broker", **container),
            "volumeClaimTemplates": [claim],
        },
    }


def deployment(component: str, replicas: int) -> dict[str, Any]:
    """Return a Deployment."""
    names = {"app": "camunda-platform", LABEL: component}
    selector = {"matchLabels": names}
    spec = {"replicas": replicas, "selector": selector, "template": pod(component)}
    return {"metadata": {"name": component, "labels": names}, "spec": spec}


def told_by(error: type[CamundaBackupError], call: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(error) as caught:
        call(*arguments)
    return str(caught.value)
