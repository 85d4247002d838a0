"""The stand-in answers what the user's own Camunda 8.6 answers, call by call: status, media type, shape."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from sandbox.camunda_cluster import CamundaCluster
from tests.recorded.calls import Answer, Ask, Client
from tests.recorded.scenes import APPS, PATIENCE, SCENES, Pair
from tests.stand_in import StandIn


class Running:
    """The cluster as the stand-in's peer."""

    def __init__(self, cluster: CamundaCluster, backup_id: int) -> None:
        self._cluster = cluster
        self._client = Client(cluster.urls, backup_id, cluster.distribution.version)
        self.clients: tuple[Client, ...] = (self._client,)

    def answer(self, ask: Ask, *, stranger: bool = False) -> Answer:
        """Send it."""
        if not stranger:
            return self._client.answer(ask)
        somebody = Client(self._client.urls, self._client.backup_id)
        answer = somebody.answer(ask)
        somebody.close()
        return answer

    def found(self, what: str, look: Callable[[Client], Any]) -> Any:
        """Look."""
        del what
        return look(self._client)

    def outage(self, name: str) -> AbstractContextManager[None]:
        """Stop or freeze a part of the cluster, or run Zeebe without a store."""
        return {"refusing": self._stopped, "hanging": self._frozen, "none": self._without_store}.get(
            name, self._without_search
        )()

    @contextmanager
    def _stopped(self, part: str = "store") -> Iterator[None]:
        self._cluster.stop_part(part)
        try:
            yield
        finally:
            self._cluster.start_part(part)
            self._cluster.wait_healthy(part, PATIENCE)

    @contextmanager
    def _frozen(self) -> Iterator[None]:
        self._cluster.freeze_part("store")
        try:
            yield
        finally:
            self._cluster.thaw_part("store")

    @contextmanager
    def _without_store(self) -> Iterator[None]:
        with self._stopped("zeebe"):
            self._cluster.start_part("zeebe", backup_store="none")
            self._cluster.wait_healthy("zeebe", PATIENCE)
            yield
            self._cluster.stop_part("zeebe")

    @contextmanager
    def _without_search(self) -> Iterator[None]:
        with self._stopped("search"):
            yield
        for app in APPS:
            self._cluster.wait_healthy(app, PATIENCE)


@pytest.fixture(scope="module")
def pair(cluster: CamundaCluster) -> Iterator[Pair]:
    """Both clusters, each with two instances started and one of them completed."""
    backup_id, version = time.time_ns() // 1_000_000, cluster.distribution.version
    with StandIn("8.6", "--version", version, pace=0.2) as stand_in:
        both = Pair(stand_in, Running(cluster, backup_id), backup_id, version)
        both.prepare()
        yield both
        both.close()


@pytest.mark.parametrize("scene", SCENES)
def test_both_answer_the_same(pair: Pair, scene: str) -> None:
    SCENES[scene](pair)
