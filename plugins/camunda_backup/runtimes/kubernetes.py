"""Components on Kubernetes: scaled to 0 and back, their replica counts kept as annotations; Jobs restore brokers."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from camunda_backup.errors import CamundaBackupError, Rejected, RestoreFailed
from camunda_backup.kubernetes_target import KubernetesRuntime
from camunda_backup.runtimes.kubernetes_access import RIGHTS, Right, missing
from camunda_backup.runtimes.kubernetes_jobs import (
    BROKER,
    broker_container,
    claim_name,
    data_paths,
    pod_name,
    restore_job,
    restores_itself,
)
from camunda_backup.runtimes.kubernetes_objects import KEPT, STATEFUL_SET, Workload, active
from camunda_backup.runtimes.kubernetes_restore import RestoreRun
from camunda_backup.runtimes.kubernetes_volumes import stop_of
from camunda_backup.runtimes.restore_application import read_restore
from camunda_backup.states import Component, Runs

if TYPE_CHECKING:
    from camunda_backup.runtimes.kubernetes_api import KubernetesApi

log = logging.getLogger(__name__)

BESIDE_ZEEBE = ("gateway", "importer")  # what need not be there


@dataclass(frozen=True, slots=True)
class Volume:
    """Where a broker's data is.

    :param pod: the broker's
    :param claim: name of the volume claim
    :param stop: which stop of the brokers this is, see ``stop_of``; None while they run
    """

    pod: str
    claim: str
    stop: str | None


class Kubernetes:
    """The StatefulSets and Deployments of a cluster file.

    :param config: see ``KubernetesRuntime.as_json``
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._told = KubernetesRuntime.from_json(config)
        self._selectors: Mapping[str, str] = self._told.components.model_dump()

    def problems(self, components: Sequence[Runs]) -> list[str]:
        """Ask for every right, look at every component, and warn of whoever may scale them back."""
        try:
            if lacking := self.lacking(RIGHTS):
                return lacking
            autoscalers = self.api.autoscalers()
        except CamundaBackupError as error:
            return [str(error)]
        found: list[str] = []
        for component in components:
            try:
                workloads = self._workloads(component)
                if component is Component.ZEEBE:
                    found.extend(self._about_brokers())
            except CamundaBackupError as error:
                found.append(str(error))
                continue
            for workload in workloads:
                found.extend(self._about(workload, component))
                if owners := workload.owners(autoscalers):
                    log.warning(
                        "%s is managed by %s: while the restore goes on, nothing of it may scale it up",
                        workload, " and ".join(owners),
                    )  # fmt: skip
        return found

    def brokers(self) -> tuple[str, ...]:
        """Return the names of Zeebe's brokers."""
        return self._told.broker_names

    def stop(self, component: Runs) -> dict[str, Any]:
        """Scale to 0 what is not there already; the replica count is kept with the object, and returned as well."""
        workloads = list(reversed(self._workloads(component)))
        for workload in workloads:
            if workload.replicas:
                self.api.scale(workload, workload.stopped())
                log.info("%s was scaled from %d to 0", workload, workload.replicas)
        return {str(one): one.kept or one.replicas for one in workloads}

    def start(self, component: Runs, stopped: Mapping[str, Any]) -> None:
        """Scale back to what the annotation says; without one, to what the stop returned."""
        if component is Component.ZEEBE and (running := self._restoring()):
            raise Rejected(f"Zeebe must not start while {', '.join(running)} restores into its volumes")
        for workload in self._workloads(component):
            if workload.replicas and not workload.kept:
                log.info("%s has %d replicas", workload, workload.replicas)
                continue
            replicas = workload.kept or int(stopped.get(str(workload)) or 0) or self._written(workload, component)
            if not replicas and workload.optional:
                log.info("%s had no replicas before, and gets none", workload)
                continue
            if not replicas:
                raise Rejected(_unknown(workload))
            self.api.scale(workload, Workload.started(replicas))
            log.info("%s was scaled to %d", workload, replicas)

    def is_stopped(self, component: Runs) -> bool:
        """Return whether nothing is to run and no pod is left.

        :raises Rejected: somebody scaled it up again after it was stopped
        """
        for workload in self._workloads(component):
            if workload.replicas and workload.kept:
                owners = " and ".join(workload.owners(self.api.autoscalers())) or "somebody"
                raise Rejected(
                    f"{workload} was stopped when it had {workload.kept} replicas, and {owners} scaled it to"
                    f" {workload.replicas} since; suspend that and clear the task, or, if it is to run, remove the"
                    f" annotation: kubectl -n {self._told.namespace} annotate {workload.kind.lower()} {workload.name}"
                    f" {KEPT}-"
                )
            if workload.replicas or self.api.pods(workload.selector):
                return False
        return True

    def is_started(self, component: Runs) -> bool:
        """Return whether every pod of a component is ready."""
        workloads = [one for one in self._workloads(component) if one.replicas or not one.optional]
        return all(workload.ready for workload in workloads)

    def has_backup(self, broker: str, backup_id: int) -> bool | None:
        """Return None: nothing in Kubernetes can tell."""
        return None

    def restore_zeebe(self, broker: str, backup_id: int | None) -> str:
        """Run the broker's Job to its end; what the restore application prints goes to the log as it comes."""
        workload, ordinal = self._stateful_set(), self._ordinal(broker)
        if workload.replicas or self.api.pods(workload.selector):
            raise RestoreFailed(f"{workload} runs, so nothing was removed from {broker}; stop it, then restore again")
        self._require_claim(workload, ordinal)
        limits = (self._told.timeout.total_seconds(), self._told.restore_timeout.total_seconds())
        job = restore_job(workload.body, ordinal, backup_id, self._told.restore, sum(limits))
        return read_restore(broker, backup_id, RestoreRun(self.api, broker, job, *limits).ended())

    def without_archives(self) -> list[str]:
        """Return every broker: nothing reads a claim's files as an archive here."""
        return list(self.brokers())

    def archive(self, broker: str, timeout: float, sink: Callable[[bytes], object]) -> None:
        """Never; raises Rejected."""
        raise Rejected(f"{broker}: the kubernetes runtime makes no archives of a volume claim")

    def unarchive(self, broker: str, timeout: float, source: Iterable[bytes]) -> None:
        """Never; raises Rejected."""
        raise Rejected(f"{broker}: the kubernetes runtime fills no volume claim from an archive")

    def volume(self, broker: str) -> "Volume":
        """Return where a broker's data is."""
        workload, ordinal = self._stateful_set(), self._ordinal(broker)
        body = workload.body
        claim = claim_name(body, ordinal, self._told.restore.volume)
        runs = bool(workload.replicas or self.api.pods(workload.selector))
        return Volume(pod_name(body, ordinal), claim, None if runs else stop_of(body))

    def lacking(self, rights: Sequence[Right]) -> list[str]:
        """Return one sentence for every right that the connection's user does not have."""
        lacking = missing(self._told.namespace, self.api.allowed, rights)
        return [f"connection {self._told.connection}: {sentence}" for sentence in lacking]

    @cached_property
    def api(self) -> "KubernetesApi":
        """The API server; raises Rejected when the connection cannot be used."""
        try:
            from camunda_backup.runtimes.kubernetes_api import KubernetesApi  # noqa: PLC0415 - the provider is optional
        except ImportError as error:
            raise Rejected(
                "the cluster file names the kubernetes runtime, but apache-airflow-providers-cncf-kubernetes is not"
                " installed; install requirements-extras.txt on the workers"
            ) from error
        return KubernetesApi(self._told.connection, self._told.namespace)

    def _workloads(self, component: Runs) -> list[Workload]:
        """Return what runs a component, in the order in which it starts.

        :raises Rejected: there is nothing
        """
        selector = self._selectors.get(component.value, "")
        if not selector:
            raise Rejected(f"the cluster file does not say what runs {component}; add it to runtime.components")
        found = self.api.workloads(selector)
        if not found:
            raise Rejected(
                f"namespace {self._told.namespace} has no StatefulSet or Deployment with the labels {selector}: correct"
                f" runtime.components.{component}"
            )
        if component is Component.ZEEBE:
            for name in BESIDE_ZEEBE:
                beside = self.api.workloads(self._selectors[name]) if self._selectors[name] else []
                found += [replace(one, optional=True) for one in beside]
        return found

    def _stateful_set(self) -> Workload:
        """Return the brokers' StatefulSet.

        :raises Rejected: it cannot be told which one that is
        """
        selector = self._selectors[Component.ZEEBE.value]
        found = [one for one in self.api.workloads(selector) if one.kind == STATEFUL_SET]
        if len(found) != 1:
            names = ", ".join(one.name for one in found) or "none"
            raise Rejected(
                f"one StatefulSet must have the labels {selector}, the brokers', but these have: {names}; correct"
                " runtime.components.zeebe, or name runtime.release"
            )
        return found[0]

    def _ordinal(self, broker: str) -> int:
        if broker not in self.brokers():
            raise Rejected(f"the cluster file names no broker {broker!r}; it names {', '.join(self.brokers())}")
        return self.brokers().index(broker)

    def _about_brokers(self) -> Iterator[str]:
        """Yield what is in the way of restoring the brokers."""
        workload = self._stateful_set()
        container = broker_container(workload.body, self._told.restore.container)
        data_paths(workload.body, container, self._told.restore.volume)
        there = workload.kept or workload.replicas
        if there not in {0, self._told.brokers}:
            yield f"{workload} has {there} brokers, the cluster file says {self._told.brokers} (runtime.brokers)"
        if restores_itself(container):
            yield (f"{workload} has ZEEBE_RESTORE: every start of a broker would delete what was restored; remove it")
        retention = workload.body["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
        if retention.get("whenScaled") == "Delete":
            yield (
                f"{workload} deletes its volume claims when it is scaled down; set"
                " persistentVolumeClaimRetentionPolicy.whenScaled to Retain"
            )
        for ordinal in range(self._told.brokers):
            try:
                self._require_claim(workload, ordinal)
            except Rejected as error:
                yield str(error)

    def _about(self, workload: Workload, component: Runs) -> Iterator[str]:
        known = workload.replicas or workload.kept or self._written(workload, component)
        if not known and not workload.optional:
            yield _unknown(workload)

    def _written(self, workload: Workload, component: Runs) -> int:
        """Return how many replicas the cluster file itself says, 0 for everything but the brokers."""
        brokers = component is Component.ZEEBE and workload.kind == STATEFUL_SET and not workload.optional
        return self._told.brokers if brokers else 0

    def _require_claim(self, workload: Workload, ordinal: int) -> None:
        self.api.claim(claim_name(workload.body, ordinal, self._told.restore.volume))

    def _restoring(self) -> list[str]:
        """Return the restore Jobs that still run."""
        body = self._stateful_set().body
        ours = {pod_name(body, ordinal) for ordinal in range(self._told.brokers)}
        jobs = (job["metadata"] for job in self.api.jobs(BROKER) if active(job))
        return [str(meta["name"]) for meta in jobs if meta["labels"][BROKER] in ours]


def _unknown(workload: Workload) -> str:
    return (
        f"{workload} has no replicas, and nothing says how many it should have; scale it up, or annotate it with"
        f" {KEPT}=<number>"
    )
