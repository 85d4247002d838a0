"""Makes a broker's restore Job out of the brokers' StatefulSet. Everything here is a manifest as JSON types."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from camunda_backup.errors import Rejected
from camunda_backup.kubernetes_target import RestoreJob

BROKER = "camunda-backup/broker"
BACKUP = "camunda-backup/backup"
EMPTY, RESTORE = "empty", "restore"
LEFT_IN_PLACE = ("lost+found", ".snapshot")  # of the file system, not Zeebe's; the restore application ignores them
KEPT_FOR = 7 * 24 * 3600  # seconds that a finished Job can still be looked at
LONGEST_NAME = 63

# The broker's own variables that must not reach the restore application: those with which a StatefulSet restores.
RESTORES_ITSELF = re.compile(r"ZEEBE_RESTORE($|_FROM_|_TO_|_TENANT_ID$|_ALL_TENANTS$)")
OF_JAVA = ("JAVA_TOOL_OPTIONS", "JAVA_OPTS", "JDK_JAVA_OPTIONS")
NAME_OF_THE_POD = (
    "metadata.name",
    "metadata.labels['statefulset.kubernetes.io/pod-name']",
)
NUMBER_OF_THE_POD = ("metadata.labels['apps.kubernetes.io/pod-index']",)
# A proxy beside the restore application never ends, and so would never the Job.
NO_PROXIES = {"sidecar.istio.io/inject": "false", "linkerd.io/inject": "disabled"}
OF_A_SERVER = ("ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "args", "command")

REMOVE = """set -eu
cd "$1"
for entry in * .[!.]* ..?*; do
  case "$entry" in {left}) continue ;; esac
  if [ -e "$entry" ] || [ -L "$entry" ]; then rm -rf -- "$entry"; fi
done
echo "$1 was emptied"
"""


def job_name(stateful_set: Mapping[str, Any], ordinal: int, backup_id: int | None) -> str:
    """Return the name of a Job, the same for every try, so that no two of them can run at once."""
    end = f"-{ordinal}-restore-{_label(backup_id)}"
    return f"{stateful_set['metadata']['name'][: LONGEST_NAME - len(end)]}{end}"


def pod_name(stateful_set: Mapping[str, Any], ordinal: int) -> str:
    """Return the name of the broker's own pod."""
    return f"{stateful_set['metadata']['name']}-{ordinal}"


def claim_name(stateful_set: Mapping[str, Any], ordinal: int, volume: str) -> str:
    """Return the claim that holds the data of the broker with this ordinal."""
    return f"{volume}-{pod_name(stateful_set, ordinal)}"


def broker_container(stateful_set: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the broker's container of the pod template.

    :raises Rejected: it cannot be told which one that is
    """
    containers: list[Mapping[str, Any]] = stateful_set["spec"]["template"]["spec"]["containers"]
    for container in containers:
        if container["name"] == name or len(containers) == 1:
            return container
    known = ", ".join(container["name"] for container in containers)
    raise Rejected(
        f"{_shown(stateful_set)} has no container {name}; write its broker's into runtime.restore.container: {known}"
    )


def data_paths(stateful_set: Mapping[str, Any], container: Mapping[str, Any], volume: str) -> list[str]:
    """Return where the broker's container has the volume of its data.

    :raises Rejected: the data is on no volume claim, or not in the container
    """
    claims = [claim["metadata"]["name"] for claim in stateful_set["spec"].get("volumeClaimTemplates") or []]
    if volume not in claims:
        raise Rejected(
            f"{_shown(stateful_set)} has no volume claim {volume}, so what is restored would be lost; write the one"
            f" with the broker's data into runtime.restore.volume: {', '.join(claims) or 'there is none'}"
        )
    paths = [mount["mountPath"] for mount in container.get("volumeMounts") or [] if mount["name"] == volume]
    if not paths:
        raise Rejected(f"{_shown(stateful_set)}: container {container['name']} does not mount the volume {volume}")
    return paths


def restore_job(
    stateful_set: Mapping[str, Any], ordinal: int, backup_id: int | None, wanted: RestoreJob, deadline: float
) -> dict[str, Any]:
    """Return the Job that empties a broker's volume and restores a backup into it.

    :param stateful_set: the brokers'
    :param ordinal: the broker's number
    :param backup_id: None: the restore application chooses by the exported positions in the database
    :param deadline: seconds after which Kubernetes ends it
    :raises Rejected: the StatefulSet cannot be restored so
    """
    broker = broker_container(stateful_set, wanted.container)
    paths = data_paths(stateful_set, broker, wanted.volume)
    told = {BROKER: pod_name(stateful_set, ordinal), BACKUP: _label(backup_id)}
    chosen_backup = [] if backup_id is None else [f"--backupId={backup_id}"]
    template = deepcopy(dict(stateful_set["spec"]["template"]))
    meta, spec = template.setdefault("metadata", {}), template["spec"]
    chosen = stateful_set["spec"]["selector"].get("matchLabels") or {}
    # Without the selector's labels: neither the StatefulSet nor a Service may take the pod for a broker.
    labels = {name: value for name, value in (meta.get("labels") or {}).items() if name not in chosen}
    template["metadata"] = {
        "labels": {**labels, **NO_PROXIES, **told},
        "annotations": {**(meta.get("annotations") or {}), **NO_PROXIES},
    }
    own = {name: value for name, value in broker.items() if name not in OF_A_SERVER}
    own["env"] = _environment(stateful_set, broker, ordinal, wanted, paths)
    spec["containers"] = [{**own, "name": RESTORE, "command": [wanted.program, *chosen_backup]}]
    first = [one for one in spec.get("initContainers") or [] if one.get("restartPolicy") != "Always"]
    spec["initContainers"] = [*first, *_emptying(own, paths)]
    spec["volumes"] = [*(spec.get("volumes") or []), *_claims(stateful_set, ordinal)]
    spec["restartPolicy"] = "Never"
    spec["hostname"] = pod_name(stateful_set, ordinal)
    if service := stateful_set["spec"].get("serviceName"):
        spec["subdomain"] = service
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job_name(stateful_set, ordinal, backup_id), "labels": told},
        "spec": {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "activeDeadlineSeconds": int(deadline),
            "ttlSecondsAfterFinished": KEPT_FOR,
            "template": template,
        },
    }


def restores_itself(container: Mapping[str, Any]) -> bool:
    """Return whether a broker would restore when it starts, and so delete what was restored (camunda/camunda#48199)."""
    return any(
        one["name"] == "ZEEBE_RESTORE" and str(one.get("value", "")).lower() != "false"
        for one in container.get("env") or []
    )


def without_paths(options: str, paths: list[str]) -> str:
    """Return Java's options without those that write into a folder: logs, heap dumps, crash reports.

    :param paths: the folders; a relative path may lead there too
    """

    def writes_there(option: str) -> bool:
        return any(f"{path.rstrip('/')}/" in f"{option}/" for path in paths) or bool(
            re.search(r"[=:](\./)?data(/|$)", option)
        )

    return " ".join(option for option in options.split() if not writes_there(option))


def _environment(
    stateful_set: Mapping[str, Any],
    broker: Mapping[str, Any],
    ordinal: int,
    wanted: RestoreJob,
    paths: list[str],
) -> list[dict[str, Any]]:
    fixed = {
        **dict.fromkeys(wanted.node_id, str(ordinal)),
        "ZEEBE_RESTORE_IGNOREFILESINTARGET": ",".join(LEFT_IN_PLACE),
        **wanted.environment,
    }
    kept = []
    for one in broker.get("env") or []:
        if RESTORES_ITSELF.match(one["name"]) or one["name"] in fixed:
            continue
        kept.append(_of_the_broker(stateful_set, one, ordinal, paths))
    if broker.get("envFrom"):  # what comes from there cannot be read here, and is weaker than what is written here
        there = {one["name"] for one in kept}
        fixed |= {name: "" for name in OF_JAVA if name not in there}
    return [*kept, *({"name": name, "value": value} for name, value in fixed.items())]


def _of_the_broker(
    stateful_set: Mapping[str, Any], variable: Mapping[str, Any], ordinal: int, paths: list[str]
) -> dict[str, Any]:
    """Return a variable as the broker's own pod would have it."""
    name, source = variable["name"], variable.get("valueFrom") or {}
    field = (source.get("fieldRef") or {}).get("fieldPath")
    if field in NAME_OF_THE_POD:
        return {"name": name, "value": pod_name(stateful_set, ordinal)}
    if field in NUMBER_OF_THE_POD:
        return {"name": name, "value": str(ordinal)}
    if name in OF_JAVA:
        return {"name": name, "value": without_paths(variable.get("value") or "", paths)}
    return dict(variable)


def _emptying(own: Mapping[str, Any], paths: list[str]) -> Iterator[dict[str, Any]]:
    script = REMOVE.format(left="|".join(LEFT_IN_PLACE))
    for number, path in enumerate(paths):
        yield {
            **{name: value for name, value in own.items() if name not in {"env", "envFrom", "workingDir"}},
            "name": EMPTY if number == 0 else f"{EMPTY}-{number}",
            "command": ["/bin/sh", "-c", script, EMPTY, path],
        }


def _claims(stateful_set: Mapping[str, Any], ordinal: int) -> Iterator[dict[str, Any]]:
    for claim in stateful_set["spec"].get("volumeClaimTemplates") or []:
        name = claim["metadata"]["name"]
        yield {"name": name, "persistentVolumeClaim": {"claimName": claim_name(stateful_set, ordinal, name)}}


def _label(backup_id: int | None) -> str:
    return "by-position" if backup_id is None else str(backup_id)


def _shown(stateful_set: Mapping[str, Any]) -> str:
    return f"StatefulSet {stateful_set['metadata']['name']}"
