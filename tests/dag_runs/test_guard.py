"""The guard: nobody leaves exporting paused, and a missing backup is noticed."""

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dag_runs.playing import Played, Run, cluster_file, connect, fresh, parsed, runner
from tests.stand_in import StandIn


def lease(cluster: Any, run_id: str, *, give_up_in: float) -> None:
    """Write the lease of a backup run."""
    from airflow.models.variable import Variable  # noqa: PLC0415 - after the environment is set

    now = time.time()
    fields = {"dag_id": f"back_up_{cluster.name}", "run_id": run_id, "mode": "hard", "asked_at": now}
    key = f"camunda_backup_pause_{cluster.name}"
    Variable.set(key, {**fields, "give_up_at": now + give_up_in}, serialize_json=True)


def backup_run(cluster: Any, state: str) -> str:
    """Put a backup run into the database that no scheduler advances."""
    from airflow.models.dagrun import DagRun  # noqa: PLC0415 - after the environment is set
    from airflow.utils.session import create_session  # noqa: PLC0415
    from airflow.utils.state import DagRunState  # noqa: PLC0415
    from airflow.utils.types import DagRunTriggeredByType, DagRunType  # noqa: PLC0415

    now = datetime.now(UTC)
    run = DagRun(
        dag_id=f"back_up_{cluster.name}",
        run_id=f"{state}__{now.isoformat()}",
        logical_date=now,
        run_after=now,
        start_date=now,
        run_type=DagRunType.MANUAL,
        triggered_by=DagRunTriggeredByType.TEST,
        state=DagRunState(state),
    )
    run_id: str = run.run_id
    with create_session() as session:
        session.add(run)
    return run_id


@pytest.fixture(scope="module")
def two(airflow_db: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Played, Played, Any]]:
    """Two clusters, each on a stand-in of its own, and the DAGs for them alone."""
    folder = tmp_path_factory.mktemp("clusters")
    with (
        StandIn("8.6", pace=0.02) as first,
        StandIn("8.6", pace=0.02) as second,
        pytest.MonkeyPatch.context() as patch,
    ):
        clusters = []
        for name, stand_in, resume in (("watched", first, True), ("observed", second, False)):
            fields = cluster_file("8.6", "zeebe-first", name, guard={"rpo": "26h", "resume": resume})
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(fields))
            connect(name, stand_in)
            clusters.append(Played(name, "8.6", "zeebe-first", stand_in))
        patch.setenv("CAMUNDA_BACKUP_CLUSTERS", str(folder))
        watched, observed = clusters
        yield watched, observed, parsed(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])


@pytest.fixture
def watched(two: tuple[Played, Played, Any]) -> Played:
    """The cluster whose exporting the guard may resume."""
    return fresh(two[0])


@pytest.fixture
def observed(two: tuple[Played, Played, Any]) -> Played:
    """The cluster whose exporting the guard may not resume."""
    return fresh(two[1])


@pytest.fixture
def run(two: tuple[Played, Played, Any], capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run one of the DAGs for the two clusters."""
    return runner(two[2], capfd)


def task(name: str, cluster: Played) -> str:
    """Name the guard's mapped task of a cluster."""
    return f"{name}[{['observed', 'watched'].index(cluster.name)}]"


def test_all_is_well(watched: Any, run: Any) -> None:
    run(f"back_up_{watched.name}")

    done = run("guard")

    assert done.tasks[task("exporting", watched)] == "success"
    assert done.tasks[task("recovery_point", watched)] == "success"


@pytest.mark.parametrize("phase", ["PAUSED", "SOFT_PAUSED"])
def test_a_pause_that_nobody_is_responsible_for_is_ended_and_fails_loudly(watched: Any, run: Any, phase: str) -> None:
    watched.stand_in.exporting(phase)

    done = run("guard")

    assert done.state == "failed"
    assert done.tasks[task("exporting", watched)] == "failed"
    assert "no backup run says that it needs it. The guard has resumed it" in done.errors
    assert watched.exporting == {"EXPORTING"}


def test_the_pause_of_an_active_backup_is_left_alone(watched: Any, run: Any) -> None:
    lease(watched, backup_run(watched, "running"), give_up_in=600)
    watched.stand_in.exporting("PAUSED")

    done = run("guard")

    assert done.tasks[task("exporting", watched)] == "success", done.errors
    assert watched.exporting == {"PAUSED"}


@pytest.mark.parametrize("state", ["failed", "success"])
def test_the_pause_of_a_run_that_has_ended_is_ended(watched: Any, run: Any, state: str) -> None:
    lease(watched, backup_run(watched, state), give_up_in=600)
    watched.stand_in.exporting("PAUSED")

    done = run("guard")

    assert "which is not active any more. The guard has resumed it" in done.errors
    assert watched.exporting == {"EXPORTING"}


def test_the_pause_of_a_run_that_is_gone_is_ended(watched: Any, run: Any) -> None:
    lease(watched, "never_was", give_up_in=600)
    watched.stand_in.exporting("PAUSED")

    done = run("guard")

    assert "which is not active any more. The guard has resumed it" in done.errors
    assert watched.exporting == {"EXPORTING"}


def test_a_pause_far_beyond_max_pause_is_ended_although_its_run_is_active(watched: Any, run: Any) -> None:
    lease(watched, backup_run(watched, "running"), give_up_in=-600)
    watched.stand_in.exporting("PAUSED")

    done = run("guard")

    assert "longer than max_pause" in done.errors
    assert watched.exporting == {"EXPORTING"}


def test_one_paused_partition_is_enough(watched: Any, run: Any) -> None:
    watched.stand_in.exporting("PAUSED", partition=2)

    run("guard")

    assert watched.exporting == {"EXPORTING"}


def test_a_guard_that_may_not_resume_fails_and_changes_nothing(observed: Any, run: Any) -> None:
    observed.stand_in.exporting("PAUSED")

    done = run("guard")

    assert "does not let the guard resume it" in done.errors
    assert observed.exporting == {"PAUSED"}


def test_a_resume_that_fails_is_told(watched: Any, run: Any) -> None:
    watched.stand_in.exporting("PAUSED")
    watched.stand_in.fault("zeebe", {"envelope": 500}, path="/actuator/exporting/resume", times=None)

    done = run("guard")

    assert done.tasks[task("exporting", watched)] == "failed"
    assert "exporting control failed" in done.errors


def test_a_cluster_without_any_backup_fails_loudly(watched: Any, run: Any) -> None:
    done = run("guard")

    assert done.tasks[task("recovery_point", watched)] == "failed"
    assert f"{watched.name} has no complete backup yet" in done.errors


def test_a_backup_older_than_the_rpo_fails_loudly(watched: Any, run: Any) -> None:
    run(f"back_up_{watched.name}")
    ((backup_id, manifest),) = watched.manifests().items()
    manifest["pause"]["asked_at"] = (datetime.now(UTC) - timedelta(hours=27)).isoformat()
    Path(os.environ["CAMUNDA_BACKUP_MANIFESTS"], watched.name, f"{backup_id}.json").write_text(json.dumps(manifest))

    done = run("guard")

    assert done.tasks[task("recovery_point", watched)] == "failed"
    assert "is 27.0 h old, more than the 26.0 h of guard.rpo" in done.errors
