"""Everybody who should can sign in, and nobody else: shown on servers of the test's own."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from airflow.sdk import Context

from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.operators.identity import CheckIdentity
from tests.hooks.server import Given, Server, serving
from tests.hooks.signing_in import App, Provider

ISSUER, OPERATE, TASKLIST, REST = "prod_identity", "prod_operate_web", "prod_tasklist_web", "prod_rest"
WEB_APPS = {"operate_web": OPERATE, "tasklist_web": TASKLIST}
COOKIE = {"kind": "cookie", "issuer": None, "audience": None, "scope": None}
BEARER = {"kind": "oidc", "issuer": ISSUER, "audience": None, "scope": None}

Start = Callable[[], Server]
Connect = Callable[[str, dict[str, Any]], None]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start as many servers as are needed."""
    with ExitStack() as running:
        yield lambda: running.enter_context(serving(Server()))


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Define a connection from its fields in Airflow's JSON form."""
    return lambda conn_id, fields: monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))


def check(access: dict[str, Any], deadline: float = 0, **fields: Any) -> dict[str, Any]:
    """Run the check to its end."""
    told = {"version": "8.6", "conn_ids": WEB_APPS, **fields}
    step = CheckIdentity(task_id="check_identity", access=access, deadline=deadline, **told)
    found: dict[str, Any] = step.step(Context())
    return found


def refused(access: dict[str, Any], error: type[Exception] = Rejected, **fields: Any) -> str:
    """Return what the check says that fails."""
    with pytest.raises(error) as caught:
        check(access, **fields)
    return str(caught.value)


@pytest.fixture
def web_apps(start: Start, connect: Connect) -> list[App]:
    """Operate and Tasklist with users of their own."""
    apps = [App(start(), "cookie") for _ in WEB_APPS]
    for conn_id, app in zip(WEB_APPS.values(), apps, strict=True):
        connect(conn_id, app.connection())
    return apps


@pytest.fixture
def provider(start: Start, connect: Connect, web_apps: list[App]) -> Provider:
    """An identity provider that vouches for both web apps' users."""
    made = Provider(start(), methods=["client_secret_post"])
    connect(ISSUER, made.connection)
    for app in web_apps:
        app.kind, app.provider = "bearer", made
    return made


def test_without_a_provider_the_logins_are_checked(web_apps: list[App]) -> None:
    assert check(COOKIE) == {"issuer": None, "signed_in": ["operate", "tasklist"], "anonymous": []}
    assert [app.logins for app in web_apps] == [1, 1]


def test_from_8_8_on_it_is_the_rest_api(start: Start, connect: Connect) -> None:
    connect(REST, App(start(), "basic").connection())
    found = check({**COOKIE, "kind": "basic"}, version="8.8", conn_ids={"rest": REST})
    assert found == {"issuer": None, "signed_in": ["rest"], "anonymous": []}


def test_with_one_its_token_is_taken_by_every_component(provider: Provider) -> None:
    assert check(BEARER) == {"issuer": provider.issuer, "signed_in": ["operate", "tasklist"], "anonymous": []}


def test_no_token_leaves_the_task(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    told = json.dumps(check(BEARER)) + caplog.text
    assert provider.tokens
    assert not [token for token in provider.tokens if token in told]


def test_an_app_that_lets_everybody_in_is_told(provider: Provider, web_apps: list[App]) -> None:
    web_apps[1].kind = "none"
    assert check(BEARER)["anonymous"] == ["tasklist"]


def test_without_a_login_in_the_connections_calls_are_plain(web_apps: list[App], connect: Connect) -> None:
    for conn_id, app in zip(WEB_APPS.values(), web_apps, strict=True):
        app.kind = "none"
        connect(conn_id, app.server.connection)
    assert check(COOKIE)["anonymous"] == ["operate", "tasklist"]


@pytest.mark.parametrize(
    "page", [Given(200, b"<html>Log in</html>", "text/html"), Given(302, b"", headers={"Location": "/"})]
)
def test_a_login_page_lets_nobody_in(web_apps: list[App], page: Given) -> None:
    web_apps[0].server.decide = lambda received: Given(204) if "login" in received.target else page
    assert refused(COOKIE).startswith(
        f"connection {OPERATE}: /v1/process-definitions/search does not take the login: HTTP {page.status}"
    )


def test_a_wrong_password_is_told(web_apps: list[App], connect: Connect) -> None:
    connect(TASKLIST, web_apps[1].connection(password="wrong"))
    assert refused(COOKIE) == f"connection {TASKLIST}: the login of demo is refused; correct its login or password"


def test_a_token_that_is_not_taken_is_told(provider: Provider, web_apps: list[App]) -> None:
    web_apps[1].kind = "basic"
    told = refused(BEARER)
    assert told.startswith(f"connection {TASKLIST}: /v1/tasks/search does not take the token of {ISSUER}: HTTP 401")


def test_a_wrong_client_is_told(provider: Provider, connect: Connect) -> None:
    connect(ISSUER, {**provider.connection, "password": "wrong"})
    assert refused(BEARER).startswith(f"connection {ISSUER}: the identity provider refuses the client")


def test_a_connection_to_another_port_is_told(web_apps: list[App], connect: Connect) -> None:
    connect(OPERATE, {**web_apps[1].server.connection})
    web_apps[1].server.decide, web_apps[1].server.status = None, 404
    assert refused(COOKIE).startswith(f"connection {OPERATE}: /v1/process-definitions/search gives no data: HTTP 404")


def test_a_connection_that_the_cluster_file_does_not_name_is_told() -> None:
    assert refused(COOKIE, conn_ids={"operate_web": OPERATE}) == (
        "the cluster file has no connections.tasklist_web to sign in at"
    )


def test_what_is_still_starting_is_waited_for(provider: Provider, web_apps: list[App]) -> None:
    provider.server.breaking = True
    web_apps[0].server.breaking = True

    def come_up() -> None:
        while not provider.server.received:
            provider.server.over.wait(0.01)
        provider.server.breaking = False
        while not web_apps[0].server.received:
            provider.server.over.wait(0.01)
        web_apps[0].server.breaking = False

    coming = threading.Thread(target=come_up)
    coming.start()
    found = check(BEARER, deadline=60)
    coming.join()
    assert found["signed_in"] == ["operate", "tasklist"]


def test_but_not_for_ever(provider: Provider) -> None:
    provider.server.breaking = True
    told = refused(BEARER, Unreachable, deadline=1)
    assert told.startswith(f"nobody could sign in for 1 s: {provider.issuer} ({ISSUER}): no connection")
    assert 2 <= len(provider.server.received) <= 5
