"""What the demo counts, on the stand-in."""

from sandbox.demo.tally import tally, tally_that_shows
from sandbox.workload import Workload
from tests.observing import until
from tests.stand_in import StandIn


def test_counts_what_the_web_apps_show_and_nothing_after_a_disaster(camunda_8_6: StandIn) -> None:
    with Workload(camunda_8_6.urls) as work:
        work.deploy()
        *_, last = work.start(4)
        work.cancel(last)
        until(lambda: len(work.open_tasks()) == 3)
        work.complete()
    found = tally_that_shows(
        camunda_8_6.urls,
        {f"process instances {state}": 1 for state in ("canceled", "completed")} | {"user tasks open": 2},
        20,
    )
    indices = found.pop("indices of Camunda")
    assert indices
    assert found == {
        "process definitions": 1,
        "decision definitions": 1,
        "process instances active": 2,
        "process instances completed": 1,
        "process instances canceled": 1,
        "user tasks open": 2,
        "user tasks completed": 1,
        "partitions of Zeebe": 2,
    }

    camunda_8_6.disaster()
    assert tally(camunda_8_6.urls) == {**dict.fromkeys(found), "indices of Camunda": 0}


def test_numbers_that_never_come_are_waited_for_in_vain(camunda_8_6: StandIn) -> None:
    found = tally_that_shows(camunda_8_6.urls, {"process instances active": 5}, patience=0.5)
    assert found["process instances active"] == 0
