"""The node agent on a real API server: what it tells of containers, and what it refuses to run."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes
import psutil  # type: ignore[import-untyped]
import pytest

from sandbox.kubernetes.control_plane import ControlPlane
from sandbox.kubernetes.node import LABEL, NodeAgent
from sandbox.kubernetes.pod import Image
from tests.observing import until
from tests.real.namespaces import PORTS

PROGRAM = "/opt/tool"
NAMESPACE, CLAIM = "default", "data-0"


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The API server's core, with a node that runs one image and a claim that is bound to a folder."""
    home = tmp_path_factory.mktemp("node")
    (home / "data").mkdir()
    image = Image(
        ("/bin/sh", "-c", "echo hello $NAME; sleep 600"),
        {"PATH": "/usr/bin:/bin"},
        home,
        {PROGRAM: (sys.executable, "-c", "import sys; print(*sys.argv[1:]); sys.exit(int(sys.argv[1]))")},
    )
    with ControlPlane(home / "plane", PORTS) as plane:
        plane.start(print)
        api = kubernetes.client.CoreV1Api(kubernetes.config.new_client_from_config_dict(plane.kubeconfig()))
        accounts = api.list_namespaced_service_account
        until(lambda: any(one.metadata.name == "default" for one in accounts(NAMESPACE).items))
        room = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
        volume = {**room, "capacity": {"storage": "1Gi"}, "hostPath": {"path": str(home / "data")}}
        claim = {**room, "resources": {"requests": {"storage": "1Gi"}}}
        api.create_persistent_volume({"metadata": {"name": "data"}, "spec": volume})
        api.create_namespaced_persistent_volume_claim(NAMESPACE, {"metadata": {"name": CLAIM}, "spec": claim})
        with NodeAgent("here", home / "agent", plane.api, {"tool:1": image}):
            yield api


def create(core: Any, name: str, first: list[dict[str, Any]] | None = None, **container: Any) -> None:
    """Create a pod on the node that is not started again."""
    reference = {"fieldRef": {"fieldPath": "metadata.name"}}
    own = {"name": "main", "image": "tool:1", "env": [{"name": "NAME", "valueFrom": reference}], **container}
    spec = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "nodeSelector": {LABEL: "true"},
        "initContainers": [{"name": "first", "image": "tool:1", **one} for one in first or []],
        "containers": [own],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": CLAIM}}],
    }
    core.create_namespaced_pod(NAMESPACE, {"metadata": {"name": name}, "spec": spec})


def wait(core: Any, name: str, phase: str) -> Any:
    until(lambda: core.read_namespaced_pod(name, NAMESPACE).status.phase == phase)
    return core.read_namespaced_pod(name, NAMESPACE).status


def log(core: Any, name: str) -> str:
    """Return a container's log as it is sent: the client's own text of it has Python's quotes."""
    answer = core.read_namespaced_pod_log(name, NAMESPACE, container="main", _preload_content=False)
    return str(answer.data.decode())


def processes(folder: Path) -> list[int]:
    return [one.pid for one in psutil.process_iter(["cwd"]) if one.info["cwd"] == str(folder)]


@pytest.mark.parametrize(("code", "phase", "reason"), [(0, "Succeeded", "Completed"), (3, "Failed", "Error")])
def test_exit_codes_and_logs_are_the_programs_own(core: Any, code: int, phase: str, reason: str) -> None:
    name = f"ends-with-{code}"
    create(core, name, command=[PROGRAM, str(code)], args=["said"])
    (container,) = wait(core, name, phase).container_statuses
    assert (container.state.terminated.exit_code, container.state.terminated.reason) == (code, reason)
    assert log(core, name) == f"{code} said\n"


def test_a_container_begins_only_when_those_before_it_ended_well(core: Any) -> None:
    create(core, "stopped-short", first=[{"command": [PROGRAM, "4"]}])
    status = wait(core, "stopped-short", "Failed")
    assert status.init_container_statuses[0].state.terminated.exit_code == 4
    assert status.container_statuses[0].state.waiting.reason == "PodInitializing"


def test_a_pod_that_is_deleted_leaves_no_process(core: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    create(core, "goes")
    wait(core, "goes", "Running")
    until(lambda: log(core, "goes") == "hello goes\n")
    (folder,) = tmp_path_factory.getbasetemp().glob("node*[0-9]")
    assert processes(folder)
    core.delete_namespaced_pod("goes", NAMESPACE)
    until(lambda: not any(one.metadata.name == "goes" for one in core.list_namespaced_pod(NAMESPACE).items))
    assert not processes(folder)


@pytest.mark.parametrize(
    ("name", "container", "told"),
    [
        ("unknown", {"image": "other:2"}, "The node has no image other:2; it has tool:1"),
        (
            "elsewhere",
            {"volumeMounts": [{"name": "data", "mountPath": "/elsewhere"}]},
            "mount it there: no container can move it",
        ),
        (
            "secret",
            {"env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "store", "key": "key"}}}]},
            "The node cannot tell the value of KEY",
        ),
    ],
)
def test_what_it_cannot_run_is_said_and_not_run(core: Any, name: str, container: dict[str, Any], told: str) -> None:
    create(core, name, **container)
    until(lambda: core.read_namespaced_pod(name, NAMESPACE).status.container_statuses is not None)
    waits = core.read_namespaced_pod(name, NAMESPACE).status.container_statuses[0].state.waiting
    assert waits.reason == "CreateContainerError"
    assert told in waits.message
