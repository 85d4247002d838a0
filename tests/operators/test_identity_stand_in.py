"""Signing in to the stand-in of each generation: its users, and its identity provider."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from airflow.sdk import Context

from camunda_backup.api import generation
from camunda_backup.errors import Rejected
from camunda_backup.operators.identity import CheckIdentity
from tests.stand_in import StandIn

SECRET = "only of the stand-in"
NAME, ISSUER = "played", "played_issuer"
BEARER = {"kind": "oidc", "issuer": ISSUER, "audience": None, "scope": "openid"}


@pytest.fixture(scope="module", params=["8.6", "8.8"])
def played(request: pytest.FixtureRequest) -> Iterator[tuple[str, StandIn]]:
    """A stand-in of each line, with an identity provider."""
    with StandIn(request.param, "--client-secret", SECRET) as stand_in:
        yield request.param, stand_in


@pytest.fixture
def version(played: tuple[str, StandIn], monkeypatch: pytest.MonkeyPatch) -> str:
    """Define the connections to the stand-in."""
    _, stand_in = played
    stand_in.reset()
    url = urlsplit(stand_in.urls["issuer"])
    issuer = {"conn_type": "http", "host": url.hostname, "port": url.port}
    connections = {
        **stand_in.connections(NAME),
        ISSUER: {**issuer, "login": "camunda-backup", "password": SECRET},
    }
    for conn_id, connection in connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
    return played[0]


def check(version: str, access: dict[str, Any]) -> dict[str, Any]:
    conn_ids = {name: f"{NAME}_{name}" for name in generation(version).signed_calls}
    step = CheckIdentity(task_id="check", access=access, conn_ids=conn_ids, version=version, deadline=20)
    found: dict[str, Any] = step.step(Context())
    return found


def test_its_tokens_open_everything(played: tuple[str, StandIn], version: str) -> None:
    _, stand_in = played
    stand_in.conditions(sign_in="bearer")
    found = check(version, BEARER)
    assert found["issuer"] == stand_in.urls["issuer"]
    assert found["signed_in"] == {"8.6": ["operate", "tasklist"], "8.8": ["rest"]}[version]
    assert found["anonymous"] == []


def test_its_users_open_everything(played: tuple[str, StandIn], version: str) -> None:
    _, stand_in = played
    access = {**BEARER, "kind": generation(version).sign_in, "issuer": None}
    stand_in.conditions(sign_in={"8.6": "own", "8.8": "basic"}[version])
    assert check(version, access)["anonymous"] == []


def test_a_token_is_not_what_an_app_with_users_wants(played: tuple[str, StandIn], version: str) -> None:
    _, stand_in = played
    stand_in.conditions(sign_in="basic")
    with pytest.raises(Rejected, match=f"does not take the token of {ISSUER}: HTTP 401"):
        check(version, BEARER)


def test_no_secret_stands_in_an_address(played: tuple[str, StandIn], version: str) -> None:
    _, stand_in = played
    stand_in.conditions(sign_in="bearer")
    check(version, BEARER)
    asked = json.dumps(stand_in.journal())
    assert "token" in asked
    assert SECRET not in asked
