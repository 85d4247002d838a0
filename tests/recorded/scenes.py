"""The calls in their order: scenes that the stand-in plays beside a recording, or beside a cluster that runs."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol

from sandbox.workload import Workload
from tests.recorded.calls import BACKUPS, Answer, Ask, Client
from tests.recorded.recording import asks
from tests.stand_in import StandIn, until

APPS = ("operate", "tasklist")
ALL = ("zeebe", *APPS)
BACKUP = f"{BACKUPS}/{{id}}"
REPOSITORY = "/_snapshot/backups"
PATIENCE = 120  # seconds
POLLED = {
    "zeebe": {"404", "IN_PROGRESS", "INCOMPLETE", "COMPLETED"},
    "operate": {"404", "400", "INCOMPLETE", "COMPLETED"},
    "tasklist": {"404", "IN_PROGRESS", "INCOMPLETE", "COMPLETED"},
}
"""What a poller can see of a backup, ever."""


class Peer(Protocol):
    """What the stand-in is held against."""

    @property
    def clients(self) -> tuple[Client, ...]:
        """The client of a cluster that runs; none of a recording."""

    def answer(self, ask: Ask, *, stranger: bool = False) -> Answer:
        """Return what it answers to a call.

        :param stranger: who has not logged in
        """

    def found(self, what: str, look: Callable[[Client], Any]) -> Any:
        """Return what can be seen in it, beyond a single answer."""

    def outage(self, name: str) -> AbstractContextManager[None]:
        """Bring it into a state of affairs: ``refusing``, ``hanging`` or ``none`` of its store, or ``search``."""


class Pair:
    """The stand-in and its peer, asked the same.

    :param stand_in: it plays Camunda 8.6
    :param backup_id: the first one to use
    """

    def __init__(self, stand_in: StandIn, peer: Peer, backup_id: int, version: str = "8.6.0") -> None:
        self.stand_in, self.peer = stand_in, peer
        self.client = Client(stand_in.urls, backup_id, version)

    @property
    def clients(self) -> tuple[Client, ...]:
        """The clients of all that runs."""
        return self.client, *self.peer.clients

    def close(self) -> None:
        """Let the connections go."""
        for client in self.clients:
            client.close()

    def prepare(self) -> None:
        """Start two instances in each, complete one of them, and log in."""
        for client in self.clients:
            with Workload(client.urls) as work:
                work.deploy()
                work.start(2)
                until(lambda w=work: len(w.open_tasks()), lambda found: found >= 2, seconds=PATIENCE)  # type: ignore[misc]
                work.complete()
                until(lambda w=work: w.count_in_operate()["COMPLETED"], bool, seconds=PATIENCE)  # type: ignore[misc]
                until(lambda w=work: w.count_in_tasklist()["COMPLETED"], bool, seconds=PATIENCE)  # type: ignore[misc]
        self.log_in()

    def log_in(self) -> None:
        """Get session cookies of the web apps."""
        for app in APPS:
            self.settle(Ask(f"{app}_web", "POST", "/api/login?username=demo&password=demo"), is_status(204))

    def compare(self, *asks: Ask) -> None:
        """Send calls to both and compare the answers."""
        for ask in asks:
            played, told = self.client.answer(ask), self.peer.answer(ask)
            assert played == told, f"the stand-in answers {ask} otherwise"

    def settle(self, ask: Ask, wanted: Callable[[int, str], bool]) -> None:
        """Ask until status and text are what is wanted."""
        for client in self.clients:
            ask_again = client.asking(ask)
            until(lambda again=ask_again: again(), lambda told: wanted(*told), seconds=PATIENCE)  # type: ignore[misc]

    def next_id(self) -> None:
        """Go on to a backup ID that was never used."""
        for client in self.clients:
            client.backup_id += 1


def is_status(*statuses: int) -> Callable[[int, str], bool]:
    """Make a test for status codes."""
    return lambda status, _: status in statuses


def has_state(state: str) -> Callable[[int, str], bool]:
    """Make a test for the state of a backup, which stands before those of its parts."""
    told = f'"state":"{state}"'
    return lambda status, text: status == 200 and told in text.replace(" ", "").partition('"details"')[0]


def calls(pair: Pair, scene: str) -> None:
    """Calls that need nothing between them."""
    pair.compare(*asks(scene))


def searches_without_a_login(pair: Pair) -> None:
    """Somebody searches who is nobody."""
    stranger = Client(pair.client.urls, pair.client.backup_id)
    for ask in (
        Ask("operate_web", "POST", "/v1/process-instances/search", {}),
        Ask("tasklist_web", "POST", "/v1/tasks/search", {}),
    ):
        assert stranger.answer(ask) == pair.peer.answer(ask, stranger=True)
    stranger.close()


def a_backup_from_start_to_deletion(pair: Pair, app: str) -> None:
    """One component's backup is made, made again, listed, broken, deleted and deleted again."""
    door = f"{app}_management"
    pair.next_id()
    started = Ask(door, "POST", BACKUPS, {"backupId": "{text}"})
    pair.compare(started)
    if app in APPS:
        pair.compare(Ask(door, "POST", BACKUPS, {"backupId": 77}))  # another one runs
    pair.settle(Ask(door, "GET", BACKUP), has_state("COMPLETED"))
    pair.compare(Ask(door, "GET", BACKUP), started, Ask(door, "GET", BACKUPS))
    if app in APPS:
        third = f"{REPOSITORY}/camunda_{app}_{{id}}_{{version}}_part_3_of_6"
        pair.compare(Ask("search", "DELETE", third), Ask(door, "GET", BACKUP))
    pair.compare(Ask(door, "DELETE", BACKUP))
    pair.settle(Ask(door, "GET", BACKUP), is_status(404))
    pair.compare(Ask(door, "GET", BACKUP), Ask(door, "DELETE", BACKUP))
    if app == "zeebe":
        pair.compare(started)


def the_parts_of_a_backup(pair: Pair, app: str) -> None:
    """Each snapshot of a web app's backup holds the same indices."""
    pair.next_id()
    door = f"{app}_management"
    pair.settle(Ask(door, "POST", BACKUPS, {"backupId": "{id}"}), is_status(200))
    pair.settle(Ask(door, "GET", BACKUP), has_state("COMPLETED"))

    def parts(client: Client) -> Any:
        listed = client.send(Ask("search", "GET", f"{REPOSITORY}/camunda_{app}_{{id}}_*")).json()["snapshots"]
        return [
            {
                "part": one["metadata"]["partNo"],
                "indices": sorted(one["indices"]),
                "told": sorted(one["metadata"]),
                "global": one["include_global_state"],
            }
            for one in sorted(listed, key=lambda one: one["snapshot"])
        ]

    assert parts(pair.client) == pair.peer.found(f"the parts of {app}'s backup", parts)


def what_a_poller_can_see(pair: Pair, app: str) -> None:
    """While a backup runs nothing shows but what is known."""
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
        assert seen <= POLLED[app]


def web_app_calls() -> list[Ask]:
    """Every call of backups to each web app."""
    calls = (("GET", BACKUPS), ("GET", BACKUP), ("POST", BACKUPS), ("DELETE", BACKUP))
    return [
        Ask(f"{app}_management", method, path, {"backupId": "{id}"} if method == "POST" else None)
        for app in APPS
        for method, path in calls
    ]


def without_the_repository(pair: Pair) -> None:
    """The snapshot repository is not registered."""
    asked = Ask("search", "GET", REPOSITORY)
    definitions = [(client, client.send(asked).json()["backups"]) for client in pair.clients]
    for client, _ in definitions:
        assert client.send(Ask("search", "DELETE", REPOSITORY)).ok
    try:
        pair.compare(*web_app_calls())
    finally:
        for client, definition in definitions:
            assert client.send(Ask("search", "PUT", REPOSITORY, definition)).ok


@contextmanager
def outage(pair: Pair, name: str) -> Iterator[None]:
    """Bring Zeebe's backup store into a state of affairs, in both."""
    pair.stand_in.conditions(backup_store=name)
    with pair.peer.outage(name):
        yield
    pair.stand_in.conditions(backup_store="ready")


def zeebes_backup_store_is_stopped(pair: Pair) -> None:
    """Zeebe's backup store refuses connections."""
    pair.next_id()
    started = Ask("zeebe_management", "POST", BACKUPS, {"backupId": "{id}"})
    with outage(pair, "refusing"):
        pair.compare(started)
        for method, path in (("GET", BACKUP), ("GET", BACKUPS), ("DELETE", BACKUP)):
            pair.compare(Ask("zeebe_management", method, path))
    pair.settle(Ask("zeebe_management", "GET", BACKUP), is_status(404))
    pair.compare(started)


def zeebes_backup_store_hangs(pair: Pair) -> None:
    """Zeebe's backup store takes connections and says nothing."""
    pair.next_id()
    with outage(pair, "hanging"):
        pair.compare(Ask("zeebe_management", "POST", BACKUPS, {"backupId": "{id}"}))
        pair.compare(Ask("zeebe_management", "GET", BACKUP))
    completed, lost = has_state("COMPLETED"), "Cannot find a snapshot that can be included"
    # A broker may have made a newer Zeebe snapshot meanwhile, and so lost the one to back up.
    pair.settle(Ask("zeebe_management", "GET", BACKUP), lambda *told: completed(*told) or lost in told[1])


def zeebe_has_no_backup_store(pair: Pair) -> None:
    """Zeebe was configured without a backup store."""
    pair.next_id()
    with outage(pair, "none"):
        pair.compare(Ask("zeebe_management", "POST", BACKUPS, {"backupId": "{id}"}))
        for method, path in (("GET", BACKUP), ("GET", BACKUPS), ("DELETE", BACKUP)):
            pair.compare(Ask("zeebe_management", method, path))


def the_search_engine_is_stopped(pair: Pair) -> None:
    """The search engine refuses connections."""
    pair.stand_in.kill("search")
    with pair.peer.outage("search"):
        pair.compare(*web_app_calls())
        for group in ("", "/readiness", "/liveness"):
            pair.compare(Ask("operate_management", "GET", f"/actuator/health{group}"))
        pair.compare(Ask("tasklist_management", "GET", "/actuator/health/liveness"))
        for operation in ("pause", "resume"):
            pair.compare(Ask("zeebe_management", "POST", f"/actuator/exporting/{operation}"))
    pair.stand_in.revive("search")
    pair.log_in()


Scene = Callable[[Pair], None]
SCENES: MappingProxyType[str, Scene] = MappingProxyType(
    {
        **{scene: partial(calls, scene=scene) for scene in ("single calls", "pauses in a row", "snapshots in a row")},
        "searches without a login": searches_without_a_login,
        **{f"a backup of {app}": partial(a_backup_from_start_to_deletion, app=app) for app in ALL},
        **{f"the parts of a backup of {app}": partial(the_parts_of_a_backup, app=app) for app in APPS},
        **{f"polling a backup of {app}": partial(what_a_poller_can_see, app=app) for app in ALL},
        "without the repository": without_the_repository,
        "Zeebe's backup store is stopped": zeebes_backup_store_is_stopped,
        "Zeebe's backup store hangs": zeebes_backup_store_hangs,
        "Zeebe has no backup store": zeebe_has_no_backup_store,
        "the search engine is stopped": the_search_engine_is_stopped,
    }
)
"""In this order: the last ones leave a cluster with fewer backups."""
