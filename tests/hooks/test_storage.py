"""The search engine: what may pass is worth another try, a refusal is final, and no body is a traceback."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from camunda_backup.api.generation import Count
from camunda_backup.errors import CamundaBackupError, Rejected, Unreachable
from camunda_backup.hooks.repository import RepositoryHook
from camunda_backup.hooks.storage import StorageHook
from tests.hooks.conftest import CONN_ID
from tests.hooks.server import Server

COUNT = Count("instances", "operate", "list-view-*", {"match_all": {}})

CALLS: dict[str, Callable[[RepositoryHook], Any]] = {
    "definition": RepositoryHook.definition,
    "register": lambda hook: hook.register({"type": "fs"}),
    "snapshots": StorageHook.snapshots,
    "indices": lambda hook: hook.indices("operate"),
    "count": lambda hook: hook.count(COUNT, {"operate": "operate"}),
    "version": StorageHook.version,
    "request": lambda hook: hook.request("GET", "/_doc/1"),
}
READING = {name: call for name, call in CALLS.items() if name not in {"register", "request"}}


@pytest.fixture
def hook(server: Server, connect: Callable[..., None]) -> RepositoryHook:
    """A hook to a search engine whose answers the test decides."""
    connect(server.connection)
    return RepositoryHook("fs", conn_id=CONN_ID, engine="opensearch", repository="backups")


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_may_pass_is_worth_another_try(
    server: Server, hook: RepositoryHook, call: Callable[[RepositoryHook], Any], status: int
) -> None:
    server.status = status
    with pytest.raises(Unreachable, match=f"HTTP {status}"):
        call(hook)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_final(
    server: Server, hook: RepositoryHook, call: Callable[[RepositoryHook], Any], status: int
) -> None:
    server.status = status
    with pytest.raises(Rejected, match=f"HTTP {status}"):
        call(hook)


@pytest.mark.parametrize("call", READING.values(), ids=READING)
@pytest.mark.parametrize("body", ["", "<html>login</html>", "5", '["text"]'])
def test_a_success_that_cannot_be_read_is_worth_another_try(
    server: Server, hook: RepositoryHook, call: Callable[[RepositoryHook], Any], body: str
) -> None:
    server.body = body.encode()
    with pytest.raises(Unreachable, match="unreadable answer"):
        call(hook)


@pytest.mark.parametrize("body", [None, {}, {"nodes": []}, {"nodes": {"a": {}}}], ids=str)
def test_a_verification_that_names_no_nodes_is_no_success(server: Server, hook: RepositoryHook, body: Any) -> None:
    server.body = json.dumps(body).encode()
    with pytest.raises(CamundaBackupError, match="does not verify"):
        hook.verify()
