"""A cold backup and a cold restore of the user's own Camunda 8.6 in pods, the broker's volume as a VolumeSnapshot.

The CSI driver is a stand-in that copies the data; Airflow has exactly the Roles of docs/kubernetes.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from sandbox import camunda as programs
from sandbox.airflow_processes import AirflowProcesses
from sandbox.camunda_cluster import CamundaCluster
from sandbox.kubernetes.camunda_pods import COMPONENTS
from sandbox.kubernetes.control_plane import ControlPlane
from sandbox.workload import Workload
from tests.camunda.camunda_pods import LIMITS, NAME, NAMESPACE, RUNTIME, Camunda, in_pods
from tests.camunda.test_restore_by_hand import PATIENCE
from tests.observing import until
from tests.real.backups import airflow_for
from tests.real.namespaces import documented_role
from tests.real.test_cold import ColdRestores, ColdRuns, settled
from tests.real.volume_driver import DRIVER, FolderDriver

BACK_UP, RESTORE = f"cold_back_up_{NAME}", f"cold_restore_{NAME}"
STORAGE, CLASS = "folders", "retain"
ROLES = [documented_role(), documented_role("camunda-cold"), documented_role("camunda-cold", "ClusterRole")]
FIELDS = {
    "runtime": RUNTIME,
    "restore_limits": LIMITS,
    "visual_check": {"enabled": False},
    "cold": {"copies": {"type": "volume_snapshot", "volume_snapshot_class": CLASS}, "timeout": "1m"},
}


@contextmanager
def driven(folder: Path, copies: Path, plane: ControlPlane) -> Iterator[str]:
    """Let the driver make volumes of a StorageClass, and snapshots of them."""
    driver = FolderDriver(plane.kubeconfig(), folder, copies)
    driver.storage.create_storage_class({"metadata": {"name": STORAGE}, "provisioner": DRIVER})
    driver.define()
    until(driver.is_served)
    driver.create_class(CLASS)
    with driver.at_work():
        yield STORAGE


@pytest.fixture(scope="module")
def camunda(cluster: CamundaCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camunda]:
    """Camunda in pods, on volumes of the driver."""
    copies, home = tmp_path_factory.mktemp("snapshots"), tmp_path_factory.mktemp("kubernetes_cold")
    with in_pods(cluster, home, partial(driven, programs.zeebe_data(cluster.site), copies)) as running:
        yield running


@pytest.fixture(scope="module")
def airflow(
    cluster: CamundaCluster, camunda: Camunda, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AirflowProcesses]:
    """Airflow with the Roles of the docs."""
    connection = {f"AIRFLOW_CONN_{NAME.upper()}": camunda.create_account(*ROLES)}
    with airflow_for(cluster, {NAME: FIELDS}, tmp_path_factory.mktemp("cold"), connection) as processes:
        for dag_id in (BACK_UP, RESTORE):
            processes.client.set_paused(dag_id, paused=False)
        yield processes


@pytest.mark.shows("cold backup and restore", line="8.6", engine="OpenSearch 3.8.0", store="fs", against="own Camunda")
def test_a_cluster_in_pods_is_backed_up_cold_lost_and_comes_back(
    cluster: CamundaCluster, camunda: Camunda, airflow: AirflowProcesses
) -> None:
    with Workload(cluster.urls) as work:
        work.deploy()
        started = work.start(6)
        until(lambda: len(work.open_tasks_of(*started)) == 6, PATIENCE)
        for key in work.open_tasks_of(*started[:2]):
            work.complete_task(key)
        wanted = {key: "COMPLETED" if key in started[:2] else "ACTIVE" for key in started}
        until(lambda: settled(work, started) == wanted, PATIENCE)

    backups = ColdRuns(cluster, airflow)
    run_id = backups.start(NAME)
    assert backups.end(NAME, run_id) == "success"
    (event,) = airflow.client.asset_events(source_dag_id=BACK_UP, source_run_id=run_id)
    manifest = event["extra"]
    (copy,) = manifest["copies"]
    assert (copy["type"], copy["snapshot"]) == ("volume_snapshot", f"zeebe-0-cold-{manifest['backup_id']}")
    print(f"cold in pods: down for {manifest['downtime']['seconds']} s")
    assert_runs(camunda)
    before = camunda.core.read_namespaced_persistent_volume_claim("data-zeebe-0", NAMESPACE)

    with Workload(cluster.urls) as work:
        later = work.start(3)
        settled(work, later)
    cluster.destroy(print)
    restores = ColdRestores(cluster, airflow)
    run_id = restores.start(NAME)
    until(lambda: restores.accepted(NAME, run_id), seconds=540, pause=2)

    assert restores.end(NAME, run_id) == "success"
    (event,) = airflow.client.asset_events(source_dag_id=RESTORE, source_run_id=run_id)
    print(f"cold in pods: restored in {event['extra']['recovery_seconds']} s")
    assert_runs(camunda)
    claim = camunda.core.read_namespaced_persistent_volume_claim("data-zeebe-0", NAMESPACE)
    assert claim.metadata.uid != before.metadata.uid
    assert claim.spec.data_source.name == copy["snapshot"]
    with Workload(cluster.urls) as work:
        assert settled(work, started) == wanted
        assert not set(later) & work.instances().keys()
        (new,) = work.start(1)
        until(lambda: work.instances().get(new) == "ACTIVE", PATIENCE)


def assert_runs(camunda: Camunda) -> None:
    """Every component has its replica, and no annotation is left of a stop."""
    assert all(map(camunda.is_ready, COMPONENTS))
    assert [camunda.workload(name).spec.replicas for name in COMPONENTS] == [1, 1, 1, 1]
    assert camunda.kept() == dict.fromkeys(COMPONENTS)
