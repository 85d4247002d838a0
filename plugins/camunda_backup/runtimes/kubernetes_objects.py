"""What Kubernetes says of StatefulSets, Deployments, Jobs and pods, and what it means. All of it is JSON types."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from camunda_backup.errors import Rejected
from camunda_backup.runtimes.kubernetes_jobs import RESTORE

KEPT = "camunda-backup/replicas"
"""The annotation that keeps how many replicas there were before the stop."""

STATEFUL_SET, DEPLOYMENT = "StatefulSet", "Deployment"

# Labels and annotations by which those who own an object can be told; their values name the owner.
OWNERS = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux (Kustomization)",
    "helm.toolkit.fluxcd.io/name": "Flux (HelmRelease)",
}
KEDA = "scaledobject.keda.sh/name"


class NotThere(Rejected):
    """There is no object of this name."""


class AlreadyThere(Rejected):
    """There is an object of this name."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A StatefulSet or Deployment.

    :param kind: which of them
    :param body: as the API server gives it
    :param optional: the cluster works without it
    """

    kind: str
    body: Mapping[str, Any]
    optional: bool = False

    def __str__(self) -> str:
        """Return what messages call it."""
        return f"{self.kind} {self.name}"

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.body["metadata"]["name"])

    @property
    def replicas(self) -> int:
        """How many pods it should have."""
        told = self.body["spec"].get("replicas")
        return 1 if told is None else int(told)  # what the API server takes when nothing is said

    @property
    def kept(self) -> int | None:
        """How many it had before it was stopped, None when it was not."""
        told = (self.body["metadata"].get("annotations") or {}).get(KEPT, "")
        return int(told) if told.isdigit() and int(told) > 0 else None

    @property
    def selector(self) -> str:
        """The label selector of its pods."""
        return ",".join(_terms(self.body["spec"]["selector"]))

    @property
    def ready(self) -> bool:
        """Return whether all of its pods are ready, by a status that is not older than what was asked for."""
        status, meta = self.body.get("status") or {}, self.body["metadata"]
        known = status.get("observedGeneration", 0) >= meta.get("generation", 0)
        return known and self.replicas > 0 and status.get("readyReplicas", 0) >= self.replicas

    def stopped(self) -> dict[str, Any]:
        """Return the patch that stops it; replica count and annotation change together or not at all."""
        return _scaled(0, str(self.kept or self.replicas))

    @staticmethod
    def started(replicas: int) -> dict[str, Any]:
        """Return the patch that starts it."""
        return _scaled(replicas, None)

    def owners(self, autoscalers: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return who may change its replicas by themselves: GitOps controllers and autoscalers.

        :param autoscalers: those of its namespace
        """
        meta = self.body["metadata"]
        told = {**(meta.get("labels") or {}), **(meta.get("annotations") or {})}
        found = [f"{owner} ({told[label]})" for label, owner in OWNERS.items() if label in told]
        for scaler in autoscalers:
            target = scaler["spec"]["scaleTargetRef"]
            if (target["kind"], target["name"]) == (self.kind, self.name):
                keda = (scaler["metadata"].get("labels") or {}).get(KEDA)
                name = scaler["metadata"]["name"]
                found.append(f"KEDA (ScaledObject {keda})" if keda else f"HorizontalPodAutoscaler {name}")
        return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a restore Job is.

    :param exit_code: the restore application's, None until it has ended
    :param started: it runs, or has run
    :param trouble: why it will not run any more
    :param waits_for: why it does not run yet
    """

    exit_code: int | None = None
    started: bool = False
    trouble: str = ""
    waits_for: str = "its pod is not there yet"


def progress(job: Mapping[str, Any], pod: Mapping[str, Any] | None) -> Progress:
    """Return how far a restore Job is.

    :param pod: its only one, None when it has none
    """
    status = (pod or {}).get("status") or {}
    for state in _states(status, "containerStatuses", RESTORE):
        if ended := state.get("terminated"):
            return Progress(exit_code=int(ended.get("exitCode", -1)), started=True)
        if "running" in state:
            return Progress(started=True, trouble=_over(job))
    for name, state in _named(status, "initContainerStatuses"):
        ended = state.get("terminated") or {}
        if ended.get("exitCode"):
            words = ended.get("message") or ended.get("reason") or ""
            return Progress(trouble=f"its container {name} ended with exit code {ended['exitCode']} {words}".strip())
    if over := _over(job):
        return Progress(trouble=over)
    if pod is None:
        return Progress()
    return Progress(waits_for=_waits_for(status))


def active(job: Mapping[str, Any]) -> bool:
    """Return whether a Job has not finished, and is not about to be deleted."""
    return not _over(job, "Complete", "Failed") and not job["metadata"].get("deletionTimestamp")


def _over(job: Mapping[str, Any], *kinds: str) -> str:
    """Return why a Job is over, empty when it is not."""
    for condition in (job.get("status") or {}).get("conditions") or []:
        if condition["type"] in (kinds or ("Failed",)) and condition["status"] == "True":
            return f"the Job is over: {condition.get('reason', '')} {condition.get('message', '')}".strip()
    return ""


def _waits_for(status: Mapping[str, Any]) -> str:
    for kind in ("initContainerStatuses", "containerStatuses"):
        for name, state in _named(status, kind):
            if waiting := state.get("waiting"):
                if waiting.get("reason") == "PodInitializing":
                    continue
                return f"container {name} waits: {waiting.get('reason', '')} {waiting.get('message', '')}".strip()
            if "running" in state:
                return f"container {name} runs first"
    for condition in status.get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] != "True":
            return f"its pod has no node: {condition.get('reason', '')} {condition.get('message', '')}".strip()
    return f"its pod is {status.get('phase', 'not known')}"


def _named(status: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for container in status.get(kind) or []:
        yield container["name"], container.get("state") or {}


def _states(status: Mapping[str, Any], kind: str, name: str) -> Iterator[Mapping[str, Any]]:
    yield from (state for one, state in _named(status, kind) if one == name)


def _terms(selector: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{label}={value}" for label, value in (selector.get("matchLabels") or {}).items())
    for term in selector.get("matchExpressions") or []:
        values = f" ({','.join(term.get('values') or [])})"
        match term["operator"]:
            case "In" | "NotIn":
                yield f"{term['key']} {term['operator'].lower()}{values}"
            case "Exists":
                yield term["key"]
            case "DoesNotExist":
                yield f"!{term['key']}"


def _scaled(replicas: int, kept: str | None) -> dict[str, Any]:
    return {"metadata": {"annotations": {KEPT: kept}}, "spec": {"replicas": replicas}}
