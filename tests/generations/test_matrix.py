"""Every line of Camunda through the whole backup DAG and the whole restore DAG, on the stand-in."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from camunda_backup.api import GENERATIONS, generation
from camunda_backup.orders import ORDERS
from camunda_backup.releases import made_by
from tests.dag_runs.playing import (
    Played,
    Run,
    cluster_file,
    commands,
    connect,
    fresh,
    parsed,
    quick_part,
    runner,
    separate,
)
from tests.dag_runs.restoring import (
    RESTORE_LIMITS,
    SECRET,
    YES,
    People,
    as_backed_up,
    confirmed,
    require_order,
    shown,
    vouching,
)
from tests.stand_in import StandIn

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

ACTUATOR = "8.10 actuator"
LINES = [line for one in GENERATIONS for line in one.lines]
VARIANTS = [*LINES, ACTUATOR]
ISSUER = {"8.10": ("--client-secret", SECRET)}
# What Camunda published side by side (its release notes and Helm charts, November 2026).
VERSIONS = {
    "8.5": {"zeebe": "8.5.24", "operate": "8.5.20", "tasklist": "8.5.22", "optimize": "8.5.9"},
    "8.6": {"zeebe": "8.6.32", "operate": "8.6.32", "tasklist": "8.6.32", "optimize": "8.6.20"},
    "8.7": {"zeebe": "8.7.21", "operate": "8.7.21", "tasklist": "8.7.21", "optimize": "8.7.14"},
    "8.8": {"zeebe": "8.8.4", "webapps": "8.8.4", "optimize": "8.8.1"},
    "8.9": {"zeebe": "8.9.23", "webapps": "8.9.23", "optimize": "8.9.23"},
    "8.10": {"zeebe": "8.10.6", "webapps": "8.10.6", "optimize": "8.10.6"},
}
OLD, NEW = "/actuator/backups", "/actuator/backupRuntime"
SEPARATE = {"zeebe": OLD, "operate": OLD, "tasklist": OLD}
UNIFIED = {"zeebe": NEW, "webapps": "/actuator/backupHistory"}
ENDPOINTS = {
    "8.5": SEPARATE,
    "8.6": SEPARATE,
    "8.7": SEPARATE,
    "8.8": UNIFIED,
    "8.9": UNIFIED,
    ACTUATOR: UNIFIED,
    "8.10": {"zeebe": "/v2/backups/runtime", "webapps": "/v2/backups/history"},
}
RECORDS = re.compile(r"camunda_zeebe_records_backup_\d+$")
# The order is no matter of the line: a generation's first one shows it for the others.
TURNED = {one.lines[0] for one in GENERATIONS}
BACKED_UP = pytest.mark.parametrize(
    ("variant", "order"),
    [
        pytest.param(
            one, order, marks=pytest.mark.shows("backup", line=one.split()[0], engine="OpenSearch", store="fs")
        )
        for one in VARIANTS
        for order in ORDERS
        if order == "zeebe-first" or one in TURNED
    ],
)
# 8.10 restores itself through its REST API: tests/dag_runs/test_restore_api.py
RESTORED = [one for one in VARIANTS if generation(*one.split()).restore == "application"]


@dataclass
class Matrix:
    """All lines on their stand-ins, and the runs there were."""

    dags: "DagBag"
    played: dict[tuple[str, str], Played]
    runs: dict[tuple[str, str], Run] = field(default_factory=dict)

    def backed_up(self, variant: str, order: str, run: Callable[..., Run]) -> tuple[Played, Run]:
        """Back a fresh cluster up, once for all tests; its stand-in keeps the data of the set that is restored."""
        cluster = self.played[variant, order]
        if (variant, order) not in self.runs:
            fresh(cluster)
            self.runs[variant, order] = run(f"back_up_{cluster.name}")
            if variant in RESTORED and order == "zeebe-first":
                cluster.stand_in.keep()
        return cluster, self.runs[variant, order]


def playing(line: str) -> StandIn:
    """Return a stand-in of the versions that were published for a line."""
    return StandIn(line, "--version", VERSIONS[line]["zeebe"], *ISSUER.get(line, ()), pace=0.02)


def written(variant: str, order: str, name: str, stand_in: StandIn) -> dict[str, Any]:
    """Write the cluster file of a variant."""
    line, *more = variant.split()
    fields: dict[str, Any] = {"management_api": more[0]} if more else {}
    fields |= {"version": VERSIONS[line]["zeebe"], "optimize_version": VERSIONS[line]["optimize"]}
    fields |= {"restore_limits": RESTORE_LIMITS}
    if "issuer" in stand_in.urls and not more:
        fields["identity"] = {"issuer": vouching(name, stand_in)}
    runtime = commands(line, quick_part(stand_in.urls["control"]))
    return cluster_file(line, order, name, runtime=runtime, visual_check={"enabled": False}, **fields)


@pytest.fixture(scope="module")
def matrix(airflow_db: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    """Start a stand-in of each line and parse the DAGs of all cluster files at once."""
    folder: Path = tmp_path_factory.mktemp("matrix")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMUNDA_BACKUP_CLUSTERS", str(folder))
        stand_ins = {line: stack.enter_context(playing(line)) for line in LINES}
        played = {}
        for variant in VARIANTS:
            line = variant.split()[0]
            for order in ORDERS:
                name = f"m{variant.replace('.', '').replace(' ', '-')}-{order}"
                (folder / f"{name}.yaml").write_text(yaml.safe_dump(written(variant, order, name, stand_ins[line])))
                connect(name, stand_ins[line])
                played[variant, order] = Played(name, line, order, stand_ins[line])
        yield Matrix(parsed(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]), played)


@pytest.fixture
def run(matrix: Matrix, capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run one of the DAGs to its end."""
    return runner(matrix.dags, capfd)


@BACKED_UP
def test_a_backup_is_one_set_made_at_the_lines_own_endpoints_inside_its_pause(
    matrix: Matrix, run: Callable[..., Run], variant: str, order: str
) -> None:
    cluster, done = matrix.backed_up(variant, order, run)

    assert done.state == "success", done.errors
    ((_, manifest),) = cluster.manifests().items()
    assert {part["component"]: part["state"] for part in manifest["parts"]} == {
        **dict.fromkeys(ENDPOINTS[variant], "COMPLETED"),
        "optimize": "COMPLETED",
        "records": "SUCCESS",
    }
    assert {component.value: made for component, made in made_by(manifest).items()} == VERSIONS[cluster.line]
    assert manifest["counts"]["process_instances_active"] == 4
    assert cluster.exporting == {"EXPORTING"}
    control = "/v2/exporting" if variant == "8.10" else "/actuator/exporting"
    soft = "?soft=true" if order == "secondary-first" else ""
    posted = [e for e in cluster.stand_in.journal() if e["method"] in {"POST", "PUT"} and is_step(e)]
    assert [posted[0]["path"], posted[-1]["path"]] == [f"{control}/pause{soft}", f"{control}/resume"]
    started = {e["role"]: e["path"] for e in posted[1:-1] if e["role"] != "search"}
    assert started == {**ENDPOINTS[variant], "optimize": OLD}
    assert in_order([e["role"] for e in posted[1:-1]], first_to_last(variant, order))


def first_to_last(variant: str, order: str) -> list[set[str]]:
    """Give the parts in the order in which they are started, those that may be at once together."""
    apps = set(ENDPOINTS[variant]) - {"zeebe"}
    if order == "zeebe-first":
        return [{"zeebe"}, apps, {"optimize"}, {"search"}]
    return [{*apps, "optimize"}, {"search"}, {"zeebe"}]


def in_order(roles: list[str], wanted: list[set[str]]) -> bool:
    """Whether parts were started in an order, each once."""
    found = iter(roles)
    return all({next(found) for _ in together} == together for together in wanted) and not list(found)


def is_step(entry: dict[str, Any]) -> bool:
    """Whether a request changes exporting or starts a part."""
    path = entry["path"].partition("?")[0]
    if entry["role"] == "search":
        return RECORDS.search(path) is not None
    return "/exporting/" in path or "/backup" in path


def test_the_rest_api_is_signed_in_to_from_workers_and_from_the_triggerer(
    matrix: Matrix, run: Callable[..., Run]
) -> None:
    cluster = fresh(matrix.played["8.10", "secondary-first"])
    cluster.stand_in.conditions(sign_in="bearer")
    cluster.stand_in.pace(0.2)
    tasks: list[Any] = matrix.dags.dags[f"back_up_{cluster.name}"].tasks
    sensors = [one for one in tasks if one.task_id.startswith("wait_")]
    for sensor in sensors:
        sensor.on_worker = 0.0

    done = run(f"back_up_{cluster.name}")

    for sensor in sensors:
        sensor.on_worker = 10.0
    assert done.state == "success", done.errors
    assert "DEFERRED" in done.log
    assert SECRET not in done.log
    calls = [e for e in cluster.stand_in.journal() if e["path"].startswith(("/v2/backups", "/v2/exporting"))]
    assert {e["status"] for e in calls} <= {200, 202, 204, 404}
    assert {e["door"] for e in calls} == {"zeebe_rest"}


@pytest.mark.parametrize(
    "variant",
    [
        pytest.param(one, marks=pytest.mark.shows("restore", line=one.split()[0], engine="OpenSearch", store="fs"))
        for one in RESTORED
    ],
)
def test_a_restore_brings_the_lines_backup_back_after_a_disaster(
    matrix: Matrix, run: Callable[..., Run], api: Any, variant: str
) -> None:
    cluster, backup = matrix.backed_up(variant, "zeebe-first", run)
    assert backup.state == "success", backup.errors
    as_backed_up(cluster)
    before, stand_in = shown(cluster), cluster.stand_in
    stand_in.work(2)
    stand_in.disaster()

    with People(api, YES).at_work():
        done = run(f"restore_{cluster.name}", **confirmed(cluster))

    assert done.state == "success", done.errors
    assert shown(cluster) == before
    assert set(stand_in.truth()["processes"].values()) == {"running"}
    apart = {"operate", "tasklist"} if separate(cluster.line) else set()
    assert set(stand_in.truth()["processes"]) == {"zeebe", "optimize", *apart}
    require_order(cluster, done)
