"""The kubernetes runtime against a real API server, with real controllers and exactly the Role of docs/kubernetes.md.

Only the nodes are played: a pod becomes ready at once and takes a second to go, a Job's pod ends as annotations say.
"""

import itertools
import logging
import signal
import threading
from collections.abc import Iterator

import kubernetes
import pytest

from camunda_backup.errors import Rejected, RestoreFailed, Unreachable
from camunda_backup.runtimes.kubernetes_access import RIGHTS
from camunda_backup.runtimes.kubernetes_objects import KEPT
from camunda_backup.runtimes.runtime import Runtime
from sandbox.kubernetes.control_plane import ControlPlane
from tests.observing import until
from tests.real.namespaces import (
    COMPONENTS,
    CONN_ID,
    LABEL,
    OPERATE,
    PORTS,
    ZEEBE,
    Namespace,
    documented_role,
    told_by,
)

NUMBERS = itertools.count()
BACKUP = 1700000000


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with two nodes."""
    with ControlPlane(tmp_path_factory.mktemp("kubernetes"), PORTS) as running:
        running.start(print)
        core = kubernetes.client.CoreV1Api(kubernetes.config.new_client_from_config_dict(running.kubeconfig()))
        for name in ("node-0", "node-1"):
            core.create_node({"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}})
        yield running


@pytest.fixture
def namespace(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch, airflow_db: None) -> Namespace:
    """A namespace of its own for each test."""
    return Namespace(plane, f"camunda-{next(NUMBERS)}", monkeypatch)


class TestStoppingAndStarting:
    def test_what_was_stopped_by_a_lost_airflow_comes_back_from_the_annotation(self, namespace: Namespace) -> None:
        namespace.stop(*COMPONENTS)
        assert namespace.replicas("zeebe", "zeebe-gateway", "operate", "tasklist") == [0, 0, 0, 0]
        kept = namespace.apps.read_namespaced_stateful_set("zeebe", namespace.name).metadata.annotations
        assert kept[KEPT] == "3"

        for component in COMPONENTS:
            namespace.runtime().start(component, {})  # no XCom: the Airflow that stopped it is gone
        until(lambda: all(namespace.runtime().is_started(component) for component in COMPONENTS))

        assert namespace.replicas("zeebe", "zeebe-gateway", "operate", "tasklist") == [3, 2, 1, 1]
        left = namespace.apps.read_namespaced_stateful_set("zeebe", namespace.name).metadata.annotations or {}
        assert KEPT not in left

    def test_a_worker_that_is_killed_between_stop_and_start_loses_no_count(self, namespace: Namespace) -> None:
        worker = namespace.worker("stop")
        until(lambda: namespace.replicas("zeebe", "zeebe-gateway", "operate", "tasklist") == [0, 0, 0, 0])
        assert worker.poll() is None  # it waits for the pods to go, or for ever
        worker.kill()
        assert worker.wait() == -signal.SIGKILL

        other = namespace.worker("start")
        until(lambda: namespace.replicas("zeebe", "zeebe-gateway", "operate", "tasklist") == [3, 2, 1, 1])
        other.kill()
        other.wait()
        until(lambda: all(namespace.runtime().is_started(component) for component in COMPONENTS))

    def test_both_are_safe_to_repeat(self, namespace: Namespace) -> None:
        for _ in range(2):
            assert namespace.runtime().stop(ZEEBE) == {"Deployment zeebe-gateway": 2, "StatefulSet zeebe": 3}
        namespace.stop(ZEEBE)
        for _ in range(2):
            namespace.runtime().start(ZEEBE, {})
        assert namespace.replicas("zeebe", "zeebe-gateway") == [3, 2]

    def test_a_pod_that_never_goes_is_never_taken_for_stopped(self, namespace: Namespace) -> None:
        stuck = {"metadata": {"finalizers": ["sandbox/stays"]}}
        namespace.core.patch_namespaced_pod("zeebe-1", namespace.name, stuck)
        namespace.runtime().stop(ZEEBE)
        until(
            lambda: (
                len(namespace.core.list_namespaced_pod(namespace.name, label_selector=f"{LABEL}=zeebe-broker").items)
                == 1
            )
        )

        assert not namespace.runtime().is_stopped(ZEEBE)
        told = told_by(RestoreFailed, namespace.runtime().restore_zeebe, "broker-0", BACKUP)
        assert told == "StatefulSet zeebe runs, so nothing was removed from broker-0; stop it, then restore again"
        assert namespace.jobs() == {}

        namespace.core.patch_namespaced_pod("zeebe-1", namespace.name, {"metadata": {"finalizers": None}})
        until(lambda: namespace.runtime().is_stopped(ZEEBE))

    def test_who_scales_back_is_named(self, namespace: Namespace) -> None:
        label = {"metadata": {"labels": {"argocd.argoproj.io/instance": "camunda-prod"}}}
        namespace.apps.patch_namespaced_deployment("operate", namespace.name, label)
        namespace.stop(OPERATE)
        namespace.apps.patch_namespaced_deployment("operate", namespace.name, {"spec": {"replicas": 1}})

        told = told_by(Rejected, namespace.runtime().is_stopped, OPERATE)

        assert told.startswith(
            "Deployment operate was stopped when it had 1 replicas, and Argo CD (camunda-prod) scaled it to 1 since"
        )
        namespace.stop(OPERATE)  # as a task that is cleared does

    def test_autoscalers_and_gitops_are_named_beforehand(
        self, namespace: Namespace, caplog: pytest.LogCaptureFixture
    ) -> None:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "operate"}
        scaler = {"metadata": {"name": "busy"}, "spec": {"scaleTargetRef": target, "maxReplicas": 3}}
        namespace.autoscaling.create_namespaced_horizontal_pod_autoscaler(namespace.name, scaler)

        assert namespace.runtime().problems(COMPONENTS) == []

        assert "Deployment operate is managed by HorizontalPodAutoscaler busy" in caplog.text


class TestRights:
    def test_the_documented_role_is_enough_and_has_nothing_else(self, namespace: Namespace) -> None:
        assert documented_role()["rules"] == [right.rule() for right in RIGHTS]
        assert namespace.runtime().problems(COMPONENTS) == []

    def test_each_verb_that_is_missing_is_named(self, namespace: Namespace) -> None:
        for right in RIGHTS:
            for verb in right.verbs:
                rules = [one.rule() for one in RIGHTS if one != right]
                rest = {**right.rule(), "verbs": [other for other in right.verbs if other != verb]}
                namespace.grant([*rules, rest] if rest["verbs"] else rules)
                wanted = f"connection {CONN_ID}: it may not {verb} {right.resource} in namespace {namespace.name}"
                until(lambda wanted=wanted: self.only(namespace, wanted), 10)  # type: ignore[misc]

    @staticmethod
    def only(namespace: Namespace, wanted: str) -> bool:
        found = namespace.runtime().problems(COMPONENTS)
        return len(found) == 1 and found[0].startswith(wanted)

    def test_a_refused_call_is_one_sentence(self, namespace: Namespace) -> None:
        namespace.grant([{"apiGroups": ["apps"], "resources": ["statefulsets", "deployments"], "verbs": ["list"]}])
        until(lambda: "may not patch Deployment operate" in told_by(Rejected, namespace.runtime().stop, OPERATE), 10)
        assert namespace.replicas("operate") == [1]

    def test_a_wrong_login_is_one_sentence(self, namespace: Namespace, plane: ControlPlane) -> None:
        namespace.connect(plane.kubeconfig("nobody"))
        (told,) = namespace.runtime().problems(COMPONENTS)
        assert told.startswith(f"the API server does not accept the login of connection {CONN_ID}")

    def test_a_server_that_does_not_answer_is_one_sentence(self, namespace: Namespace, plane: ControlPlane) -> None:
        away = plane.kubeconfig()
        away["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{PORTS + 99}"
        namespace.connect(away)
        assert "the API server does not answer" in told_by(Unreachable, namespace.runtime().is_stopped, OPERATE)


class TestBeforeAnythingIsChanged:
    def test_what_would_lose_data_is_refused(self, namespace: Namespace) -> None:
        environment = [{"name": "ZEEBE_RESTORE", "value": "true"}]
        template = {"spec": {"containers": [{"name": "zeebe", "env": environment}]}}
        spec = {"template": template, "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}}
        namespace.apps.patch_namespaced_stateful_set("zeebe", namespace.name, {"spec": spec})
        told = "\n".join(namespace.runtime(brokers=4).problems([ZEEBE]))
        assert "has ZEEBE_RESTORE" in told
        assert "deletes its volume claims when it is scaled down" in told
        assert "has 3 brokers, the cluster file says 4" in told
        assert 'persistentvolumeclaims "data-zeebe-3" not found' in told

    def test_labels_that_nothing_has_are_named(self, namespace: Namespace) -> None:
        (told,) = namespace.runtime(components={"operate": "app=operate"}).problems([OPERATE])
        assert told.endswith("with the labels app=operate: correct runtime.components.operate")

    def test_a_count_that_nobody_knows_is_asked_for(self, namespace: Namespace) -> None:
        namespace.apps.patch_namespaced_deployment("operate", namespace.name, {"spec": {"replicas": 0}})
        (told,) = namespace.runtime().problems([OPERATE])
        assert told.startswith("Deployment operate has no replicas, and nothing says how many it should have")


class TestRestoring:
    def test_brokers_are_restored_side_by_side(self, namespace: Namespace, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        namespace.stop(*COMPONENTS)
        lines: dict[str, str] = {}
        runtimes = {name: namespace.runtime() for name in namespace.runtime().brokers()}
        threads = [
            threading.Thread(target=lambda name=name, one=one: lines.update({name: one.restore_zeebe(name, BACKUP)}))
            for name, one in runtimes.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert lines == dict.fromkeys(runtimes, "Successfully restored broker from backup")
        assert namespace.jobs().keys() == {f"zeebe-{ordinal}-restore-{BACKUP}" for ordinal in range(3)}
        assert "broker-1: Starting to restore from backup" in caplog.messages
        namespace.runtime().start(ZEEBE, {})
        until(lambda: namespace.runtime().is_started(ZEEBE))

    def test_the_job_is_the_brokers_own_pod_but_for_what_it_does(self, namespace: Namespace) -> None:
        namespace.stop(ZEEBE)
        namespace.runtime().restore_zeebe("broker-2", BACKUP)
        spec = namespace.jobs()[f"zeebe-2-restore-{BACKUP}"].spec
        (container,) = spec.template.spec.containers
        told = {one.name: one.value for one in container.env}

        assert container.command == ["/usr/local/zeebe/bin/restore", f"--backupId={BACKUP}"]
        assert (container.image, spec.backoff_limit) == ("camunda/zeebe-broker:8.6.0", 0)
        assert (told["K8S_NAME"], told["ZEEBE_BROKER_CLUSTER_NODEID"]) == ("zeebe-2", "2")
        assert told["JAVA_TOOL_OPTIONS"] == "-Xmx1g"
        assert spec.template.spec.init_containers[-1].name == "empty"
        claims = [one.persistent_volume_claim.claim_name for one in spec.template.spec.volumes]
        assert claims == ["data-zeebe-2"]

    def test_a_broker_that_failed_is_restored_again_alone(self, namespace: Namespace) -> None:
        namespace.annotate_pods(fails="zeebe-1")
        namespace.stop(ZEEBE)
        namespace.runtime().restore_zeebe("broker-0", BACKUP)
        told = told_by(RestoreFailed, namespace.runtime().restore_zeebe, "broker-1", BACKUP)
        assert told.startswith(
            f"broker-1 was not restored from backup {BACKUP}: the restore command ended with exit code 1"
        )
        first = {name: job.metadata.uid for name, job in namespace.jobs().items()}

        namespace.annotate_pods(fails=None)
        namespace.runtime().restore_zeebe("broker-1", BACKUP)

        again = {name: job.metadata.uid for name, job in namespace.jobs().items()}
        assert {name for name in first if first[name] != again[name]} == {f"zeebe-1-restore-{BACKUP}"}

    def test_a_job_that_still_runs_is_taken_over_and_zeebe_does_not_start(self, namespace: Namespace) -> None:
        namespace.annotate_pods(never_ends="true")
        namespace.stop(ZEEBE)
        told = told_by(RestoreFailed, namespace.runtime(restore_timeout="3s").restore_zeebe, "broker-0", BACKUP)
        assert "its restore did not end within 3 s and was ended" in told
        until(lambda: namespace.jobs() == {})

        lost = threading.Thread(target=self.quietly, args=(namespace.runtime(restore_timeout="8s"),))
        lost.start()
        until(lambda: len(namespace.jobs()) == 1)
        name, uid = next((name, job.metadata.uid) for name, job in namespace.jobs().items())
        assert name in told_by(Rejected, namespace.runtime().start, ZEEBE, {})
        other = told_by(RestoreFailed, namespace.runtime().restore_zeebe, "broker-0", BACKUP + 1)
        assert f"broker-0 is being restored by Job {name} from backup {BACKUP}" in other
        until(lambda: self.running(namespace, name))
        pods = namespace.core.list_namespaced_pod(namespace.name, label_selector=f"job-name={name}").items
        namespace.core.patch_namespaced_pod(
            pods[0].metadata.name, namespace.name, {"metadata": {"annotations": {"sandbox/never-ends": None}}}
        )
        line = namespace.runtime().restore_zeebe("broker-0", BACKUP)
        lost.join()

        assert line == "Successfully restored broker from backup"
        assert namespace.jobs()[name].metadata.uid == uid

    def test_a_job_whose_pod_is_lost_is_over_and_does_not_empty_the_volume_again(self, namespace: Namespace) -> None:
        namespace.annotate_pods(never_ends="true")
        namespace.stop(ZEEBE)
        told: list[str] = []
        restoring = threading.Thread(
            target=lambda: told.append(told_by(RestoreFailed, namespace.runtime().restore_zeebe, "broker-0", BACKUP))
        )
        restoring.start()
        name = f"zeebe-0-restore-{BACKUP}"
        until(lambda: self.running(namespace, name))
        (lost,) = namespace.core.list_namespaced_pod(namespace.name, label_selector=f"job-name={name}").items
        namespace.core.delete_namespaced_pod(lost.metadata.name, namespace.name)
        restoring.join()

        assert "BackoffLimitExceeded" in told[0]
        assert namespace.jobs()[name].status.failed == 1
        left = namespace.core.list_namespaced_pod(namespace.name, label_selector=f"job-name={name}").items
        assert [one.metadata.uid for one in left if one.metadata.uid != lost.metadata.uid] == []

    @staticmethod
    def quietly(runtime: Runtime) -> None:
        runtime.restore_zeebe("broker-0", BACKUP)

    @staticmethod
    def running(namespace: Namespace, name: str) -> bool:
        pods = namespace.core.list_namespaced_pod(namespace.name, label_selector=f"job-name={name}").items
        return bool(pods) and pods[0].status.phase == "Running"

    def test_a_job_whose_pod_finds_no_node_says_so(self, namespace: Namespace) -> None:
        template = {"spec": {"nodeSelector": {"disk": "fast"}}}
        namespace.stop(ZEEBE)
        namespace.apps.patch_namespaced_stateful_set("zeebe", namespace.name, {"spec": {"template": template}})
        told = told_by(RestoreFailed, namespace.runtime(timeout="3s").restore_zeebe, "broker-0", BACKUP)
        assert told.startswith(
            "broker-0 was not restored: its Job did not begin within 3 s and was ended: its pod has no node"
        )
        assert "node affinity/selector" in told
