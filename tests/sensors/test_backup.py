"""How one part of a backup ends decides how its wait ends; every kind of end, for every component."""

import time
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from camunda_backup.hooks.parts import Part, PartHook
from camunda_backup.states import Component, Phase, Report
from tests.stepping import SPOILED, Bench, Run, refused

ID = 9_999_999_999
MADE = [one for one in Component if one in {"zeebe", "operate", "tasklist", "optimize"}]


def started(bench: Bench, component: Component) -> dict[str, Any]:
    """Start a part; return what its start task would."""
    now = time.time()
    PartHook(Part(**bench.cluster.part(component))).start(ID)
    return {"backup_id": ID, "asked_at": now, "give_up_at": now + 60, "snapshots": []}


@pytest.mark.parametrize("component", MADE)
def test_a_part_that_completes_is_told_with_its_pieces(bench: Bench, component: Component) -> None:
    found = bench.wait(component, started(bench, component)).execute(Run().context())

    assert found["report"]["phase"] == "completed"
    assert found["report"]["pieces"]
    assert found["completed_at"] <= time.time()


@pytest.mark.parametrize(
    ("component", "outcome", "said"),
    [
        *((component, "FAILED", f"backup {ID} is FAILED") for component in MADE),
        (Component.TASKLIST, "PARTIAL", f"backup {ID} is "),  # Zeebe knows no PARTIAL
        (Component.ZEEBE, "STUCK", f"backup {ID} made no progress for 2 s"),
        (Component.OPTIMIZE, "STUCK", f"backup {ID} made no progress for 2 s"),
        (Component.OPERATE, "INCOMPLETE", f"backup {ID} has been INCOMPLETE for 1 s"),
        *((component, "LOST", f"backup {ID} ") for component in (Component.ZEEBE, Component.OPERATE)),
    ],
)
def test_a_part_that_ends_otherwise_is_no_success(bench: Bench, component: Component, outcome: str, said: str) -> None:
    bench.stand_in.outcome(component, outcome)

    told = refused(bench.wait(component, started(bench, component)))

    assert told.startswith(f"{component}: {said}")


@pytest.mark.parametrize("component", MADE)
def test_one_that_is_incomplete_for_a_moment_is_waited_for(bench: Bench, component: Component) -> None:
    bench.stand_in.outcome(component, "HEALING", seconds=0.5)

    found = bench.wait(component, started(bench, component)).execute(Run().context())

    assert found["report"]["phase"] == "completed"


def test_a_state_that_nobody_knows_is_no_success(bench: Bench) -> None:
    answer = {"status": 200, "body": {"backupId": ID, "state": "PONDERING", "details": []}}
    given = started(bench, Component.OPERATE)
    bench.stand_in.fault("operate", answer, method="GET", path=r"/actuator/backups/\d+$", times=None)

    assert "PONDERING" in refused(bench.wait(Component.OPERATE, given))


@pytest.mark.parametrize("component", [*MADE, Component.RECORDS])
def test_a_call_that_fails_once_is_put_up_with(bench: Bench, component: Component) -> None:
    given = started(bench, component)
    role = "search" if component is Component.RECORDS else component
    bench.stand_in.fault(role, SPOILED, method="GET", path=rf"{ID}|_snapshot")

    assert bench.wait(component, given).execute(Run().context())["report"]["phase"] == "completed"


def test_one_that_does_not_answer_any_more_is_given_up(bench: Bench) -> None:
    bench.stand_in.outcome("operate", "STUCK")
    given = started(bench, Component.OPERATE)
    bench.stand_in.kill("operate")

    assert refused(bench.wait(Component.OPERATE, given)).startswith(f"operate: backup {ID} could not be asked")


def test_one_that_outlasts_the_pause_is_given_up(bench: Bench) -> None:
    bench.stand_in.outcome("operate", "STUCK")
    given = {**started(bench, Component.OPERATE), "give_up_at": time.time() + 0.5}

    assert "the pause reached max_pause of the cluster file" in refused(bench.wait(Component.OPERATE, given))


def test_an_older_backup_of_the_same_id_is_none_of_this_run(bench: Bench) -> None:
    given = {**started(bench, Component.OPERATE), "asked_at": time.time() + 3600}

    assert "it is an older backup with the same ID" in refused(bench.wait(Component.OPERATE, given))


def test_a_long_wait_leaves_the_worker_and_takes_the_triggers_word(bench: Bench) -> None:
    bench.stand_in.outcome("operate", "STUCK")
    task = bench.wait(Component.OPERATE, started(bench, Component.OPERATE), deferrable=True, on_worker=0.1)
    with pytest.raises(TaskDeferred) as caught:
        task.execute(Run().context())
    assert caught.value.method_name == "execute_complete"

    done = {"report": Report(Component.OPERATE, ID, Phase.COMPLETED, "COMPLETED", ()).as_json(), "completed_at": 1.0}
    assert task.execute_complete(Run().context(), done)["completed_at"] == 1.0
    for bad, said in (({"failure": "it is lost"}, "^it is lost$"), (None, "without a word"), ({}, "without a word")):
        with pytest.raises(AirflowFailException, match=said):
            task.execute_complete(Run().context(), bad)
