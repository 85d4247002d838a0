"""Follows a broker's restore Job to its end."""

import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from camunda_backup.errors import CamundaBackupError, RestoreFailed, Unreachable
from camunda_backup.runtimes.kubernetes_jobs import BACKUP, BROKER, RESTORE
from camunda_backup.runtimes.kubernetes_objects import Progress, active, progress
from camunda_backup.runtimes.shells import Ended
from camunda_backup.secrets import harmless

if TYPE_CHECKING:
    from camunda_backup.runtimes.kubernetes_api import KubernetesApi

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between two looks
FAULTS = 120.0  # seconds that the API server may be away while the Job goes on


class RestoreRun:
    """One broker's Job. Two tries of a task never run two Jobs: the second one takes over what still runs.

    :param job: see ``restore_job``
    :param timeout: seconds until its pod runs, and until an older Job is gone
    :param restore_timeout: seconds for the restore application
    """

    def __init__(
        self, api: "KubernetesApi", broker: str, job: Mapping[str, Any], timeout: float, restore_timeout: float
    ) -> None:
        self._api = api
        self._broker = broker
        self._job = job
        self._name = str(job["metadata"]["name"])
        self._timeout = timeout
        self._restore_timeout = restore_timeout
        self._shown = 0

    def ended(self) -> Ended:
        """Run it and return how the restore application ended.

        :raises RestoreFailed: it did not run, or took too long
        """
        self._begin()
        try:
            return self._follow()
        except CamundaBackupError:  # it is over, was deleted, or nobody can tell: the next try looks again
            raise
        except BaseException:  # the task itself is ended
            with suppress(CamundaBackupError):
                self._api.delete_job(self._name)
            raise

    def _begin(self) -> None:
        labels = self._job["metadata"]["labels"]
        for other in self._api.jobs(f"{BROKER}={labels[BROKER]}"):
            if other["metadata"]["name"] != self._name and active(other):
                raise RestoreFailed(
                    f"{self._broker} is being restored by Job {other['metadata']['name']} from backup"
                    f" {other['metadata']['labels'].get(BACKUP)}; wait for its end, or delete it"
                )
        found = self._api.job(self._name)
        if found and active(found):
            log.info("%s: Job %s of an earlier try still runs; going on with it", self._broker, self._name)
            return
        if found:
            self._delete()
        self._api.create_job(self._job)
        log.info("%s: Job %s was created", self._broker, self._name)

    def _delete(self) -> None:
        self._api.delete_job(self._name)
        end = time.monotonic() + self._timeout
        while self._api.job(self._name):
            if time.monotonic() > end:
                raise RestoreFailed(f"{self._broker}: Job {self._name} of an earlier try does not go; delete it")
            time.sleep(LOOK)

    def _follow(self) -> Ended:
        begun = asked = time.monotonic()
        while True:
            try:
                pod, now = self._look()
                asked = time.monotonic()
            except Unreachable as error:
                if time.monotonic() - asked > FAULTS:
                    raise
                log.warning("%s: %s", self._broker, error)
            else:
                if now.exit_code is not None and pod:
                    lines = tuple(self._tell(pod))
                    if not self._is_over_soon() and now.exit_code == 0:
                        raise RestoreFailed(
                            f"{self._broker}: its restore application has ended, but Job {self._name} has not: does"
                            " another container of its pod still run? Keep that away from the pod, and clear the task"
                        )
                    return Ended(now.exit_code, lines)
                self._require_hope(now, pod, time.monotonic() - begun)
            time.sleep(LOOK)

    def _is_over_soon(self) -> bool:
        """Return whether the Job itself ends after its application, and so lets go of the volumes."""
        end = time.monotonic() + self._timeout
        while (job := self._api.job(self._name)) and active(job):
            if time.monotonic() > end:
                return False
            time.sleep(LOOK)
        return True

    def _look(self) -> tuple[str | None, Progress]:
        job = self._api.job(self._name)
        if job is None:
            raise RestoreFailed(f"{self._broker}: Job {self._name} was deleted by somebody else; clear the task")
        pods = self._api.pods(f"job-name={self._name}")
        now = progress(job, pods[-1] if pods else None)
        pod = str(pods[-1]["metadata"]["name"]) if pods else None
        if pod and now.started:
            self._tell(pod)
        return pod, now

    def _tell(self, pod: str) -> list[str]:
        """Log what is new and return everything."""
        lines = self._api.log(pod, RESTORE)
        for line in lines[self._shown :]:
            log.info("%s: %s", self._broker, harmless(line))
        self._shown = len(lines)
        return lines

    def _require_hope(self, now: Progress, pod: str | None, seconds: float) -> None:
        where = f"kubectl describe job {self._name}" + (f"; kubectl logs {pod} --all-containers" if pod else "")
        if now.trouble:
            raise RestoreFailed(f"{self._broker} was not restored: {now.trouble} ({where})")
        if not now.started and seconds > self._timeout:
            raise RestoreFailed(
                f"{self._broker} was not restored: its Job did not begin within {self._timeout:.0f} s"
                f" {self._give_up()}: {now.waits_for}"
            )
        if seconds > self._restore_timeout:
            raise RestoreFailed(
                f"{self._broker}: its restore did not end within {self._restore_timeout:.0f} s {self._give_up()}; look"
                " at its output above, or raise runtime.restore_timeout"
            )

    def _give_up(self) -> str:
        """End the Job and its pod; return what is known of that."""
        try:
            self._delete()
        except CamundaBackupError as error:
            return f"and may still run ({error}): see that Job {self._name} and its pod are gone before this is cleared"
        return "and was ended"
