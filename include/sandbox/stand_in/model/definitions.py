"""Deployed processes and decisions, as far as the model reads their XML."""

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class UserTask:
    """A process's user task."""

    id: str
    name: str
    groups: tuple[str, ...]
    implementation: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A deployed process or decision."""

    key: int
    id: str
    name: str
    version: int
    resource: str
    text: str
    calls: tuple[str, ...] = ()
    user_task: UserTask | None = None
    requirements: dict[str, Any] = field(default_factory=dict)

    @property
    def named(self) -> dict[str, Any]:
        """How records name a process."""
        return {"bpmnProcessId": self.id, "processDefinitionKey": self.key, "version": self.version}


def attribute(tag: str, name: str) -> str | None:
    """Value of an XML tag's attribute."""
    found = re.search(rf'\s{name}="([^"]*)"', tag)
    return found[1] if found else None


def user_task(text: str) -> UserTask | None:
    """Find the first user task of a process."""
    tag = re.search(r"<(?:\w+:)?userTask\s[^>]*>", text)
    if tag is None:
        return None
    groups = re.search(r'candidateGroups="([^"]+)"', text)
    identity = attribute(tag[0], "id") or "task"
    by_zeebe = re.search(r"<(?:\w+:)?userTask\s*/>", text) is not None  # the extension element of Camunda user tasks
    return UserTask(
        identity,
        attribute(tag[0], "name") or identity,
        tuple(groups[1].split(",")) if groups else (),
        "ZEEBE_USER_TASK" if by_zeebe else "JOB_WORKER",
    )


def described(task: UserTask) -> dict[str, Any]:
    """How records tell of a user task."""
    named = {"elementId": task.id, "elementName": task.name, "candidateGroupsList": list(task.groups)}
    return {**named, "implementation": task.implementation}


def requirements(text: str, key: int) -> dict[str, Any]:
    """How records tell of the decision requirements a decision belongs to."""
    tag = re.search(r"<(?:\w+:)?definitions\s[^>]*>", text)
    identity = (attribute(tag[0], "id") if tag else None) or "definitions"
    name = (attribute(tag[0], "name") if tag else None) or identity
    named = {"decisionRequirementsId": identity, "decisionRequirementsName": name}
    return {**named, "decisionRequirementsKey": key, "decisionRequirementsVersion": 1}
