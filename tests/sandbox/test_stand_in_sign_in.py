"""Who may ask the stand-in's web ports, and the issuer that vouches for clients."""

from collections.abc import Iterator

import pytest

from tests.stand_in import StandIn, until

SECRET = "only for this test"
DISCOVERY = "/.well-known/openid-configuration"
WEB_PORTS = {
    "8.6": {
        "operate_web": "/v1/process-instances/search",
        "tasklist_web": "/v1/tasks/search",
        "zeebe_rest": "/v2/process-instances",
    },
    "8.8": {"zeebe_rest": "/v2/process-instances/search"},
}
CREDENTIALS = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module", params=["8.6", "8.8"])
def running(request: pytest.FixtureRequest) -> Iterator[tuple[str, StandIn]]:
    with StandIn(request.param, "--client-secret", SECRET) as cluster:
        yield request.param, cluster


@pytest.fixture
def vouched(running: tuple[str, StandIn]) -> tuple[str, StandIn]:
    running[1].reset()
    return running


def token(cluster: StandIn) -> str:
    form = {**CREDENTIALS, "client_id": "camunda-backup", "client_secret": SECRET}
    return str(cluster.ask("issuer", "/token", "POST", data=form).json()["access_token"])


def test_the_issuer_describes_itself(vouched: tuple[str, StandIn]) -> None:
    _, cluster = vouched
    told = cluster.ask("issuer", DISCOVERY).json()
    assert told["issuer"] == cluster.urls["issuer"]
    assert told["token_endpoint"] == cluster.urls["issuer"] + "/token"
    assert set(told["token_endpoint_auth_methods_supported"]) == {"client_secret_basic", "client_secret_post"}


def test_the_issuer_gives_tokens_to_its_client_alone(vouched: tuple[str, StandIn]) -> None:
    _, cluster = vouched

    def ask(client: str, secret: str, *, basic: bool, grant: str = "client_credentials") -> tuple[int, str]:
        form, auth = {"grant_type": grant, "scope": "orchestration"}, (client, secret) if basic else None
        sent = form if basic else {**form, "client_id": client, "client_secret": secret}
        answer = cluster.ask("issuer", "/token", "POST", data=sent, auth=auth)
        return answer.status_code, answer.json().get("error", answer.json().get("token_type"))

    for basic in (True, False):
        assert ask("camunda-backup", SECRET, basic=basic) == (200, "Bearer")
        assert ask("camunda-backup", "wrong", basic=basic) == (401, "invalid_client")
        assert ask("somebody", SECRET, basic=basic) == (401, "invalid_client")
        assert ask("camunda-backup", SECRET, basic=basic, grant="password") == (400, "unsupported_grant_type")
    assert cluster.ask("issuer", "/token").status_code == 405
    assert cluster.ask("issuer", "/").status_code == 404


def test_web_ports_can_want_a_token_of_the_issuer(vouched: tuple[str, StandIn]) -> None:
    line, cluster = vouched
    cluster.conditions(sign_in="bearer")
    for door, path in WEB_PORTS[line].items():
        assert cluster.ask(door, path, "POST", json={}).status_code == 401
        for given, welcome in ((token(cluster), True), ("made-up", False), ("", False)):
            answer = cluster.ask(door, path, "POST", json={}, headers={"Authorization": f"Bearer {given}"})
            assert (answer.status_code != 401) == welcome, (door, given)


def test_a_token_is_forgotten_with_everything_else(vouched: tuple[str, StandIn]) -> None:
    line, cluster = vouched
    old = {"Authorization": f"Bearer {token(cluster)}"}
    cluster.reset()
    cluster.conditions(sign_in="bearer")
    for door, path in WEB_PORTS[line].items():
        assert cluster.ask(door, path, "POST", json={}, headers=old).status_code == 401


def test_the_rest_api_can_want_name_and_password(vouched: tuple[str, StandIn]) -> None:
    _, cluster = vouched
    assert cluster.ask("zeebe_rest", "/v2/topology").ok
    cluster.conditions(sign_in="basic")
    refused = cluster.ask("zeebe_rest", "/v2/topology")
    assert (refused.status_code, refused.json()["title"]) == (401, "Unauthorized")
    assert cluster.ask("zeebe_rest", "/v2/topology", auth=("demo", "wrong")).status_code == 401
    assert cluster.ask("zeebe_rest", "/v2/topology", auth=("demo", "demo")).ok


def test_status_and_management_ports_want_nothing(camunda_8_8: StandIn) -> None:
    camunda_8_8.conditions(sign_in="bearer")
    assert camunda_8_8.ask("zeebe_rest", "/v2/status").status_code == 204
    assert camunda_8_8.ask("zeebe_management", "/actuator/health").ok
    assert "issuer" not in camunda_8_8.urls


def test_management_ports_and_the_search_engine_can_want_it_too(vouched: tuple[str, StandIn]) -> None:
    _, cluster = vouched
    cluster.conditions(guarded={"management": "bearer", "search": "basic"})
    refused = cluster.ask("zeebe_management", "/actuator/health")
    assert (refused.status_code, refused.headers["WWW-Authenticate"], refused.content) == (401, "Bearer", b"")
    known = {"Authorization": f"Bearer {token(cluster)}"}
    assert cluster.ask("zeebe_management", "/actuator/health", headers=known).ok
    assert cluster.ask("search", "/_cluster/health", headers=known).status_code == 401
    assert cluster.ask("search", "/_cluster/health", auth=("demo", "demo")).ok


def test_a_token_ends(vouched: tuple[str, StandIn]) -> None:
    _, cluster = vouched
    cluster.conditions(guarded={"management": "bearer"}, token_seconds=1)
    short = {"Authorization": f"Bearer {token(cluster)}"}

    def status() -> int:
        return cluster.ask("zeebe_management", "/actuator/health", headers=short).status_code

    assert status() == 200
    until(status, lambda found: found == 401)
