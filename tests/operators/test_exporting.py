"""Nobody's pause is touched but the run's own, and a run has one kind of pause only."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dag_runs.playing import Played, Run, connect, fresh, parsed, runner
from tests.stand_in import StandIn

NAME = "stepwise"
DAGS = Path(__file__).with_name("exporting_dags.py")


@pytest.fixture(scope="module")
def stepwise(airflow_db: None) -> Iterator[tuple[Played, Any]]:
    """A cluster on a stand-in, and the DAGs that pause and resume it."""
    with StandIn("8.6", pace=0.02) as stand_in, pytest.MonkeyPatch.context() as patch:
        connect(NAME, stand_in)
        patch.setenv("EXPORTING_DAGS_CLUSTER", NAME)
        yield Played(NAME, "8.6", "zeebe-first", stand_in), parsed(str(DAGS))


@pytest.fixture
def cluster(stepwise: tuple[Played, Any]) -> Played:
    """The cluster, freshly reset, with nobody's lease."""
    return fresh(stepwise[0])


@pytest.fixture
def run(stepwise: tuple[Played, Any], capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run one of the DAGs to its end."""
    return runner(stepwise[1], capfd)


def lease() -> Any:
    from airflow.models.variable import Variable  # noqa: PLC0415 - after the environment is set

    return Variable.get(f"camunda_backup_pause_{NAME}", default_var=None, deserialize_json=True)


def test_the_pause_of_another_run_is_left_alone_and_told(cluster: Played, run: Callable[..., Run]) -> None:
    from airflow.models.variable import Variable  # noqa: PLC0415 - after the environment is set

    now = time.time()
    theirs = {"dag_id": "other", "run_id": "theirs", "mode": "hard", "asked_at": now, "give_up_at": now + 600}
    Variable.set(f"camunda_backup_pause_{NAME}", theirs, serialize_json=True)
    cluster.stand_in.exporting("PAUSED")

    done = run("resume_alone", pause={"mode": "hard", "asked_at": now - 900, "give_up_at": now - 300, "positions": {}})

    assert done.state == "failed"
    assert "is now paused for run theirs of other; that pause was left alone" in done.errors
    assert cluster.exporting == {"PAUSED"}
    assert lease() == theirs


def test_a_run_that_never_paused_asks_no_broker_anything(cluster: Played, run: Callable[..., Run]) -> None:
    cluster.stand_in.exporting("PAUSED")

    done = run("resume_alone")

    assert done.state == "success", done.errors
    assert [entry for entry in cluster.stand_in.journal() if "/actuator/" in entry["path"]] == []
    assert cluster.exporting == {"PAUSED"}


def test_a_run_that_has_paused_in_one_mode_is_refused_the_other(cluster: Played, run: Callable[..., Run]) -> None:
    done = run("pause_twice")

    assert done.tasks == {"hard": "success", "soft": "failed"}
    assert "this run has paused exporting in hard mode; it resumes before it pauses otherwise" in done.errors
    assert cluster.exporting == {"PAUSED"}
    assert lease()["mode"] == "hard"
