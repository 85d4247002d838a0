"""Restore runs against a stand-in: who answers for people, and what may have happened in which order."""

import json
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox.workload import Workload
from tests.dag_runs.playing import Played, cluster_file, commands
from tests.stand_in import StandIn, until

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

SECRET = "only for these tests"
RESTORE_PACE = 0.05
RESTORE_LIMITS = {
    "approval": "30s",
    "stop": "4s",
    "snapshots": "20s",
    "stall": "4s",
    "start": "8s",
    "settle": "8s",
    "sign_off": "30s",
}
Entry = Mapping[str, Any]
WEB_APPS = ("operate", "tasklist", "optimize")
STARTS = {f"/processes/{app}/start" for app in WEB_APPS}
DESTROYS = re.compile(r"/processes/zeebe/(empty|restore)|/_restore(\?|$)")


def restorable_file(line: str, name: str, stand_in: StandIn) -> dict[str, Any]:
    """Write the cluster file of a stand-in that can be restored; where there is an issuer, it vouches for clients."""
    more: dict[str, Any] = {"version": f"{line}.0"}
    if "issuer" in stand_in.urls:
        url = urlsplit(stand_in.urls["issuer"])
        issuer = {"conn_type": "http", "schema": "http", "host": url.hostname, "port": url.port}
        conn_id = f"{name}_issuer"
        os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"] = json.dumps(
            {**issuer, "login": "camunda-backup", "password": SECRET}
        )
        more["identity"] = {"issuer": conn_id}
    fields = cluster_file(line, "zeebe-first", name, runtime=commands(line, stand_in.urls["control"]), **more)
    return {**fields, "restore_limits": RESTORE_LIMITS, "visual_check": {"enabled": False}}


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


def as_backed_up(cluster: Played) -> Played:
    """Give a cluster as it was after its backup."""
    cluster.stand_in.reset(kept=True)
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


def last(journal: Sequence[Entry], path: str) -> int:
    """Give the place of the last request of a path, -1 when there is none."""
    return max((n for n, e in enumerate(journal) if e["path"] == path), default=-1)


def require_order(journal: Sequence[Entry], crash_loops: Sequence[str]) -> None:
    """Fail when anything was deleted while a component could run, or a web app began before Zeebe was healthy."""
    running = {*WEB_APPS, "zeebe"}
    healthy = True
    for entry in journal:
        path, done = entry["path"], entry["status"] in {200, 204}
        if entry["role"] == "processes" and path.endswith("/stop") and done:
            running.discard(path.split("/")[2])
        if path == "/processes/zeebe/start":
            running.add("zeebe")
            healthy = False
        if entry["door"] == "zeebe_management" and path.startswith("/actuator/health") and done:
            healthy = True
        if path in STARTS:
            assert healthy, f"{path} before Zeebe was healthy"
            assert "zeebe" in running, f"{path} without Zeebe"
        if destroys(entry):
            assert not running & {"zeebe"}, f"{entry['method']} {path} while Zeebe could run"
    assert list(crash_loops) == []


class People:
    """Answers the tasks that wait for a person, through Airflow's own API in this process.

    :param answers: what to choose, by task
    """

    def __init__(self, api: "TestClient", answers: Mapping[str, str]) -> None:
        self.asked: dict[str, dict[str, Any]] = {}
        self._api, self._answers = api, answers
        self._over = threading.Event()
        self._trouble: list[str] = []

    @contextmanager
    def at_work(self) -> Iterator["People"]:
        """Answer whatever is asked meanwhile."""
        thread = threading.Thread(target=self._work)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()
        assert not self._trouble

    def _work(self) -> None:
        while not self._over.is_set():
            waiting = self._api.get("/api/v2/dags/~/dagRuns/~/hitlDetails", params={"state": "awaiting_input"})
            for detail in waiting.json().get("hitl_details", ()):
                task = detail["task_instance"]
                if not detail["response_received"] and task["task_id"] in self._answers:
                    self._answer(detail, task)
            time.sleep(0.1)

    def _answer(self, detail: dict[str, Any], task: dict[str, Any]) -> None:
        self.asked[task["task_id"]] = detail
        path = f"/api/v2/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}"
        chosen = {"chosen_options": [self._answers[task["task_id"]]], "params_input": {}}
        answered = self._api.patch(f"{path}/{task['map_index']}/hitlDetails", json=chosen)
        if answered.status_code != 200:
            self._trouble.append(answered.text)
