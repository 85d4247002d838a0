"""Clusters that a stand-in plays, and running the project's DAGs on them to the end."""

import json
import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from sandbox.workload import Workload
from tests.dag_runs.execution_api import asked_directly
from tests.stand_in import StandIn

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

WEB_APPS = ("operate", "tasklist", "rest", "operate_web", "tasklist_web", "optimize_web")
ORDERS = ("zeebe-first", "secondary-first")
LINES = ("8.6", "8.8")
PEOPLE: list[Callable[[], None]] = []  # what those do who answer tasks that wait for a person


@dataclass(frozen=True)
class Played:
    """One cluster file on one stand-in."""

    name: str
    line: str
    order: str
    stand_in: StandIn

    @property
    def exporting(self) -> set[str]:
        """The exporter phases of all partitions, by the stand-in's own truth."""
        return {phase for broker in self.stand_in.truth()["exporting"].values() for phase in broker.values()}

    @property
    def manifest_folder(self) -> Path:
        """Where the cluster's manifests are."""
        return Path(os.environ["CAMUNDA_BACKUP_MANIFESTS"], self.name)

    def manifests(self) -> dict[int, dict[str, Any]]:
        """The manifests written for the cluster, by backup ID."""
        return {int(path.stem): json.loads(path.read_text()) for path in self.manifest_folder.glob("*.json")}


@dataclass(frozen=True)
class Run:
    """How a DAG run ended."""

    state: str
    tasks: dict[str, str]
    results: Callable[[str], Any]
    log: str
    run_id: str

    @property
    def errors(self) -> str:
        """What the tasks said when they failed."""
        found = re.findall(
            r"airflow\.sdk\.exceptions\.Airflow\w*Exception: ((?:.+\n)+?)(?=\d{4}-|\S+Error|$)", self.log
        )
        return "\n".join(dict.fromkeys(found))


def cluster_name(line: str, order: str) -> str:
    """Name the cluster of a line and an order."""
    return f"c{line.replace('.', '')}-{order}"


def separate(line: str) -> bool:
    """Whether Operate and Tasklist are applications of their own on a line."""
    return line in {"8.5", "8.6", "8.7"}


def cluster_file(line: str, order: str, name: str = "", **fields: Any) -> dict[str, Any]:
    """Write the cluster file of a stand-in."""
    name = name or cluster_name(line, order)
    own = WEB_APPS if separate(line) else ("rest", "optimize_web")
    return {
        "version": line,
        "order": order,
        "connections": {connection: f"{name}_{connection}" for connection in ("zeebe", "optimize", *own)},
        "secondary_storage": {"engine": "opensearch", "connection": f"{name}_search"},
        "repository": {"name": "backups", "type": "fs", "settings": {"location": "backups"}},
        "limits": {"grace": "2s", "faults": "2s", "stall": "3s", "deadline": "20s", "max_pause": "30s"},
        "guard": {"rpo": "26h"},
        **fields,
    }


def commands(line: str, part: Callable[[str, str], str]) -> dict[str, Any]:
    """Write the runtime of a stand-in.

    :param part: makes the command that does something to a process
    """

    def process(name: str) -> dict[str, str]:
        return {action: part(action, name) for action in ("state", "stop", "start")}

    broker = {"name": "broker-0", **process("zeebe"), "empty": part("empty", "zeebe")}
    broker |= {"restore": part("restore", "zeebe {backup_id}"), "has_backup": part("has-backup", "zeebe {backup_id}")}
    broker |= {"archive": part("archive", "zeebe"), "unarchive": part("unarchive", "zeebe")}
    apart = ("operate", "tasklist", "optimize") if separate(line) else ("optimize",)
    return {"type": "command", "processes": {"zeebe": [broker], **{name: [process(name)] for name in apart}}}


def quick_part(control: str) -> Callable[[str, str], str]:
    """Make commands that do what the sandbox's own ``sandbox part`` does, and begin a hundred times as fast."""
    url = urlsplit(control)
    script = shlex.join(["bash", str(Path(__file__).with_name("ask_process.sh")), sys.executable])
    return lambda action, name: f"{script} {url.hostname} {url.port} {action} {name}"


def connect(name: str, stand_in: StandIn) -> None:
    """Define the connections of a cluster file."""
    for conn_id, connection in stand_in.connections(name).items():
        fields = {**connection, "extra": {"timeout": 2}}
        os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"] = json.dumps(fields)


def parsed(where: str) -> "DagBag":
    """Parse DAG files as they see the environment now."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager  # noqa: PLC0415 - after the environment is set
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db  # noqa: PLC0415

    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(dag_folder=where)
    assert bag.import_errors == {}
    for dag in bag.dags.values():
        for task in dag.tasks:
            delays: dict[str, Any] = getattr(task, "partial_kwargs", task.__dict__)
            delays.update(retry_delay=timedelta(seconds=0.05), max_retry_delay=timedelta(seconds=0.2))
    sync_bag_to_db(bag, "dags-folder", None)
    return bag


def fresh(cluster: Played) -> Played:
    """Reset the stand-in, and what earlier tests wrote of the cluster."""
    from airflow.models.variable import Variable  # noqa: PLC0415 - after the environment is set

    cluster.stand_in.reset()
    with Workload(cluster.stand_in.urls) as work:
        work.deploy()
        work.start(4)
    Variable.delete(f"camunda_backup_pause_{cluster.name}")
    for backup_id in cluster.manifests():
        (cluster.manifest_folder / f"{backup_id}.json").unlink()
    return cluster


@contextmanager
def job_running(dag_id: str) -> Iterator[None]:
    """Let a run of another job be there meanwhile, which no scheduler advances."""
    from airflow.models.dagrun import DagRun  # noqa: PLC0415 - after the environment is set
    from airflow.utils.session import create_session  # noqa: PLC0415
    from airflow.utils.state import DagRunState  # noqa: PLC0415
    from airflow.utils.types import DagRunTriggeredByType, DagRunType  # noqa: PLC0415

    run_id = f"running__{uuid4()}"
    running = DagRun(
        dag_id=dag_id,
        run_id=run_id,
        run_type=DagRunType.MANUAL,
        triggered_by=DagRunTriggeredByType.TEST,
        state=DagRunState.RUNNING,
    )
    with create_session() as session:
        session.add(running)
    try:
        yield
    finally:
        with create_session() as session:
            session.query(DagRun).filter(DagRun.run_id == run_id).delete()


@contextmanager
def forgetting_conf(dag: Any) -> Iterator[None]:
    """Keep a run's conf out of the DAG's params; without processes of their own, tasks leave it there."""
    params = [holder.params.get_param(name) for holder in (dag, *dag.tasks) for name in holder.params]
    values = [param.value for param in params]
    try:
        yield
    finally:
        for param, value in zip(params, values, strict=True):
            param.value = value


@contextmanager
def looking_often() -> Iterator[None]:
    """Let ``DAG.test`` look twenty times a second, where by itself it sleeps one, and tasks ten times as often.

    A stand-in does in hundredths of a second what takes a real cluster minutes. What waits for people is answered by
    :data:`PEOPLE` as soon as ``DAG.test`` has nothing else to do.
    """
    sleep = time.sleep

    def doze(seconds: float) -> None:
        caller = sys._getframe(1)
        name = caller.f_globals["__name__"]
        if name == "airflow.sdk.definitions.dag":
            if caller.f_locals["awaiting_input_tis"]:
                for answer in PEOPLE:
                    answer()
            sleep(0.05)
        else:
            sleep(seconds / 10 if name.startswith("camunda_backup.") else seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.sleep", doze)
        yield


@contextmanager
def knowing_schemas() -> Iterator[None]:
    """Let params be validated, but not their schemas as well each time that a task's params are read."""
    from jsonschema.exceptions import best_match  # type: ignore[import-untyped] # noqa: PLC0415 - see above
    from jsonschema.validators import validator_for  # type: ignore[import-untyped] # noqa: PLC0415

    def validate(value: Any, schema: Any, **options: Any) -> None:
        if mistake := best_match(validator_for(schema)(schema, **options).iter_errors(value)):
            raise mistake

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jsonschema.validate", validate)
        yield


@contextmanager
def quickly() -> Iterator[None]:
    """Let ``DAG.test`` go without what it needs on a real cluster only."""
    with looking_often(), asked_directly(), knowing_schemas():
        yield


@contextmanager
def going_on(dag_id: str, run_id: str) -> Iterator[None]:
    """Let ``DAG.test`` go on with a run that is there, where by itself it begins a new one."""
    from airflow.models.dagrun import DagRun  # noqa: PLC0415 - after the environment is set
    from airflow.serialization.definitions.dag import SerializedDAG  # noqa: PLC0415

    def found(*, dag: Any, session: Any, **_: Any) -> Any:
        run = session.query(DagRun).filter(DagRun.dag_id == dag_id, DagRun.run_id == run_id).one()
        run.dag, run.state = dag, "running"
        return run

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("airflow.models.dagrun.get_or_create_dagrun", found)
        patch.setattr(SerializedDAG, "clear_dags", lambda **_: None)
        yield


def runner(dags: "DagBag", capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Return what runs a DAG of a bag to its end; with ``again``, a run of which tasks were cleared."""

    def run_dag(dag_id: str, *, again: str | None = None, **conf: Any) -> Run:
        capfd.readouterr()
        resumed = going_on(dag_id, again) if again else nullcontext()
        with forgetting_conf(dags.dags[dag_id]), quickly(), resumed:
            done = dags.dags[dag_id].test(run_conf=conf)
        captured = capfd.readouterr()
        tasks = {
            ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]": str(ti.state)
            for ti in done.get_task_instances()
        }

        def results(task_id: str) -> Any:
            from airflow.models.xcom import XComModel  # noqa: PLC0415
            from airflow.utils.session import create_session  # noqa: PLC0415

            with create_session() as session:
                found = XComModel.get_many(run_id=done.run_id, dag_ids=dag_id, task_ids=task_id, key="return_value")
                value: Any = session.execute(found).scalars().one().value  # type: ignore[attr-defined]
                return json.loads(value) if isinstance(value, str) else value

        return Run(str(done.state), tasks, results, captured.out + captured.err, done.run_id)

    return run_dag
