"""Airflow for tests: its own home and database, made before anything imports airflow."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

from tests.matrix.recording import pytest_configure, pytest_runtest_makereport, pytest_sessionfinish

__all__ = ["pytest_configure", "pytest_runtest_makereport", "pytest_sessionfinish"]

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
HOME = tempfile.mkdtemp(prefix="camunda-backup-tests-")
os.environ.update(
    AIRFLOW_HOME=HOME,
    AIRFLOW__CORE__DAGS_FOLDER=str(ROOT / "dags"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__PLUGINS_FOLDER=str(ROOT / "plugins"),
    AIRFLOW__CORE__UNIT_TEST_MODE="True",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{HOME}/airflow.db",
    CAMUNDA_BACKUP_CLUSTERS=f"{HOME}/clusters",
    CAMUNDA_BACKUP_MANIFESTS=f"{HOME}/manifests",
)
sys.path[:0] = [str(ROOT / folder) for folder in ("plugins", "include")]


@pytest.fixture(scope="session")
def airflow_db() -> None:
    """Give Airflow its database; only tests that run DAGs or read connections from it need one."""
    from airflow.utils.db import initdb  # noqa: PLC0415 - airflow reads the environment when it is imported

    initdb()
