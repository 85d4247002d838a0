"""Work for a cluster: invoices to approve. It speaks the REST APIs of Camunda 8.6, so it fits the stand-in too."""

import random
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from .errors import SandboxError
from .signing_in import Sessions

PROCESS = "approve_invoice"
RESOURCES = Path(__file__).with_name("processes")
PAGE = 500
TIMEOUT = 20.0  # Zeebe's gateway itself gives up after 15 seconds


class Workload(Sessions):
    """Starts and finishes process instances, and counts what the web apps show of them.

    :param urls: the cluster's addresses by the names of `ports.py`
    """

    def deploy(self) -> int:
        """Deploy the process and the decision it asks.

        :returns: the deployment's key
        """
        files = [("resources", (path.name, path.read_bytes())) for path in sorted(RESOURCES.iterdir())]
        return int(self._post("zeebe_rest", "/v2/deployments", files=files)["deploymentKey"])

    def start(self, count: int = 1) -> list[int]:
        """Start process instances, each with an invoice of its own.

        :param count: how many
        :returns: their keys
        """
        return [self._start() for _ in range(count)]

    def open_tasks(self) -> list[int]:
        """Return the keys of the user tasks that Tasklist shows as open."""
        return [int(task["id"]) for task in self._tasks(state="CREATED")]

    def open_tasks_of(self, *instances: int) -> list[int]:
        """Return the keys of the open user tasks of some process instances, in any order."""
        return [
            int(task["id"]) for task in self._tasks(state="CREATED") if int(task["processInstanceKey"]) in instances
        ]

    def complete(self, count: int = 1) -> list[int]:
        """Complete user tasks that Tasklist shows as open.

        :param count: how many
        :returns: their keys
        :raises SandboxError: Tasklist does not show that many
        """
        open_tasks = self.open_tasks()
        if len(open_tasks) < count:
            raise SandboxError(f"Tasklist shows {len(open_tasks)} open tasks, not {count}.")
        for key in open_tasks[:count]:
            self.complete_task(key)
        return open_tasks[:count]

    def complete_task(self, key: int) -> None:
        """Complete one user task."""
        self._post("zeebe_rest", f"/v2/user-tasks/{key}/completion", json={})

    def cancel(self, key: int) -> None:
        """Cancel one process instance."""
        self._post("zeebe_rest", f"/v2/process-instances/{key}/cancellation", json={})

    def instances(self) -> dict[int, str]:
        """Return the state that Operate shows of each process instance, by its key."""
        return {int(instance["key"]): str(instance["state"]) for instance in self._instances()}

    def tasks(self) -> dict[int, str]:
        """Return the state that Tasklist shows of each instance's user task, by the instance's key."""
        return {int(task["processInstanceKey"]): str(task["taskState"]) for task in self._tasks()}

    def count_in_operate(self) -> Counter[str]:
        """Return how many process instances Operate shows in each state."""
        return Counter(self.instances().values())

    def count_in_tasklist(self) -> Counter[str]:
        """Return how many user tasks Tasklist shows in each state."""
        return Counter(self.tasks().values())

    def count_process_definitions(self) -> int:
        """Return how many process definitions Operate shows."""
        return self._total("process-definitions")

    def count_decision_definitions(self) -> int:
        """Return how many decision definitions Operate shows."""
        return self._total("decision-definitions")

    def _total(self, what: str) -> int:
        return int(self._post("operate_web", f"/v1/{what}/search", json={"size": 1})["total"])

    def _start(self) -> int:
        invoice = {"invoice": f"{random.randrange(10**6):06}", "amount": random.randrange(10, 5000)}  # noqa: S311
        body = {"processDefinitionId": PROCESS, "variables": invoice}
        return int(self._post("zeebe_rest", "/v2/process-instances", json=body)["processInstanceKey"])

    def _instances(self) -> Iterator[dict[str, Any]]:
        """Page through Operate's process instances; 1,000 is the largest page (recorded from Operate 8.6.0)."""
        query: dict[str, Any] = {"filter": {"bpmnProcessId": PROCESS}, "size": PAGE}
        while items := (page := self._post("operate_web", "/v1/process-instances/search", json=query))["items"]:
            yield from items
            query["searchAfter"] = page["sortValues"]

    def _tasks(self, **wanted: str) -> Iterator[dict[str, Any]]:
        query: dict[str, Any] = {**wanted, "pageSize": PAGE}
        while tasks := self._post("tasklist_web", "/v1/tasks/search", json=query):
            yield from tasks
            query["searchAfter"] = tasks[-1]["sortValues"]

    def _post(self, server: str, path: str, **arguments: Any) -> Any:
        address = f"{self._urls[server]}{path}"
        response = self.session(server).post(address, timeout=TIMEOUT, **arguments)
        if not response.ok:
            raise SandboxError(f"{address} answered {response.status_code}: {response.text[:300]}")
        return response.json() if response.content else None


class Load:
    """Work that goes on in the background while something else is tried.

    :param urls: the cluster's addresses by the names of `ports.py`
    :param starts_per_second: process instances to start each second
    :param completions_per_second: user tasks to complete each second
    """

    def __init__(
        self, urls: Mapping[str, str], starts_per_second: float = 5.0, completions_per_second: float = 1.0
    ) -> None:
        self.started: list[int] = []
        """Keys of the instances whose start was acknowledged."""
        self.completed: list[int] = []
        """Keys of the user tasks whose completion was acknowledged."""
        self.refused: list[str] = []
        """What was said to the requests that were not."""
        self._workload = Workload(urls)
        self._pause = 1.0 / starts_per_second
        self._share = completions_per_second / starts_per_second
        self._tasks: list[int] = []
        self._tried: set[int] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="load", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._workload.__exit__(kind, error, trace)

    def _work(self) -> None:
        owed = 0.0
        while not self._over.wait(self._pause):
            owed += self._share
            try:
                self.started += self._workload.start()
                if owed >= 1.0:
                    owed -= 1.0
                    self._complete_one()
            except (SandboxError, requests.RequestException) as error:
                self.refused.append(str(error))

    def _complete_one(self) -> None:
        """Complete a task never tried before: while exporting is paused, Tasklist shows done ones as open."""
        if not self._tasks:
            self._tasks = [key for key in self._workload.open_tasks() if key not in self._tried]
        if self._tasks:
            key = self._tasks.pop()
            self._tried.add(key)
            self._workload.complete_task(key)
            self.completed.append(key)
