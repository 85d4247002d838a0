"""The API server's calls. Needs apache-airflow-providers-cncf-kubernetes, see requirements-extras.txt."""

import json
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException
from kubernetes import client
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError
from websocket import WebSocketException

from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.runtimes.kubernetes_objects import DEPLOYMENT, STATEFUL_SET, AlreadyThere, NotThere, Workload
from camunda_backup.runtimes.kubernetes_ports import opened, pass_on
from camunda_backup.runtimes.kubernetes_volumes import GROUP, VERSION
from camunda_backup.secrets import harmless

ANSWER = (10, 60)  # seconds to connect, and to answer


class KubernetesApi:
    """One namespace through an Airflow connection of type kubernetes.

    :param conn_id: the connection
    :param namespace: where Camunda runs
    :raises Rejected: the connection cannot be used as it is
    """

    def __init__(self, conn_id: str, namespace: str) -> None:
        self._conn_id = conn_id
        self.namespace = namespace
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # its retries; what matters is said below
        try:
            self._client = KubernetesHook(conn_id=conn_id).get_conn()
        except AirflowNotFoundException as error:
            raise Rejected(
                f"Airflow has no connection {conn_id}, which the cluster file names; create it with type kubernetes"
            ) from error
        except (AirflowException, ConfigException, ValueError, OSError) as error:
            raise Rejected(f"connection {conn_id} cannot be used as it is: {harmless(str(error))}") from error
        self._apps = client.AppsV1Api(self._client)
        self._core = client.CoreV1Api(self._client)
        self._batch = client.BatchV1Api(self._client)
        self._autoscaling = client.AutoscalingV2Api(self._client)
        self._authorization = client.AuthorizationV1Api(self._client)
        self._custom = client.CustomObjectsApi(self._client)
        self._storage = client.StorageV1Api(self._client)

    def allowed(self, review: Mapping[str, Any]) -> bool:
        """Return whether a SelfSubjectAccessReview is answered with yes."""
        send = self._authorization.create_self_subject_access_review
        return bool(self._ask("review access", lambda: send(review, _request_timeout=ANSWER))["status"]["allowed"])

    def workloads(self, selector: str) -> list[Workload]:
        """Return the StatefulSets, and after them the Deployments, that have these labels."""
        calls = (
            (STATEFUL_SET, self._apps.list_namespaced_stateful_set),
            (DEPLOYMENT, self._apps.list_namespaced_deployment),
        )
        return [Workload(kind, one) for kind, call in calls for one in self._list(f"{kind}s", call, selector)]

    def scale(self, workload: Workload, patch: Mapping[str, Any]) -> None:
        """Change a workload's replicas."""
        kinds = {
            STATEFUL_SET: self._apps.patch_namespaced_stateful_set,
            DEPLOYMENT: self._apps.patch_namespaced_deployment,
        }
        call = kinds[workload.kind]
        self._ask(f"patch {workload}", lambda: call(workload.name, self.namespace, patch, _request_timeout=ANSWER))

    def pods(self, selector: str) -> list[dict[str, Any]]:
        """Return the pods that are there, the ones that are going among them; the oldest first."""
        found = self._list("pods", self._core.list_namespaced_pod, selector)
        return sorted(found, key=lambda pod: str(pod["metadata"].get("creationTimestamp")))

    def autoscalers(self) -> list[dict[str, Any]]:
        """Return all HorizontalPodAutoscalers."""
        call = self._autoscaling.list_namespaced_horizontal_pod_autoscaler
        return self._list("horizontalpodautoscalers", call, "")

    def claim(self, name: str) -> dict[str, Any]:
        """Return a claim.

        :raises NotThere: there is none
        """
        call = self._core.read_namespaced_persistent_volume_claim
        doing = f"get persistentvolumeclaim {name}"
        return self._ask(doing, lambda: call(name, self.namespace, _request_timeout=ANSWER))

    def create_claim(self, claim: Mapping[str, Any]) -> None:
        """Create a claim.

        :raises AlreadyThere: there is one of its name
        """
        call, name = self._core.create_namespaced_persistent_volume_claim, claim["metadata"]["name"]
        doing = f"create persistentvolumeclaim {name}"
        self._ask(doing, lambda: call(self.namespace, claim, _request_timeout=ANSWER))

    def delete_claim(self, name: str) -> None:
        """Ask for a claim to be deleted; safe to repeat."""
        call = self._core.delete_namespaced_persistent_volume_claim
        doing = f"delete persistentvolumeclaim {name}"
        with suppress(NotThere):
            self._ask(doing, lambda: call(name, self.namespace, _request_timeout=ANSWER))

    def storage_class(self, name: str) -> dict[str, Any]:
        """Return a StorageClass.

        :raises NotThere: there is none
        """
        call = self._storage.read_storage_class
        return self._ask(f"get storageclass {name}", lambda: call(name, _request_timeout=ANSWER))

    def volume_snapshots(self) -> list[dict[str, Any]]:
        """Return the VolumeSnapshots.

        :raises NotThere: the API server knows no such kind
        """
        call, told = self._custom.list_namespaced_custom_object, (GROUP, VERSION, self.namespace, "volumesnapshots")
        answer = self._ask("list volumesnapshots", lambda: call(*told, _request_timeout=ANSWER))
        found: list[dict[str, Any]] = answer["items"]
        return found

    def volume_snapshot(self, name: str) -> dict[str, Any]:
        """Return a VolumeSnapshot.

        :raises NotThere: there is none
        """
        call, told = self._custom.get_namespaced_custom_object, (GROUP, VERSION, self.namespace, "volumesnapshots")
        return self._ask(f"get volumesnapshot {name}", lambda: call(*told, name, _request_timeout=ANSWER))

    def create_volume_snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """Create a VolumeSnapshot.

        :raises AlreadyThere: there is one of its name
        """
        call, told = self._custom.create_namespaced_custom_object, (GROUP, VERSION, self.namespace, "volumesnapshots")
        doing = f"create volumesnapshot {snapshot['metadata']['name']}"
        self._ask(doing, lambda: call(*told, snapshot, _request_timeout=ANSWER))

    def annotate_volume_snapshot(self, name: str, annotations: Mapping[str, str]) -> None:
        """Set annotations of a VolumeSnapshot."""
        call, told = self._custom.patch_namespaced_custom_object, (GROUP, VERSION, self.namespace, "volumesnapshots")
        patch = {"metadata": {"annotations": dict(annotations)}}
        self._ask(f"patch volumesnapshot {name}", lambda: call(*told, name, patch, _request_timeout=ANSWER))

    def volume_snapshot_content(self, name: str) -> dict[str, Any]:
        """Return what a VolumeSnapshot is bound to.

        :raises NotThere: there is none
        """
        call, told = self._custom.get_cluster_custom_object, (GROUP, VERSION, "volumesnapshotcontents", name)
        return self._ask(f"get volumesnapshotcontent {name}", lambda: call(*told, _request_timeout=ANSWER))

    def volume_snapshot_class(self, name: str) -> dict[str, Any]:
        """Return a VolumeSnapshotClass.

        :raises NotThere: there is none
        """
        call, told = self._custom.get_cluster_custom_object, (GROUP, VERSION, "volumesnapshotclasses", name)
        return self._ask(f"get volumesnapshotclass {name}", lambda: call(*told, _request_timeout=ANSWER))

    def jobs(self, selector: str) -> list[dict[str, Any]]:
        """Return the Jobs with these labels."""
        return self._list("jobs", self._batch.list_namespaced_job, selector)

    def job(self, name: str) -> dict[str, Any] | None:
        """Return a Job, None when there is none."""
        call = self._batch.read_namespaced_job
        try:
            return self._ask(f"get job {name}", lambda: call(name, self.namespace, _request_timeout=ANSWER))
        except NotThere:
            return None

    def create_job(self, job: Mapping[str, Any]) -> None:
        """Create a Job.

        :raises AlreadyThere: there is one of its name
        """
        call = self._batch.create_namespaced_job
        name = job["metadata"]["name"]
        self._ask(f"create job {name}", lambda: call(self.namespace, job, _request_timeout=ANSWER))

    def delete_job(self, name: str) -> None:
        """Delete a Job, and itself only once its pods are gone; safe to repeat."""
        call = self._batch.delete_namespaced_job
        try:
            self._ask(
                f"delete job {name}",
                lambda: call(name, self.namespace, propagation_policy="Foreground", _request_timeout=ANSWER),
            )
        except NotThere:
            return

    def log(self, pod: str, container: str) -> list[str]:
        """Return what a container has printed so far, without empty lines."""
        call = self._core.read_namespaced_pod_log
        with self._asking(f"get the log of pod {pod}"):
            answer = call(pod, self.namespace, container=container, _preload_content=False, _request_timeout=ANSWER)
            text = answer.data.decode("utf-8", "replace")
        return [line.rstrip() for line in text.splitlines() if line.strip()]

    def forward(self, caller: socket.socket, pod: str, port: int) -> None:
        """Lead a connection to a pod's port until one side hangs up.

        :raises Rejected: it may not be reached, or there is no such pod
        :raises Unreachable: it cannot be reached now
        """
        with self._asking(f"forward port {port} of pod {pod}"):
            websocket = opened(self._client, self.namespace, pod, port)
        try:
            trouble = pass_on(caller, websocket)
        except WebSocketException as error:
            trouble = str(error)
        finally:
            websocket.shutdown()  # type: ignore[no-untyped-call]
        if trouble:
            raise Unreachable(f"{self._conn_id}: port {port} of pod {pod} cannot be reached: {harmless(trouble)}")

    def _list(self, what: str, call: Callable[..., Any], selector: str) -> list[dict[str, Any]]:
        answer = self._ask(
            f"list {what}", lambda: call(self.namespace, label_selector=selector, _request_timeout=ANSWER)
        )
        found: list[dict[str, Any]] = answer["items"]
        return found

    def _ask(self, doing: str, send: Callable[[], Any]) -> dict[str, Any]:
        with self._asking(doing):
            answer: dict[str, Any] = self._client.sanitize_for_serialization(send())
        return answer

    @contextmanager
    def _asking(self, doing: str) -> Iterator[None]:
        """Say in one sentence what the API server says."""
        where = f"namespace {self.namespace} ({self._conn_id})"
        try:
            yield
        except client.ApiException as error:
            told = _message(error)
            match error.status:
                case 401:
                    raise Rejected(
                        f"the API server does not accept the login of connection {self._conn_id}; correct it: {told}"
                    ) from error
                case 403:
                    raise Rejected(
                        f"connection {self._conn_id} may not {doing} in namespace {self.namespace}; grant it, see"
                        f" docs/kubernetes.md: {told}"
                    ) from error
                case 404:
                    raise NotThere(f"{where}: cannot {doing}: {told}") from error
                case 409:
                    raise AlreadyThere(f"{where}: cannot {doing}: {told}") from error
                case 400 | 422:
                    raise Rejected(f"{where}: the API server refuses to {doing}: {told}") from error
            raise Unreachable(f"{where}: cannot {doing} now: {error.status} {told}") from error
        except (HTTPError, OSError) as error:
            raise Unreachable(
                f"{where}: the API server does not answer: {type(error).__name__}; is its address right?"
            ) from error


def _message(error: client.ApiException) -> str:
    try:
        told = str(json.loads(error.body or "")["message"])
    except (ValueError, KeyError, TypeError):
        told = str(error.reason)
    return f"{harmless(told):.500}"
