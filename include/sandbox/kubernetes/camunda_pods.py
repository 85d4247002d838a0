"""The user's own Camunda as pods, laid out as Camunda's Helm chart does it: images, volume, workloads."""

from typing import Any

from sandbox import camunda, camunda_home, parts
from sandbox.programs import Program, environment
from sandbox.sites import Site

from .node import LABEL as AGENT
from .pod import Image

COMPONENTS = ("zeebe", "operate", "tasklist", "optimize")
LABEL = "app.kubernetes.io/component"
RESTORE = "/usr/local/zeebe/bin/restore"
PROFILE = "SPRING_PROFILES_ACTIVE"
"""What the broker's own start script sets: the restore application must not get it."""


def images(site: Site) -> dict[str, Image]:
    """Return what is run for the images of Camunda."""
    found = {}
    for name in COMPONENTS:
        program = _program(site, name)
        given = {key: value for key, value in program.environment.items() if key in _given(program)}
        found[_image(name)] = Image(program.command, given, program.folder)
    zeebe = found[_image("zeebe")]
    start = ("/usr/bin/env", f"{PROFILE}={_program(site, 'zeebe').environment[PROFILE]}", *zeebe.entrypoint)
    restore = camunda.restore(site, 0).command[:-1]
    found[_image("zeebe")] = Image(start, zeebe.environment, zeebe.folder, {RESTORE: restore})
    return found


def volume(site: Site, namespace: str) -> dict[str, Any]:
    """Return the volume that the broker's claim gets: its real data folder."""
    return {
        "metadata": {"name": f"{namespace}-zeebe-0"},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "",
            "hostPath": {"path": str(camunda.zeebe_data(site))},
            "claimRef": {"namespace": namespace, "name": "data-zeebe-0"},
        },
    }


def brokers(site: Site) -> dict[str, Any]:
    """Return the StatefulSet of the one broker; as the chart's, it lets Java write into the data folder."""
    data = str(camunda.zeebe_data(site))
    index = {"fieldRef": {"fieldPath": "metadata.labels['apps.kubernetes.io/pod-index']"}}
    options = f"-XX:HeapDumpPath={data} -XX:ErrorFile={data}/error%p.log -Xlog:gc:file={data}/gc.log"
    labels, template = _template(site, "zeebe", "zeebe-broker")
    (container,) = template["spec"]["containers"]
    container["env"] += [
        {"name": "ZEEBE_BROKER_CLUSTER_NODEID", "valueFrom": index},
        {"name": "JAVA_TOOL_OPTIONS", "value": options},
    ]
    container["volumeMounts"] = [{"name": "data", "mountPath": data}]
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    return {
        "metadata": {"name": "zeebe", "labels": labels},
        "spec": {
            "serviceName": "zeebe",
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": template,
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
        },
    }


def web_app(site: Site, name: str) -> dict[str, Any]:
    """Return the Deployment of Operate, Tasklist or Optimize."""
    labels, template = _template(site, name, name)
    spec = {"replicas": 1, "strategy": {"type": "Recreate"}, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}


def _template(site: Site, name: str, component: str) -> tuple[dict[str, str], dict[str, Any]]:
    program = _program(site, name)
    _, _, port_and_path = program.health.removeprefix("http://").partition(":")
    port, _, path = port_and_path.partition("/")
    own = {key: value for key, value in program.environment.items() if key not in _given(program)}
    if name == "zeebe":
        del own[PROFILE]
    container = {
        "name": name,
        "image": _image(name),
        "env": [{"name": key, "value": value} for key, value in own.items()],
        "readinessProbe": {"httpGet": {"port": int(port), "path": f"/{path}"}},
    }
    labels = {"app": "camunda-platform", LABEL: component}
    spec = {"nodeSelector": {AGENT: "true"}, "enableServiceLinks": False, "containers": [container]}
    return labels, {"metadata": {"labels": labels}, "spec": spec}


def _program(site: Site, name: str) -> Program:
    return parts.PARTS[name].program(site)


def _image(name: str) -> str:
    return f"camunda/{name}:{camunda_home.distribution(camunda_home.CLUSTER).version}"


def _given(program: Program) -> set[str]:
    """Return the variables that an image brings."""
    return {*environment(program.folder), "PYTHONPATH", "PYTHONUNBUFFERED"}
