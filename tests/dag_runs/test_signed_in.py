"""Backups of clusters that let nobody in who is not signed in, anywhere; and where no secret may show."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from camunda_backup.cluster_files import read_cluster
from camunda_backup.clusters import Cluster
from tests.dag_runs.playing import Played, Run, cluster_file, connect, fresh, parsed, runner
from tests.dag_runs.restoring import SECRET, vouching
from tests.stand_in import StandIn

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

TOKEN = "stand-in-"  # how every token of the stand-in's issuer begins


@pytest.fixture(scope="module")
def closed(
    airflow_db: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, Played], "DagBag", Path]]:
    """Give a cluster of 8.6 and one of 8.10 whose files say that everything takes tokens, and their DAGs."""
    folder, tokens = tmp_path_factory.mktemp("closed"), {"sign_in": "oidc"}
    with (
        StandIn("8.6", "--client-secret", SECRET, pace=0.3) as line_8_6,
        StandIn("8.10", "--client-secret", SECRET, pace=0.3) as line_8_10,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("CAMUNDA_BACKUP_CLUSTERS", str(folder))
        found = {}
        for line, stand_in in (("8.6", line_8_6), ("8.10", line_8_10)):
            name = f"closed-{line.replace('.', '')}"
            fields = cluster_file(
                line,
                "zeebe-first",
                name,
                identity={"issuer": vouching(name, stand_in), "scope": "backup"},
                management=tokens,
            )
            fields["secondary_storage"] |= tokens
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(fields))
            connect(name, stand_in)
            found[line] = Played(name, line, "zeebe-first", stand_in)
        yield found, parsed(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]), folder


@pytest.fixture(params=["8.6", "8.10"])
def cluster(request: pytest.FixtureRequest, closed: tuple[dict[str, Played], "DagBag", Path]) -> Played:
    """A freshly reset cluster that lets nobody in without a token, which lasts for two seconds."""
    played = fresh(closed[0][request.param])
    everywhere = {"management": "bearer", "search": "bearer"}
    played.stand_in.conditions(sign_in="bearer", guarded=everywhere, token_seconds=2)
    return played


@pytest.fixture
def run(closed: tuple[dict[str, Played], "DagBag", Path], capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run one of the DAGs to its end."""
    return runner(closed[1], capfd)


def kept_by_airflow(dag_id: str) -> str:
    """Return everything that Airflow's database holds of a DAG and its runs."""
    from airflow.utils.session import create_session  # noqa: PLC0415 - after the environment is set
    from sqlalchemy import MetaData, select  # noqa: PLC0415

    tables = (
        "xcom",
        "rendered_task_instance_fields",
        "dag_run",
        "task_instance",
        "serialized_dag",
        "asset_event",
        "log",
    )
    with create_session() as session:
        known = MetaData()
        known.reflect(session.get_bind(), only=tables)
        rows = {name: [str(row) for row in session.execute(select(known.tables[name]))] for name in tables}
    assert [row for row in rows["xcom"] if dag_id in row]
    return str(rows)


def test_a_backup_whose_tokens_end_in_the_middle_of_it(cluster: Played, run: Any, closed: Any) -> None:
    sensors = [task for task in closed[1].dags[f"back_up_{cluster.name}"].tasks if task.task_id.startswith("wait_")]
    for sensor in sensors:
        sensor.on_worker = 0.0  # all waiting is the triggers'

    done = run(f"back_up_{cluster.name}")

    assert done.state == "success", done.errors
    assert "DEFERRED" in done.log
    assert len(cluster.manifests()) == 1
    asked = [entry for entry in cluster.stand_in.journal("issuer") if entry["method"] == "POST"]
    assert len(asked) > 2
    everything = done.log + kept_by_airflow(f"back_up_{cluster.name}") + str(cluster.manifests())
    assert [shown for shown in (SECRET, TOKEN) if shown in everything] == []


def test_what_travels_to_triggers_names_the_issuer_and_nothing_that_opens_it(
    cluster: Played, closed: tuple[dict[str, Played], "DagBag", Path]
) -> None:
    one = read_cluster(closed[2] / f"{cluster.name}.yaml")
    assert isinstance(one, Cluster)
    parts = [one.part(component) for component in one.all_components]
    travelling = json.dumps([*parts, one.exporting(), one.storage()])
    assert {part["access"]["issuer"] for part in parts} == {f"{cluster.name}_issuer"}
    assert SECRET not in travelling


def test_checks_tell_each_port_that_refuses_before_anything_is_changed(
    cluster: Played, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.stand_in.conditions(guarded={"management": "basic", "search": "bearer"})

    done = run(f"back_up_{cluster.name}")

    assert (done.state, done.tasks["check"], done.tasks["pause"]) == ("failed", "failed", "upstream_failed")
    said = f"connection {cluster.name}_zeebe does not let in the client camunda-backup with a token of {cluster.name}"
    assert said in done.log
    assert cluster.exporting == {"EXPORTING"}
