"""A search engine of its own, and the product's ways of speaking to it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Context

from camunda_backup.api.messages import Answer, Request
from camunda_backup.hooks.parts import Part, PartHook
from camunda_backup.hooks.repository import RepositoryHook
from camunda_backup.operators.repository import SetUpRepository
from camunda_backup.states import Component, Phase, Report
from camunda_backup.storage.engine import Snapshot
from sandbox import fetch
from sandbox.engines import SearchEngine
from sandbox.programs import Program, Programs
from sandbox.sites import Site
from tests.observing import until

PORTS = int(os.environ.get("SANDBOX_TEST_PORTS", "29000")) + 400  # the cluster may be up
PATIENCE = 120.0  # seconds
CONN_ID = "real_search"
RECORDS = "zeebe-record"
ENDED = {Phase.COMPLETED, Phase.FAILED}


@dataclass(frozen=True)
class Bench:
    """One search engine alone.

    :param engine: its name, as in a cluster file
    :param url: its address
    :param repositories: the folder of its repositories of type `fs`
    :param node: the name of its one node
    """

    engine: str
    url: str
    repositories: Path
    node: str = "search"

    def hook(self, repository: str, kind: str = "fs") -> RepositoryHook:
        """The product's hook to the engine and a repository of it."""
        return RepositoryHook(**self.access(repository, kind))

    def access(self, repository: str, kind: str, sign_in: str | None = None) -> dict[str, Any]:
        """What the product's steps are told of a repository."""
        storage = {"conn_id": CONN_ID, "engine": self.engine, "repository": repository}
        return {"kind": kind, "sign_in": sign_in, **storage}

    def set_up(
        self, repository: str, definition: dict[str, Any], sign_in: str | None = None, *, overwrite: bool = False
    ) -> dict[str, Any]:
        """Run the product's step that registers a repository and proves that it works."""
        access = self.access(repository, definition["type"], sign_in)
        step = SetUpRepository(
            task_id="set_up", cluster="real", access=access, definition=definition, overwrite=overwrite
        )
        done: dict[str, Any] = step.step(Context())
        return done

    def records(self, repository: str, prefix: str = RECORDS) -> PartHook:
        """The product's hook to the part of a backup set that is a snapshot of Zeebe's records."""
        return PartHook(Part(Component.RECORDS, CONN_ID, "8.6", self.engine, repository, prefix))

    def taken(self, repository: str, backup_id: int, prefix: str = RECORDS) -> Report:
        """Take that snapshot, and return what it came to."""
        hook = self.records(repository, prefix)
        hook.start(backup_id)
        return self.ended(hook, backup_id)

    @staticmethod
    def ended(hook: PartHook, backup_id: int) -> Report:
        """Return what a part of a backup came to."""
        until(lambda: hook.status(backup_id).phase in ENDED, PATIENCE)
        return hook.status(backup_id)

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        """Send a request of the test's own."""
        return self.hook("none").send(Request(method, path, query, body))

    def fill(self, index: str, documents: int = 3, **settings: Any) -> None:
        """Make an index of one shard with some documents in it."""
        shape = {"number_of_shards": 1, "number_of_replicas": 0, **settings}
        assert self.ask("PUT", f"/{index}", {"settings": shape}, wait_for_active_shards="0").ok
        for number in range(documents):
            assert self.ask("PUT", f"/{index}/_doc/{number}", {"number": number}, refresh="true").ok

    def count(self, index: str) -> int:
        """Count an index's documents."""
        return int(self.ask("GET", f"/{index}/_count").body["count"])

    def brought_back(self, repository: str, snapshot: Snapshot) -> None:
        """Restore a snapshot and wait until every shard is there."""
        hook = self.hook(repository)
        hook.restore(snapshot)
        names = snapshot.indices
        until(lambda: {shard.state for shard in hook.shards(names)} == {"STARTED"}, PATIENCE)


@contextmanager
def running(home: Path, name: str, *programs: Program) -> Iterator[Programs]:
    """Run some programs and wait until each is ready for work."""
    with Programs(home / name) as started:
        for program in programs:
            started.start(program)
        for program in programs:
            started.wait_healthy(program.name, PATIENCE)
        yield started


@contextmanager
def place(home: Path, ports: int = PORTS) -> Iterator[Site]:
    """A place for programs of the test's own; meanwhile the connection leads to its search engine."""
    site = Site(home, fetch.cache_folder(), ports, "none", "backups")
    connection = {"conn_type": "http", "host": site.url("search")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(connection))
        yield site


def bench_at(engine: str, site: Site) -> Bench:
    """The search engine that runs at a place."""
    return Bench(engine, site.url("search"), site.home("search") / "snapshots")


@contextmanager
def bench(engine: SearchEngine, home: Path) -> Iterator[Bench]:
    """A running search engine."""
    with place(home) as site:
        fetch.fetch(engine.artifacts, site.cache, fetch.maven(print), print)
        with running(home, "programs", engine.program(site)):
            yield bench_at(engine.name, site)
