"""Airflow for tests: its own home and database, made before anything imports airflow."""

import fcntl
import gc
import json
import os
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.matrix.recording import pytest_configure, pytest_runtest_makereport, pytest_sessionfinish
from tests.stand_in import StandIn

__all__ = ["pytest_configure", "pytest_runtest_makereport", "pytest_sessionfinish"]

pytest_plugins = ["pytester"]

STARTED = time.monotonic()
ROOT = Path(__file__).parents[1]
HOME = tempfile.mkdtemp(prefix="camunda-backup-tests-")
DATABASE = Path(HOME, "airflow.db")
# Tests write the DAGs they run to the database themselves. Without this, DAG.test parses and writes all of dags/ again
# before each run.
NO_DAGS = Path(HOME, "no-dags")
NO_DAGS.mkdir()
BUNDLE = {"name": "dags-folder", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle"}
os.environ.update(
    AIRFLOW_HOME=HOME,
    AIRFLOW__CORE__DAGS_FOLDER=str(ROOT / "dags"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__MAX_NUM_RENDERED_TI_FIELDS_PER_TASK="0",  # do not look for old ones to delete after each task
    AIRFLOW__CORE__PLUGINS_FOLDER=str(ROOT / "plugins"),
    AIRFLOW__CORE__UNIT_TEST_MODE="True",
    AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST=json.dumps([{**BUNDLE, "kwargs": {"path": str(NO_DAGS)}}]),
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{DATABASE}",
    AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_PRE_PING="False",
    CAMUNDA_BACKUP_CLUSTERS=f"{HOME}/clusters",
    CAMUNDA_BACKUP_MANIFESTS=f"{HOME}/manifests",
)
sys.path[:0] = [str(ROOT / folder) for folder in ("plugins", "include")]


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives as long as the tests do: it walks all of Airflow's modules otherwise."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    """Fail a test that passes without the fault that it is about."""
    StandIn.unfired_faults()
    yield
    unfired = StandIn.unfired_faults()
    assert not unfired, f"no request fitted these faults, so the test shows nothing: {'; '.join(unfired)}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the run cost; the tests' processes have ended by now."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    terminalreporter.section("cost")
    terminalreporter.line(f"{time.monotonic() - STARTED:.0f} s of wall time, {cpu:.0f} s of CPU time")


@pytest.fixture(scope="session")
def airflow_db(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give Airflow its database; only tests that run DAGs or read connections from it need one."""
    from airflow.utils.db import initdb  # noqa: PLC0415 - airflow reads the environment when it is imported
    from sqlalchemy import Engine, event  # noqa: PLC0415

    @event.listens_for(Engine, "connect")
    def leave_the_disk_alone(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")

    several = "PYTEST_XDIST_WORKER" in os.environ
    folder = tmp_path_factory.getbasetemp().parent if several else tmp_path_factory.getbasetemp()
    ready = folder / "airflow.db"
    with (folder / "airflow.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if ready.exists():  # another process of this test run made it
            copy_database(ready, DATABASE)
        else:
            initdb()
            copy_database(DATABASE, ready)


def copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite database with what is still in its log."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as write:
        read.backup(write)
