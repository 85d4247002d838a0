"""Every way to sign in, from workers and from triggers alike, over TLS: right, wrong and misconfigured."""

import asyncio
import base64
import json
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from camunda_backup.api.messages import Answer, Request
from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.hooks.http import AsyncJsonHook, JsonHook
from tests.hooks.certificates import Authority
from tests.hooks.conftest import CONN_ID
from tests.hooks.server import Given, Received, Server, serving
from tests.hooks.signing_in import CLIENT, DISCOVERY, ENDPOINT, SECRET, Provider, told

Send = Callable[..., list[Answer]]
Show = Callable[..., None]

LOOK = Request("GET", "/v2/exporting")
PAUSE = Request("POST", "/v2/exporting/pause", permission="EXPORTER:PAUSE")
PASSWORD, TOKEN, KEY = "hunter2-of-demo", "hunter2-token", "aHVudGVyMjpvZi10aGUta2V5"
ISSUER = "prod_identity"
OIDC = {"kind": "oidc", "issuer": ISSUER, "audience": None, "scope": None}
IN = [Answer(200, {})]


@pytest.fixture
def show(tls_server: Server, authority: Authority, connect: Callable[..., None]) -> Show:
    """Define the connection to a server that speaks TLS, with more fields."""

    def define(extra: dict[str, Any] | None = None, **fields: Any) -> None:
        connect(tls_server.connection, extra={"verify": str(authority.ca), **(extra or {})}, **fields)

    return define


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """An identity provider, and the connection to it."""
    with serving(Server()) as server:
        made = Provider(server, methods=["client_secret_post"])
        monkeypatch.setenv(f"AIRFLOW_CONN_{ISSUER.upper()}", json.dumps(made.connection))
        yield made


def let_in_only(server: Server, *values: str | None) -> None:
    """Answer 401 to everybody whose Authorization header is none of these."""
    server.decide = lambda received: told(200 if received.headers.get("authorization") in values else 401)


def takes_newest(server: Server, provider: Provider) -> None:
    """Answer 401 to everybody who does not show the provider's newest token."""

    def decide(received: Received) -> Given:
        newest = f"Bearer {provider.tokens[-1]}" if provider.tokens else None
        return told(200 if newest and received.headers.get("authorization") == newest else 401)

    server.decide = decide


def basic(login: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


def unusable(send: Send, access: dict[str, Any] | None = None) -> str:
    with pytest.raises(Rejected) as caught:
        send(LOOK, access=access)
    start = f"connection {CONN_ID} cannot be used as it is: "
    assert str(caught.value).startswith(start)
    return str(caught.value).removeprefix(start)


class TestConnection:
    @pytest.mark.parametrize("kind", [None, "connection", "basic"])
    def test_a_login_is_basic(self, tls_server: Server, show: Show, send: Send, kind: str | None) -> None:
        let_in_only(tls_server, basic("demo", PASSWORD))
        show(login="demo", password=PASSWORD)
        assert send(LOOK, access=kind and {"kind": kind}) == IN

    @pytest.mark.parametrize("kind", [None, "connection", "bearer"])
    def test_a_password_without_a_login_is_a_token(
        self, tls_server: Server, show: Show, send: Send, kind: str | None
    ) -> None:
        let_in_only(tls_server, f"Bearer {TOKEN}")
        show(password=TOKEN)
        assert send(LOOK, access=kind and {"kind": kind}) == IN

    def test_the_scheme_of_a_token_may_be_another(self, tls_server: Server, show: Show, send: Send) -> None:
        let_in_only(tls_server, f"ApiKey {KEY}")
        show({"auth_scheme": "ApiKey"}, password=KEY)
        assert send(LOOK) == IN

    def test_a_header_in_extra_is_sent_as_it_is(self, tls_server: Server, show: Show, send: Send) -> None:
        let_in_only(tls_server, f"Custom {TOKEN}")
        show({"Authorization": f"Custom {TOKEN}"})
        assert send(LOOK) == IN

    @pytest.mark.parametrize(
        "fields", [{"login": "demo", "password": PASSWORD}, {"password": TOKEN}, {"extra": {"Authorization": "x"}}]
    )
    def test_none_sends_nothing_whatever_the_connection_holds(
        self, tls_server: Server, show: Show, send: Send, fields: dict[str, Any]
    ) -> None:
        let_in_only(tls_server, None)
        show(**fields)
        assert send(LOOK, access={"kind": "none"}) == IN

    @pytest.mark.parametrize(
        ("kind", "fields", "wrong"),
        [
            ("connection", {"login": "demo"}, "it has no password; enter login and password, or a token as password"),
            ("basic", {"password": TOKEN}, "it has no login; enter login and password, or a token as password"),
            ("basic", {}, "it has no login; enter login and password, or a token as password and no login"),
            ("bearer", {}, "it needs a token as password and no login"),
            ("bearer", {"login": "demo", "password": TOKEN}, "it needs a token as password and no login"),
            ("connection", {"extra": {"auth_scheme": "ApiKey"}}, "its extra says auth_scheme, but it has no password"),
            (
                "connection",
                {"login": "demo", "password": KEY, "extra": {"auth_scheme": "ApiKey"}},
                "it has a login, and its extra says auth_scheme, which is for a token; keep one of them",
            ),
            (
                "connection",
                {"password": TOKEN, "extra": {"authorization": "Bearer x"}},
                "it has credentials and an Authorization header in its extra; keep one of them",
            ),
            (
                "connection",
                {"extra": {"client_secret": TOKEN}},
                "client_secret in its extra would be sent as a header;",
            ),
            ("connection", {"extra": {"Token": TOKEN}}, "Token in its extra would be sent as a header;"),
        ],
    )
    def test_what_cannot_be_meant_is_one_sentence_without_a_secret(
        self, tls_server: Server, show: Show, send: Send, *, kind: str, fields: dict[str, Any], wrong: str
    ) -> None:
        show(**fields)
        said = unusable(send, {"kind": kind})
        assert said.startswith(wrong)
        assert not [one for one in (PASSWORD, TOKEN, KEY) if one in said]
        assert tls_server.received == []


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "who"),
        [
            ({}, "somebody without credentials: enter login and password, or a token as password and no login, or let"),
            ({"login": "demo", "password": "wrong"}, "the login demo: correct its login or password"),
            ({"password": "wrong"}, "its token: enter one that is valid as its password"),
            ({"extra": {"Authorization": "wrong"}}, "the Authorization header in its extra: correct that header"),
        ],
    )
    def test_a_401_says_who_and_what_to_correct(
        self, tls_server: Server, show: Show, send: Send, fields: dict[str, Any], who: str
    ) -> None:
        let_in_only(tls_server, "nobody")
        show(**fields)
        (answer,) = send(LOOK)
        assert isinstance(answer.failure("not paused"), Rejected)
        assert f"not paused: HTTP 401 {{}}; connection {CONN_ID} does not let in {who}" in str(
            answer.failure("not paused")
        )
        assert len(tls_server.received) == 1

    def test_a_403_names_the_permission(self, tls_server: Server, show: Show, send: Send) -> None:
        tls_server.decide = lambda _: told(403, {"detail": "Forbidden"})
        show(login="demo", password=PASSWORD)
        (answer,) = send(PAUSE)
        assert str(answer) == (
            f"HTTP 403 Forbidden; connection {CONN_ID}: the login demo may not do this; give it the permission"
            " EXPORTER:PAUSE"
        )

    def test_a_refused_token_of_the_provider_names_client_issuer_and_audience(
        self, tls_server: Server, show: Show, send: Send, provider: Provider
    ) -> None:
        let_in_only(tls_server, "nobody")
        show()
        (answer,) = send(LOOK, access={**OIDC, "audience": "zeebe-api"})
        assert answer.refusal == (
            f"connection {CONN_ID} does not let in the client {CLIENT} with a token of {ISSUER}: it must trust that"
            " issuer, and want what the cluster file asks for with the token (audience zeebe-api)"
        )
        assert (len(tls_server.received), len(provider.tokens)) == (2, 2)


class TestTokens:
    def test_one_serves_many_requests(self, tls_server: Server, show: Show, send: Send, provider: Provider) -> None:
        takes_newest(tls_server, provider)
        show()
        assert send(LOOK, LOOK, LOOK, access=OIDC) == IN * 3
        assert [one.target for one in provider.server.received] == [DISCOVERY, ENDPOINT]

    def test_one_serves_hooks_of_both_kinds(self, tls_server: Server, show: Show, provider: Provider) -> None:
        takes_newest(tls_server, provider)
        show()
        assert JsonHook(CONN_ID, OIDC).send(LOOK).ok

        async def by_trigger() -> Answer:
            async with AsyncJsonHook(CONN_ID, OIDC) as hook:
                return await hook.send(LOOK)

        assert asyncio.run(by_trigger()).ok
        assert JsonHook(CONN_ID, OIDC).send(LOOK).ok
        assert len(provider.tokens) == 1

    def test_each_audience_and_scope_has_its_own(
        self, tls_server: Server, show: Show, send: Send, provider: Provider
    ) -> None:
        show()
        for wish in ({"audience": "a"}, {"audience": "b"}, {"scope": "a"}, {"audience": "a"}):
            send(LOOK, access={**OIDC, **wish})
        assert [(form.get("audience"), form.get("scope")) for form in provider.forms] == [
            ("a", None),
            ("b", None),
            (None, "a"),
        ]

    def test_a_corrected_connection_gets_its_own(
        self, tls_server: Server, show: Show, send: Send, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        show()
        send(LOOK, access=OIDC)
        changed = {**provider.connection, "password": "wrong"}
        monkeypatch.setenv(f"AIRFLOW_CONN_{ISSUER.upper()}", json.dumps(changed))
        with pytest.raises(Rejected, match="the identity provider refuses the client"):
            send(LOOK, access=OIDC)

    def test_one_that_ends_while_somebody_waits_is_renewed_before(
        self, tls_server: Server, show: Show, send: Send, provider: Provider
    ) -> None:
        provider.lifetime = 1
        takes_newest(tls_server, provider)
        show()

        def answer() -> Iterator[int]:
            while len(provider.tokens) < 3:
                yield send(LOOK, access=OIDC)[0].status

        assert set(answer()) == {200}

    def test_one_refused_is_given_up_once(self, tls_server: Server, show: Show, send: Send, provider: Provider) -> None:
        takes_newest(tls_server, provider)
        show()
        send(LOOK, access=OIDC)
        provider.tokens.append("of another day")  # the provider has ended all sessions
        assert send(LOOK, access=OIDC) == IN
        assert [received.headers["authorization"][-5:] for received in tls_server.received] == [
            f"Bearer {token}"[-5:] for token in (provider.tokens[0], provider.tokens[0], provider.tokens[2])
        ]

    def test_a_single_401_costs_one_more_request(
        self, tls_server: Server, show: Show, send: Send, provider: Provider
    ) -> None:
        statuses = iter([401, 200, 200])
        tls_server.decide = lambda _: told(next(statuses))
        show()
        assert [answer.status for answer in send(LOOK, LOOK, access=OIDC)] == [200, 200]
        assert len(provider.tokens) == 2

    def test_a_provider_that_is_away_is_a_fault_that_may_pass(
        self, tls_server: Server, show: Show, send: Send, provider: Provider
    ) -> None:
        decide, provider.server.decide = provider.server.decide, lambda _: told(503)
        show()
        with pytest.raises(Unreachable, match=f"connection {ISSUER}: .* HTTP 503"):
            send(LOOK, access=OIDC)
        provider.server.decide = decide
        assert send(LOOK, access=OIDC) == IN
        assert len(tls_server.received) == 1


def slow(provider: Provider) -> threading.Event:
    """Hold the provider's answers back until the event is set."""
    decide, go = provider.server.decide, threading.Event()
    assert decide is not None

    def held(received: Received) -> Given:
        go.wait(20)
        return decide(received)

    provider.server.decide = held
    return go


class TestManyAtOnce:
    def test_threads_share_one_token(self, tls_server: Server, show: Show, provider: Provider) -> None:
        takes_newest(tls_server, provider)
        show()
        hooks, go = [JsonHook(CONN_ID, OIDC) for _ in range(8)], slow(provider)
        with ThreadPoolExecutor(len(hooks)) as pool:
            answers = [pool.submit(hook.send, LOOK) for hook in hooks]
            go.set()
            assert {answer.result().status for answer in answers} == {200}
        assert len(provider.tokens) == 1

    def test_triggers_share_one_token_and_renew_it_once(
        self, tls_server: Server, show: Show, provider: Provider
    ) -> None:
        takes_newest(tls_server, provider)
        show()

        async def one() -> int:
            async with AsyncJsonHook(CONN_ID, OIDC) as hook:
                return (await hook.send(LOOK)).status

        async def many() -> list[int]:
            first = await asyncio.gather(*(one() for _ in range(8)))
            provider.tokens.append("of another day")
            return [*first, *await asyncio.gather(*(one() for _ in range(8)))]

        assert set(asyncio.run(many())) == {200}
        assert len(provider.tokens) == 3  # the second of them is ours

    def test_a_trigger_that_waits_for_a_token_holds_up_no_other(
        self, tls_server: Server, show: Show, provider: Provider
    ) -> None:
        takes_newest(tls_server, provider)
        show()
        go = slow(provider)

        async def both() -> bool:
            async with AsyncJsonHook(CONN_ID, OIDC) as hook, AsyncJsonHook(CONN_ID, {"kind": "none"}) as other:
                waiting = asyncio.create_task(hook.send(LOOK))
                refused = (await other.send(LOOK)).status == 401
                early = waiting.done()
                go.set()
                return refused and not early and (await waiting).ok

        assert asyncio.run(both())


@pytest.mark.parametrize(
    ("fields", "access"),
    [
        ({"login": "demo", "password": PASSWORD}, None),
        ({"password": TOKEN}, None),
        ({"password": KEY, "extra": {"auth_scheme": "ApiKey"}}, None),
        ({}, OIDC),
    ],
    ids=["basic", "bearer", "ApiKey", "oidc"],
)
@pytest.mark.parametrize("status", [200, 401, 403])
def test_no_secret_is_logged_or_told(
    tls_server: Server,
    show: Show,
    send: Send,
    provider: Provider,
    *,
    caplog: pytest.LogCaptureFixture,
    fields: dict[str, Any],
    access: dict[str, Any] | None,
    status: int,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    tls_server.decide = lambda _: told(status)
    show(**fields)
    (answer,) = send(LOOK, access=access)
    shown = tls_server.last.headers["authorization"].split()[1]
    seen = f"{caplog.text} {answer!r} {answer.failure('trouble')}"
    assert caplog.records
    assert not [one for one in (PASSWORD, TOKEN, KEY, SECRET, shown) if one in seen]
