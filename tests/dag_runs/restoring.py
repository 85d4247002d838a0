"""Restore runs against a stand-in: who answers for people, and what may have happened in which order."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox.workload import Workload
from tests.dag_runs.playing import PEOPLE, Played, Run, cluster_file, commands, quick_part
from tests.stand_in import StandIn, until

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

SECRET = "only for these tests"
RESTORE_PACE = 0.05
RESTORE_LIMITS = {
    "approval": "30s",
    "stop": "2s",
    "snapshots": "20s",
    "stall": "4s",
    "start": "4s",
    "settle": "8s",
    "sign_off": "30s",
}
YES = {"approve": "Approve", "sign_off": "Accept"}
Entry = Mapping[str, Any]
STARTS = {f"/processes/{app}/start" for app in ("operate", "tasklist", "optimize")}
DESTROYS = re.compile(r"/processes/zeebe/(empty|restore)|/_restore(\?|$)")


def restorable_file(line: str, name: str, stand_in: StandIn) -> dict[str, Any]:
    """Write the cluster file of a stand-in that can be restored; where there is an issuer, it vouches for clients."""
    more: dict[str, Any] = {"version": f"{line}.0"}
    if "issuer" in stand_in.urls:
        more |= {"identity": {"issuer": vouching(name, stand_in)}, "management": {"sign_in": "oidc"}}
    runtime = commands(line, quick_part(stand_in.urls["control"]))
    fields = cluster_file(line, "zeebe-first", name, runtime=runtime, **more)
    return {**fields, "restore_limits": RESTORE_LIMITS, "visual_check": {"enabled": False}}


def vouching(name: str, stand_in: StandIn) -> str:
    """Define the connection to a stand-in's issuer, and give its name."""
    url = urlsplit(stand_in.urls["issuer"])
    issuer = {"conn_type": "http", "schema": "http", "host": url.hostname, "port": url.port}
    conn_id = f"{name}_issuer"
    os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"] = json.dumps(
        {**issuer, "login": "camunda-backup", "password": SECRET}
    )
    return conn_id


def work(stand_in: StandIn) -> None:
    """Do some work: four instances, of which one is completed and one canceled."""
    with Workload(stand_in.urls) as workload:
        workload.deploy()
        canceled, *_ = workload.start(4)
        workload.cancel(canceled)
        body = {"query": {"term": {"state": "CREATED"}}}

        def tasks() -> Any:
            return stand_in.ask("search", "/tasklist-task-*/_search", "POST", json=body).json()["hits"]["hits"]

        others = until(tasks, lambda found: len(found) == 3 and str(canceled) not in instances_of(found))
        workload.complete_task(int(others[0]["_id"]))
    until(tasks, lambda found: len(found) == 2)


def instances_of(tasks: Sequence[Mapping[str, Any]]) -> set[str]:
    """Give the instances that some tasks belong to."""
    return {task["_source"]["processInstanceId"] for task in tasks}


def confirmed(cluster: Played, **conf: Any) -> dict[str, Any]:
    """Give the conf of a run that restores."""
    return {"dry_run": False, "confirm": cluster.name, **conf}


def shown(cluster: Played) -> dict[str, str]:
    """Give the state of each instance in the secondary storage."""
    found = cluster.stand_in.ask("search", "/operate-list-view-*/_search", "POST", json={"size": 1000}).json()
    return {hit["_id"]: hit["_source"]["state"] for hit in found["hits"]["hits"]}


def as_backed_up(cluster: Played) -> Played:
    """Give a cluster as it was after its backup."""
    cluster.stand_in.reset(kept="work")
    return cluster


def changes(journal: Sequence[Entry]) -> list[str]:
    """Give every request that changed the cluster or its processes, in order."""
    return [f"{e['method']} {e['path'].partition('?')[0]}" for e in journal if is_change(e)]


def is_change(entry: Entry) -> bool:
    """Whether a request stops, starts, deletes or restores anything."""
    if entry["role"] == "processes":
        return bool(entry["method"] != "GET")
    return destroys(entry) or (entry["role"] == "search" and entry["method"] == "PUT")


def destroys(entry: Entry) -> bool:
    """Whether a request deletes or replaces data."""
    return entry["method"] == "DELETE" or (entry["method"] == "POST" and DESTROYS.search(entry["path"]) is not None)


def require_order(cluster: Played, done: Run, since: int = 0) -> None:
    """Fail when a run changed anything without a plan, deleted data too early, or started a web app too early."""
    journal = cluster.stand_in.journal()[since:]
    if changes(journal):
        assert done.tasks["plan"] == "success"
        assert done.tasks["approve"] == "success"
    for entry in journal:
        if destroys(entry):
            assert entry["running"] == [], f"{entry['method']} {entry['path']} while they ran"
        if entry["path"] in STARTS:
            assert "zeebe" in entry["healthy"], f"{entry['path']} before Zeebe was healthy"
    assert cluster.stand_in.truth()["crash_loops"] == []


class People:
    """Answers the tasks that wait for a person, through Airflow's own API in this process.

    :param answers: what to choose, by task
    :param before: what happens meanwhile, before the first answer
    """

    def __init__(self, api: "TestClient", answers: Mapping[str, str], before: Callable[[], None] | None = None) -> None:
        self.asked: dict[str, dict[str, Any]] = {}
        self._api, self._answers = api, dict(answers)
        self._before = before

    @contextmanager
    def at_work(self) -> Iterator["People"]:
        """Answer whatever is asked meanwhile."""
        PEOPLE.append(self._look)
        try:
            yield self
        finally:
            PEOPLE.remove(self._look)

    def _look(self) -> None:
        waiting = self._api.get("/api/v2/dags/~/dagRuns/~/hitlDetails", params={"state": "awaiting_input"})
        for detail in waiting.json()["hitl_details"]:
            task = detail["task_instance"]
            if not detail["response_received"] and task["task_id"] in self._answers:
                self._answer(detail, task)

    def _answer(self, detail: dict[str, Any], task: dict[str, Any]) -> None:
        if self._before and not self.asked:
            self._before()
        self.asked[task["task_id"]] = detail
        path = f"/api/v2/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}"
        chosen = {"chosen_options": [self._answers[task["task_id"]]], "params_input": {}}
        answered = self._api.patch(f"{path}/{task['map_index']}/hitlDetails", json=chosen)
        assert answered.status_code == 200, answered.text
