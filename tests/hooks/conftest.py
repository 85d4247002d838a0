"""A server of the test's own, and both ways of speaking to it: a worker's and a trigger's."""

import asyncio
import json
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from camunda_backup.api.messages import Answer, Request
from camunda_backup.hooks.http import AsyncJsonHook, JsonHook
from tests.hooks.certificates import Authority, made_in
from tests.hooks.server import Server, serving

CONN_ID = "prod_zeebe"


@pytest.fixture
def server() -> Iterator[Server]:
    """A server without TLS."""
    with serving(Server()) as running:
        yield running


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that the TLS server's certificate comes from."""
    return made_in(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls_server(authority: Authority) -> Iterator[Server]:
    """A server whose certificate only that authority vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server = authority.sign("tls_server")
    context.load_cert_chain(server.certificate, server.key)
    with serving(Server(scheme="https"), context) as running:
        yield running


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Define the connection from its fields in Airflow's JSON form."""

    def define(fields: dict[str, Any], **more: Any) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps({**fields, **more}))

    return define


def by_worker(*requests: Request, access: dict[str, Any] | None = None) -> list[Answer]:
    """Send as operators do."""
    hook = JsonHook(CONN_ID, access)
    return [hook.send(request) for request in requests]


def by_trigger(*requests: Request, access: dict[str, Any] | None = None) -> list[Answer]:
    """Send as triggers do."""

    async def sent() -> list[Answer]:
        async with AsyncJsonHook(CONN_ID, access) as hook:
            return [await hook.send(request) for request in requests]

    return asyncio.run(sent())


@pytest.fixture(params=[by_worker, by_trigger], ids=["worker", "trigger"])
def send(request: pytest.FixtureRequest) -> Callable[..., list[Answer]]:
    """Both ways of sending requests over one hook; a test that takes this runs once for each."""
    way: Callable[..., list[Answer]] = request.param
    return way
