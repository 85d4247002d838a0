"""The sandbox's own Airflow, started for real with DAGs of this test."""

import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from sandbox import ports
from sandbox.airflow_processes import AirflowProcesses
from sandbox.demo.progress import progress_in
from sandbox.errors import SandboxError

DAG = """
import time
from pathlib import Path

from airflow.providers.standard.triggers.file import FileTrigger
from airflow.sdk import BaseHook, BaseSensorOperator, dag, task


class Deferred(BaseSensorOperator):
    def execute(self, context):
        self.log.info("progress: deferred")
        self.defer(trigger=FileTrigger(filepath=context["params"]["second"], poke_interval=0.2), method_name="done")

    def done(self, context, event):
        return BaseHook.get_connection("x_zeebe").port


@dag(params={"first": "", "second": ""})
def held():
    @task
    def working(params):
        print("progress: working")
        while not Path(params["first"]).exists():
            time.sleep(0.1)

    working() >> Deferred(task_id="deferred")


held()
"""


def free_base() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1]) - ports.OFFSETS["airflow"]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowProcesses]:
    folder = tmp_path_factory.mktemp("airflow")
    for name in ("dags", "plugins", "clusters"):
        (folder / name).mkdir()
    (folder / "dags" / "held.py").write_text(DAG)
    (folder / "dags" / "broken.py").write_text("# an airflow dag\nraise ValueError('this file is broken')")
    with AirflowProcesses(
        folder / "home",
        free_base(),
        {"x_zeebe": "http://127.0.0.1:9600"},
        folder / "clusters",
        dags_folder=folder / "dags",
        plugins_folder=folder / "plugins",
    ) as airflow:
        yield airflow


@pytest.fixture
def airflow(started: AirflowProcesses) -> AirflowProcesses:
    if not started.is_running:
        started.start(lambda _: None)
    return started


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    return {"first": str(tmp_path / "first"), "second": str(tmp_path / "second")}


def processes_of(airflow: AirflowProcesses) -> list[psutil.Process]:
    home = str(airflow.settings.home)
    leaders = [process.pid for process in psutil.process_iter() if home in " ".join(command_of(process))]
    return [process for process in psutil.process_iter() if session_of(process) in leaders]


def command_of(process: psutil.Process) -> list[str]:
    try:
        command: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return command


def session_of(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except ProcessLookupError:
        return None


def eventually(condition: Callable[[], bool], timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def begin(airflow: AirflowProcesses, conf: dict[str, str]) -> str:
    airflow.wait_dag("held")
    airflow.client.set_paused("held", paused=False)
    return airflow.client.trigger("held", conf)


def shows(airflow: AirflowProcesses, run_id: str, task_id: str, state: str) -> bool:
    """Return whether a task is in a state and its log says so, read as the UI reads it."""
    [task] = [task for task in airflow.client.task_instances("held", run_id) if task["task_id"] == task_id]
    return task["state"] == state and progress_in(airflow.client.log("held", run_id, task_id)) == task_id


def test_runs_a_dag_and_shows_the_logs_of_running_and_deferred_tasks(
    airflow: AirflowProcesses, files: dict[str, str]
) -> None:
    run_id = begin(airflow, files)
    eventually(lambda: shows(airflow, run_id, "working", "running"))
    Path(files["first"]).touch()
    eventually(lambda: shows(airflow, run_id, "deferred", "deferred"))
    Path(files["second"]).touch()
    assert airflow.client.wait_run("held", run_id, timeout=60) == "success"
    assert airflow.client.xcom("held", run_id, "deferred") == 9600
    assert "Traceback" not in airflow.log_path("api-server").read_text()


def test_listens_on_loopback_only(airflow: AirflowProcesses) -> None:
    listening: list[Any] = [
        connection.laddr
        for process in processes_of(airflow)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {address.ip for address in listening} == {"127.0.0.1"}


def test_secrets_are_their_owners_alone_and_in_no_log(airflow: AirflowProcesses) -> None:
    home = airflow.settings.home
    for file in (airflow.settings.password_file, home / "airflow.cfg"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    logs = "".join(file.read_text() for file in (home / "logs").glob("*.log"))
    assert "Uvicorn running" in logs
    assert airflow.settings.password not in logs


def test_a_dag_that_cannot_be_loaded_is_told_with_its_error(airflow: AirflowProcesses) -> None:
    eventually(lambda: bool(airflow.client.import_errors()))
    with pytest.raises(SandboxError, match="this file is broken"):
        airflow.wait_dag("no_such_dag", timeout=0)


def test_after_a_crash_nothing_is_left_and_the_next_start_knows_the_run(
    airflow: AirflowProcesses, files: dict[str, str]
) -> None:
    run_id = begin(airflow, files)
    eventually(lambda: shows(airflow, run_id, "working", "running"))
    airflow.kill()
    eventually(lambda: not processes_of(airflow), timeout=5)
    airflow.start(lambda _: None)
    assert run_id in {run["dag_run_id"] for run in airflow.client.runs("held")}


def test_stop_leaves_nothing_not_even_a_running_task(airflow: AirflowProcesses, files: dict[str, str]) -> None:
    run_id = begin(airflow, files)
    eventually(lambda: shows(airflow, run_id, "working", "running"))
    airflow.stop()
    assert not processes_of(airflow)
