"""Who leads a partition: the truth comes from the brokers, and only when they agree."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from camunda_backup.errors import Unreachable
from camunda_backup.hooks.camunda import ExportingHook
from tests.hooks.server import Server, serving

LEADER = {"role": "LEADER", "exporterPhase": "EXPORTING", "exportedPosition": 57}
FOLLOWER = {"role": "FOLLOWER", "exporterPhase": None, "exportedPosition": None}


@pytest.fixture
def brokers(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Server]]:
    """Two brokers with a connection each; the first one is also the gateway."""
    with serving(Server()) as first, serving(Server()) as second:
        for number, broker in enumerate((first, second)):
            monkeypatch.setenv(f"AIRFLOW_CONN_BROKER_{number}", json.dumps(broker.connection))
        yield first, second


def tell(broker: Server, partitions: dict[str, Any]) -> None:
    broker.body = json.dumps(partitions).encode()


def hook() -> ExportingHook:
    return ExportingHook("broker_0", ["broker_0", "broker_1"], "8.6")


def test_the_leaders_of_all_brokers_are_found(brokers: tuple[Server, Server]) -> None:
    tell(brokers[0], {"1": LEADER, "2": FOLLOWER})
    tell(brokers[1], {"1": FOLLOWER, "2": LEADER})
    assert sorted(hook().leaders()) == [1, 2]


def test_two_brokers_that_claim_one_partition_are_not_believed(brokers: tuple[Server, Server]) -> None:
    tell(brokers[0], {"1": {**LEADER, "exporterPhase": "PAUSED"}})
    tell(brokers[1], {"1": LEADER})
    with pytest.raises(Unreachable, match="two brokers claim to lead the same partition"):
        hook().leaders()


def test_a_partition_without_a_leader_is_named_with_what_to_do(brokers: tuple[Server, Server]) -> None:
    tell(brokers[0], {"1": LEADER, "2": FOLLOWER})
    tell(brokers[1], {"1": FOLLOWER, "2": FOLLOWER})
    with pytest.raises(Unreachable, match=r"no leader was found for partition 2 .* named in connections\.brokers"):
        hook().leaders()


def test_a_broker_that_answers_something_else_is_not_passed_over(brokers: tuple[Server, Server]) -> None:
    tell(brokers[0], {"1": LEADER})
    tell(brokers[1], {"status": "UP"})
    with pytest.raises(Unreachable, match="list of partitions cannot be read"):
        hook().leaders()
