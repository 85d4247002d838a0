"""One snapshot repository, and what it says of the store behind it."""

from collections.abc import Mapping
from typing import Any

from camunda_backup.api.messages import Answer, Request, readable
from camunda_backup.errors import Rejected
from camunda_backup.hooks.storage import StorageHook
from camunda_backup.storage.engine import Snapshot, error_type
from camunda_backup.storage.refusals import explained, lacking, said, words
from camunda_backup.storage.stores import STORES
from camunda_backup.storage.stores.store import Operation


class RepositoryHook(StorageHook):
    """A repository whose failures name the permission that is missing in its store.

    :param kind: type of the repository, as in the cluster file
    :param sign_in: who signs in to the store, as in the cluster file
    :param storage: keyword arguments of :class:`~camunda_backup.hooks.storage.StorageHook`
    """

    def __init__(self, kind: str, sign_in: str | None = None, **storage: Any) -> None:
        super().__init__(**storage)
        self.store = STORES[kind]
        self.sign_in = sign_in

    def definition(self) -> dict[str, Any] | None:
        """Return the repository as it is registered, None when it is not.

        :raises Rejected, Unreachable: the engine did not tell
        """
        answer = self.send(Request("GET", self.path))
        if answer.status == 404 and error_type(answer) == "repository_missing_exception":
            return None
        trouble = f"repository {self.repository} cannot be read"
        self._require(answer, trouble)
        with readable(answer, trouble):
            definition: dict[str, Any] = answer.body[self.repository]
            return definition

    def register(self, definition: Mapping[str, Any]) -> None:
        """Register the repository, over an existing definition if there is one.

        :raises Rejected, Unreachable: the engine did not take it
        """
        answer = self.send(Request("PUT", self.path, {"verify": "false"}, definition))
        trouble = f"repository {self.repository} cannot be registered"
        self._judge(answer, trouble, Operation.LIST)
        self._require(answer, trouble)

    def verify(self) -> list[str]:
        """Let every node write to the repository and read from it; return the nodes' names.

        :raises Rejected: a node cannot, or the repository is missing
        """
        trouble = f"repository {self.repository} does not verify"
        answer = self.send(Request("POST", f"{self.path}/_verify"))
        self._judge(answer, trouble, Operation.WRITE)
        if not answer.ok:  # a 500 as well: it is how a node says that it cannot write
            raise Rejected(f"{trouble}: {answer}")
        with readable(answer, trouble):
            return sorted(node["name"] for node in answer.body["nodes"].values())

    def snapshot(self, name: str, indices: str) -> dict[str, Any]:
        """Take a small snapshot and wait for it; return how it ended.

        :raises Rejected, Unreachable: it was not taken
        """
        body = {"indices": indices, "include_global_state": False, **self.engine.snapshot_extras}
        path = f"{self.path}/{name}"
        answer = self.do(Operation.WRITE, "PUT", path, {"wait_for_completion": "true"}, body)
        with readable(answer, f"the result of snapshot {name}"):
            taken: dict[str, Any] = answer.body["snapshot"]
            if taken["state"] != "SUCCESS" and (why := self._why(said(taken), Operation.WRITE)):
                raise Rejected(f"snapshot {name} in {self.repository} ended {taken['state']}: {why}")
            return taken

    def seen(self, name: str) -> Snapshot | None:
        """Return a snapshot out of the list of all, None when it is not among them.

        :raises Rejected, Unreachable: they cannot be listed
        """
        self.do(Operation.LIST, "GET", f"{self.path}/_all", {"ignore_unavailable": "true"})
        return next((one for one in self.snapshots() if one.name == name), None)

    def do(
        self,
        operation: Operation,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        """Send a request that needs something of the store.

        :param operation: what it needs most
        :raises Rejected, Unreachable: it failed; where the store refused, the text names the missing permission
        """
        answer = self.send(Request(method, path, query, body))
        self._judge(answer, f"{method} {path} failed", operation)
        self._require(answer, f"{method} {path} failed")
        return answer

    def clean_up(self) -> int | None:
        """Delete what no snapshot refers to; return how many files the engine says it deleted, None if it cannot.

        :raises Rejected: the store refused
        """
        answer = self.send(Request("POST", f"{self.path}/_cleanup"))
        self._judge(answer, f"repository {self.repository} cannot be cleaned up", Operation.DELETE)
        if not answer.ok:
            self.log.warning("Repository %s was not cleaned up: %s", self.repository, answer)
            return None
        with readable(answer, f"the clean-up of {self.repository}"):
            return int(answer.body["results"]["deleted_blobs"])

    def lacks(self, operation: Operation) -> Rejected:
        """Return the error for a permission that is not there."""
        return Rejected(f"repository {self.repository}: {lacking(self.store, self.sign_in, operation)}")

    def _judge(self, answer: Answer, trouble: str, operation: Operation) -> None:
        own = answer.ok or answer.status in {401, 403}  # the engine itself refuses so, whatever the store says
        if not own and (why := self._why(words(answer), operation)):
            raise Rejected(f"{trouble}: {why} ({answer})")

    def _why(self, text: str, operation: Operation) -> str | None:
        return explained(text, self.store, self.sign_in, operation)
