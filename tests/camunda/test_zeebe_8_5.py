"""The user's own Zeebe 8.5 beside stand-ins of the web apps: the backup DAG, and Zeebe's part of a restore."""

import json
import os
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests
import yaml

from camunda_backup.errors import RestoreFailed
from camunda_backup.runtimes import runtime_of
from sandbox import camunda, stores
from sandbox.camunda_home import ZEEBE_ALONE, distribution
from sandbox.programs import Program, Programs
from sandbox.sites import Site
from sandbox.zeebe_alone import BUCKET, RELEASES
from tests.dag_runs.playing import ORDERS, Played, Run, cluster_file, connect, parsed, runner
from tests.hooks.server import Server, serving
from tests.observing import until
from tests.real.benches import PATIENCE, place
from tests.real.store_users import kept, s3
from tests.stand_in import StandIn

RELEASE = RELEASES[ZEEBE_ALONE]
VERSION = distribution(ZEEBE_ALONE).version
STORE = "s3"
EXPORTED = b'{"acknowledged": true, "took": 1, "errors": false, "items": []}'


@dataclass(frozen=True)
class Mixed:
    """The user's Zeebe and the stand-ins, and the DAGs for them."""

    site: Site
    programs: Programs
    sink: Server
    dags: Any
    played: dict[str, Played]

    def phases(self) -> set[str]:
        """The exporter phases, by the broker's own word."""
        told = requests.get(f"{self.site.url('zeebe_management')}/actuator/partitions", timeout=10).json()
        return {partition["exporterPhase"] for partition in told.values()}


@pytest.fixture(scope="module")
def mixed(airflow_db: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mixed]:
    """Start all of it, with a cluster file for each order."""
    home = tmp_path_factory.mktemp("mixed")
    folder = home / "clusters"
    folder.mkdir()
    with (
        place(home) as site,
        Programs(home / "programs") as programs,
        StandIn("8.5", pace=0.05) as stand_in,
        serving(Server(body=EXPORTED)) as sink,
        pytest.MonkeyPatch.context() as patch,
    ):
        stores.install(site.cache, print)
        programs.start(stores.s3(site))
        programs.wait_healthy("s3", PATIENCE)
        s3(site).create_bucket(Bucket=BUCKET)
        programs.start(broker(site, sink))
        programs.wait_healthy("zeebe", PATIENCE)
        stand_in.work(1)  # so that there are records to take a snapshot of
        patch.setenv("CAMUNDA_BACKUP_CLUSTERS", str(folder))
        played = {}
        for order in ORDERS:
            name = f"mixed-{order}"
            (folder / f"{name}.yaml").write_text(yaml.safe_dump({**cluster_file("8.5", order, name), **limits()}))
            connect(name, stand_in)
            own = {"conn_type": "http", "host": site.url("zeebe_management")}
            patch.setenv(f"AIRFLOW_CONN_{name.upper()}_ZEEBE", json.dumps(own))
            played[order] = Played(name, "8.5", order, stand_in)
        yield Mixed(site, programs, sink, parsed(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]), played)


def broker(site: Site, sink: Server) -> Program:
    """Return the broker with an exporter, which is content with whatever is exported to."""
    program = RELEASE.broker(site, STORE)
    exporter = {
        "ZEEBE_BROKER_EXPORTERS_OPENSEARCH_CLASSNAME": camunda.OPENSEARCH_EXPORTER,
        "ZEEBE_BROKER_EXPORTERS_OPENSEARCH_ARGS_URL": f"{sink.scheme}://127.0.0.1:{sink.port}",
    }
    return replace(program, environment={**program.environment, **exporter})


def limits() -> dict[str, Any]:
    """What a broker takes its time for."""
    return {
        "version": VERSION,
        "limits": {"grace": "20s", "faults": "10s", "stall": "60s", "deadline": "120s", "max_pause": "90s"},
    }


@pytest.fixture
def run(mixed: Mixed, capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run one of the DAGs to its end."""
    return runner(mixed.dags, capfd)


@pytest.mark.shows("backup", line="8.5", engine="OpenSearch", store="fs", against="own Zeebe, stand-in web apps")
@pytest.mark.parametrize("order", ORDERS)
def test_a_backup_holds_zeebe_and_the_web_apps_under_one_id(mixed: Mixed, run: Callable[..., Run], order: str) -> None:
    cluster = mixed.played[order]

    done = run(f"back_up_{cluster.name}")

    assert done.state == "success", done.errors
    ((backup_id, manifest),) = cluster.manifests().items()
    parts = {part["component"]: part for part in manifest["parts"]}
    assert set(parts) == {"zeebe", "operate", "tasklist", "optimize", "records"}
    assert {part["state"] for part in parts.values()} == {"COMPLETED", "SUCCESS"}
    assert manifest["camunda_versions"] == [VERSION]
    assert any(str(backup_id) in name for name in kept(mixed.site, STORE, "", BUCKET))
    assert mixed.phases() == {"EXPORTING"}


@pytest.mark.shows("restore", line="8.5", engine="OpenSearch", store="fs", against="own Zeebe's part alone")
def test_the_restore_application_brings_the_broker_back_by_commands(mixed: Mixed) -> None:
    site, backup_id = mixed.site, max(mixed.played["zeebe-first"].manifests())
    mixed.programs.stop("zeebe")
    runtime = runtime_of(commands(site))

    said = runtime.restore_zeebe("broker-0", backup_id)

    assert f"Successfully restored broker from backup {backup_id}" in said
    assert list(camunda.zeebe_data(site).iterdir())
    with pytest.raises(RestoreFailed):
        runtime.restore_zeebe("broker-0", 77777)
    runtime.restore_zeebe("broker-0", backup_id)
    mixed.programs.start(broker(site, mixed.sink))
    mixed.programs.wait_healthy("zeebe", PATIENCE)
    url = f"{site.url('zeebe_management')}/actuator/backups/{backup_id}"
    # a healthy broker's gateway refuses until it knows the partitions' leaders
    until(lambda: requests.get(url, timeout=20).json().get("state") == "COMPLETED", PATIENCE)


def commands(site: Site) -> dict[str, Any]:
    """Write the runtime of a broker that is restored by hand: stopped, its folder to be emptied, then the program."""
    data = shlex.quote(str(camunda.zeebe_data(site)))
    program = RELEASE.restore(site, STORE, 4711)
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in program.environment.items())
    line = f"cd {shlex.quote(str(program.folder))} && env -i {variables} {shlex.join(program.command)}"
    broker = {
        "name": "broker-0",
        "state": "echo stopped",
        "stop": "true",
        "start": "true",
        "empty": f"find {data} -mindepth 1 -delete",
        "restore": line.replace("4711", "{backup_id}"),
    }
    return {"type": "command", "timeout": 60, "restore_timeout": 300, "processes": {"zeebe": [broker]}}
