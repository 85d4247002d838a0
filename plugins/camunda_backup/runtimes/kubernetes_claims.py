"""Takes a stopped broker's volume claim away, and waits for the new one's volume."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from camunda_backup.errors import RestoreFailed
from camunda_backup.runtimes.kubernetes import Kubernetes, Volume
from camunda_backup.runtimes.kubernetes_jobs import BROKER
from camunda_backup.runtimes.kubernetes_objects import NotThere, active
from camunda_backup.runtimes.kubernetes_volumes import CLAIM, kept, users, waits_unused

log = logging.getLogger(__name__)

LOOK = 0.5  # seconds between two looks


class Claims:
    """The claims of stopped brokers.

    :param patience: seconds until pods and claims are gone
    :param timeout: seconds until a volume is filled
    """

    def __init__(self, runtime: Kubernetes, patience: float, timeout: float) -> None:
        self._runtime = runtime
        self._patience = patience
        self._timeout = timeout

    def remove(self, volume: Volume, snapshot: str) -> bool:
        """Delete the claim and wait until it is gone; return False when it is a new one that nobody has used.

        What it was is kept with the VolumeSnapshot first.

        :param snapshot: name of the VolumeSnapshot
        :raises RestoreFailed: it is used, and was not touched; or it does not go
        """
        api = self._runtime.api
        try:
            claim = api.claim(volume.claim)
        except NotThere:
            return True
        if waits_unused(claim, snapshot):
            return False
        for job in api.jobs(f"{BROKER}={volume.pod}"):  # the pod of one that has ended holds the claim, too
            if active(job):
                raise RestoreFailed(f"Job {job['metadata']['name']} restores into claim {volume.claim}; wait for it")
            api.delete_job(job["metadata"]["name"])
        users_gone = self._within(self._patience, lambda: not users(volume.claim, api.pods("")))
        if not users_gone:
            raise RestoreFailed(
                f"claim {volume.claim} is used by pod {', '.join(users(volume.claim, api.pods('')))}, so it was not"
                " touched; delete what uses it, then restore again"
            )
        api.annotate_volume_snapshot(snapshot, {CLAIM: kept(claim)})  # a task that is lost now loses nothing
        api.delete_claim(volume.claim)
        if not self._within(self._patience, lambda: not self._there(volume.claim)):
            held = ", ".join(api.claim(volume.claim)["metadata"].get("finalizers") or []) or "nothing"
            raise RestoreFailed(
                f"claim {volume.claim} was deleted but does not go: {held} holds it; see kubectl describe pvc"
                f" {volume.claim}, then restore again"
            )
        return True

    def _there(self, claim: str) -> bool:
        try:
            self._runtime.api.claim(claim)
        except NotThere:
            return False
        return True

    def filled(self, claim: Mapping[str, Any]) -> None:
        """Wait for the volume, unless it is only made when the broker starts.

        :raises RestoreFailed: none came
        """
        name = claim["metadata"]["name"]
        storage_class = self._runtime.api.storage_class(claim["spec"]["storageClassName"])
        if storage_class.get("volumeBindingMode") == "WaitForFirstConsumer":
            log.info("claim %s gets its volume when the broker starts", name)
            return
        if not self._within(
            self._timeout, lambda: self._runtime.api.claim(name).get("status", {}).get("phase") == "Bound"
        ):
            raise RestoreFailed(
                f"claim {name} has got no volume within {self._timeout:.0f} s; see kubectl describe pvc {name}, and"
                " restore again"
            )

    @staticmethod
    def _within(seconds: float, is_so: Callable[[], bool]) -> bool:
        end = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > end:
                return False
            time.sleep(LOOK)
        return True
