"""What the look before a restore says of the identity provider."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from camunda_backup.clusters import Cluster
from camunda_backup.inspection import Inspection
from camunda_backup.planning import signing_in
from camunda_backup.standing import runtime
from camunda_backup.surveys import Survey
from tests.hooks.server import Server, serving
from tests.hooks.signing_in import Provider
from tests.test_targets import RUNTIME, cluster

ISSUER = "prod_identity"


@pytest.fixture
def provider() -> Iterator[Provider]:
    """An identity provider."""
    with serving(Server()) as server:
        yield Provider(server, methods=["client_secret_post"])


@pytest.fixture
def connect(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Define the connection to it."""

    def define(**fields: Any) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{ISSUER.upper()}", json.dumps({**provider.connection, **fields}))

    return define


def survey(looked_at: Cluster) -> Survey:
    return Survey(looked_at, {}, runtime(looked_at), Inspection(looked_at))


def test_a_client_that_it_knows_is_no_problem(provider: Provider, connect: Callable[..., None]) -> None:
    connect()
    look = survey(cluster(runtime=RUNTIME, identity={"issuer": ISSUER}))
    assert (list(signing_in(look)), look.warnings) == ([], [])
    assert len(provider.tokens) == 1


def test_a_client_that_it_does_not_know_is_one(provider: Provider, connect: Callable[..., None]) -> None:
    connect(password="wrong")
    (problem,) = signing_in(survey(cluster(runtime=RUNTIME, identity={"issuer": ISSUER})))
    assert problem.startswith(f"connection {ISSUER}: the identity provider refuses the client")


def test_one_that_is_down_is_a_warning(provider: Provider, connect: Callable[..., None]) -> None:
    connect()
    provider.server.breaking = True
    look = survey(cluster(runtime=RUNTIME, identity={"issuer": ISSUER}))
    assert list(signing_in(look)) == []
    (warning,) = look.warnings
    assert warning.startswith(f"nobody can sign in to check the restored cluster now: {provider.issuer} ({ISSUER})")


def test_without_one_nobody_is_asked() -> None:
    look = survey(cluster(runtime=RUNTIME))
    assert (list(signing_in(look)), look.warnings) == ([], [])
