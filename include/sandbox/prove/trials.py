"""The trials: work, a backup under load, more work, the disaster, the restore, and the check of what came back."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import requests
import yaml

from sandbox.camunda_cluster import CamundaCluster
from sandbox.demo.clusters import CLUSTER_FILES
from sandbox.demo.runs import Runs
from sandbox.demo.story import start_together
from sandbox.errors import SandboxError
from sandbox.loopback import TIMEOUT, session
from sandbox.workload import Workload

from . import by_hand
from .check import Check
from .judgement import Row, judge
from .ledger import Kind, Ledger
from .load import Load
from .pauses import Pause, PauseWatch, pause_in

Report = Callable[[str], None]

ORDERS = {"zeebe-first": "hard", "secondary-first": "soft"}
"""The pause that belongs to each order."""

COUNTER_PROOF = "counter-proof"
BEFORE = {Kind.START: 120, Kind.COMPLETION: 20, Kind.CHANGE: 50}
AFTER = {Kind.START: 40, Kind.COMPLETION: 8, Kind.CHANGE: 20}
LOAD_PATIENCE = 300.0
SNAPSHOT_PATIENCE = 120.0
POLL_INTERVAL = 0.5


@dataclass(frozen=True, slots=True)
class Way:
    """One way to back up and to restore.

    :param name: for files
    :param title: what it is called in the table
    :param start: starts what it needs beside the cluster
    :param back_up: makes a backup of a running cluster
    :param restore: brings the destroyed cluster back from it
    """

    name: str
    title: str
    start: Callable[[], None]
    back_up: Callable[[], None]
    restore: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Column:
    """What came of one way.

    :param name: the way's
    :param title: what it is called in the table
    :param rows: the numbers; none when it did not come so far
    :param failure: why it did not
    """

    name: str
    title: str
    rows: tuple[Row, ...] = ()
    failure: str = ""

    @property
    def holds(self) -> bool:
        """Whether the restored cluster was consistent."""
        return bool(self.rows) and all(row.holds for row in self.rows)


def by_the_project(order: str, runs: Runs) -> Way:
    """Return the way of the project's DAGs.

    :param order: the cluster file is called the same
    :param runs: runs of an Airflow that knows this file and no other: to its guard, two would be two clusters
    """
    restoring = {"dry_run": False, "confirm": order, "approve": False}

    def start() -> None:
        runs.airflow.start(runs.say, forget=True)

    def back_up() -> None:
        _run(runs, f"back_up_{order}", f"Backing up, {order}", {}, {})

    def restore() -> None:
        _run(runs, f"restore_{order}", f"Restoring, {order}", restoring, {"sign_off": "Accept"})

    return Way(order, f"{order}, {ORDERS[order]} pause", start, back_up, restore)


def against_the_rule(cluster: CamundaCluster, report: Report) -> Way:
    """Return the way that must not work: Zeebe first under a soft pause, by plain calls.

    :param cluster: what is backed up
    :param report: is told of each step
    """
    made: list[int] = []

    def back_up() -> None:
        made.append(by_hand.back_up(cluster.urls, report))

    def restore() -> None:
        by_hand.restore(cluster, made[-1], report)

    return Way(COUNTER_PROOF, "zeebe-first, soft pause", lambda: None, back_up, restore)


def write_cluster_file(order: str, version: str, folder: Path) -> None:
    """Write the cluster file of an order: the demo's own, without pictures, which prove nothing here.

    :param order: also its name
    :param version: of Camunda, exact
    :param folder: where to
    """
    fields = yaml.safe_load((CLUSTER_FILES / "embedded.yaml").read_text())
    own = {**fields, "version": version, "order": order, "visual_check": {"enabled": False}}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{order}.yaml").write_text(yaml.safe_dump(own, sort_keys=False))


def attempt(way: Way, cluster: CamundaCluster, report: Report) -> Column:
    """Try a way on a cluster of its own.

    :param way: how to back up and restore
    :param cluster: it is started empty and stopped in the end
    :param report: is told how far it is
    """
    report(f"\n{way.title}")
    try:
        with cluster:
            return Column(way.name, way.title, tuple(_trial(way, cluster, report)))
    except SandboxError as error:
        report(str(error))
        return Column(way.name, way.title, failure=str(error))


def _trial(way: Way, cluster: CamundaCluster, report: Report) -> list[Row]:
    start_together(partial(cluster.start, report), way.start)
    cluster.register_repository()
    with Workload(cluster.urls) as work:
        work.deploy()
    ledger = Ledger(cluster.home / f"{way.name}.jsonl")
    load = Load(cluster.urls, ledger)
    pause, backing_up = _back_up_under_load(way, cluster, load)
    report(f"{len(ledger.entries())} requests were made under load, {len(load.refused)} of them refused")
    cluster.destroy(report)
    began = time.monotonic()
    way.restore()
    restoring = time.monotonic() - began
    facts = Check(cluster.urls, report).collect(ledger.entries(), pause.began)
    return [
        Row("pause of exporting, by the broker's word", " ".join(sorted(pause.phases))),
        Row(
            "pause / whole backup / whole restore, seconds", f"{pause.seconds:.0f} / {backing_up:.0f} / {restoring:.0f}"
        ),
        Row("requests refused under load", len(load.refused)),
        *judge(facts),
    ]


def _back_up_under_load(way: Way, cluster: CamundaCluster, load: Load) -> tuple[Pause, float]:
    """Work, back up and work on; return the pause that was seen and the seconds that the backup took."""
    with PauseWatch(cluster.urls["zeebe_management"]) as watch, load:
        load.wait_for(BEFORE, LOAD_PATIENCE)
        take_snapshots(cluster.urls["zeebe_management"])
        began = time.monotonic()
        way.back_up()
        took = time.monotonic() - began
        load.wait_for(AFTER, LOAD_PATIENCE)
    return pause_in(watch.sights), took


def take_snapshots(management: str) -> None:
    """Let every partition take a snapshot of its state, as each does by itself every five minutes.

    Without one, Zeebe would export its whole log again after a restore, and so hide what the backup lost.

    :param management: Zeebe's management port
    :raises SandboxError: a partition has none in time
    """
    deadline = time.monotonic() + SNAPSHOT_PATIENCE
    with session() as direct:
        asked = direct.post(f"{management}/actuator/partitions/takeSnapshot", timeout=TIMEOUT)
        while asked.ok and not _has_snapshots(direct, management):
            if time.monotonic() > deadline:
                raise SandboxError(f"Zeebe has not taken its snapshots after {SNAPSHOT_PATIENCE:.0f} s.")
            time.sleep(POLL_INTERVAL)
    if not asked.ok:
        raise SandboxError(f"Zeebe takes no snapshots: {asked.status_code} {asked.text[:300]}")


def _has_snapshots(direct: requests.Session, management: str) -> bool:
    told = direct.get(f"{management}/actuator/partitions", timeout=TIMEOUT).json()
    return all(partition["snapshotId"] for partition in told.values())


def _run(runs: Runs, dag_id: str, title: str, conf: dict[str, object], answers: dict[str, str]) -> None:
    if runs.run(dag_id, title, conf, answers) is None:
        raise SandboxError(f"The run of {dag_id} failed; see above.")
