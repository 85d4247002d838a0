"""The Job that restores a broker, made from the pod template of the brokers' StatefulSet; Python alone."""

import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from camunda_backup.errors import Rejected
from camunda_backup.kubernetes_target import KubernetesRuntime, RestoreJob
from camunda_backup.runtimes.kubernetes_jobs import job_name, restore_job, restores_itself, without_paths

DATA = "/usr/local/zeebe/data"
BACKUP = 1700000000
LABELS = {"app": "camunda-platform", "app.kubernetes.io/component": "zeebe-broker"}
# The chart's own, see values.yaml of Camunda 8.6: zeebe.javaOpts.
JAVA = (
    "-XX:MaxRAMPercentage=25.0 -XX:+ExitOnOutOfMemoryError -XX:+HeapDumpOnOutOfMemoryError"
    f" -XX:HeapDumpPath={DATA} -XX:ErrorFile={DATA}/zeebe_error%p.log"
)

ZEEBE: dict[str, Any] = {
    "name": "zeebe",
    "image": "camunda/zeebe:8.6.7",
    "args": ["broker"],
    "env": [
        {"name": "K8S_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "K8S_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {"name": "NUMBER", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['apps.kubernetes.io/pod-index']"}}},
        {"name": "ZEEBE_BROKER_CLUSTER_NODEID", "value": "7"},
        {"name": "JAVA_TOOL_OPTIONS", "value": JAVA},
        {"name": "ZEEBE_RESTORE", "value": "false"},
        {"name": "ZEEBE_RESTORE_FROM_BACKUP_ID", "value": "1"},
        {"name": "STORE_KEY", "valueFrom": {"secretKeyRef": {"name": "store", "key": "key"}}},
    ],
    "ports": [{"containerPort": 9600}],
    "readinessProbe": {"httpGet": {"path": "/ready", "port": 9600}},
    "lifecycle": {"preStop": {"exec": {"command": ["true"]}}},
    "resources": {"limits": {"memory": "2Gi"}},
    "securityContext": {"runAsUser": 1001},
    "volumeMounts": [{"name": "data", "mountPath": DATA}, {"name": "config", "mountPath": "/usr/local/zeebe/config"}],
}
STATEFUL_SET: dict[str, Any] = {
    "metadata": {"name": "camunda-zeebe", "labels": LABELS},
    "spec": {
        "serviceName": "camunda-zeebe",
        "replicas": 0,
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {
                "labels": {**LABELS, "azure.workload.identity/use": "true"},
                "annotations": {"checksum/config": "1"},
            },
            "spec": {
                "serviceAccountName": "camunda-zeebe",
                "tolerations": [{"key": "zeebe", "operator": "Exists"}],
                "initContainers": [
                    {"name": "exporters", "image": "busybox"},
                    {"name": "proxy", "image": "proxy", "restartPolicy": "Always"},
                ],
                "containers": [ZEEBE, {"name": "sidecar", "image": "logs"}],
                "volumes": [{"name": "config", "configMap": {"name": "camunda-zeebe"}}],
            },
        },
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}],
    },
}


def wanted(version: str = "8.6.7", **fields: Any) -> RestoreJob:
    told = KubernetesRuntime(type="kubernetes", connection="k", namespace="camunda", brokers=3, restore=fields)
    return told.of_version(version).restore


def job(stateful_set: dict[str, Any] = STATEFUL_SET, **fields: Any) -> dict[str, Any]:
    """Return the Job of broker 2."""
    return restore_job(stateful_set, 2, BACKUP, wanted(**fields), 7200.0)


def pod(**changes: Any) -> dict[str, Any]:
    spec: dict[str, Any] = job(changed(**changes))["spec"]["template"]["spec"]
    return spec


def changed(**container: Any) -> dict[str, Any]:
    """Return the StatefulSet with another container."""
    other = deepcopy(STATEFUL_SET)
    other["spec"]["template"]["spec"]["containers"][0].update(container)
    return other


def environment(spec: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in spec["containers"][0]["env"]}


def test_it_runs_the_restore_application_once() -> None:
    made = job()
    assert made["metadata"]["name"] == f"camunda-zeebe-2-restore-{BACKUP}"
    assert (made["spec"]["backoffLimit"], made["spec"]["template"]["spec"]["restartPolicy"]) == (0, "Never")
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["/usr/local/zeebe/bin/restore", f"--backupId={BACKUP}"]
    assert not {"args", "ports", "readinessProbe", "lifecycle"} & container.keys()


def test_without_a_backup_id_the_restore_application_chooses() -> None:
    made = restore_job(STATEFUL_SET, 2, None, wanted(), 7200.0)
    assert made["metadata"]["name"] == "camunda-zeebe-2-restore-by-position"
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["/usr/local/zeebe/bin/restore"]


def test_it_is_the_brokers_own_pod() -> None:
    spec = pod()
    assert (spec["serviceAccountName"], spec["hostname"], spec["subdomain"]) == (
        "camunda-zeebe", "camunda-zeebe-2", "camunda-zeebe"
    )  # fmt: skip
    assert spec["tolerations"] == [{"key": "zeebe", "operator": "Exists"}]
    (container,) = spec["containers"]
    for field in ("image", "resources", "securityContext", "volumeMounts"):
        assert container[field] == ZEEBE[field]
    claim = {"name": "data", "persistentVolumeClaim": {"claimName": "data-camunda-zeebe-2"}}
    assert spec["volumes"] == [{"name": "config", "configMap": {"name": "camunda-zeebe"}}, claim]


def test_each_broker_has_its_own_node_id_and_name() -> None:
    told = environment(pod())
    assert (told["ZEEBE_BROKER_CLUSTER_NODEID"], told["K8S_NAME"], told["NUMBER"]) == ("2", "camunda-zeebe-2", "2")
    assert told["K8S_NAMESPACE"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}
    assert told["STORE_KEY"] == {"secretKeyRef": {"name": "store", "key": "key"}}
    names = [one["name"] for one in pod()["containers"][0]["env"]]
    assert len(names) == len(set(names))


def test_nothing_of_a_restoring_stateful_set_reaches_it() -> None:
    told = environment(pod())
    assert not {"ZEEBE_RESTORE", "ZEEBE_RESTORE_FROM_BACKUP_ID"} & told.keys()
    assert told["ZEEBE_RESTORE_IGNOREFILESINTARGET"] == "lost+found,.snapshot"


@pytest.mark.parametrize("version", ["8.8", "8.9.1", "8.10.0"])
def test_from_8_8_on_it_is_the_orchestration_clusters(version: str) -> None:
    told = restore_job(changed(name="orchestration"), 0, BACKUP, wanted(version), 1.0)["spec"]["template"]["spec"]
    assert told["containers"][0]["command"][0] == "/usr/local/camunda/bin/restore"
    variables = environment(told)
    assert variables["SPRING_PROFILES_ACTIVE"] == "restore"
    assert variables["VALUES_ORCHESTRATION_NODE_ID"] == variables["ZEEBE_BROKER_CLUSTER_NODEID"] == "0"


def test_up_to_8_7_no_profile_is_chosen() -> None:
    assert "SPRING_PROFILES_ACTIVE" not in environment(pod())


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (JAVA, "-XX:MaxRAMPercentage=25.0 -XX:+ExitOnOutOfMemoryError -XX:+HeapDumpOnOutOfMemoryError"),
        (f"-Xmx1g -Xlog:gc*:file={DATA}/gc.log:time", "-Xmx1g"),
        ("-Xlog:gc:data/gc.log -Dx=1", "-Dx=1"),
        (f"-Xloggc:{DATA}/gc.log", ""),
        (f"-XX:HeapDumpPath={DATA}base", f"-XX:HeapDumpPath={DATA}base"),
        ("-Ddatabase=data1 -Dpath=/data/x", "-Ddatabase=data1 -Dpath=/data/x"),
    ],
)
def test_java_writes_nothing_into_the_data_directory(options: str, left: str) -> None:
    assert without_paths(options, [DATA]) == left


def test_javas_options_from_elsewhere_are_left_out() -> None:
    source = {"configMapKeyRef": {"name": "java", "key": "options"}}
    assert environment(pod(env=[{"name": "JAVA_TOOL_OPTIONS", "valueFrom": source}]))["JAVA_TOOL_OPTIONS"] == ""
    told = environment(pod(env=[], envFrom=[{"configMapRef": {"name": "java"}}]))
    assert told["JAVA_TOOL_OPTIONS"] == told["JDK_JAVA_OPTIONS"] == ""


def test_nobody_takes_the_pod_for_a_broker() -> None:
    meta = job()["spec"]["template"]["metadata"]
    assert not LABELS.keys() & meta["labels"].keys()
    assert meta["labels"]["azure.workload.identity/use"] == "true"
    assert meta["labels"]["camunda-backup/broker"] == "camunda-zeebe-2"
    assert meta["labels"]["sidecar.istio.io/inject"] == meta["annotations"]["sidecar.istio.io/inject"] == "false"


def test_the_volume_is_emptied_last_and_servers_beside_it_are_left_out() -> None:
    spec = pod()
    assert [one["name"] for one in spec["initContainers"]] == ["exporters", "empty"]
    assert [one["name"] for one in spec["containers"]] == ["restore"]
    assert spec["initContainers"][-1]["image"] == ZEEBE["image"]
    assert spec["initContainers"][-1]["command"][-1] == DATA


def test_emptying_removes_everything_but_what_the_file_system_needs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "partitions" / "1").mkdir(parents=True)
    (data / "lost+found").mkdir()
    (data / ".snapshot").mkdir()
    for name in (".topology.meta", "..odd", "with space", "-rf"):
        (data / name).touch()
    (data / "dangling").symlink_to("nowhere")
    *command, _ = pod()["initContainers"][-1]["command"]
    ran = subprocess.run([*command, str(data)], check=True, capture_output=True, text=True)  # noqa: S603 - our own script
    assert {one.name for one in data.iterdir()} == {"lost+found", ".snapshot"}
    assert ran.stdout == f"{data} was emptied\n"


def test_names_stay_within_what_kubernetes_takes() -> None:
    long = {"metadata": {"name": "z" * 52}}
    names = {job_name(long, ordinal, BACKUP) for ordinal in range(3)}
    assert {len(name) for name in names} == {63}
    assert len(names) == 3


def test_the_stateful_set_itself_is_left_as_it_is() -> None:
    before = deepcopy(STATEFUL_SET)
    job()
    assert before == STATEFUL_SET


def test_data_on_no_volume_is_refused() -> None:
    other = deepcopy(STATEFUL_SET)
    other["spec"]["volumeClaimTemplates"] = []
    with pytest.raises(Rejected, match="has no volume claim data, so what is restored would be lost"):
        job(other)
    with pytest.raises(Rejected, match="container zeebe does not mount the volume data"):
        job(changed(volumeMounts=[]))


def test_a_container_that_cannot_be_told_is_asked_for() -> None:
    with pytest.raises(Rejected, match=r"has no container other; .* runtime\.restore\.container: zeebe, sidecar"):
        job(container="other")


@pytest.mark.parametrize(("value", "does"), [("true", True), ("TRUE", True), ("false", False), ("False", False)])
def test_a_stateful_set_that_restores_by_itself_is_noticed(value: str, does: bool) -> None:
    assert restores_itself({"env": [{"name": "ZEEBE_RESTORE", "value": value}]}) is does
