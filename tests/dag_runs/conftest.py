"""Stand-in clusters of both generations, and a cluster file for each order."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.dag_runs.playing import (
    LINES,
    ORDERS,
    Played,
    Run,
    cluster_file,
    cluster_name,
    connect,
    fresh,
    parsed,
    runner,
)
from tests.stand_in import StandIn

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag


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
                (folder / f"{name}.yaml").write_text(yaml.safe_dump(cluster_file(line, order)))
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


@pytest.fixture
def run(dags: "DagBag", capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run one of the project's DAGs to its end, as the scheduler would."""
    return runner(dags, capfd)
