"""The search engine and its snapshot repository."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from camunda_backup.api.generation import Count
from camunda_backup.api.messages import Answer, Request, readable
from camunda_backup.errors import Unreachable
from camunda_backup.hooks.http import JsonHook
from camunda_backup.storage import ENGINES
from camunda_backup.storage.engine import Snapshot, read_snapshots, repository_path
from camunda_backup.storage.restoring import (
    SHARD_COLUMNS,
    Index,
    Shard,
    belongs,
    in_paths,
    policies_of,
    read_shards,
    read_sizes,
    restore_request,
    templates_of,
)

ID_IN_NAME = re.compile(r"^camunda_(?:[a-z]+|zeebe_records_backup|cold_[a-z]+)_(?P<id>\d+)(?:_|$)")


class StorageHook(JsonHook):
    """The secondary storage of one cluster.

    :param conn_id: Airflow connection to the search engine
    :param engine: as in the cluster file
    :param repository: snapshot repository's name
    :param other_repositories: names of further repositories that hold parts of a set
    :param access: how it is signed in to, see :class:`~camunda_backup.api.access.Access`
    """

    def __init__(
        self,
        conn_id: str,
        engine: str,
        repository: str,
        *,
        other_repositories: Sequence[str] = (),
        access: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(conn_id, access)
        self.engine = ENGINES[engine]
        self.repository = repository
        self.other_repositories = tuple(other_repositories)

    @property
    def path(self) -> str:
        """The repository's path in the engine's API."""
        return repository_path(self.repository)

    def snapshots(self, pattern: str = "_all") -> tuple[Snapshot, ...]:
        """Return the snapshots in all repositories whose names fit.

        :param pattern: names with ``*``, separated by commas
        :raises Rejected, Unreachable: see ``read_snapshots``
        """
        found: list[Snapshot] = []
        for repository in (self.repository, *self.other_repositories):
            path = f"{repository_path(repository)}/{pattern}"
            found += read_snapshots(self.send(Request("GET", path, {"ignore_unavailable": "true"})), repository)
        return tuple(found)

    def backup_ids(self) -> set[int]:
        """Return the IDs in the names of Camunda's snapshots."""
        names = (ID_IN_NAME.match(snapshot.name) for snapshot in self.snapshots())
        return {int(name["id"]) for name in names if name}

    def indices(self, prefix: str) -> list[dict[str, Any]]:
        """Return name, number of documents and bytes of every index whose name begins so."""
        query = {
            "format": "json",
            "bytes": "b",
            "h": "index,docs.count,store.size,status",
            "expand_wildcards": "all",
        }
        answer = self.send(Request("GET", f"/_cat/indices/{prefix}*", query))
        trouble = f"indices {prefix}* cannot be listed"
        self._require(answer, trouble)
        with readable(answer, trouble):
            return [dict(index) for index in answer.body]

    def own_indices(self, prefixes: Sequence[str]) -> list[Index]:
        """Return every index of an application, hidden and closed ones too.

        :param prefixes: index prefixes of the application
        """
        found = (told for prefix in prefixes for told in self.indices(prefix))
        return sorted(
            {
                Index(told["index"], int(told["docs.count"] or 0), int(told["store.size"] or 0))
                for told in found
                if belongs(told["index"], prefixes)
            },
            key=lambda index: index.name,
        )

    def delete(self, names: Sequence[str]) -> None:
        """Delete indices by their full names; engines may refuse patterns.

        :raises Rejected, Unreachable: not all of them were deleted
        """
        for path in in_paths(names):
            answer = self.send(Request("DELETE", f"/{path}", {"ignore_unavailable": "true"}))
            self._require(answer, f"indices {path:.200} were not deleted")

    def restore(self, snapshot: Snapshot) -> None:
        """Ask for a snapshot's indices; they come back while others are asked for.

        :raises Rejected, Unreachable: it was refused
        """
        answer = self.send(restore_request(snapshot.repository, snapshot))
        self._require(answer, f"snapshot {snapshot.name} cannot be restored")

    def shards(self, names: Sequence[str]) -> tuple[Shard, ...]:
        """Return the primary shards of some indices, none while one of them is missing."""
        query = {"format": "json", "h": SHARD_COLUMNS}
        answers = (self.send(Request("GET", f"/_cat/shards/{path}", query)) for path in in_paths(names))
        return tuple(shard for answer in answers for shard in read_shards(answer))

    def sizes(self, snapshots: Sequence[Snapshot]) -> dict[str, int]:
        """Return the bytes of each snapshot."""
        sizes: dict[str, int] = {}
        for repository in dict.fromkeys(snapshot.repository for snapshot in snapshots):
            for names in in_paths([one.name for one in snapshots if one.repository == repository]):
                sizes |= read_sizes(self.send(Request("GET", f"{repository_path(repository)}/{names}/_status")))
        return sizes

    def templates(self, prefixes: Sequence[str]) -> tuple[str, ...]:
        """Return the names of an application's index templates."""
        return templates_of(self.send(Request("GET", "/_index_template")), prefixes)

    def policies(self, prefixes: Sequence[str]) -> tuple[str, ...]:
        """Return the names of an application's policies for the life of its indices."""
        return policies_of(self.send(Request("GET", self.engine.policies)), prefixes)

    def count(self, count: Count, prefixes: Mapping[str, str]) -> int:
        """Return the number of documents that a count asks for."""
        answer = self.send(count.request(prefixes))
        trouble = f"{count.name} cannot be counted"
        self._require(answer, trouble)
        with readable(answer, trouble):
            return int(answer.body["count"])

    def version(self) -> tuple[str, str | None]:
        """Return the engine's version and how it names itself; where its root is hidden, only the nodes' version."""
        root = self.send(Request("GET", "/"))
        hidden = 400 <= root.status < 500 and not root.transient  # minimal and managed engines
        answer = self.send(Request("GET", "/_nodes")) if hidden else root
        trouble = "the search engine does not tell its version"
        self._require(answer, trouble)
        with readable(answer, trouble):
            if hidden:
                versions = sorted(node["version"] for node in answer.body["nodes"].values())
                return versions[0], self.engine.distribution
            told = answer.body["version"]
            return told["number"], told.get("distribution")

    def request(self, method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None) -> Answer:
        """Send a request whose failure is an error.

        :raises Rejected, Unreachable: it failed
        """
        answer = self.send(Request(method, path, query, body))
        self._require(answer, f"{method} {path} failed")
        return answer

    def discard(self, path: str) -> None:
        """Delete what a probe may have left; what is not there is fine, an engine that is gone is logged."""
        try:
            self.send(Request("DELETE", path))
        except Unreachable as error:
            self.log.warning("%s was not deleted: %s", path, error)

    def _require(self, answer: Answer, trouble: str) -> None:
        if not answer.ok:
            raise answer.failure(trouble)
