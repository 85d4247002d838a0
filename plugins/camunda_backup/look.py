"""Asking a cluster about itself: who answers, and where."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from camunda_backup.api.messages import UNREADABLE, Answer, Request
from camunda_backup.clusters import AnyCluster
from camunda_backup.errors import CamundaBackupError
from camunda_backup.hooks.http import JsonHook
from camunda_backup.hooks.repository import RepositoryHook
from camunda_backup.hooks.storage import StorageHook
from camunda_backup.states import Component
from camunda_backup.storage.stores import Store

TOPOLOGY = "/v2/topology"


@dataclass
class Look:
    """One look at a cluster.

    :param silent: connections that did not answer, so that they are asked once
    :param versions: what each component says its version is
    """

    cluster: AnyCluster
    silent: set[str] = field(default_factory=set)
    versions: dict[str, str] = field(default_factory=dict)

    def management(self) -> dict[Component, str]:
        """Return the connections to the components' management ports that answer."""
        pairs = ((component, self.cluster.management_port(component)) for component in self.applications())
        return {component: conn_id for component, conn_id in pairs if conn_id not in self.silent}

    def applications(self) -> list[Component]:
        """Return the components that make their own parts; the records are the search engine's."""
        return [component for component in self.cluster.all_components if component is not Component.RECORDS]

    def ask(self, conn_id: str, path: str) -> Answer:
        """Return the answer to a GET."""
        return JsonHook(conn_id, self.cluster.access_at(conn_id)).send(Request("GET", path))

    def storage(self) -> StorageHook | None:
        """Return the search engine, or None when there is none or it does not answer."""
        if self.cluster.search_engine is None or self.cluster.search_engine.connection in self.silent:
            return None
        return StorageHook(**self.cluster.storage())

    def repository(self, repository: Store) -> RepositoryHook | None:
        """Return a snapshot repository, or None when the search engine does not answer."""
        access = self.cluster.repository_access(repository)
        return None if access["conn_id"] in self.silent else RepositoryHook(**access)


def told(problems: Iterable[str]) -> Iterator[str]:
    """Yield the problems, and the error that ended the look for them as one more."""
    try:
        yield from problems
    except CamundaBackupError as error:
        yield str(error)
    except UNREADABLE as error:
        yield f"an answer could not be read ({type(error).__name__}: {error}); is every connection the right port?"


def find(data: Any, outer: str, inner: str) -> Any:
    """Return the value of ``inner`` in the first dictionary that is called ``outer``, at any depth."""
    if not isinstance(data, dict):
        return None
    nested = data.get(outer)
    if isinstance(nested, dict) and inner in nested:
        return nested[inner]
    return next((value for child in data.values() if (value := find(child, outer, inner)) is not None), None)
