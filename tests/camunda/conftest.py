"""The user's own Camunda: one cluster for all tests that need it, and no test of another line than its distribution's.

Only `make test-camunda` comes here; without a distribution nothing is collected and one sentence says why.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.camunda_cluster import CamundaCluster
from sandbox.camunda_home import CLUSTER, ZEEBE_ALONE, distribution
from sandbox.errors import SandboxError
from sandbox.preflight import problems
from sandbox.workload import Workload
from tests.observing import exists

PORTS = int(os.environ.get("SANDBOX_TEST_PORTS", "29000"))
ANY_LINE = "test_backup_stores.py"
OF_LINE = {ZEEBE_ALONE: ("test_zeebe_8_5.py",)}


def pytest_configure() -> None:
    """Find the distribution before anything else.

    :raises pytest.UsageError: there is none
    """
    try:
        distribution()
    except SandboxError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the tests of the other line."""
    if not collection_path.name.startswith("test_") or collection_path.name == ANY_LINE:
        return None
    line = next((line for line, names in OF_LINE.items() if collection_path.name in names), CLUSTER)
    return True if line != distribution().line else None


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CamundaCluster]:
    """A healthy cluster with a registered snapshot repository and a deployed process; tests share its data."""
    pids: list[int] = []
    with CamundaCluster(tmp_path_factory.mktemp("camunda"), PORTS) as own:
        if found := problems(own.needs()):
            pytest.fail("\n".join(found), pytrace=False)
        own.fetch(print)
        own.start(print)
        own.register_repository()
        with Workload(own.urls) as work:
            work.deploy()
        yield own
        pids += [own.pid(part) for part in own.parts if own.is_running(part)]
    assert not [pid for pid in pids if exists(pid)]


@pytest.fixture
def workload(cluster: CamundaCluster) -> Iterator[Workload]:
    """Work for the cluster."""
    with Workload(cluster.urls) as work:
        yield work
