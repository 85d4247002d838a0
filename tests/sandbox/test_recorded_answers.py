"""The stand-in answers what Camunda 8.6.0 and Elasticsearch 8.19.0 answered in November 2026."""

import time
from collections.abc import Iterator

import pytest

from tests.recorded.calls import Ask, Client
from tests.recorded.recording import Recorded, asked, asks, recording
from tests.recorded.scenes import SCENES, Pair, has_state
from tests.stand_in import StandIn, until

CAMUNDA, ELASTICSEARCH = recording("camunda-8.6.0")["scenes"], recording("elasticsearch-8.19.0")["scenes"]
BY_HAND = recording("camunda-8.6.0-by-hand")["scenes"]


@pytest.fixture(scope="module")
def prepared() -> Iterator[Pair]:
    """A stand-in with two instances, one of them completed."""
    with StandIn("8.6", pace=0.1) as stand_in:
        pair = Pair(stand_in, Recorded([]), time.time_ns() // 1_000_000)
        pair.prepare()
        yield pair
        pair.close()


@pytest.mark.parametrize("scene", SCENES)
def test_camunda_is_played_as_recorded(prepared: Pair, scene: str) -> None:
    prepared.peer = recorded = Recorded(CAMUNDA.get(scene, []))
    SCENES[scene](prepared)
    assert recorded.left == 0


def test_every_recorded_scene_is_played() -> None:
    assert CAMUNDA.keys() <= SCENES.keys()
    assert sum(map(len, CAMUNDA.values())) > 200


def test_elasticsearch_is_played_as_recorded() -> None:
    scene = "snapshots in a row"
    recorded = Recorded(ELASTICSEARCH[scene])
    with StandIn("8.6", "--engine", "elasticsearch") as stand_in:
        client = Client(stand_in.urls, 1)
        for ask in asks(scene, "elasticsearch-8.19.0"):
            assert client.answer(ask) == recorded.answer(ask), f"the stand-in answers {ask} otherwise"
        client.close()
    assert recorded.left == 0


@pytest.mark.parametrize("name", ["camunda-8.6.0", "camunda-8.6.0-by-hand", "elasticsearch-8.19.0"])
def test_a_recording_says_of_what_and_when_it_is(name: str) -> None:
    told = recording(name)
    assert told["recorded"].startswith("2026-11")
    assert name.split("-")[1] in told["of"]


@pytest.mark.parametrize("scene", BY_HAND)
def test_camunda_is_played_as_written_down_by_hand(scene: str) -> None:
    with StandIn("8.6") as stand_in:
        client = Client(stand_in.urls, 1)
        for entry in BY_HAND[scene]:
            if "wait" in entry:
                look = client.asking(Ask(entry["door"], "GET", entry["wait"]))
                until(look, lambda told: has_state("COMPLETED")(*told))
                continue
            answer = client.send(asked(entry))
            assert (answer.status_code, without_space(entry.get("says", "")) in without_space(answer.text)) == (
                entry["status"],
                True,
            ), f"the stand-in answers {entry} with {answer.status_code} {answer.text}"
        client.close()


def without_space(text: str) -> str:
    return "".join(text.replace('\\"', '"').split())
