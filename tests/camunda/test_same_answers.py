"""The stand-in answers what the user's own Camunda 8.6 answers, call by call: status, media type, shape."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from sandbox.camunda_cluster import CamundaCluster
from sandbox.sites import BackupStore
from sandbox.workload import Workload
from tests.real.calls import BACKUPS, IDLE, JOURNEYS, Ask, Client
from tests.stand_in import StandIn, until

APPS = ("operate", "tasklist")
ALL = ("zeebe", *APPS)
BACKUP = f"{BACKUPS}/{{id}}"
PATIENCE = 120


@dataclass(frozen=True)
class Pair:
    """The stand-in and the cluster, asked the same."""

    stand_in: StandIn
    camunda: CamundaCluster
    clients: tuple[Client, Client]

    def compare(self, ask: Ask) -> None:
        """Ask both and compare."""
        played, real = (client.answer(ask) for client in self.clients)
        assert played == real, f"the stand-in answers {ask} otherwise"

    def settle(self, ask: Ask, wanted: Callable[[int, str], bool]) -> None:
        """Ask each until status and text are what is wanted."""
        for client in self.clients:
            ask_again = client.asking(ask)
            until(lambda again=ask_again: again(), lambda told: wanted(*told), seconds=PATIENCE)  # type: ignore[misc]

    def next_id(self) -> None:
        """Go on to a backup ID that was never used."""
        for client in self.clients:
            client.backup_id += 1

    def log_in(self) -> None:
        """Get session cookies of the web apps."""
        for app in APPS:
            self.settle(Ask(f"{app}_web", "POST", "/api/login?username=demo&password=demo"), is_status(204))


def is_status(*statuses: int) -> Callable[[int, str], bool]:
    """Make a test for status codes."""
    return lambda status, _: status in statuses


def has_state(state: str) -> Callable[[int, str], bool]:
    """Make a test for the state of a backup, which stands before those of its parts."""
    told = f'"state":"{state}"'
    return lambda status, text: status == 200 and told in text.replace(" ", "").partition('"details"')[0]


@pytest.fixture(scope="module")
def pair(cluster: CamundaCluster) -> Iterator[Pair]:
    """Both clusters, each with two instances started and one of them completed."""
    backup_id = time.time_ns() // 1_000_000
    with StandIn("8.6", "--version", cluster.distribution.version, pace=0.2) as stand_in:
        clients = Client(stand_in.urls, backup_id), Client(cluster.urls, backup_id)
        for client in clients:
            with Workload(client.urls) as work:
                work.deploy()
                work.start(2)
                until(lambda w=work: len(w.open_tasks()), lambda found: found >= 2, seconds=PATIENCE)  # type: ignore[misc]
                work.complete()
                until(lambda w=work: w.count_in_operate()["COMPLETED"], bool, seconds=PATIENCE)  # type: ignore[misc]
                until(lambda w=work: w.count_in_tasklist()["COMPLETED"], bool, seconds=PATIENCE)  # type: ignore[misc]
        both = Pair(stand_in, cluster, clients)
        both.log_in()
        yield both
        for client in clients:
            client.close()


@pytest.mark.parametrize("ask", IDLE, ids=str)
def test_single_calls(pair: Pair, ask: Ask) -> None:
    pair.compare(ask)


@pytest.mark.parametrize("name", JOURNEYS)
def test_calls_in_a_row(pair: Pair, name: str) -> None:
    for ask in JOURNEYS[name]:
        pair.compare(ask)


def test_searches_without_a_login(pair: Pair) -> None:
    strangers = [Client(client.urls, client.backup_id) for client in pair.clients]
    for ask in (
        Ask("operate_web", "POST", "/v1/process-instances/search", {}),
        Ask("tasklist_web", "POST", "/v1/tasks/search", {}),
    ):
        played, real = (stranger.answer(ask) for stranger in strangers)
        assert played == real
    for stranger in strangers:
        stranger.close()


@pytest.mark.parametrize("app", ALL)
def test_a_backup_from_start_to_deletion(pair: Pair, app: str) -> None:
    door = f"{app}_management"
    pair.next_id()
    started = Ask(door, "POST", BACKUPS, {"backupId": "{text}"})
    pair.compare(started)
    if app in APPS:
        pair.compare(Ask(door, "POST", BACKUPS, {"backupId": 77}))  # another one runs
    pair.settle(Ask(door, "GET", BACKUP), has_state("COMPLETED"))
    pair.compare(Ask(door, "GET", BACKUP))
    pair.compare(started)
    pair.compare(Ask(door, "GET", BACKUPS))
    if app in APPS:
        third = f"/_snapshot/backups/camunda_{app}_{{id}}_{pair.camunda.distribution.version}_part_3_of_6"
        pair.compare(Ask("search", "DELETE", third))
        pair.compare(Ask(door, "GET", BACKUP))
    pair.compare(Ask(door, "DELETE", BACKUP))
    pair.settle(Ask(door, "GET", BACKUP), is_status(404))
    pair.compare(Ask(door, "GET", BACKUP))
    pair.compare(Ask(door, "DELETE", BACKUP))
    if app == "zeebe":
        pair.compare(started)


@pytest.mark.parametrize("app", APPS)
def test_each_part_of_a_backup_holds_the_same_indices(pair: Pair, app: str) -> None:
    pair.next_id()
    door = f"{app}_management"
    pair.settle(Ask(door, "POST", BACKUPS, {"backupId": "{id}"}), is_status(200))
    pair.settle(Ask(door, "GET", BACKUP), has_state("COMPLETED"))
    held = []
    for client in pair.clients:
        listed = client.send(Ask("search", "GET", f"/_snapshot/backups/camunda_{app}_{{id}}_*")).json()["snapshots"]
        held.append({s["snapshot"]: (sorted(s["indices"]), s["metadata"], s["include_global_state"]) for s in listed})
    assert held[0] == held[1]


@pytest.mark.parametrize("app", ALL)
def test_what_a_poller_can_see(pair: Pair, app: str) -> None:
    """While a backup runs neither shows anything but what is known."""
    known = {
        "zeebe": {"404", "IN_PROGRESS", "INCOMPLETE", "COMPLETED"},
        "operate": {"404", "400", "INCOMPLETE", "COMPLETED"},
        "tasklist": {"404", "IN_PROGRESS", "INCOMPLETE", "COMPLETED"},
    }[app]
    pair.next_id()
    door = f"{app}_management"
    pair.settle(Ask(door, "POST", BACKUPS, {"backupId": "{id}"}), is_status(200, 202))
    for client in pair.clients:
        seen: set[str] = set()
        deadline = time.monotonic() + PATIENCE
        while "COMPLETED" not in seen and time.monotonic() < deadline:
            found = client.send(Ask(door, "GET", BACKUP))
            seen.add(found.json()["state"] if found.ok else str(found.status_code))
        assert "COMPLETED" in seen
        assert seen <= known


WEB_APP_CALLS = (("GET", BACKUPS), ("GET", BACKUP), ("POST", BACKUPS), ("DELETE", BACKUP))


def web_app_calls() -> Iterator[Ask]:
    for app in APPS:
        for method, path in WEB_APP_CALLS:
            body = {"backupId": "{id}"} if method == "POST" else None
            yield Ask(f"{app}_management", method, path, body)


def test_without_the_repository(pair: Pair) -> None:
    repository = "/_snapshot/backups"
    definitions = [c.send(Ask("search", "GET", repository)).json()["backups"] for c in pair.clients]
    for client in pair.clients:
        assert client.send(Ask("search", "DELETE", repository)).ok
    try:
        for ask in web_app_calls():
            pair.compare(ask)
    finally:
        for client, definition in zip(pair.clients, definitions, strict=True):
            assert client.send(Ask("search", "PUT", repository, definition)).ok


@contextmanager
def backup_store(pair: Pair, condition: str, outage: AbstractContextManager[None]) -> Iterator[None]:
    pair.stand_in.conditions(backup_store=condition)
    with outage:
        yield
    pair.stand_in.conditions(backup_store="ready")


@contextmanager
def restarted(cluster: CamundaCluster, part: str, store: BackupStore) -> Iterator[None]:
    """Run one part of the cluster with another kind of backup store."""
    cluster.stop_part(part)
    cluster.start_part(part, backup_store=store)
    try:
        cluster.wait_healthy(part, PATIENCE)
        yield
    finally:
        cluster.stop_part(part)
        cluster.start_part(part)
        cluster.wait_healthy(part, PATIENCE)


@contextmanager
def stopped(cluster: CamundaCluster, part: str) -> Iterator[None]:
    """Keep one part of the cluster from running."""
    cluster.stop_part(part)
    try:
        yield
    finally:
        cluster.start_part(part)
        cluster.wait_healthy(part, PATIENCE)


@contextmanager
def frozen(cluster: CamundaCluster, part: str) -> Iterator[None]:
    """Keep one part of the cluster from answering."""
    cluster.freeze_part(part)
    try:
        yield
    finally:
        cluster.thaw_part(part)


def test_while_zeebes_backup_store_is_stopped(pair: Pair) -> None:
    pair.next_id()
    started = Ask("zeebe_management", "POST", BACKUPS, {"backupId": "{id}"})
    with backup_store(pair, "refusing", stopped(pair.camunda, "store")):
        pair.compare(started)
        for method, path in (("GET", BACKUP), ("GET", BACKUPS), ("DELETE", BACKUP)):
            pair.compare(Ask("zeebe_management", method, path))
    pair.settle(Ask("zeebe_management", "GET", BACKUP), is_status(404))
    pair.compare(started)


def test_while_zeebes_backup_store_hangs(pair: Pair) -> None:
    pair.next_id()
    with backup_store(pair, "hanging", frozen(pair.camunda, "store")):
        pair.compare(Ask("zeebe_management", "POST", BACKUPS, {"backupId": "{id}"}))
        pair.compare(Ask("zeebe_management", "GET", BACKUP))
    completed, lost = has_state("COMPLETED"), "Cannot find a snapshot that can be included"
    # The real one may have made a newer Zeebe snapshot meanwhile, and so lost the one to back up.
    pair.settle(Ask("zeebe_management", "GET", BACKUP), lambda *told: completed(*told) or lost in told[1])


def test_when_zeebe_has_no_backup_store(pair: Pair) -> None:
    pair.next_id()
    with backup_store(pair, "none", restarted(pair.camunda, "zeebe", "none")):
        pair.compare(Ask("zeebe_management", "POST", BACKUPS, {"backupId": "{id}"}))
        for method, path in (("GET", BACKUP), ("GET", BACKUPS), ("DELETE", BACKUP)):
            pair.compare(Ask("zeebe_management", method, path))


def test_while_the_search_engine_is_stopped(pair: Pair) -> None:
    pair.stand_in.kill("search")
    with stopped(pair.camunda, "search"):
        for ask in web_app_calls():
            pair.compare(ask)
        for group in ("", "/readiness", "/liveness"):
            pair.compare(Ask("operate_management", "GET", f"/actuator/health{group}"))
        pair.compare(Ask("tasklist_management", "GET", "/actuator/health/liveness"))
        for operation in ("pause", "resume"):
            pair.compare(Ask("zeebe_management", "POST", f"/actuator/exporting/{operation}"))
    pair.stand_in.revive("search")
    for app in APPS:
        pair.camunda.wait_healthy(app, PATIENCE)
    pair.log_in()
