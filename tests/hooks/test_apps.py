"""Calls as a signed-in client, and no secret anywhere but where it belongs."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from camunda_backup.api.access import Access
from camunda_backup.api.messages import Answer, Request
from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.hooks.apps import AppHook
from camunda_backup.hooks.issuers import NOBODY, IssuerHook
from tests.hooks.conftest import CONN_ID
from tests.hooks.server import Given, Server, serving
from tests.hooks.signing_in import CLIENT, DISCOVERY, ENDPOINT, PASSWORD, SECRET, USER, App, Provider, told

Connect = Callable[..., None]

ISSUER = "prod_identity"
SEARCH = Request("POST", "/v1/process-definitions/search", body={"size": 1})
FOUND = Answer(200, {"items": [], "total": 0})
COOKIE = {"kind": "cookie", "issuer": None, "audience": None, "scope": None}
BASIC = {**COOKIE, "kind": "basic"}
ANONYMOUS = NOBODY.as_json()
BEARER = {"kind": "oidc", "issuer": ISSUER, "audience": None, "scope": None}


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """An identity provider, and the connection to it."""
    with serving(Server()) as server:
        made = Provider(server, methods=["client_secret_basic", "client_secret_post"])
        monkeypatch.setenv(f"AIRFLOW_CONN_{ISSUER.upper()}", json.dumps(made.connection))
        yield made


@pytest.fixture
def issuer(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Define the connection to the provider anew with other fields."""

    def define(**fields: Any) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{ISSUER.upper()}", json.dumps({**provider.connection, **fields}))

    return define


def said_by(error: type[Exception], access: dict[str, Any]) -> str:
    """Return what a search says that fails."""
    with pytest.raises(error) as caught:
        AppHook(CONN_ID, access).send(SEARCH)
    return str(caught.value)


class TestCookie:
    def test_the_login_is_made_once_and_its_cookie_repeated(self, server: Server, connect: Connect) -> None:
        app = App(server, "cookie")
        connect(app.connection())
        hook = AppHook(CONN_ID, COOKIE)
        assert [hook.send(SEARCH), hook.send(SEARCH)] == [FOUND, FOUND]
        assert [received.target for received in server.received] == ["/api/login", SEARCH.path, SEARCH.path]

    def test_the_password_is_in_the_body_alone(self, server: Server, connect: Connect) -> None:
        connect(App(server, "cookie").connection())
        AppHook(CONN_ID, COOKIE).send(SEARCH)
        assert not [received for received in server.received if "authorization" in received.headers]
        assert not [received for received in server.received if PASSWORD in received.target]

    def test_a_csrf_token_is_repeated(self, server: Server, connect: Connect) -> None:
        connect(App(server, "cookie", protected=True).connection())
        assert AppHook(CONN_ID, COOKIE).send(SEARCH) == FOUND

    def test_a_session_that_ended_is_begun_again(self, server: Server, connect: Connect) -> None:
        app = App(server, "cookie", protected=True)
        connect(app.connection())
        hook = AppHook(CONN_ID, COOKIE)
        hook.send(SEARCH)
        app.sessions.clear()
        assert hook.send(SEARCH) == FOUND
        assert app.logins == 2

    def test_a_session_that_is_never_taken_is_begun_again_once(self, server: Server, connect: Connect) -> None:
        app = App(server, "cookie", sessions=Forgetful())
        connect(app.connection())
        answer = AppHook(CONN_ID, COOKIE).send(SEARCH)
        assert (answer.status, app.logins) == (401, 2)
        assert answer.refusal == (
            f"connection {CONN_ID} does not let in the user {USER}: it could log in, but its session is not taken"
        )

    def test_a_refused_login_is_told(self, server: Server, connect: Connect) -> None:
        connect(App(server, "cookie").connection(password="wrong"))
        assert said_by(Rejected, COOKIE) == (
            f"connection {CONN_ID}: the login of {USER} is refused; correct its login or password"
        )
        assert len(server.received) == 1

    def test_a_login_that_comes_to_nothing_may_come_later(self, server: Server, connect: Connect) -> None:
        app = App(server, "cookie")
        connect(app.connection())
        hook, server.decide, server.status = AppHook(CONN_ID, COOKIE), None, 503
        with pytest.raises(Unreachable, match=f"connection {CONN_ID}: no login: HTTP 503"):
            hook.send(SEARCH)
        App(server, "cookie")
        assert hook.send(SEARCH) == FOUND

    def test_without_a_login_calls_are_plain(self, server: Server, connect: Connect) -> None:
        App(server, "none")
        connect(server.connection)
        assert AppHook(CONN_ID, COOKIE).send(SEARCH) == FOUND
        assert [received.target for received in server.received] == [SEARCH.path]


class Forgetful(set[str]):
    """Sessions that are gone as soon as they are begun."""

    def add(self, session: str) -> None:
        pass


class TestBasic:
    def test_every_call_has_the_login(self, server: Server, connect: Connect) -> None:
        connect(App(server, "basic").connection())
        assert AppHook(CONN_ID, BASIC).send(SEARCH) == FOUND

    def test_a_refusal_is_an_answer(self, server: Server, connect: Connect) -> None:
        connect(App(server, "basic").connection(password="wrong"))
        assert AppHook(CONN_ID, BASIC).send(SEARCH).status == 401
        assert len(server.received) == 1


class TestAnonymous:
    @pytest.mark.parametrize("kind", ["cookie", "basic"])
    def test_the_login_of_the_connection_is_left_out(self, server: Server, connect: Connect, kind: str) -> None:
        connect(App(server, kind).connection())
        assert AppHook(CONN_ID, ANONYMOUS).send(SEARCH).status == 401
        (received,) = server.received
        assert not {"authorization", "cookie"} & received.headers.keys()

    def test_the_way_to_a_login_page_is_not_followed(self, server: Server, connect: Connect) -> None:
        connect(server.connection)
        server.decide = lambda _: Given(302, b"", headers={"Location": "/login"})
        assert AppHook(CONN_ID, ANONYMOUS).send(SEARCH).status == 302
        assert len(server.received) == 1


class TestBearer:
    def test_one_token_serves_many_calls(self, server: Server, connect: Connect, provider: Provider) -> None:
        connect(App(server, "bearer", provider).connection())
        hook = AppHook(CONN_ID, BEARER)
        assert [hook.send(SEARCH) for _ in range(3)] == [FOUND] * 3
        assert len(provider.tokens) == 1
        assert "Basic" not in str([received.headers for received in server.received])

    @pytest.mark.parametrize("methods", [["client_secret_post", "client_secret_basic"], ["client_secret_post"]])
    def test_the_secret_is_posted_where_that_is_taken(
        self, server: Server, connect: Connect, provider: Provider, methods: list[str]
    ) -> None:
        provider.methods = methods
        connect(App(server, "bearer", provider).connection())
        AppHook(CONN_ID, BEARER).send(SEARCH)
        assert provider.forms == [{"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}]
        assert not [received for received in provider.server.received if "authorization" in received.headers]

    @pytest.mark.parametrize("methods", [None, ["client_secret_basic", "private_key_jwt"]])
    def test_elsewhere_it_is_basic_authentication_of_that_request_alone(
        self, server: Server, connect: Connect, provider: Provider, methods: list[str] | None
    ) -> None:
        provider.methods = methods
        connect(App(server, "bearer", provider).connection())
        assert AppHook(CONN_ID, BEARER).send(SEARCH) == FOUND
        assert provider.forms == [{"grant_type": "client_credentials"}]
        assert [(r.target, "authorization" in r.headers) for r in provider.server.received] == [
            (DISCOVERY, False),
            (ENDPOINT, True),
        ]

    def test_audience_and_scope_are_asked_for(self, server: Server, connect: Connect, provider: Provider) -> None:
        connect(App(server, "bearer", provider).connection())
        AppHook(CONN_ID, {**BEARER, "audience": "operate-api", "scope": "read"}).send(SEARCH)
        assert (provider.forms[0]["audience"], provider.forms[0]["scope"]) == ("operate-api", "read")

    def test_a_token_is_renewed_before_it_ends(self, server: Server, connect: Connect, provider: Provider) -> None:
        provider.lifetime = 1
        connect(App(server, "bearer", provider).connection())
        hook, end = AppHook(CONN_ID, BEARER), time.monotonic() + 20
        while len(provider.tokens) < 2 and time.monotonic() < end:
            assert hook.send(SEARCH) == FOUND
        assert len(provider.tokens) == 2

    def test_a_token_that_is_not_taken_any_more_is_renewed_once(
        self, server: Server, connect: Connect, provider: Provider
    ) -> None:
        connect(App(server, "bearer", provider).connection())
        hook = AppHook(CONN_ID, BEARER)
        hook.send(SEARCH)
        provider.tokens.append("another")
        assert hook.send(SEARCH) == FOUND
        App(server, "basic")
        assert hook.send(SEARCH).status == 401
        assert len(provider.tokens) == 4

    def test_a_wrong_secret_is_told(
        self, server: Server, connect: Connect, issuer: Callable[..., None], provider: Provider
    ) -> None:
        connect(App(server, "bearer", provider).connection())
        issuer(password="wrong")
        assert said_by(Rejected, BEARER) == (
            f"connection {ISSUER}: the identity provider refuses the client (HTTP 401 Invalid client or Invalid client"
            " credentials); its login must be the client's ID, its password the client's secret, and the client must be"
            " allowed to have a service account"
        )
        assert server.received == []

    def test_a_connection_without_a_client_is_told(
        self, server: Server, connect: Connect, issuer: Callable[..., None], provider: Provider
    ) -> None:
        connect(server.connection)
        issuer(login="", password="")
        assert said_by(Rejected, BEARER) == (
            f"connection {ISSUER} has no login; enter the client's ID as login, its secret as password"
        )

    def test_a_url_that_is_no_issuers_is_told(
        self, server: Server, connect: Connect, issuer: Callable[..., None], provider: Provider
    ) -> None:
        connect(server.connection)
        wrong = provider.issuer.replace("camunda-platform", "nowhere")
        issuer(host=wrong)
        assert said_by(Rejected, BEARER).startswith(
            f"connection {ISSUER}: {wrong} describes no OpenID Connect provider; its URL must be the issuer's"
        )

    def test_a_provider_that_is_down_may_come_back(self, server: Server, connect: Connect, provider: Provider) -> None:
        connect(App(server, "bearer", provider).connection())
        hook, decide, provider.server.breaking = AppHook(CONN_ID, BEARER), provider.server.decide, True
        with pytest.raises(Unreachable, match=f"{ISSUER}\\): no connection"):
            hook.send(SEARCH)
        provider.server.breaking, provider.server.decide = False, lambda _: told(503)
        with pytest.raises(Unreachable, match=f"connection {ISSUER}: .*HTTP 503"):
            hook.send(SEARCH)
        provider.server.decide = decide
        assert hook.send(SEARCH) == FOUND

    def test_a_token_endpoint_that_does_not_answer_is_named(
        self, server: Server, connect: Connect, provider: Provider
    ) -> None:
        connect(server.connection)
        provider.token_endpoint = "http://keycloak.invalid/token"
        assert said_by(Unreachable, BEARER) == (
            f"http://keycloak.invalid/token ({ISSUER}): no connection: ConnectionError"
        )


class TestSecrets:
    @pytest.mark.parametrize("access", [COOKIE, BASIC, BEARER], ids=["cookie", "basic", "oidc"])
    def test_none_is_logged(
        self,
        server: Server,
        connect: Connect,
        provider: Provider,
        caplog: pytest.LogCaptureFixture,
        access: dict[str, Any],
    ) -> None:
        caplog.set_level(logging.DEBUG)
        app = App(server, access["kind"].replace("oidc", "bearer"), provider)
        connect(app.connection())
        AppHook(CONN_ID, access).send(SEARCH)
        assert caplog.records
        assert not [one for one in (PASSWORD, SECRET, "of-the-provider", "session-1") if one in caplog.text]

    def test_a_token_is_masked_wherever_it_might_show(self, provider: Provider) -> None:
        from airflow.sdk.log import mask_logs  # noqa: PLC0415 - it reads Airflow's settings

        token = IssuerHook(ISSUER).value(Access.of(BEARER))
        assert mask_logs(None, "info", {"event": f"got {token}"}) == {"event": "got ***"}

    def test_an_unreadable_answer_does_not_show_one(self, provider: Provider) -> None:
        provider.lifetime = "soon"  # type: ignore[assignment]
        with pytest.raises(Unreachable) as caught:
            IssuerHook(ISSUER).value(Access.of(BEARER))
        assert str(caught.value) == f"connection {ISSUER}: the identity provider's answer holds no token"
        assert caught.value.__suppress_context__
