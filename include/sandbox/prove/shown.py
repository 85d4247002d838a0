"""What Operate, Tasklist and Zeebe's exported records show, read by plain HTTP."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from sandbox.errors import SandboxError
from sandbox.signing_in import Sessions
from sandbox.workload import PAGE, PROCESS

TIMEOUT = 60.0
RECORD_PAGE = 5000
STATES = {"ELEMENT_ACTIVATED": "ACTIVE", "ELEMENT_COMPLETED": "COMPLETED", "ELEMENT_TERMINATED": "CANCELED"}
"""The state that Operate shows of an instance, by the last of its process element's records."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A process instance in Operate.

    :param since: its start, in seconds since the epoch; None as long as Operate has imported other records of it only
    """

    state: str
    since: float | None


@dataclass(frozen=True, slots=True)
class Task:
    """An instance's user task in Tasklist.

    :param since: its creation, in seconds since the epoch
    """

    key: int
    state: str
    since: float


@dataclass(frozen=True, slots=True)
class Shown:
    """One look at everything; all by the key of the process instance.

    :param instances: Operate's
    :param tasks: Tasklist's
    :param revisions: the variable `revision` in Operate
    :param recorded: the state by Zeebe's exported records
    :param recorded_tasks: keys of user tasks in Zeebe's exported records
    :param incidents: how many Operate shows
    """

    instances: Mapping[int, Instance]
    tasks: Mapping[int, Task]
    revisions: Mapping[int, int]
    recorded: Mapping[int, str]
    recorded_tasks: Mapping[int, int]
    incidents: int


class Looking(Sessions):
    """One caller, for one thread.

    :param urls: the cluster's addresses by the names of `ports.py`
    """

    def look(self) -> Shown:
        """Read everything."""
        return Shown(
            self.instances(), self.tasks(), self.revisions(), self.recorded(), self.recorded_tasks(), self.incidents()
        )

    def instances(self) -> dict[int, Instance]:
        """Return what Operate shows of each process instance."""
        found = self._operate("process-instances", {"bpmnProcessId": PROCESS})
        return {int(one["key"]): Instance(str(one["state"]), _started(one)) for one in found}

    def revisions(self) -> dict[int, int]:
        """Return the variable `revision` of each process instance in Operate."""
        found = self._operate("variables", {"name": "revision"})
        return {int(one["processInstanceKey"]): int(one["value"]) for one in found}

    def all_exported(self) -> bool:
        """Return whether every partition has exported what it has processed."""
        partitions = self._answer("GET", "zeebe_management", "/actuator/partitions").values()
        return all(int(one["exportedPosition"] or 0) >= int(one["processedPosition"] or 0) for one in partitions)

    def incidents(self) -> int:
        """Return how many incidents Operate shows."""
        return int(self._post("operate_web", "/v1/incidents/search", {"size": 1})["total"])

    def tasks(self) -> dict[int, Task]:
        """Return what Tasklist shows of each instance's user task."""
        return {
            int(one["processInstanceKey"]): Task(int(one["id"]), str(one["taskState"]), _seconds(one["creationDate"]))
            for one in self._tasks({})
        }

    def open_tasks(self) -> dict[int, int]:
        """Return the keys of the user tasks that Tasklist shows as open, by their process instance."""
        return {int(one["processInstanceKey"]): int(one["id"]) for one in self._tasks({"state": "CREATED"})}

    def recorded(self) -> dict[int, str]:
        """Return the state of each process instance by the records that Zeebe has exported."""
        wanted: list[dict[str, Any]] = [
            {"term": {"value.bpmnElementType": "PROCESS"}},
            {"term": {"value.bpmnProcessId": PROCESS}},
            {"terms": {"intent": list(STATES)}},
        ]
        intents: dict[int, set[str]] = {}
        for record in self._records("process-instance", wanted):
            intents.setdefault(int(record["value"]["processInstanceKey"]), set()).add(record["intent"])
        return {key: [STATES[one] for one in STATES if one in seen][-1] for key, seen in intents.items()}

    def recorded_tasks(self) -> dict[int, int]:
        """Return the key of each instance's user task by the records that Zeebe has exported."""
        wanted = [{"term": {"intent": "CREATED"}}, {"term": {"value.bpmnProcessId": PROCESS}}]
        found = (record["value"] for record in self._records("user-task", wanted))
        return {int(one["processInstanceKey"]): int(one["userTaskKey"]) for one in found}

    def _operate(self, what: str, wanted: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        query: dict[str, Any] = {"filter": wanted, "size": PAGE}
        while items := (page := self._post("operate_web", f"/v1/{what}/search", query))["items"]:
            yield from items
            query["searchAfter"] = page["sortValues"]

    def _tasks(self, wanted: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        query: dict[str, Any] = {**wanted, "pageSize": PAGE}
        while tasks := self._post("tasklist_web", "/v1/tasks/search", query):
            yield from tasks
            query["searchAfter"] = tasks[-1]["sortValues"]

    def _records(self, value_type: str, wanted: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        query: dict[str, Any] = {
            "size": RECORD_PAGE,
            "query": {"bool": {"filter": wanted}},
            "sort": [{"partitionId": "asc"}, {"position": "asc"}],
        }
        path = f"/zeebe-record_{value_type}_*/_search"
        while hits := self._post("search", path, query)["hits"]["hits"]:
            yield from (hit["_source"] for hit in hits)
            query["search_after"] = hits[-1]["sort"]

    def _post(self, server: str, path: str, body: Any) -> Any:
        return self._answer("POST", server, path, body)

    def _answer(self, method: str, server: str, path: str, body: Any = None) -> Any:
        """Ask, signed in where it is a web app.

        :raises SandboxError: it does not answer, or not well
        """
        address = self._urls[server] + path
        try:
            response = self.session(server).request(method, address, json=body, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise SandboxError(f"{address} does not answer: {error}") from error
        if not response.ok:
            raise SandboxError(f"{address} answered {response.status_code}: {response.text[:300]}")
        return response.json()


def _started(instance: Mapping[str, Any]) -> float | None:
    date = instance.get("startDate")
    return _seconds(date) if date else None


def _seconds(date: str) -> float:
    return datetime.fromisoformat(date).timestamp()
