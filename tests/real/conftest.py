"""The embedded cluster, started once for all tests that need one on a real search engine."""

import os
from collections.abc import Iterator

import pytest

from sandbox.camunda_cluster import CamundaCluster
from sandbox.demo.clusters import CAMUNDA_HOME, cluster_of
from sandbox.open_cluster import OpenCluster
from sandbox.preflight import problems
from sandbox.workload import Workload
from tests.observing import exists

PORTS = int(os.environ.get("SANDBOX_TEST_PORTS", "29000"))
AGAINST = "own Camunda" if os.environ.get(CAMUNDA_HOME) else "stand-in on real OpenSearch"
"""What the tests on the cluster show something of."""

Cluster = OpenCluster | CamundaCluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A healthy cluster with a registered snapshot repository and a deployed process; tests share its data."""
    pids: list[int] = []
    embedded = cluster_of("embedded", tmp_path_factory.mktemp("embedded"), PORTS)
    assert isinstance(embedded, Cluster)
    with embedded:
        if found := problems(embedded.needs()):
            pytest.fail("\n".join(found), pytrace=False)
        embedded.fetch(print)
        embedded.start(print)
        embedded.register_repository()
        with Workload(embedded.urls) as work:
            work.deploy()
        yield embedded
        pids += [embedded.pid(part) for part in embedded.parts if embedded.is_running(part)]
    assert not [pid for pid in pids if exists(pid)]


@pytest.fixture
def workload(cluster: Cluster) -> Iterator[Workload]:
    """Work for the cluster."""
    with Workload(cluster.urls) as work:
        yield work
