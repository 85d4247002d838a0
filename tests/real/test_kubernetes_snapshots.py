"""Copies of the brokers' volumes on a real API server, with exactly the Roles of docs/kubernetes.md.

The CSI driver and the snapshot controller are stood in for, see ``volume_driver``.
"""

import json
from collections.abc import Iterator

import kubernetes
import pytest

from camunda_backup.errors import BackupFailed, RestoreFailed
from camunda_backup.runtimes import runtime_of
from camunda_backup.runtimes.kubernetes_access import COLD_RIGHTS, RIGHTS, Right
from camunda_backup.runtimes.kubernetes_volumes import CLAIM
from sandbox.kubernetes.control_plane import ControlPlane
from tests.observing import until
from tests.real.cold_namespaces import BACKUP, CLAIM_NAME, CLUSTER_RULES, NAME, RULES, Namespace
from tests.real.namespaces import CONN_ID, PORTS, told_by
from tests.real.volume_driver import DRIVER, GROUP, VERSION, VolumeDriver


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with a node."""
    with ControlPlane(tmp_path_factory.mktemp("kubernetes"), PORTS) as running:
        running.start(print)
        core = kubernetes.client.CoreV1Api(kubernetes.config.new_client_from_config_dict(running.kubeconfig()))
        core.create_node({"metadata": {"name": "node-0", "labels": {"kubernetes.io/hostname": "node-0"}}})
        yield running


@pytest.fixture(scope="module")
def working(plane: ControlPlane) -> Iterator[VolumeDriver]:
    """The driver, with StorageClasses; the snapshots' kinds are not installed yet."""
    driver = VolumeDriver(plane.kubeconfig())
    for name, mode in (("at-once", "Immediate"), ("late", "WaitForFirstConsumer")):
        body = {"metadata": {"name": name}, "provisioner": DRIVER, "volumeBindingMode": mode}
        driver.storage.create_storage_class(body)
    with driver.at_work():
        yield driver


@pytest.fixture(scope="module")
def kinds(plane: ControlPlane, working: VolumeDriver) -> VolumeDriver:
    """The driver with the snapshots' kinds and their classes."""
    working.define()
    until(working.is_served)
    working.create_class("retain")
    working.create_class("delete", policy="Delete")
    working.create_class("foreign", driver="other.driver")
    return working


def test_without_the_kinds_it_says_what_to_install(
    plane: ControlPlane, working: VolumeDriver, monkeypatch: pytest.MonkeyPatch, airflow_db: None
) -> None:
    (told,) = Namespace(plane, working, "at-once", monkeypatch).copies().problems()
    assert told.startswith("the API server knows no VolumeSnapshots: install kubernetes-csi/external-snapshotter")


@pytest.fixture
def namespace(
    plane: ControlPlane, kinds: VolumeDriver, monkeypatch: pytest.MonkeyPatch, airflow_db: None
) -> Iterator[Namespace]:
    """A namespace of its own for each test, with volumes that are made at once."""
    yield Namespace(plane, kinds, "at-once", monkeypatch)
    kinds.fails, kinds.rests = "", False


def test_a_volume_is_copied_and_comes_back_under_its_claims_name(namespace: Namespace) -> None:
    copies = namespace.copies()
    assert copies.problems() == []
    old = namespace.claim()
    namespace.stop()

    copy = copies.take("broker-0", BACKUP)
    copies.verify(copy)
    assert (copy["type"], copy["node_id"], copy["bytes"], copy["snapshot"]) == ("volume_snapshot", 0, 2 * 2**30, NAME)
    assert copy["handle"] == f"handle-{copy['content']}"
    assert copy["checksum"].startswith("none")
    assert namespace.copies().take("broker-0", BACKUP) == copy  # a second try goes on with the same
    namespace.start()
    namespace.stop()

    namespace.copies().bring_back("broker-0", json.loads(json.dumps(copy)))

    new = namespace.claim()
    assert new.metadata.uid != old.metadata.uid
    assert (new.metadata.name, new.metadata.labels, new.status.phase) == (CLAIM_NAME, old.metadata.labels, "Bound")
    assert (new.spec.data_source.kind, new.spec.data_source.name) == ("VolumeSnapshot", NAME)
    assert new.spec.resources.requests == {"storage": str(2 * 2**30)}
    assert (new.spec.storage_class_name, new.spec.access_modes) == ("at-once", ["ReadWriteOnce"])
    namespace.start()
    assert namespace.claim().metadata.uid == new.metadata.uid


def test_a_volume_that_is_made_with_the_pod_is_not_waited_for(
    plane: ControlPlane, kinds: VolumeDriver, monkeypatch: pytest.MonkeyPatch, airflow_db: None
) -> None:
    namespace = Namespace(plane, kinds, "late", monkeypatch)
    namespace.stop()
    copy = namespace.copies().take("broker-0", BACKUP)

    namespace.copies().bring_back("broker-0", copy)
    waiting = namespace.claim()
    assert waiting.status.phase == "Pending"
    namespace.copies().bring_back("broker-0", copy)  # cleared by somebody: nobody has used it
    assert namespace.claim().metadata.uid == waiting.metadata.uid

    namespace.start()
    assert namespace.claim().status.phase == "Bound"


def test_a_broker_that_runs_is_neither_copied_nor_touched(namespace: Namespace) -> None:
    assert told_by(BackupFailed, namespace.copies().take, "broker-0", BACKUP).startswith("zeebe-0 runs")
    namespace.stop()
    copy = namespace.copies().take("broker-0", BACKUP)
    namespace.start()
    before = namespace.claim().metadata.uid
    assert told_by(RestoreFailed, namespace.copies().bring_back, "broker-0", copy).startswith("zeebe-0 runs")
    assert namespace.claim().metadata.uid == before


def test_a_snapshot_of_another_stop_is_not_taken_for_this_one(namespace: Namespace) -> None:
    namespace.stop()
    namespace.copies().take("broker-0", BACKUP)
    namespace.start()
    namespace.stop()
    assert "was taken during another stop" in told_by(BackupFailed, namespace.copies().take, "broker-0", BACKUP)


def test_a_snapshot_of_another_claim_is_refused(namespace: Namespace) -> None:
    namespace.stop()
    spec = {"volumeSnapshotClassName": "retain", "source": {"persistentVolumeClaimName": "data-other-0"}}
    body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "VolumeSnapshot", "metadata": {"name": NAME}, "spec": spec}
    namespace.driver.custom.create_namespaced_custom_object(GROUP, VERSION, namespace.name, "volumesnapshots", body)
    assert "of something else" in told_by(BackupFailed, namespace.copies().take, "broker-0", BACKUP)


def test_an_error_of_the_driver_is_named_and_one_that_passes_is_not_the_end(namespace: Namespace) -> None:
    namespace.stop()
    namespace.driver.fails = "quota of snapshots exceeded"
    told = told_by(BackupFailed, namespace.copies().take, "broker-0", BACKUP)
    assert told == f"VolumeSnapshot {NAME} failed: quota of snapshots exceeded"
    namespace.driver.fails = ""
    namespace.copies().verify(namespace.copies().take("broker-0", BACKUP))


def test_a_snapshot_that_never_is_ready_has_a_deadline(namespace: Namespace) -> None:
    namespace.stop()
    namespace.driver.rests = True
    assert "was not ready within 3 s" in told_by(BackupFailed, namespace.copies(timeout="3s").take, "broker-0", BACKUP)


def test_a_snapshot_that_is_gone_or_another_costs_no_claim(namespace: Namespace) -> None:
    namespace.stop()
    copy = namespace.copies().take("broker-0", BACKUP)
    before = namespace.claim().metadata.uid
    told = told_by(RestoreFailed, namespace.copies().bring_back, "broker-0", {**copy, "handle": "other"})
    assert told.startswith("broker-0 was not restored, and its volume was not touched")
    namespace.driver.custom.delete_namespaced_custom_object(GROUP, VERSION, namespace.name, "volumesnapshots", NAME)
    assert "is not there any more" in told_by(RestoreFailed, namespace.copies().bring_back, "broker-0", copy)
    assert namespace.claim().metadata.uid == before


def test_a_claim_that_does_not_go_is_named_and_the_next_try_goes_on(namespace: Namespace) -> None:
    namespace.stop()
    copy = namespace.copies().take("broker-0", BACKUP)
    namespace.hold("sandbox/stays")
    told = told_by(RestoreFailed, namespace.copies().bring_back, "broker-0", copy)
    assert told.startswith(f"claim {CLAIM_NAME} was deleted but does not go")
    assert "sandbox/stays" in told

    namespace.hold()
    namespace.copies().bring_back("broker-0", copy)
    assert namespace.claim().spec.data_source.name == NAME


def test_a_claim_that_a_pod_uses_is_not_touched(namespace: Namespace) -> None:
    namespace.stop()
    copy = namespace.copies().take("broker-0", BACKUP)
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": CLAIM_NAME}}
    container = {"name": "look", "image": "busybox"}
    body = {"metadata": {"name": "look"}, "spec": {"containers": [container], "volumes": [volume]}}
    namespace.core.create_namespaced_pod(namespace.name, body)
    told = told_by(RestoreFailed, namespace.copies().bring_back, "broker-0", copy)
    assert told.startswith(f"claim {CLAIM_NAME} is used by pod look, so it was not touched")
    assert namespace.claim().metadata.deletion_timestamp is None


def test_a_restore_job_that_has_ended_gives_the_claim_free(namespace: Namespace) -> None:
    namespace.stop()
    copy = namespace.copies().take("broker-0", BACKUP)
    runtime_of(namespace.cluster().runtime_config() or {}).restore_zeebe("broker-0", BACKUP)

    namespace.copies().bring_back("broker-0", copy)

    assert namespace.claim().spec.data_source.name == NAME


def test_a_task_that_is_lost_between_delete_and_create_is_gone_on_with(namespace: Namespace) -> None:
    """What is deleted behind its back is what a lost task leaves: no claim, and the annotation of the snapshot."""
    namespace.stop()
    copy = namespace.copies().take("broker-0", BACKUP)
    labels = namespace.claim().metadata.labels
    namespace.core.delete_namespaced_persistent_volume_claim(CLAIM_NAME, namespace.name)
    until(lambda: namespace.claim() is None)

    namespace.copies().bring_back("broker-0", copy)

    assert json.loads(namespace.snapshot()["metadata"]["annotations"][CLAIM])["metadata"]["name"] == CLAIM_NAME
    assert (namespace.claim().metadata.labels, namespace.claim().spec.data_source.name) == (labels, NAME)
    namespace.start()


class TestPlanning:
    def test_the_documented_roles_are_the_rights_that_are_asked_for(self) -> None:
        rights = [*RIGHTS, *(right for right in COLD_RIGHTS if right.namespaced)]
        assert [right.rule() for right in rights] == RULES
        assert [right.rule() for right in COLD_RIGHTS if not right.namespaced] == CLUSTER_RULES

    def test_each_verb_that_is_missing_is_named(self, namespace: Namespace) -> None:
        for right in COLD_RIGHTS:
            for verb in right.verbs:
                rest = [self.without(one, verb) if one == right else one for one in (*RIGHTS, *COLD_RIGHTS)]
                rules = [[one.rule() for one in rest if one.verbs and one.namespaced is kind] for kind in (True, False)]
                namespace.grant(*rules)
                wanted = f"connection {CONN_ID}: it may not {verb} {right.resource} "
                until(lambda wanted=wanted: self.only(namespace, wanted), 10)  # type: ignore[misc]

    @staticmethod
    def without(right: Right, verb: str) -> Right:
        verbs = tuple(one for one in right.verbs if one != verb)
        return Right(right.group, right.resource, verbs, right.why, right.namespaced)

    @staticmethod
    def only(namespace: Namespace, wanted: str) -> bool:
        found = namespace.copies().problems()
        return len(found) == 1 and found[0].startswith(wanted)

    def test_a_class_that_is_not_there_or_of_another_driver_is_named(self, namespace: Namespace) -> None:
        (told,) = namespace.copies(class_name="none").problems()
        assert told.startswith("there is no VolumeSnapshotClass none")
        (told,) = namespace.copies(class_name="foreign").problems()
        assert told.startswith(
            f"VolumeSnapshotClass foreign is of the driver other.driver, the volume of broker-0 of {DRIVER}"
        )

    def test_a_class_whose_snapshots_die_with_the_namespace_is_warned_of(
        self, namespace: Namespace, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert namespace.copies(class_name="delete").problems() == []
        assert "with the namespace, the cold backups in it are deleted, too" in caplog.text
