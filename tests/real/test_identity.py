"""Operate and Tasklist, as the stand-in plays them, let in whom a real Keycloak vouches for, and nobody else."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from airflow.sdk import Context

from camunda_backup.api import generation
from camunda_backup.api.identity import let_in
from camunda_backup.api.messages import Answer, Request
from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.hooks.apps import AppHook
from camunda_backup.hooks.issuers import NOBODY, IssuerHook
from camunda_backup.operators.identity import CheckIdentity
from camunda_backup.visual.browser import Site as WebSite
from camunda_backup.visual.browser import take_pictures
from camunda_backup.visual.pages import pages_of
from sandbox import fetch, keycloak
from sandbox.programs import Program, Programs, python_program
from sandbox.sites import Site

PORTS = int(os.environ.get("SANDBOX_TEST_PORTS", "29000")) + 300  # the embedded cluster may be up
PATIENCE = 240.0  # seconds
ISSUER = "real_identity"
APPS = ("operate", "tasklist")
AGAINST = "stand-in with real Keycloak"
CONN_IDS = {f"{app}_web": f"real_{app}_web" for app in APPS}
BEARER = {"kind": "oidc", "issuer": ISSUER, "audience": None, "scope": None}
COOKIE = {**BEARER, "kind": "cookie", "issuer": None}
SEARCH = Request("POST", "/v1/process-definitions/search", body={"size": 1})

Connect = Callable[..., None]


@dataclass(frozen=True)
class Place:
    """Keycloak, and a stand-in that knows of it."""

    site: Site
    programs: Programs

    def start(self, *programs: Program) -> None:
        """Start programs and wait until all of them are ready."""
        for program in programs:
            self.programs.start(program)
        for program in programs:
            self.programs.wait_healthy(program.name, PATIENCE)

    def start_apps(self, *sign_in: str) -> None:
        """Start the stand-in anew.

        :param sign_in: how its users sign in, as its command line says it
        """
        self.programs.stop("stand_in")
        health = f"{self.site.url('operate_management')}/actuator/health/readiness"
        arguments = ("--line", "8.6", "--ports", str(PORTS), *sign_in)
        self.start(python_program("stand_in", "stand_in", arguments, self.site.home("stand_in"), health))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The programs, with apps that take tokens."""
    home = tmp_path_factory.mktemp("identity")
    site = Site(home / "data", fetch.cache_folder(), PORTS, "none", "backups")
    with Programs(home) as programs:
        made = Place(site, programs)
        keycloak.prepare(site, programs, print)
        made.start(keycloak.keycloak(site))
        made.start_apps("--provider", keycloak.issuer(site), "--client-secret", keycloak.SECRET)
        yield made


@pytest.fixture
def connect(place: Place, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Define all connections, and that to Keycloak with other fields."""

    def define(**fields: Any) -> None:
        url = keycloak.issuer(place.site)
        issuer = {"conn_type": "http", "host": url, "login": keycloak.CLIENT, "password": keycloak.SECRET, **fields}
        monkeypatch.setenv(f"AIRFLOW_CONN_{ISSUER.upper()}", json.dumps(issuer))

    for name, conn_id in CONN_IDS.items():
        told = {"conn_type": "http", "host": place.site.url(name), "login": "demo", "password": "demo"}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(told))
    define()
    return define


def check(access: dict[str, Any], deadline: float = 0) -> dict[str, Any]:
    """Run the check of a restored cluster."""
    step = CheckIdentity(task_id="check", access=access, conn_ids=CONN_IDS, version="8.6.0", deadline=deadline)
    found: dict[str, Any] = step.step(Context())
    return found


def search(access: dict[str, Any]) -> Answer:
    """Search in Operate."""
    return AppHook(CONN_IDS["operate_web"], access).send(SEARCH)


@pytest.mark.shows("sign-in", line="8.6", engine="OpenSearch", against=AGAINST)
def test_a_token_of_keycloak_opens_both_apps_and_nobody_gets_in_without(place: Place, connect: Connect) -> None:
    assert check(BEARER) == {
        "issuer": keycloak.issuer(place.site),
        "signed_in": ["operate", "tasklist"],
        "anonymous": [],
    }


@pytest.mark.parametrize("access", [NOBODY.as_json(), COOKIE | {"kind": "basic"}], ids=["nobody", "login"])
def test_only_a_token_counts(connect: Connect, access: dict[str, Any]) -> None:
    assert not let_in(search(access))


def pictures(place: Place, password: str) -> dict[str, str | None]:
    """Look at both apps, and return what is wrong with each page."""
    sites = {name: WebSite(name, place.site.url(name), keycloak.USER, password) for name in CONN_IDS}
    wanted = [(page, sites[page.connection]) for page in pages_of(generation("8.6")) if page.connection in sites]
    return {one.page.name: one.problem for one in take_pictures(wanted, None, PATIENCE)}


@pytest.mark.shows("sign-in", line="8.6", engine="OpenSearch", against=AGAINST)
def test_the_browser_signs_in_at_keycloak_for_its_pictures(place: Place) -> None:
    names = ("operate-dashboard", "operate-processes", "tasklist")
    assert pictures(place, keycloak.PASSWORD) == dict.fromkeys(names)
    told = "is a login page: Keycloak refuses the user demo of connection"
    assert pictures(place, "wrong") == {
        "operate-dashboard": f"{told} operate_web",
        "operate-processes": f"{told} operate_web",
        "tasklist": f"{told} tasklist_web",
    }


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"password": "wrong"}, "the identity provider refuses the client (HTTP 401 Invalid client or Invalid client"),
        ({"login": "nobody"}, "the identity provider refuses the client (HTTP 401 Invalid client or Invalid client"),
        ({"login": "", "password": ""}, "has no login"),
    ],
)
def test_a_wrong_client_is_told(connect: Connect, fields: dict[str, str], told: str) -> None:
    connect(**fields)
    with pytest.raises(Rejected) as caught:
        check(BEARER)
    assert told in str(caught.value)


def test_a_url_that_is_no_realms_is_told(place: Place, connect: Connect) -> None:
    wrong = f"{place.site.url('issuer')}/realms/nowhere"
    connect(host=wrong)
    with pytest.raises(Rejected) as caught:
        IssuerHook(ISSUER).provider()
    assert str(caught.value) == (
        f"connection {ISSUER}: {wrong} describes no OpenID Connect provider; its URL must be the issuer's, for Keycloak"
        " https://<host>/realms/<realm>: HTTP 404 Realm does not exist"
    )


@pytest.mark.shows("sign-in", line="8.6", engine="OpenSearch", against=AGAINST)
def test_a_token_outlives_keycloak_and_a_new_one_waits_for_it(place: Place, connect: Connect) -> None:
    signed_in = AppHook(CONN_IDS["operate_web"], BEARER)
    assert let_in(signed_in.send(SEARCH))
    place.programs.stop("keycloak")
    try:
        assert let_in(signed_in.send(SEARCH))
        with pytest.raises(Unreachable, match=f"nobody could sign in for 1 s: .*{ISSUER}.: no connection"):
            check(BEARER, deadline=1)
    finally:
        place.programs.start(keycloak.keycloak(place.site))
    assert check(BEARER, deadline=PATIENCE)["signed_in"] == ["operate", "tasklist"]


@pytest.mark.shows("sign-in", line="8.6", engine="OpenSearch", against=AGAINST)
def test_with_users_of_their_own_the_login_opens_both_apps(place: Place, connect: Connect) -> None:
    place.start_apps()
    assert check(COOKIE) == {"issuer": None, "signed_in": ["operate", "tasklist"], "anonymous": []}
