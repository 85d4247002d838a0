"""The story of the demo: start, work, set up, back up, show."""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from rich.console import Console

from sandbox import ports
from sandbox.airflow_processes import AirflowProcesses
from sandbox.airflow_settings import USERNAME
from sandbox.errors import SandboxError
from sandbox.preflight import Needs
from sandbox.workload import LOGIN, Workload

from .clusters import DemoCluster
from .display import display_on
from .progress import RunWatch
from .summary import addresses_table, parts_table, pause_sentence

INSTANCES = 20
COMPLETED = 5
TASKS_PATIENCE = 60.0
RUN_PATIENCE = 900.0
LOOK_INTERVAL = 0.5
AIRFLOW_MIB = 900
AIRFLOW_DISK_MIB = 200


@dataclass(frozen=True, slots=True)
class Demo:
    """One demo.

    :param name: the cluster's name
    :param cluster: what is backed up
    :param airflow: what backs it up
    :param console: where it is told
    """

    name: str
    cluster: DemoCluster
    airflow: AirflowProcesses
    console: Console

    @property
    def dag_id(self) -> str:
        """The backup DAG."""
        return f"back_up_{self.name}"

    def needs(self, base_port: int) -> Needs:
        """Return what everything together takes, for `preflight.problems`."""
        needs = self.cluster.needs()
        return replace(
            needs,
            ports={**needs.ports, "airflow": ports.port(base_port, "airflow")},
            memory_mib=needs.memory_mib + AIRFLOW_MIB,
            disk_mib={**needs.disk_mib, self.airflow.settings.home: AIRFLOW_DISK_MIB},
        )

    def start(self) -> None:
        """Start the cluster and Airflow side by side, both without memory of earlier times.

        :raises SandboxError: something cannot be fetched or does not start
        """
        self.cluster.fetch(self._say)
        began = time.monotonic()
        start_together(partial(self.cluster.start, self._say), partial(self.airflow.start, self._say, forget=True))
        self._say(f"Everything is up after {time.monotonic() - began:.0f} s")

    def work(self) -> None:
        """Give the cluster something to lose.

        :raises SandboxError: the cluster refuses, or Tasklist shows no tasks in time
        """
        with Workload(self.cluster.urls) as workload:
            workload.deploy()
            workload.start(INSTANCES)
            deadline = time.monotonic() + TASKS_PATIENCE
            while len(workload.open_tasks()) < COMPLETED and time.monotonic() < deadline:
                time.sleep(LOOK_INTERVAL)
            workload.complete(COMPLETED)
        self._say(f"Started {INSTANCES} process instances and completed {COMPLETED} user tasks")

    def back_up(self) -> bool:
        """Set up the snapshot repository, back up, and show how it went.

        :returns: whether there is a backup
        :raises SandboxError: Airflow cannot load the DAGs, or a run does not end
        """
        if not self._run("set_up_repositories", "Setting up the snapshot repository", {"cluster": self.name}):
            return False
        run_id = self._run(self.dag_id, f"Backing up {self.name}", {})
        if run_id:
            self._show_backup(run_id)
        return bool(run_id)

    def _run(self, dag_id: str, title: str, conf: dict[str, Any]) -> str | None:
        """Run a DAG before the user's eyes; return the run's ID if it succeeded."""
        client = self.airflow.client
        self.airflow.wait_dag(dag_id)
        client.set_paused(dag_id, paused=False)
        run_id = client.trigger(dag_id, conf)
        watch = RunWatch(client, dag_id, run_id)
        with display_on(self.console, title) as display:
            state = client.wait_run(dag_id, run_id, RUN_PATIENCE, LOOK_INTERVAL, lambda: display.show(watch.look()))
        if state == "success":
            return run_id
        self._show_failure(watch, dag_id, run_id)
        return None

    def _show_backup(self, run_id: str) -> None:
        events = self.airflow.client.asset_events(source_dag_id=self.dag_id, source_run_id=run_id)
        if not events:
            raise SandboxError("The run succeeded, but Airflow has no event of a recorded backup.")
        manifest = events[-1]["extra"]
        urls = self.cluster.urls
        self.console.print(parts_table(manifest))
        self._say(pause_sentence(manifest))
        addresses = {
            "run in Airflow": run_address(self.airflow.url, self.dag_id, run_id),
            "log in": f"{USERNAME}, {self._password()}",
            "Operate": f"{urls['operate_web']}  (log in: {LOGIN['username']}, {LOGIN['password']})",
            "snapshots": f"{urls['search']}/_snapshot/{manifest['repository']['name']}/_all",
            "manifest": str(self.airflow.settings.home / "manifests" / self.name / f"{manifest['backup_id']}.json"),
        }
        self.console.print(addresses_table(addresses))

    def _show_failure(self, watch: RunWatch, dag_id: str, run_id: str) -> None:
        self._say(f"\nThe run of {dag_id} failed:")
        for line, errors in watch.failures():
            self._say(f"- {line.name}: " + ("\n  ".join(errors).replace("\n-", "\n  -") or "no error in its log"))
        logs = self.airflow.settings.task_logs / f"dag_id={dag_id}" / f"run_id={run_id}"
        self._say(f"Full logs: {logs}")
        self._say(f"In Airflow: {run_address(self.airflow.url, dag_id, run_id)} ({USERNAME}, {self._password()})")

    def _password(self) -> str:
        """Return the password where only its user sees it, elsewhere where it is kept."""
        settings = self.airflow.settings
        return f"password {settings.password}" if self.console.is_terminal else f"password in {settings.password_file}"

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def start_together(*starts: Callable[[], None]) -> None:
    """Run functions side by side; the first that fails ends the waiting for the others."""
    pool = ThreadPoolExecutor()
    try:
        running = [pool.submit(start) for start in starts]
        done, _ = wait(running, return_when=FIRST_EXCEPTION)
        for one in done:
            one.result()
    finally:
        pool.shutdown(wait=False)


def run_address(airflow: str, dag_id: str, run_id: str) -> str:
    """Return the page of a run in Airflow's UI."""
    return f"{airflow}/dags/{dag_id}/runs/{run_id}"
