"""Airflow as the sandbox runs it: four processes on loopback, ended with the process that started them."""

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from . import airflow_components, ports
from .airflow_client import AirflowClient
from .airflow_settings import USERNAME, AirflowSettings
from .errors import SandboxError
from .programs import POLL_INTERVAL, Program, Programs

Report = Callable[[str], None]

PROJECT_FOLDER = Path(__file__).resolve().parent.parent.parent
START_PATIENCE = 300.0
STOP_PATIENCE = 15.0
HEARTBEATS = ("scheduler", "triggerer", "dag_processor")
NAME = "airflow"


class AirflowProcesses:
    """Scheduler, triggerer, DAG processor and API server on SQLite.

    What earlier runs left in the database stays, as after a crash, unless `forget` is called.

    :param home: AIRFLOW_HOME
    :param base_port: see `ports.py`
    :param connections: addresses by Airflow connection ID, all of type http
    :param clusters_folder: the cluster files that the DAGs read
    :param variables: further environment variables
    :param dags_folder: default: the project's
    :param plugins_folder: default: the project's
    """

    def __init__(
        self,
        home: Path,
        base_port: int,
        connections: Mapping[str, str],
        clusters_folder: Path,
        variables: Mapping[str, str] | None = None,
        *,
        dags_folder: Path = PROJECT_FOLDER / "dags",
        plugins_folder: Path = PROJECT_FOLDER / "plugins",
    ) -> None:
        self.settings = AirflowSettings(
            home=home.resolve(),
            port=ports.port(base_port, "airflow"),
            dags_folder=dags_folder,
            plugins_folder=plugins_folder,
            clusters_folder=clusters_folder,
            connections=connections,
            variables=variables or {},
        )
        self._programs: Programs | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the UI and the REST API."""
        return self.settings.url

    @cached_property
    def client(self) -> AirflowClient:
        """A caller of the REST API, logged in as administrator."""
        return AirflowClient(self.url, USERNAME, self.settings.password)

    @property
    def is_running(self) -> bool:
        """Whether Airflow was started and has not ended."""
        return self._programs is not None and self._programs.is_running(NAME)

    def start(self, report: Report, *, forget: bool = False) -> None:
        """Start all components and wait until each has reported to the database.

        :param report: is told when Airflow is up
        :param forget: start without the runs, logs and manifests of earlier times
        :raises SandboxError: a component ended or was not up in time, or another sandbox uses the folder
        """
        began, clock = datetime.now(UTC), time.monotonic()
        if self._programs is None:
            self._programs = Programs(self.settings.home)
        if forget:
            self._forget()
        self.settings.write()
        self._programs.start(self._program())
        self._programs.wait_healthy(NAME, START_PATIENCE)
        while not self._reported_since(began):
            if time.monotonic() - clock > START_PATIENCE:
                raise SandboxError(f"Airflow is not up after {START_PATIENCE:.0f} s; see {self._programs.logs}.")
            self._programs.is_healthy(NAME)  # raises once a component has ended
            time.sleep(POLL_INTERVAL)
        report(f"Airflow is up after {time.monotonic() - clock:.0f} s")

    def stop(self) -> None:
        """End all components, and tasks that run; harmless when nothing runs."""
        if self._programs is not None:
            self._programs.stop(NAME, grace=STOP_PATIENCE)
            self._programs.close()
            self._programs = None

    def kill(self) -> None:
        """End all components and running tasks at once, as a crash of the machine would; `start` starts them again.

        :raises SandboxError: Airflow is not started
        """
        if self._programs is None or not self.is_running:
            raise SandboxError("Airflow is not started.")
        leader = self._programs.pid(NAME)
        airflow_components.end_session(leader)
        self._programs.kill(NAME)
        airflow_components.end_session(leader)  # what was being forked meanwhile

    def restart(self, report: Report) -> None:
        """Stop in an orderly way, and start with the same database."""
        self.stop()
        self.start(report)

    def log_path(self, name: str) -> Path:
        """Return the log of one component: scheduler, triggerer, dag-processor or api-server."""
        return self.settings.home / "logs" / f"{name}.log"

    def wait_dag(self, dag_id: str, timeout: float = 60) -> None:
        """Wait until Airflow knows a DAG.

        :param timeout: in seconds
        :raises SandboxError: it does not, with the import errors if there are some
        """
        deadline = time.monotonic() + timeout
        while self.client.dag(dag_id) is None:
            if time.monotonic() > deadline:
                errors = [f"\n{error['filename']}: {error['stack_trace']}" for error in self.client.import_errors()]
                where = self.log_path("dag-processor")
                raise SandboxError(
                    f"Airflow does not know {dag_id} after {timeout:.0f} s; see {where}.{''.join(errors)}"
                )
            time.sleep(POLL_INTERVAL)

    def _program(self) -> Program:
        migrate = () if self.settings.database.exists() else ("--migrate",)
        logs = str(self.settings.home / "logs")
        command = (sys.executable, "-P", airflow_components.__file__, logs, *migrate, *airflow_components.COMPONENTS)
        # The first request to this address also builds what the first task would have to wait for.
        health = f"{self.url}/execution/health"
        return Program(NAME, command, self.settings.environment(), self.settings.home, health)

    def _reported_since(self, moment: datetime) -> bool:
        """Return whether every component reported: after a crash the old heartbeats look healthy for 30 s."""
        told = self.client.health()
        heartbeats = [told[name][f"latest_{name}_heartbeat"] for name in HEARTBEATS]
        return all(heartbeat and datetime.fromisoformat(heartbeat) > moment for heartbeat in heartbeats)

    def _forget(self) -> None:
        for file in self.settings.home.glob("airflow.db*"):
            file.unlink()
        for name in airflow_components.COMPONENTS:
            self.log_path(name).unlink(missing_ok=True)
        for folder in (self.settings.task_logs, self.settings.home / "manifests", self.settings.copies):
            shutil.rmtree(folder, ignore_errors=True)
