"""A whole restore of the user's own Camunda 8.6 on Kubernetes, by a second Airflow after the first was killed.

API server, controllers and scheduler are real; the node agent runs Zeebe, Operate, Tasklist and the restore application
as the pods say. Airflow has exactly the Roles of docs/kubernetes.md, and reaches management ports by port-forward.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from camunda_backup.errors import RestoreFailed
from camunda_backup.kubernetes_target import KubernetesRuntime
from camunda_backup.runtimes import runtime_of
from camunda_backup.runtimes.runtime import Runtime
from sandbox.airflow_processes import AirflowProcesses
from sandbox.camunda_cluster import CamundaCluster
from sandbox.demo.clusters import CLUSTER_FILES
from sandbox.kubernetes.camunda_pods import COMPONENTS, LABEL
from sandbox.workload import Workload
from tests.camunda.camunda_pods import LIMITS, NAME, NAMESPACE, RUNTIME, Camunda, in_pods
from tests.camunda.test_restore_by_hand import PATIENCE, UNKNOWN_ID, shown
from tests.observing import until
from tests.real.backups import airflow_for
from tests.real.namespaces import documented_role

BACK_UP, RESTORE = f"back_up_{NAME}", f"restore_{NAME}"
FORWARDED = {"zeebe": "zeebe-broker", "operate": "operate", "tasklist": "tasklist", "optimize": "optimize"}
FIELDS = {"runtime": RUNTIME, "restore_limits": LIMITS, "visual_check": {"enabled": False}}
ROLES = [documented_role(), documented_role("camunda-port-forward")]


@pytest.fixture(scope="module")
def camunda(cluster: CamundaCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camunda]:
    """Camunda in pods."""
    with in_pods(cluster, tmp_path_factory.mktemp("kubernetes")) as running:
        yield running


def forwarded(cluster: CamundaCluster) -> Iterator[tuple[str, str]]:
    """Yield the connections to management ports through the API server, as variables; their hosts do not exist."""
    for name, component in FORWARDED.items():
        forward = {"connection": NAME, "namespace": NAMESPACE, "selector": f"{LABEL}={component}"}
        port = urlsplit(cluster.urls[f"{name}_management"]).port
        told = {"conn_type": "http", "host": f"{name}.invalid", "port": port, "extra": {"port_forward": forward}}
        yield f"AIRFLOW_CONN_FORWARDED_{name.upper()}", json.dumps(told)


@pytest.fixture(scope="module")
def connection(camunda: Camunda) -> dict[str, str]:
    """The Airflow connection, as a variable."""
    return {f"AIRFLOW_CONN_{NAME.upper()}": camunda.create_account(*ROLES)}


@pytest.fixture(scope="module")
def airflow(
    cluster: CamundaCluster, connection: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AirflowProcesses]:
    """Airflow with the Roles of the docs."""
    own = yaml.safe_load((CLUSTER_FILES / "embedded.yaml").read_text())["connections"]
    fields = {**FIELDS, "connections": {**own, **{name: f"forwarded_{name}" for name in FORWARDED}}}
    variables = {**connection, **dict(forwarded(cluster))}
    with airflow_for(cluster, {NAME: fields}, tmp_path_factory.mktemp("airflow"), variables) as processes:
        processes.client.set_paused("guard", paused=True)
        yield processes


@pytest.fixture
def runtime(
    cluster: CamundaCluster, connection: dict[str, str], airflow_db: None, monkeypatch: pytest.MonkeyPatch
) -> Runtime:
    """The runtime of the cluster file, in this process."""
    for name, value in connection.items():
        monkeypatch.setenv(name, value)
    config = KubernetesRuntime.model_validate(RUNTIME).of_version(cluster.distribution.version).as_json()
    return runtime_of(json.loads(json.dumps(config)))


def restore(airflow: AirflowProcesses) -> str:
    airflow.client.set_paused(RESTORE, paused=False)
    return airflow.client.trigger(RESTORE, {"dry_run": False, "confirm": NAME, "approve": False})


def accepted(airflow: AirflowProcesses, run_id: str) -> bool:
    """Accept when a person is asked; return whether the run is over."""
    states = {task["task_id"]: task["state"] for task in airflow.client.task_instances(RESTORE, run_id)}
    if states["sign_off"] == "awaiting_input":
        airflow.client.answer(RESTORE, run_id, "sign_off", "Accept")
    return bool(airflow.client.run(RESTORE, run_id)["state"] in {"success", "failed"})


@pytest.mark.shows("restore", line="8.6", engine="OpenSearch 3.8.0", store="fs", against="own Camunda")
def test_a_lost_cluster_comes_back_by_another_airflow(
    cluster: CamundaCluster,
    camunda: Camunda,
    airflow: AirflowProcesses,
    runtime: Runtime,
    tmp_path: Path,
) -> None:
    with Workload(cluster.urls) as work:
        started = work.start(6)
        until(lambda: len(work.open_tasks_of(*started)) == 6, PATIENCE)
        for key in work.open_tasks_of(*started[:2]):
            work.complete_task(key)
        wanted = {key: "COMPLETED" if key in started[:2] else "ACTIVE" for key in started}
        until(lambda: shown(cluster, started)[0] == wanted, PATIENCE)
        until(lambda: list(shown(cluster, started)[1].values()).count("COMPLETED") == 2, PATIENCE)
    run_id = airflow.client.trigger(BACK_UP)
    assert airflow.client.wait_run(BACK_UP, run_id, timeout=400) == "success"
    backup_id = airflow.client.xcom(BACK_UP, run_id, "mint_backup_id")
    with Workload(cluster.urls) as work:
        later = work.start(3)
        until(lambda: work.instances().keys() >= set(later), PATIENCE)

    restore(airflow)
    until(lambda: camunda.workload("zeebe").spec.replicas == 0, PATIENCE)
    airflow.kill()
    until(camunda.is_gone, PATIENCE)
    assert camunda.kept() == dict.fromkeys(COMPONENTS, "1")

    cluster.destroy(print)
    with pytest.raises(RestoreFailed, match=f"its backup store holds no completed backup {UNKNOWN_ID}"):
        runtime.restore_zeebe("broker-0", UNKNOWN_ID)
    manifests = airflow.settings.home / "manifests"
    shutil.copytree(manifests, tmp_path / "manifests")
    airflow.start(print, forget=True)
    shutil.copytree(tmp_path / "manifests", manifests, dirs_exist_ok=True)
    airflow.wait_dag(RESTORE, 120)
    run_id = restore(airflow)
    until(lambda: accepted(airflow, run_id), 900, pause=1)

    assert airflow.client.run(RESTORE, run_id)["state"] == "success"
    assert all(map(camunda.is_ready, COMPONENTS))
    assert [camunda.workload(name).spec.replicas for name in COMPONENTS] == [1, 1, 1, 1]
    assert camunda.kept() == dict.fromkeys(COMPONENTS)
    assert_restored_by_its_job(camunda, int(backup_id))
    until(lambda: shown(cluster, started)[0] == wanted, PATIENCE)
    assert shown(cluster, later) == ({}, {})
    with Workload(cluster.urls) as work:
        (new,) = work.start(1)
        until(lambda: work.instances().get(new) == "ACTIVE", PATIENCE)


def assert_restored_by_its_job(camunda: Camunda, backup_id: int) -> None:
    """The restore application ran in the Job's pod, once its volume was emptied, and said so in the pod's log."""
    name = f"zeebe-0-restore-{backup_id}"
    assert camunda.batch.read_namespaced_job(name, NAMESPACE).status.succeeded == 1
    (pod,) = camunda.core.list_namespaced_pod(NAMESPACE, label_selector=f"job-name={name}").items
    (ended,) = [one.state.terminated for one in pod.status.container_statuses]
    assert (ended.exit_code, ended.reason) == (0, "Completed")
    log = camunda.core.read_namespaced_pod_log(pod.metadata.name, NAMESPACE, container="restore")
    for partition in (1, 2):
        assert f"Successfully restored partition {partition} from backup {backup_id}" in log
    template = camunda.workload("zeebe").spec.template.spec.containers[0]
    assert not [one.name for one in template.env if one.name.startswith("ZEEBE_RESTORE")]
    assert "/data/gc.log" in next(one for one in template.env if one.name == "JAVA_TOOL_OPTIONS").value
