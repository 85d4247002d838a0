"""The user's own Camunda 8.6 in pods: the API server is real, and the node agent runs what the pods say."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import kubernetes

from sandbox.camunda_cluster import CamundaCluster
from sandbox.kubernetes.camunda_pods import COMPONENTS, brokers, images, volume, web_app
from sandbox.kubernetes.control_plane import ControlPlane
from sandbox.kubernetes.node import NodeAgent
from tests.camunda.test_restore_by_hand import PATIENCE
from tests.observing import until
from tests.real import test_restore
from tests.real.namespaces import ACCOUNT, PORTS

NAMESPACE, NAME = "camunda", "kubernetes"
KEPT = "camunda-backup/replicas"
LIMITS = {**test_restore.LIMITS, "stop": "60s"}  # a pod has 20 s to end by itself
RUNTIME = {"type": "kubernetes", "connection": NAME, "namespace": NAMESPACE, "brokers": 1, "timeout": "1m"}


class Camunda:
    """The cluster's Camunda as a StatefulSet and three Deployments, on a node that runs them as processes.

    :param storage: the StorageClass of the broker's volume; empty when there is none, and the volume is made here
    """

    def __init__(self, cluster: CamundaCluster, plane: ControlPlane, storage: str) -> None:
        self._plane = plane
        api = kubernetes.config.new_client_from_config_dict(plane.kubeconfig())
        self.core = kubernetes.client.CoreV1Api(api)
        self.apps = kubernetes.client.AppsV1Api(api)
        self.batch = kubernetes.client.BatchV1Api(api)
        self._rbac = kubernetes.client.RbacAuthorizationV1Api(api)
        self.core.create_namespace({"metadata": {"name": NAMESPACE}})
        accounts = self.core.list_namespaced_service_account
        until(lambda: any(one.metadata.name == "default" for one in accounts(NAMESPACE).items))
        if not storage:
            self.core.create_persistent_volume(volume(cluster.site, NAMESPACE))
        body = brokers(cluster.site)
        body["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"] = storage
        self.apps.create_namespaced_stateful_set(NAMESPACE, body)
        until(lambda: self.is_ready("zeebe"), PATIENCE)
        for name in COMPONENTS[1:]:
            self.apps.create_namespaced_deployment(NAMESPACE, web_app(cluster.site, name))
        until(lambda: all(map(self.is_ready, COMPONENTS)), PATIENCE)

    def create_account(self, *roles: Mapping[str, Any]) -> str:
        """Create an account with these Roles and ClusterRoles, and no other right; return the Airflow connection."""
        self.core.create_namespaced_service_account(NAMESPACE, {"metadata": {"name": ACCOUNT}})
        for role in roles:
            self._grant(role["kind"], role["metadata"]["name"], role["rules"])
        asked = {"spec": {"expirationSeconds": 7200}}
        token = self.core.create_namespaced_service_account_token(ACCOUNT, NAMESPACE, asked).status.token
        return json.dumps({"conn_type": "kubernetes", "extra": {"kube_config": self._plane.kubeconfig(token)}})

    def _grant(self, kind: str, name: str, rules: list[dict[str, Any]]) -> None:
        meta = {"metadata": {"name": name}}
        subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
        binding = {**meta, "roleRef": reference, "subjects": [subject]}
        if kind == "ClusterRole":
            self._rbac.create_cluster_role({**meta, "rules": rules})
            self._rbac.create_cluster_role_binding(binding)
        else:
            self._rbac.create_namespaced_role(NAMESPACE, {**meta, "rules": rules})
            self._rbac.create_namespaced_role_binding(NAMESPACE, binding)

    def workload(self, name: str) -> Any:
        """Return what runs a component."""
        read = self.apps.read_namespaced_stateful_set if name == "zeebe" else self.apps.read_namespaced_deployment
        return read(name, NAMESPACE)

    def is_ready(self, name: str) -> bool:
        """Return whether a component's pod is ready."""
        return bool(self.workload(name).status.ready_replicas == 1)

    def is_gone(self) -> bool:
        """Return whether every component is scaled to 0, and no pod runs."""
        pods = self.core.list_namespaced_pod(NAMESPACE).items
        running = [one for one in pods if one.status.phase not in {"Succeeded", "Failed"}]
        return not running and not any(self.workload(name).spec.replicas for name in COMPONENTS)

    def kept(self) -> dict[str, str | None]:
        """Return the annotations that keep the replica counts."""
        return {name: (self.workload(name).metadata.annotations or {}).get(KEPT) for name in COMPONENTS}


def without_class(plane: ControlPlane) -> AbstractContextManager[str]:
    """Let the broker's volume be made by hand."""
    return nullcontext("")


@contextmanager
def in_pods(
    cluster: CamundaCluster, home: Path, storage: Callable[[ControlPlane], AbstractContextManager[str]] = without_class
) -> Iterator[Camunda]:
    """Run the cluster's Camunda in pods; its search engine and store stay what they are.

    :param storage: gives the StorageClass of the broker's volume, and makes volumes of it
    """
    for part in reversed(COMPONENTS):
        cluster.stop_part(part)
    with ControlPlane(home / "plane", PORTS) as plane:
        plane.start(print)
        with storage(plane) as name, NodeAgent("here", home / "node", plane.api, images(cluster.site)):
            yield Camunda(cluster, plane, name)
    for part in COMPONENTS:  # so that later tests have a cluster, even after a failure here
        cluster.start_part(part)
        cluster.wait_healthy(part, PATIENCE)
