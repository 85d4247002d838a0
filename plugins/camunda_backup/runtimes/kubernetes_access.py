"""What the connection's user must be allowed to do in the cluster's namespace, as the Role in docs/kubernetes.md."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Right:
    """Verbs on one kind of object.

    :param group: of the API, empty for the core
    :param resource: its name, with a subresource after a slash
    :param why: what they are for
    """

    group: str
    resource: str
    verbs: tuple[str, ...]
    why: str

    def rule(self) -> dict[str, Any]:
        """Return it as a rule of a Role."""
        return {"apiGroups": [self.group], "resources": [self.resource], "verbs": list(self.verbs)}

    def reviews(self, namespace: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each verb with the SelfSubjectAccessReview that asks for it."""
        resource, _, subresource = self.resource.partition("/")
        for verb in self.verbs:
            asked = {"namespace": namespace, "group": self.group, "resource": resource, "verb": verb}
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


def missing(namespace: str, allowed: Callable[[dict[str, Any]], bool]) -> list[str]:
    """Return one sentence for every verb that is not allowed.

    :param allowed: sends a SelfSubjectAccessReview and returns its answer
    """
    return [
        f"it may not {verb} {right.resource} in namespace {namespace}, which is needed {right.why}; grant it, see"
        " docs/kubernetes.md"
        for right in RIGHTS
        for verb, review in right.reviews(namespace)
        if not allowed(review)
    ]
