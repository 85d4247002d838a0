"""Airflow's own API, through which people answer, as the tests of whole runs have it."""

from tests.dag_runs.conftest import api

__all__ = ["api"]
