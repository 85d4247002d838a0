"""Minting an ID and starting parts: what fails may be tried again, and nobody else's backup is taken for ours."""

from typing import Any

import pytest

from camunda_backup.states import Component
from tests.stepping import LOST, SPOILED, Bench, Run, Store, refused

ID = 9_999_999_999
PARTS = [Component.ZEEBE, Component.OPERATE, Component.TASKLIST, Component.OPTIMIZE, Component.RECORDS]


def spoil(bench: Bench, component: Component, effect: dict[str, Any], method: str) -> None:
    """Spoil the next request for a part."""
    if component is Component.RECORDS:
        bench.stand_in.fault("search", effect, method=method, path="camunda_zeebe_records")
    else:
        bench.stand_in.fault(component, effect, method=method, path=r"/actuator/backups")


def test_an_id_is_above_all_that_anybody_knows(bench: Bench) -> None:
    bench.stand_in.plant(zeebe=[99_999_999_999], operate=[99_999_999_998])

    assert bench.mint().execute(Run().context()) > 99_999_999_999


@pytest.mark.parametrize("role", ["zeebe", "operate", "tasklist", "optimize"])
def test_without_everybodys_ids_none_is_made(bench: Bench, role: str) -> None:
    bench.stand_in.fault(role, SPOILED, method="GET", path=r"/actuator/backups$")

    assert "500" in refused(bench.mint())
    assert bench.mint().execute(Run().context()) > 0


@pytest.mark.parametrize("effect", [SPOILED, LOST, {"act_then": {"hang": 3}}], ids=["500", "dropped", "in time"])
@pytest.mark.parametrize("component", PARTS)
def test_a_start_that_fails_or_whose_answer_is_lost_is_tried_again(
    bench: Bench, component: Component, effect: dict[str, Any]
) -> None:
    pause, store = bench.pause(), Store()
    task = bench.start(component, pause, ID)
    spoil(bench, component, effect, "POST|PUT")

    refused(task, store=store)
    done = task.execute(Run().context(store))

    assert done["backup_id"] == ID
    assert bench.wait(component, done).execute(Run().context())["report"]["phase"] == "completed"


@pytest.mark.parametrize("component", PARTS)
def test_one_that_does_not_tell_whether_it_has_the_id_is_not_started(bench: Bench, component: Component) -> None:
    pause = bench.pause()
    spoil(bench, component, SPOILED, "GET")

    assert "could not be asked about backup" in refused(bench.start(component, pause, ID))


def test_an_id_that_somebody_else_took_is_a_conflict(bench: Bench) -> None:
    bench.stand_in.plant(operate=[ID])

    assert "that this run did not ask for" in refused(bench.start(Component.OPERATE, bench.pause(), ID))


def test_an_id_that_is_taken_between_the_question_and_the_start_is_a_conflict(bench: Bench) -> None:
    pause, store = bench.pause(), Store()
    bench.stand_in.plant(operate=[ID])
    unknown = {"status": 404, "body": {"status": 404, "message": "No backup with id found."}}
    bench.stand_in.fault("operate", unknown, method="GET", path=r"/actuator/backups/\d+$", times=1)
    task = bench.start(Component.OPERATE, pause, ID)

    assert f"operate: backup ID {ID} is taken" in refused(task, store=store)
    assert "that this run did not ask for" in refused(task, store=store)  # nor does another try take it for its own


def test_a_part_that_lost_what_was_asked_for_ends_the_set(bench: Bench) -> None:
    pause, store = bench.pause(), Store()
    task = bench.start(Component.OPERATE, pause, ID)
    bench.wait(Component.OPERATE, task.execute(Run().context(store))).execute(Run().context())
    unknown = {"status": 404, "body": {"status": 404, "message": "No backup with id found."}}
    bench.stand_in.fault("operate", unknown, method="GET", path=r"/actuator/backups/\d+$", times=None)

    assert "the ID is spent" in refused(task, store=store)


def test_nothing_is_started_when_exporting_runs(bench: Bench) -> None:
    pause = bench.pause()
    bench.stand_in.exporting("EXPORTING")

    assert "exporting is not paused (hard) any more" in refused(bench.start(Component.OPERATE, pause, ID))


def test_nothing_is_started_when_the_pause_is_over(bench: Bench) -> None:
    pause = {**bench.pause(), "give_up_at": 1.0}

    assert "the pause reached max_pause" in refused(bench.start(Component.OPERATE, pause, ID))
