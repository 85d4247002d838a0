"""A namespace with one broker, the connectors and a stand-in of a CSI driver, on a real API server."""

import itertools
import json
from typing import Any

import kubernetes
import pytest

from camunda_backup.clusters import Cluster
from camunda_backup.copies import copies_of
from camunda_backup.copies.copy import Copies
from camunda_backup.runtimes import runtime_of
from camunda_backup.states import Companion, Component
from sandbox.kubernetes.control_plane import ControlPlane
from tests.observing import until
from tests.real.namespaces import ACCOUNT, CONN_ID, LABEL, brokers, deployment, documented_role
from tests.real.volume_driver import GROUP, VERSION, VolumeDriver

NUMBERS = itertools.count()
ZEEBE = Component.ZEEBE
BACKUP = 1700000000
NAME, CLAIM_NAME = f"zeebe-0-cold-{BACKUP}", "data-zeebe-0"


ROLES = [documented_role(), documented_role("camunda-cold")]
RULES = [rule for role in ROLES for rule in role["rules"]]
CLUSTER_RULES = documented_role("camunda-cold", "ClusterRole")["rules"]


class Namespace:
    """A namespace with one broker and the connectors, whose volume a driver makes."""

    def __init__(
        self, plane: ControlPlane, driver: VolumeDriver, storage: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.name, self.driver = f"cold-{next(NUMBERS)}", driver
        self._plane, self._monkeypatch = plane, monkeypatch
        api = kubernetes.config.new_client_from_config_dict(plane.kubeconfig())
        self.core, self.apps = kubernetes.client.CoreV1Api(api), kubernetes.client.AppsV1Api(api)
        self._rbac = kubernetes.client.RbacAuthorizationV1Api(api)
        self.core.create_namespace({"metadata": {"name": self.name}})
        self.core.create_namespaced_service_account(self.name, {"metadata": {"name": ACCOUNT}})
        self.grant(RULES, CLUSTER_RULES)
        accounts = self.core.list_namespaced_service_account
        until(lambda: any(one.metadata.name == "default" for one in accounts(self.name).items))
        body = brokers()
        body["spec"]["replicas"] = 1
        body["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"] = storage
        self.apps.create_namespaced_stateful_set(self.name, body)
        self.apps.create_namespaced_deployment(self.name, deployment("connectors", 2))
        until(self.runs)

    def grant(self, rules: list[dict[str, Any]], cluster_rules: list[dict[str, Any]]) -> None:
        """Give the account these rights, and no others."""
        subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": self.name}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "name": self.name}
        role, wide = ({"metadata": {"name": self.name}, "rules": one} for one in (rules, cluster_rules))
        if any(one.metadata.name == self.name for one in self._rbac.list_cluster_role().items):
            self._rbac.replace_namespaced_role(self.name, self.name, role)
            self._rbac.replace_cluster_role(self.name, wide)
            return
        self._rbac.create_namespaced_role(self.name, role)
        self._rbac.create_cluster_role(wide)
        bound: dict[str, Any] = {"metadata": {"name": self.name}, "subjects": [subject]}
        self._rbac.create_namespaced_role_binding(self.name, {**bound, "roleRef": {**reference, "kind": "Role"}})
        self._rbac.create_cluster_role_binding({**bound, "roleRef": {**reference, "kind": "ClusterRole"}})
        asked = {"spec": {"expirationSeconds": 3600}}
        token = self.core.create_namespaced_service_account_token(ACCOUNT, self.name, asked).status.token
        told = {"conn_type": "kubernetes", "extra": {"kube_config": self._plane.kubeconfig(token)}}
        self._monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(told))

    def cluster(self, class_name: str = "retain", timeout: str = "30s") -> Cluster:
        """Return the cluster file."""
        components = {"connectors": f"{LABEL}=connectors"}
        runtime = {"type": "kubernetes", "connection": CONN_ID, "namespace": self.name, "brokers": 1, "timeout": "5s"}
        fields: dict[str, Any] = {
            "name": "prod",
            "version": "8.8",
            "connections": {"zeebe": "prod_zeebe"},
            "secondary_storage": {"engine": "opensearch", "connection": "prod_search"},
            "repository": {"name": "backups", "type": "fs", "settings": {"location": "backups"}},
            "runtime": {**runtime, "components": components},
            "cold": {
                "copies": {"type": "volume_snapshot", "volume_snapshot_class": class_name},
                "timeout": timeout,
            },
        }
        return Cluster(**fields)

    def copies(self, **fields: str) -> Copies:
        """Return the copies as a task of its own builds them."""
        return copies_of(self.cluster(**fields))

    def runs(self) -> bool:
        """Return whether the broker and the connectors run."""
        runtime = runtime_of(self.cluster().runtime_config() or {})
        return runtime.is_started(ZEEBE) and runtime.is_started(Companion.CONNECTORS)

    def stop(self) -> None:
        """Stop the broker and the connectors."""
        runtime = runtime_of(self.cluster().runtime_config() or {})
        for one in (ZEEBE, Companion.CONNECTORS):
            runtime.stop(one)
        until(lambda: runtime.is_stopped(ZEEBE) and runtime.is_stopped(Companion.CONNECTORS))

    def start(self) -> None:
        """Start them again, with nothing but the annotations to go by."""
        runtime = runtime_of(self.cluster().runtime_config() or {})
        for one in (ZEEBE, Companion.CONNECTORS):
            runtime.start(one, {})
        until(self.runs)

    def claim(self) -> Any:
        """Return the broker's claim, None when there is none."""
        found = self.core.list_namespaced_persistent_volume_claim(self.name).items
        return found[0] if found else None

    def snapshot(self) -> dict[str, Any]:
        """Return the broker's VolumeSnapshot."""
        found: dict[str, Any] = self.driver.custom.get_namespaced_custom_object(
            GROUP, VERSION, self.name, "volumesnapshots", NAME
        )
        return found

    def hold(self, *finalizers: str) -> None:
        """Let these keep the claim from going, or none."""
        patch = {"metadata": {"finalizers": list(finalizers) or None}}
        self.core.patch_namespaced_persistent_volume_claim(CLAIM_NAME, self.name, patch)
