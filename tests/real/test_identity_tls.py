"""Tokens of a real Keycloak over TLS, on workers and in triggers, for a port that verifies their signatures."""

import asyncio
import json
import os
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest

from camunda_backup.api.messages import Answer, Request
from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.hooks.http import AsyncJsonHook, JsonHook
from sandbox import fetch, keycloak
from sandbox.programs import Programs
from sandbox.sites import Site
from tests.hooks.certificates import Authority, made_in
from tests.hooks.server import Given, Received, Server, serving
from tests.hooks.signing_in import told

PORTS = int(os.environ.get("SANDBOX_TEST_PORTS", "29000")) + 300  # the embedded cluster may be up
PATIENCE = 240.0  # seconds
ISSUER, CONN_ID = "real_issuer_tls", "real_management"
LOOK = Request("GET", "/actuator/backups")
OIDC = {"kind": "oidc", "issuer": ISSUER, "audience": None, "scope": None}

Send = Callable[..., list[Answer]]
Connect = Callable[..., None]


@dataclass(frozen=True)
class Place:
    """Keycloak with TLS, and the authority of its certificate."""

    site: Site
    programs: Programs
    authority: Authority

    @property
    def issuer(self) -> str:
        """Its name for itself."""
        return keycloak.tls_issuer(self.site)


@dataclass
class Port:
    """A management port that believes nobody but the provider.

    :param audience: that a token must be for
    :param seen: the tokens that were good
    """

    place: Place
    audience: str
    seen: list[str]

    def decide(self, received: Received) -> Given:
        """Verify signature, issuer, audience and time of a token."""
        token = received.headers.get("authorization", "").removeprefix("Bearer ")
        context = ssl.create_default_context(cafile=str(self.place.authority.ca))
        keys = jwt.PyJWKClient(f"{self.place.issuer}/protocol/openid-connect/certs", ssl_context=context)
        try:
            key = keys.get_signing_key_from_jwt(token)
            jwt.decode(token, key, algorithms=["RS256"], audience=self.audience, issuer=self.place.issuer)
        except jwt.InvalidTokenError as error:
            return told(401, {"message": type(error).__name__})
        self.seen.append(token)
        return told(200)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Keycloak alone."""
    home = tmp_path_factory.mktemp("identity_tls")
    site = Site(home / "data", fetch.cache_folder(), PORTS, "none", "backups")
    authority = made_in(home)
    shown = authority.sign("keycloak")
    with Programs(home) as programs:
        keycloak.prepare(site, programs, print)
        programs.start(keycloak.keycloak(site, (shown.certificate, shown.key)))
        programs.wait_healthy("keycloak", PATIENCE)
        yield Place(site, programs, authority)


@pytest.fixture
def port(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Port]:
    """A port with TLS, and the connection to it."""
    shown, context = place.authority.sign("port"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.certificate, shown.key)
    with serving(Server(scheme="https"), context) as server:
        made = Port(place, keycloak.AUDIENCES[0], [])
        server.decide = made.decide
        fields = {**server.connection, "extra": {"verify": str(place.authority.ca)}}
        monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(fields))
        yield made


@pytest.fixture
def connect(place: Place, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Define the connection to Keycloak, with other fields."""

    def define(**fields: Any) -> None:
        client = {"login": keycloak.CLIENT, "password": keycloak.SECRET, "extra": {"verify": str(place.authority.ca)}}
        told_of = {"conn_type": "http", "host": place.issuer, **client, **fields}
        monkeypatch.setenv(f"AIRFLOW_CONN_{ISSUER.upper()}", json.dumps(told_of))

    define()
    return define


def by_worker(*requests: Request) -> list[Answer]:
    hook = JsonHook(CONN_ID, OIDC)
    return [hook.send(request) for request in requests]


def by_trigger(*requests: Request) -> list[Answer]:
    async def sent() -> list[Answer]:
        async with AsyncJsonHook(CONN_ID, OIDC) as hook:
            return [await hook.send(request) for request in requests]

    return asyncio.run(sent())


@pytest.fixture(params=[by_worker, by_trigger], ids=["worker", "trigger"])
def send(request: pytest.FixtureRequest) -> Send:
    way: Send = request.param
    return way


def test_a_token_opens_the_port(port: Port, connect: Connect, send: Send) -> None:
    assert send(LOOK, LOOK) == [Answer(200, {})] * 2
    assert len(set(port.seen)) == 1


def test_a_token_for_another_audience_does_not_and_is_told(port: Port, connect: Connect, send: Send) -> None:
    port.audience = "optimize-api"
    (answer,) = send(LOOK)
    assert str(answer).startswith(
        f"HTTP 401 InvalidAudienceError; connection {CONN_ID} does not let in the client {keycloak.CLIENT} with a token"
        f" of {ISSUER}"
    )


def test_short_tokens_are_renewed_before_they_end(port: Port, connect: Connect, send: Send) -> None:
    connect(login=keycloak.HASTY_CLIENT)
    end = time.monotonic() + 4 * keycloak.HASTY_SECONDS
    while len(set(port.seen)) < 3 and time.monotonic() < end:
        assert send(LOOK, LOOK, LOOK) == [Answer(200, {})] * 3
    assert len(set(port.seen)) == 3


def test_a_wrong_secret_is_told(port: Port, connect: Connect, send: Send) -> None:
    connect(password="wrong")
    with pytest.raises(Rejected, match=f"connection {ISSUER}: the identity provider refuses the client"):
        send(LOOK)


def test_an_authority_that_nobody_named_is_not_trusted(
    port: Port, connect: Connect, send: Send, tmp_path: Path
) -> None:
    connect(password=f"never sent, {tmp_path}", extra={})  # so that no token of it is known yet
    with pytest.raises(Unreachable, match=f"{ISSUER}.: no connection: its certificate is not trusted; name your CA's"):
        send(LOOK)
