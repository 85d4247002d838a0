"""Registering the snapshot repository and proving that it works."""

import uuid
from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from camunda_backup.api.messages import readable
from camunda_backup.errors import BackupFailed, Rejected
from camunda_backup.hooks.repository import RepositoryHook
from camunda_backup.operators.step import RunbookStep
from camunda_backup.storage.repositories import differences
from camunda_backup.storage.stores.store import Operation

PROBE = "camunda-backup-probe"


class SetUpRepository(RunbookStep):
    """Register a snapshot repository, let every node verify it, and prove that it can be written, read and emptied.

    Idempotent. A different definition that is already there is shown as a difference and left alone, unless
    ``overwrite`` says otherwise. Returns ``registered``, ``nodes`` and ``proven``: which of write, list, read and
    delete a probe has shown to work. What the store refuses fails with the permission that is missing.

    :param cluster: name of the cluster
    :param access: keyword arguments of :class:`~camunda_backup.hooks.repository.RepositoryHook`
    :param definition: type and settings, as the search engine takes them
    :param chosen: skip unless this is ``all`` or the cluster's name (templated)
    :param overwrite: replace a different definition (templated)
    """

    template_fields: Sequence[str] = ("chosen", "overwrite")

    def __init__(
        self,
        *,
        cluster: str,
        access: dict[str, Any],
        definition: dict[str, Any],
        chosen: str = "all",
        overwrite: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.access = access
        self.definition = definition
        self.chosen = chosen
        self.overwrite = overwrite

    def step(self, context: Context) -> dict[str, Any]:
        """Set up; raises Rejected when it differs or the store refuses, BackupFailed when the probe fails."""
        if self.chosen not in {"all", self.cluster}:
            raise AirflowSkipException(f"only {self.chosen} was asked for")
        hook = RepositoryHook(**self.access)
        registered = self._register(hook)
        nodes = hook.verify()
        self.log.info("Repository %s verifies on %s", hook.repository, ", ".join(nodes))
        if self.definition["settings"].get("readonly") == "true":
            hook.seen(PROBE)
            proven = [Operation.LIST]
        else:
            proven = self._probe(hook)
        self.log.info("Repository %s: a probe has shown that it can %s", hook.repository, ", ".join(proven))
        return {"registered": registered, "nodes": nodes, "proven": [operation.value for operation in proven]}

    def _register(self, hook: RepositoryHook) -> bool:
        existing = hook.definition()
        different = existing is not None and differences(self.definition, existing)
        if existing is not None and not different:
            self.log.info("Repository %s is already registered as the cluster file says", hook.repository)
            return False
        if different:
            shown = "\n- ".join(different)
            if str(self.overwrite).lower() != "true":
                raise Rejected(
                    f"repository {hook.repository} is registered differently and was left alone:\n- {shown}\n"
                    "Correct the cluster file, or run again with overwrite."
                )
            self.log.warning("Overwriting the definition of %s:\n- %s", hook.repository, shown)
        hook.register(self.definition)
        self.log.info("Repository %s is registered: %s", hook.repository, self.definition)
        return True

    def _probe(self, hook: RepositoryHook) -> list[Operation]:
        """Take a document through the repository and back, and delete what that left in the store."""
        name, token = f"{PROBE}-{uuid.uuid4().hex[:12]}", uuid.uuid4().hex
        snapshot = f"{hook.path}/{name}"
        settings = {"settings": {"number_of_shards": 1, "number_of_replicas": 0}}
        try:
            hook.request("PUT", f"/{name}", body=settings)
            hook.request("PUT", f"/{name}/_doc/1", {"refresh": "true"}, {"token": token})
            taken = hook.snapshot(name, name)
            if taken["state"] != "SUCCESS":
                raise BackupFailed(f"a probe snapshot in {hook.repository} ended {taken['state']}: {taken['failures']}")
            if hook.seen(name) is None:
                raise BackupFailed(f"the probe snapshot in {hook.repository} is not in the list of its snapshots")
            hook.request("DELETE", f"/{name}")
            restored = {"indices": name, "include_global_state": False}
            hook.do(Operation.READ, "POST", f"{snapshot}/_restore", {"wait_for_completion": "true"}, restored)
            answer = hook.request("GET", f"/{name}/_doc/1")
            with readable(answer, "the probe document"):
                returned = answer.body["_source"]["token"]
            if returned != token:
                raise BackupFailed(f"the probe came back from {hook.repository} changed")
            hook.do(Operation.DELETE, "DELETE", snapshot)
        finally:
            for path in (f"/{name}", snapshot):
                hook.discard(path)
        return [Operation.WRITE, Operation.LIST, Operation.READ, *self._deleted(hook)]

    def _deleted(self, hook: RepositoryHook) -> list[Operation]:
        """Prove that deleted files are gone: on S3 engines answer 200 and leave them (recorded from OpenSearch 3.8.0).

        A clean-up deletes what no snapshot refers to. If a second one finds files again, nothing was deleted.
        """
        if hook.clean_up() is None or (left := hook.clean_up()) is None:
            return []
        if left:
            raise hook.lacks(Operation.DELETE)
        return [Operation.DELETE]
