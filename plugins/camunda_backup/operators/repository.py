"""Registering the snapshot repository and proving that it works."""

import uuid
from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from camunda_backup.api.messages import readable
from camunda_backup.errors import BackupFailed, Rejected
from camunda_backup.hooks.storage import StorageHook
from camunda_backup.operators.step import RunbookStep
from camunda_backup.storage.repositories import differences

PROBE = "camunda-backup-probe"


class SetUpRepository(RunbookStep):
    """Register a snapshot repository, let every node verify it, and prove that it can be written and read.

    Idempotent. A different definition that is already there is shown as a difference and left alone, unless
    ``overwrite`` says otherwise. Returns ``registered``, ``nodes`` and ``probed``.

    :param cluster: name of the cluster
    :param storage: keyword arguments of :class:`~camunda_backup.hooks.storage.StorageHook`
    :param definition: type and settings, as the search engine takes them
    :param chosen: skip unless this is ``all`` or the cluster's name (templated)
    :param overwrite: replace a different definition (templated)
    """

    template_fields: Sequence[str] = ("chosen", "overwrite")

    def __init__(
        self,
        *,
        cluster: str,
        storage: dict[str, Any],
        definition: dict[str, Any],
        chosen: str = "all",
        overwrite: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.storage = storage
        self.definition = definition
        self.chosen = chosen
        self.overwrite = overwrite

    def step(self, context: Context) -> dict[str, Any]:
        """Set up; raises Rejected when it differs or does not verify, BackupFailed when the probe fails."""
        if self.chosen not in {"all", self.cluster}:
            raise AirflowSkipException(f"only {self.chosen} was asked for")
        hook = StorageHook(**self.storage)
        registered = self._register(hook)
        nodes = hook.verify()
        self.log.info("Repository %s verifies on %s", hook.repository, ", ".join(nodes))
        self._probe(hook)
        return {"registered": registered, "nodes": nodes, "probed": True}

    def _register(self, hook: StorageHook) -> bool:
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

    def _probe(self, hook: StorageHook) -> None:
        """Take a document through the repository and back."""
        name, token = f"{PROBE}-{uuid.uuid4().hex[:12]}", uuid.uuid4().hex
        snapshot = f"{hook.path}/{name}"
        settings = {"settings": {"number_of_shards": 1, "number_of_replicas": 0}}
        try:
            hook.request("PUT", f"/{name}", body=settings)
            hook.request("PUT", f"/{name}/_doc/1", {"refresh": "true"}, {"token": token})
            body = {"indices": name, "include_global_state": False, **hook.engine.snapshot_extras}
            answer = hook.request("PUT", snapshot, {"wait_for_completion": "true"}, body)
            with readable(answer, "the probe snapshot's result"):
                taken = answer.body["snapshot"]
            if taken["state"] != "SUCCESS":
                raise BackupFailed(f"a probe snapshot in {hook.repository} ended {taken['state']}: {taken['failures']}")
            hook.request("DELETE", f"/{name}")
            restored = {"indices": name, "include_global_state": False}
            hook.request("POST", f"{snapshot}/_restore", {"wait_for_completion": "true"}, restored)
            answer = hook.request("GET", f"/{name}/_doc/1")
            with readable(answer, "the probe document"):
                returned = answer.body["_source"]["token"]
            if returned != token:
                raise BackupFailed(f"the probe came back from {hook.repository} changed")
            self.log.info("A probe went into %s and came back", hook.repository)
        finally:
            for path in (f"/{name}", snapshot):
                hook.discard(path)
