"""Stand-ins, one process per line for the whole session, fresh for every test."""

from collections.abc import Iterator

import pytest

from tests.stand_in import StandIn


@pytest.fixture(scope="session")
def running_8_6() -> Iterator[StandIn]:
    with StandIn("8.6") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def running_8_8() -> Iterator[StandIn]:
    with StandIn("8.8") as cluster:
        yield cluster


@pytest.fixture
def camunda_8_6(running_8_6: StandIn) -> StandIn:
    """A fresh Camunda 8.6 on OpenSearch."""
    running_8_6.reset()
    return running_8_6


@pytest.fixture
def camunda_8_8(running_8_8: StandIn) -> StandIn:
    """A fresh Camunda 8.8 on OpenSearch."""
    running_8_8.reset()
    return running_8_8
