"""What the connection's user must be allowed to do in the cluster's namespace, as the Role in docs/kubernetes.md."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Right:
    """Verbs on one kind of object.

    :param group: of the API, empty for the core
    :param resource: its name, with a subresource after a slash
    :param why: what they are for
    :param namespaced: whether a Role grants it; else a ClusterRole
    """

    group: str
    resource: str
    verbs: tuple[str, ...]
    why: str
    namespaced: bool = True

    def rule(self) -> dict[str, Any]:
        """Return it as a rule of a Role."""
        return {"apiGroups": [self.group], "resources": [self.resource], "verbs": list(self.verbs)}

    def reviews(self, namespace: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each verb with the SelfSubjectAccessReview that asks for it."""
        resource, _, subresource = self.resource.partition("/")
        for verb in self.verbs:
            where = {"namespace": namespace} if self.namespaced else {}
            asked = {**where, "group": self.group, "resource": resource, "verb": verb}
            attributes = {**asked, "subresource": subresource} if subresource else asked
            yield verb, {"spec": {"resourceAttributes": attributes}}


RIGHTS = (
    Right("apps", "statefulsets", ("list", "patch"), "to stop and start what they run"),
    Right("apps", "deployments", ("list", "patch"), "to stop and start what they run"),
    Right("autoscaling", "horizontalpodautoscalers", ("list",), "to notice what scales by itself"),
    Right("", "persistentvolumeclaims", ("get",), "to find the brokers' data"),
    Right("", "pods", ("list",), "to see that components are gone, and how a restore goes"),
    Right("", "pods/log", ("get",), "to read what the restore application says"),
    Right("batch", "jobs", ("create", "delete", "get", "list"), "to restore the brokers"),
)

SNAPSHOTS = "snapshot.storage.k8s.io"
COLD_RIGHTS = (
    Right(SNAPSHOTS, "volumesnapshots", ("create", "get", "list", "patch"), "to copy the brokers' volumes"),
    Right("", "persistentvolumeclaims", ("create", "delete"), "to fill the brokers' volumes from such a copy"),
    Right(SNAPSHOTS, "volumesnapshotclasses", ("get",), "to see who makes the copies", namespaced=False),
    Right(SNAPSHOTS, "volumesnapshotcontents", ("get",), "to see what the copies are", namespaced=False),
    Right("storage.k8s.io", "storageclasses", ("get",), "to see who makes the volumes", namespaced=False),
)
"""What a cold backup by volume snapshots needs beyond :data:`RIGHTS`."""

FORWARD_RIGHTS = (
    Right("", "pods", ("list",), "to choose the pod of a port-forward"),
    Right("", "pods/portforward", ("create", "get"), "to reach a pod's port"),
)
"""What a connection with ``port_forward`` needs; API servers before 1.35 ask for ``get`` alone."""


def missing(namespace: str, allowed: Callable[[dict[str, Any]], bool], rights: Sequence[Right] = RIGHTS) -> list[str]:
    """Return one sentence for every verb that is not allowed.

    :param allowed: sends a SelfSubjectAccessReview and returns its answer
    """
    return [
        f"it may not {verb} {right.resource} {f'in namespace {namespace}' if right.namespaced else 'of the cluster'},"
        f" which is needed {right.why}; grant it, see docs/kubernetes.md"
        for right in rights
        for verb, review in right.reviews(namespace)
        if not allowed(review)
    ]
