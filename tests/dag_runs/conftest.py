"""Stand-in clusters of both generations, and a cluster file for each order."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.dag_runs.cold_playing import Cold, at_work, cold_file
from tests.dag_runs.playing import (
    LINES,
    ORDERS,
    Played,
    Run,
    cluster_file,
    cluster_name,
    commands,
    connect,
    fresh,
    parsed,
    quick_part,
    quickly,
    runner,
)
from tests.dag_runs.restoring import RESTORE_PACE, SECRET, as_backed_up, restorable_file, work
from tests.stand_in import StandIn

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag
    from fastapi.testclient import TestClient


@pytest.fixture(scope="session")
def clusters(airflow_db: None) -> Iterator[dict[tuple[str, str], Played]]:
    """Start a stand-in of each line and write a cluster file for each order."""
    folder = Path(os.environ["CAMUNDA_BACKUP_CLUSTERS"])
    folder.mkdir(exist_ok=True)
    with StandIn("8.6", pace=0.02) as line_8_6, StandIn("8.8", pace=0.02) as line_8_8:
        played = {}
        for line, stand_in in zip(LINES, (line_8_6, line_8_8), strict=True):
            for order in ORDERS:
                name = cluster_name(line, order)
                fields = cluster_file(line, order, runtime=commands(line, quick_part(stand_in.urls["control"])))
                (folder / f"{name}.yaml").write_text(yaml.safe_dump(fields))
                connect(name, stand_in)
                played[line, order] = Played(name, line, order, stand_in)
        limits = {"max_pause": "3s", "stall": "20s"}
        (folder / "hasty.yaml").write_text(yaml.safe_dump(cluster_file("8.6", "zeebe-first", "hasty", limits=limits)))
        connect("hasty", line_8_6)
        played["8.6", "hasty"] = Played("hasty", "8.6", "zeebe-first", line_8_6)
        yield played


@pytest.fixture(scope="session")
def dags(clusters: dict[tuple[str, str], Played]) -> "DagBag":
    """Parse the project's DAGs, with retries that do not wait."""
    return parsed(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])


@pytest.fixture
def hasty(clusters: dict[tuple[str, str], Played]) -> Played:
    """8.6, Zeebe first, with a max_pause of a few seconds."""
    return fresh(clusters["8.6", "hasty"])


@pytest.fixture(params=[(line, order) for line in LINES for order in ORDERS], ids="-".join)
def cluster(request: pytest.FixtureRequest, clusters: dict[tuple[str, str], Played]) -> Played:
    """A freshly reset cluster: both generations, both orders."""
    return fresh(clusters[request.param])


@pytest.fixture
def played(clusters: dict[tuple[str, str], Played]) -> Played:
    """The default: 8.6, Zeebe first, freshly reset."""
    return fresh(clusters["8.6", "zeebe-first"])


@pytest.fixture(scope="session")
def backed_up(
    airflow_db: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, Played], "DagBag"]]:
    """Give a cluster of each line with one backup, which its stand-in keeps, and the DAGs for these clusters alone."""
    folder = tmp_path_factory.mktemp("restorable")
    with (
        StandIn("8.6", pace=RESTORE_PACE) as line_8_6,
        StandIn("8.8", "--client-secret", SECRET, pace=RESTORE_PACE) as line_8_8,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("CAMUNDA_BACKUP_CLUSTERS", str(folder))
        found = {}
        for line, stand_in in zip(LINES, (line_8_6, line_8_8), strict=True):
            name = f"restorable-{line.replace('.', '')}"
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(restorable_file(line, name, stand_in)))
            connect(name, stand_in)
            found[line] = Played(name, line, "zeebe-first", stand_in)
        bag = parsed(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
        for cluster in found.values():
            work(cluster.stand_in)
            with quickly():
                assert bag.dags[f"back_up_{cluster.name}"].test().state == "success"
            cluster.stand_in.keep()
        yield found, bag


@pytest.fixture(params=LINES)
def restorable(request: pytest.FixtureRequest, backed_up: tuple[dict[str, Played], "DagBag"]) -> Played:
    """A cluster of each line as it was after its backup."""
    return as_backed_up(backed_up[0][request.param])


@pytest.fixture
def restorable_8_6(backed_up: tuple[dict[str, Played], "DagBag"]) -> Played:
    """A cluster of 8.6 as it was after its backup."""
    return as_backed_up(backed_up[0]["8.6"])


@pytest.fixture
def restore(backed_up: tuple[dict[str, Played], "DagBag"], capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run one of the DAGs for the clusters with a backup."""
    return runner(backed_up[1], capfd)


@pytest.fixture(scope="session")
def stopping_clusters(
    airflow_db: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, Cold], "DagBag"]]:
    """Give a cluster of each line that can be backed up cold, with some work done, and the DAGs for these alone."""
    folder = tmp_path_factory.mktemp("cold")
    with StandIn("8.6", pace=RESTORE_PACE) as line_8_6, StandIn("8.8", pace=RESTORE_PACE) as line_8_8:
        found = {}
        for line, stand_in in zip(LINES, (line_8_6, line_8_8), strict=True):
            name = f"cold-{line.replace('.', '')}"
            home = tmp_path_factory.mktemp(name)
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(cold_file(line, name, stand_in, home)))
            connect(name, stand_in)
            found[line] = Cold(name, line, "zeebe-first", stand_in, home)
            work(stand_in)
            stand_in.keep()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CAMUNDA_BACKUP_CLUSTERS", str(folder))
            bag = parsed(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
        yield found, bag


@pytest.fixture(params=LINES)
def stopping(request: pytest.FixtureRequest, stopping_clusters: tuple[dict[str, Cold], "DagBag"]) -> Cold:
    """A cluster of each line that can be backed up cold, at work."""
    return at_work(stopping_clusters[0][request.param])


@pytest.fixture
def stopping_8_6(stopping_clusters: tuple[dict[str, Cold], "DagBag"]) -> Cold:
    """A cluster of 8.6 that can be backed up cold, at work."""
    return at_work(stopping_clusters[0]["8.6"])


@pytest.fixture
def run_cold(
    stopping_clusters: tuple[dict[str, Cold], "DagBag"], capfd: pytest.CaptureFixture[str]
) -> Callable[..., Run]:
    """Run one of the DAGs for the clusters that can be backed up cold."""
    return runner(stopping_clusters[1], capfd)


@pytest.fixture(scope="session")
def api(airflow_db: None) -> Iterator["TestClient"]:
    """Airflow's own API of task instances, in this process, for somebody who may do everything."""
    from airflow.api_fastapi.app import init_auth_manager  # noqa: PLC0415 - after the environment is set
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415
    from airflow.api_fastapi.common.dagbag import create_dag_bag  # noqa: PLC0415
    from airflow.api_fastapi.core_api.routes.public import hitl, task_instances  # noqa: PLC0415
    from fastapi import FastAPI  # noqa: PLC0415
    from fastapi.testclient import TestClient  # noqa: PLC0415

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", token_hex(64))  # its own one is too short to be used in silence
        app = FastAPI()  # the whole API takes each process some seconds to set up
        app.state.dag_bag = create_dag_bag()
        token = init_auth_manager(app).generate_jwt(SimpleAuthManagerUser(username="on call", role="admin"))
        for routes in (hitl.task_instances_hitl_router, task_instances.task_instances_router):
            app.include_router(routes, prefix="/api/v2")
        with TestClient(app, headers={"Authorization": f"Bearer {token}"}) as client:
            yield client


@pytest.fixture
def run(dags: "DagBag", capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run one of the project's DAGs to its end, as the scheduler would."""
    return runner(dags, capfd)
