"""Airflow's REST API, as far as the demo and the tests on real parts need it."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import requests

from .errors import SandboxError
from .loopback import session

TERMINAL_RUN_STATES = frozenset({"success", "failed"})
_ATTEMPTS = 4
_PAGE = 100  # Airflow's own upper limit, [api] maximum_page_limit


class AirflowRefusedError(SandboxError):
    """Airflow answered with an error.

    :param status: HTTP status
    :param reason: Airflow's own words
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"Airflow answered {status}: {reason}")
        self.status = status


class AirflowClient:
    """A logged-in caller of one Airflow.

    :param url: of the API server, e.g. http://127.0.0.1:28080
    :param username: for the log-in
    :param password: for the log-in
    :param timeout: of one request, in seconds
    :param pause: before a request is repeated, in seconds, longer every time
    """

    def __init__(self, url: str, username: str, password: str, *, timeout: float = 30, pause: float = 0.3) -> None:
        self.url = url.rstrip("/")
        self._credentials = {"username": username, "password": password}
        self._timeout = timeout
        self._pause = pause
        self._token = ""

    def health(self) -> dict[str, Any]:
        """Return the state and last heartbeat of each component."""
        answer: dict[str, Any] = self._call("GET", "monitor/health")
        return answer

    def dag(self, dag_id: str) -> dict[str, Any] | None:
        """Return what Airflow knows of a DAG, None while it has not parsed it."""
        try:
            answer: dict[str, Any] = self._call("GET", f"dags/{dag_id}")
        except AirflowRefusedError as refused:
            if refused.status == 404:
                return None
            raise
        return answer

    def import_errors(self) -> list[dict[str, Any]]:
        """Return the DAG files that Airflow could not load."""
        return self._pages("importErrors", "import_errors")

    def set_paused(self, dag_id: str, *, paused: bool) -> None:
        """Stop or let Airflow start runs of a DAG."""
        self._call("PATCH", f"dags/{dag_id}", json={"is_paused": paused})

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run by hand.

        :param conf: the run's parameters
        :returns: the run's ID
        :raises AirflowRefusedError: e.g. 400 for parameters that do not fit the DAG
        """
        run_id = f"manual__{uuid.uuid4().hex[:12]}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
        # A repeated request after a lost answer finds its own run: the ID is ours alone.
        self._call("POST", f"dags/{dag_id}/dagRuns", json=body, accept=(409,))
        return run_id

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return one run."""
        answer: dict[str, Any] = self._call("GET", f"dags/{dag_id}/dagRuns/{run_id}")
        return answer

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return all runs of a DAG, the oldest first."""
        return self._pages(f"dags/{dag_id}/dagRuns", "dag_runs", order_by="id")

    def set_run_state(self, dag_id: str, run_id: str, state: str) -> None:
        """Mark a run, e.g. as failed, as a user does in the UI."""
        self._call("PATCH", f"dags/{dag_id}/dagRuns/{run_id}", json={"state": state})

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the tasks of a run with their states."""
        return self._pages(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances")

    def clear(self, dag_id: str, run_id: str, task_ids: list[str], *, downstream: bool = True) -> None:
        """Let tasks of a run run again.

        :param downstream: also all that follows them
        """
        body = {
            "dag_run_id": run_id,
            "task_ids": task_ids,
            "dry_run": False,
            "only_failed": False,
            "include_downstream": downstream,
            "reset_dag_runs": True,
        }
        self._call("POST", f"dags/{dag_id}/clearTaskInstances", json=body)

    def log(
        self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1
    ) -> list[dict[str, Any]]:
        """Return the log of one try of a task: entries with `event`, `level`, `error_detail`."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        answer = self._call("GET", path, params={"map_index": map_index, "full_content": True})
        entries: list[dict[str, Any]] = answer["content"]
        return entries

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        """Return a value that a task passed on."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self._call("GET", path, params={"map_index": map_index, "deserialize": False})["value"]

    def question(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """Return what a task asks a person: `subject`, `body`, `options`.

        :raises AirflowRefusedError: 404 while it asks nothing
        """
        question: dict[str, Any] = self._call("GET", _question(dag_id, run_id, task_id))
        return question

    def answer(self, dag_id: str, run_id: str, task_id: str, option: str) -> None:
        """Answer what a task asks, as a person does in the UI.

        :param option: one of its options
        :raises AirflowRefusedError: 404 while it asks nothing, 409 once it was answered
        """
        body = {"chosen_options": [option], "params_input": {}}
        self._call("PATCH", _question(dag_id, run_id, task_id), json=body, accept=(409,))

    def asset_events(self, **filters: str) -> list[dict[str, Any]]:
        """Return asset events.

        :param filters: e.g. source_dag_id, source_run_id
        """
        return self._pages("assets/events", "asset_events", **filters)

    def wait_run(
        self,
        dag_id: str,
        run_id: str,
        timeout: float = 600,
        interval: float = 0.5,
        watch: Callable[[], None] = lambda: None,
    ) -> str:
        """Wait for the end of a run.

        :param timeout: in seconds
        :param interval: between two looks, in seconds
        :param watch: called at every look
        :returns: the final state, success or failed
        :raises SandboxError: the run goes on for longer
        """
        deadline = time.monotonic() + timeout
        while True:
            state: str = self.run(dag_id, run_id)["state"]
            watch()
            if state in TERMINAL_RUN_STATES:
                return state
            if time.monotonic() > deadline:
                raise SandboxError(f"Run {run_id} of {dag_id} is still {state} after {timeout:.0f} s.")
            time.sleep(interval)

    def _pages(self, path: str, key: str, **params: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self._call("GET", path, params={**params, "limit": _PAGE, "offset": len(found)})
            found += page[key]
            if not page[key] or len(found) >= page["total_entries"]:
                return found

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        json: dict[str, Any] | None = None,
        accept: tuple[int, ...] = (),
    ) -> Any:
        """Send a request, again after a passing fault: SQLite now and then answers 500, database is locked.

        :param accept: statuses that are as good as success when an earlier answer was lost
        """
        for attempt in range(1, _ATTEMPTS + 1):
            if attempt > 1:
                time.sleep(self._pause * attempt)
            try:
                response = self._send(method, path, params=params, json=json)
            except requests.RequestException as error:
                failure: SandboxError = SandboxError(f"Airflow does not answer at {self.url}: {error}")
                continue
            if response.ok or (attempt > 1 and response.status_code in accept):
                return response.json() if response.content else None
            failure = AirflowRefusedError(response.status_code, _reason(response))
            if response.status_code < 500:
                break
        raise failure

    def _send(self, method: str, path: str, **arguments: Any) -> requests.Response:
        for _ in range(2):
            self._token = self._token or self._log_in()
            with session() as direct:
                response = direct.request(
                    method,
                    f"{self.url}/api/v2/{path}",
                    headers={"Authorization": f"Bearer {self._token}"},
                    timeout=self._timeout,
                    **arguments,
                )
            if response.status_code != 401:
                break
            self._token = ""  # it has run out, or Airflow has new secrets
        return response

    def _log_in(self) -> str:
        with session() as direct:
            response = direct.post(f"{self.url}/auth/token", json=self._credentials, timeout=self._timeout)
        if not response.ok:
            raise AirflowRefusedError(response.status_code, f"log-in: {_reason(response)}")
        return str(response.json()["access_token"])


def _question(dag_id: str, run_id: str, task_id: str) -> str:
    return f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"


def _reason(response: requests.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return response.text[:300]
