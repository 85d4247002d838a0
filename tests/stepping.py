"""One task at a time, run in this process on a stand-in: neither a DAG run nor a database is needed."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.sdk import BaseOperator, Context
from airflow.sdk.bases.operator import ExecutorSafeguard

from camunda_backup.clusters import Cluster
from camunda_backup.hooks.camunda import ExportingHook
from camunda_backup.operators.backups import MintBackupId, StartBackup
from camunda_backup.operators.verification import CountSecondaryStorage, RecordManifest, VerifyBackupSet
from camunda_backup.orders import PauseMode
from camunda_backup.sensors.backup import BackupSensor
from camunda_backup.states import Component
from tests.dag_runs.cold_playing import DATABASE, cold_file
from tests.dag_runs.playing import connect
from tests.dag_runs.restoring import changes, work
from tests.stand_in import StandIn, until

NAME = "stepwise_8_6"
LIMITS = {"grace": "1s", "faults": "1s", "stall": "2s", "deadline": "15s", "max_pause": "60s"}
SPOILED = {"status": 500, "body": {"message": "spoiled by the test"}}
LOST = {"act_then": {"drop": True}}


class Store(dict[str, Any]):
    """What a task keeps from one try to the next."""

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        self[key] = value

    def delete(self, key: str) -> None:
        """Forget a value."""
        del self[key]


@dataclass
class Run:
    """A run as its tasks see it.

    :param running: DAGs of which a run is going on
    """

    dag_id: str = f"back_up_{NAME}"
    params: Mapping[str, Any] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)

    def context(self, store: Store | None = None) -> Context:
        """Return what Airflow gives to a task; tries of one task share their store."""
        told = {
            "task_state_store": Store() if store is None else store,
            "ti": _Task(self.running),
            "dag": SimpleNamespace(dag_id=self.dag_id, params=self.params),
            "dag_run": SimpleNamespace(conf=dict(self.params)),
            "run_id": "run",
            "params": self.params,
            "outlet_events": _Events(),
        }
        return cast("Context", told)


@dataclass(frozen=True)
class _Task:
    running: set[str]
    try_number: int = 1

    def get_dr_count(self, dag_id: str, states: list[str]) -> int:
        """Return how many runs of a DAG are going on."""
        return int(dag_id in self.running)

    def get_first_reschedule_date(self, context: Context) -> None:
        """It was never away from its worker."""


class _Events(dict[Any, Any]):
    def __missing__(self, key: Any) -> Any:
        return self.setdefault(key, SimpleNamespace())


@dataclass(frozen=True)
class Bench:
    """A cluster that has a backup, and the stand-in that plays it.

    :param home: the folder of what belongs to it beside the stand-in
    """

    cluster: Cluster
    stand_in: StandIn
    home: Path

    @property
    def manifests(self) -> str:
        """Where its manifests are."""
        return str(self.home / "manifests")

    @property
    def exporting(self) -> set[str]:
        """The exporter phases of all partitions, by the stand-in's own truth."""
        return {phase for broker in self.stand_in.truth()["exporting"].values() for phase in broker.values()}

    @property
    def processes(self) -> set[str]:
        """The states of all processes, each once."""
        return set(self.stand_in.truth()["processes"].values())

    def with_fields(self, **fields: Any) -> Cluster:
        """Return its cluster file with other fields."""
        return Cluster(**{**self.cluster.model_dump(exclude_unset=True), **fields})

    def changes(self) -> list[str]:
        """Return every request that changed something."""
        journal = [e for e in self.stand_in.journal() if e["door"] != "zeebe_rest"]
        commanded = [e["path"] for e in journal if e["method"] == "POST" and "/actuator/" in e["path"]]
        return commanded + changes(journal)

    def pause(self) -> dict[str, Any]:
        """Pause exporting as the pause task does; return what that returns."""
        hook, now = ExportingHook(**self.cluster.exporting()), time.time()
        hook.pause(PauseMode.HARD)
        seen = until(hook.look, lambda found: found.paused(PauseMode.HARD))
        return {"mode": "hard", "asked_at": now, "give_up_at": now + 60, "positions": seen.positions}

    def start(self, component: Component, pause: Mapping[str, Any], backup_id: int) -> StartBackup:
        """Return the task that starts a part."""
        return StartBackup(
            task_id=f"start_{component}",
            backup_id=backup_id,
            pause=pause,
            part=self.cluster.part(component),
            exporting=self.cluster.exporting(),
            links=self.cluster.link_bases(),
        )

    def wait(self, component: Component, started: Mapping[str, Any], **fields: Any) -> BackupSensor:
        """Return the task that waits for a part."""
        return BackupSensor(
            task_id=f"wait_{component}",
            started=started,
            part=self.cluster.part(component),
            patience=self.cluster.limits.patience(),
            **{"deferrable": False, **fields},
        )

    def mint(self) -> MintBackupId:
        """Return the task that makes an ID."""
        components = self.cluster.all_components
        parts = [self.cluster.part(component) for component in components]
        return MintBackupId(task_id="mint", parts=parts, storage=self.cluster.storage(), scheme=self.cluster.id_scheme)

    def made(self, *, resumed: Mapping[str, Any] | None = None) -> VerifyBackupSet:
        """Make every part of a set; return the task that verifies it."""
        cluster, run = self.cluster, Run()
        backup_id = self.mint().execute(run.context())
        pause, started, waited = self.pause(), [], []
        for component in cluster.all_components:
            started.append(self.start(component, pause, backup_id).execute(run.context()))
            waited.append(self.wait(component, started[-1]).execute(run.context()))
        counted = CountSecondaryStorage(
            task_id="count", storage=cluster.storage(), version=cluster.version, prefixes=cluster.prefixes
        ).execute(run.context())
        hook = ExportingHook(**cluster.exporting())
        positions = hook.look().positions
        hook.resume()
        until(hook.look, lambda found: found.runs)
        seen = {"held": True, "positions": positions, "resumed_at": time.time(), "seconds": 1.0}
        return VerifyBackupSet(
            task_id="verify",
            cluster=cluster,
            backup_id=backup_id,
            pause=pause,
            resumed={**seen, **(resumed or {})},
            started=started,
            waited=waited,
            counted=counted,
        )


def refused(task: BaseOperator, run: Run | None = None, store: Store | None = None) -> str:
    """Return the sentence with which a task fails."""
    from airflow.sdk.exceptions import AirflowException  # noqa: PLC0415

    with pytest.raises(AirflowException) as caught:
        task.execute((run or Run()).context(store))
    return str(caught.value)


@contextmanager
def _bench(home: Path) -> Iterator[Bench]:
    with StandIn("8.6", pace=0.02) as stand_in, pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExecutorSafeguard, "test_mode", True)  # tasks are called by hand here
        connect(NAME, stand_in)
        fields = cold_file("8.6", NAME, stand_in, home) | {"limits": LIMITS, "manifests": str(home / "manifests")}
        cluster = Cluster(name=NAME, **json.loads(json.dumps(fields)))
        bench = Bench(cluster, stand_in, home)
        work(stand_in)
        manifest = bench.made().execute(Run().context())
        RecordManifest(task_id="record", manifest=manifest, location=bench.manifests, cluster=NAME).execute(
            Run().context()
        )
        stand_in.keep()
        yield bench


@pytest.fixture(scope="session")
def one_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A cluster of 8.6 after its first backup."""
    with _bench(tmp_path_factory.mktemp("stepwise")) as bench:
        yield bench


@pytest.fixture
def bench(one_bench: Bench) -> Bench:
    """The same cluster as it was after its first backup, whatever tests did to it."""
    connect(NAME, one_bench.stand_in)  # other modules have a stand-in of their own
    one_bench.stand_in.reset(kept="work")
    (one_bench.home / "connectors").write_text("running\n")
    (one_bench.home / DATABASE).write_text("users of now\n")
    return one_bench
