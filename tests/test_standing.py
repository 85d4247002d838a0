"""What a step makes sure of before it goes on, asked of a cluster over the network."""

import json
from collections.abc import Iterator

import pytest

from camunda_backup.clusters import Cluster
from camunda_backup.errors import NotYet
from camunda_backup.standing import require_healthy_zeebe
from tests.stand_in import StandIn
from tests.test_targets import cluster

CONNECTIONS = {"zeebe": "standing_zeebe", "operate": "o", "tasklist": "t", "rest": "standing_rest"}


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    """Camunda 8.6."""
    with StandIn("8.6", pace=0.01) as playing:
        yield playing


@pytest.fixture
def healthy(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A healthy cluster."""
    stand_in.reset()
    for conn_id, fields in stand_in.connections("standing").items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))
    return cluster(connections=CONNECTIONS)


def test_a_healthy_zeebe_is_found_so(healthy: Cluster) -> None:
    require_healthy_zeebe(healthy, partitions=2)


def test_a_partition_fewer_than_backed_up_is_not(healthy: Cluster) -> None:
    with pytest.raises(NotYet, match="Zeebe has 2 partitions, the backup 3"):
        require_healthy_zeebe(healthy, partitions=3)


def test_partitions_that_look_well_do_not_excuse_a_bad_health(healthy: Cluster, stand_in: StandIn) -> None:
    stand_in.fault("zeebe", {"status": 503, "body": {"status": "DOWN"}}, path="/actuator/health", times=None)
    with pytest.raises(NotYet, match="Zeebe is not healthy: HTTP 503"):
        require_healthy_zeebe(healthy, partitions=2)
