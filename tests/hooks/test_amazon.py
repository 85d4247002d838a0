"""Requests to Amazon OpenSearch Service: a server that knows the key computes the same signature over what arrived."""

import asyncio
import hmac
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from camunda_backup.api.access import Access, Kind
from camunda_backup.api.messages import Answer, Request
from camunda_backup.errors import Rejected
from camunda_backup.hooks import amazon
from camunda_backup.hooks.http import AsyncJsonHook, JsonHook
from camunda_backup.hooks.storage import StorageHook
from tests.hooks.conftest import CONN_ID
from tests.hooks.server import Given, Received, Server, serving

REGION = "eu-central-1"
OWN = Credentials("AKIDEXAMPLE", "own-secret-for-tests")
ASSUMED = Credentials("ASIAROLE", "role-secret-for-tests", "role-token-for-tests")
ROLE = "arn:aws:iam::123456789012:role/snapshots"
ACCESS = Access(Kind.SIGV4.value, region=REGION).as_json()
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w+)/(?P<scope>\S+), SignedHeaders=(?P<signed>\S+), Signature=(?P<made>\w+)"
)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the process credentials, and forget those of other tests."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OWN.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", OWN.secret_key)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/no/such/file")
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    amazon._kept.clear()
    yield
    amazon._kept.clear()


def signature_of(received: Received, known: Credentials) -> tuple[str, str]:
    """Give the signature that arrived, and the one that the service computes of the request."""
    told = AUTHORIZATION.fullmatch(received.headers["authorization"])
    assert told
    assert told["key"] == known.access_key
    date, region, service, _ = told["scope"].split("/")
    assert (region, service) == (REGION, "es")
    headers = {name: received.headers[name] for name in told["signed"].split(";")}
    assert {"host", "x-amz-date"} <= headers.keys()
    assert headers["x-amz-date"].startswith(date)
    url = f"http://{received.headers['host']}{received.target}"
    request = AWSRequest(method=received.method, url=url, data=received.body, headers=headers)
    request.context["timestamp"] = headers["x-amz-date"]
    service_side = SigV4Auth(known, "es", REGION)
    text = service_side.string_to_sign(request, service_side.canonical_request(request))
    return told["made"], service_side.signature(text, request)


def by_worker(access: dict[str, Any], *requests: Request) -> list[Answer]:
    hook = JsonHook(CONN_ID, access)
    return [hook.send(request) for request in requests]


def by_trigger(access: dict[str, Any], *requests: Request) -> list[Answer]:
    async def sent() -> list[Answer]:
        async with AsyncJsonHook(CONN_ID, access) as hook:
            return [await hook.send(request) for request in requests]

    return asyncio.run(sent())


WAYS = pytest.mark.parametrize("send", [by_worker, by_trigger], ids=["worker", "trigger"])
Send = Callable[..., list[Answer]]
REQUESTS = [
    Request("GET", "/"),
    Request("GET", "/_cat/indices/operate*", {"format": "json", "h": "index,docs.count", "expand_wildcards": "all"}),
    Request("PUT", "/_snapshot/a%20b/camunda_1", {"wait_for_completion": "false"}, {"indices": "zeebe-record*"}),
    Request("POST", "/operate-list-view-8.*/_count", None, {"query": {"term": {"state": "ä"}}}),
    Request("DELETE", "/_snapshot/backups/camunda_operate_1_8.6.0_part_1_of_6"),
]


@WAYS
@pytest.mark.parametrize("request_", REQUESTS, ids=lambda one: f"{one.method} {one.path}")
def test_the_service_computes_the_same_signature(
    server: Server, connect: Callable[..., None], send: Send, request_: Request
) -> None:
    connect(server.connection)

    assert send(ACCESS, request_)[0].ok

    arrived, computed = signature_of(server.last, OWN)
    assert hmac.compare_digest(arrived, computed)


@WAYS
def test_a_role_is_taken_on_once_and_signs_with_its_token(
    server: Server, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch, send: Send
) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = (
        f"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>{ASSUMED.access_key}</AccessKeyId>"
        f"<SecretAccessKey>{ASSUMED.secret_key}</SecretAccessKey><SessionToken>{ASSUMED.token}</SessionToken>"
        f"<Expiration>{ends}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
    connect(server.connection)
    with serving(Server(decide=lambda _: Given(200, told.encode(), "text/xml"))) as tokens:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{tokens.port}")
        send(Access(Kind.SIGV4.value, region=REGION, role_arn=ROLE).as_json(), *REQUESTS[:2])

        assert len(tokens.received) == 1
        assert ROLE.replace(":", "%3A").replace("/", "%2F") in tokens.last.body.decode()
    for received in server.received:
        assert received.headers["x-amz-security-token"] == ASSUMED.token
        arrived, computed = signature_of(received, ASSUMED)
        assert hmac.compare_digest(arrived, computed)


@WAYS
def test_a_refusal_says_what_the_domain_misses(server: Server, connect: Callable[..., None], send: Send) -> None:
    connect(server.connection)
    server.status = 403

    (answer,) = send(ACCESS, Request("PUT", "/_snapshot/backups"))

    assert "the AWS identity of this process" in str(answer)


@WAYS
def test_a_process_without_credentials_is_one_sentence(
    server: Server, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch, send: Send
) -> None:
    connect(server.connection)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(Rejected, match="there are no AWS credentials to sign with; give workers and triggerers a role"):
        send(ACCESS, Request("GET", "/"))
    assert server.received == []


@WAYS
def test_a_login_beside_the_signature_is_refused(server: Server, connect: Callable[..., None], send: Send) -> None:
    connect(server.connection, login="admin", password="admin")

    with pytest.raises(Rejected, match="are signed; remove its login and password"):
        send(ACCESS, Request("GET", "/"))


def test_the_search_engines_hook_signs(server: Server, connect: Callable[..., None]) -> None:
    connect(server.connection)
    server.body = b'{"snapshots": []}'

    assert StorageHook(CONN_ID, "opensearch", "backups", access=ACCESS).snapshots() == ()

    arrived, computed = signature_of(server.last, OWN)
    assert hmac.compare_digest(arrived, computed)


@WAYS
def test_without_botocore_the_sentence_says_what_to_install(
    server: Server, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch, send: Send
) -> None:
    connect(server.connection)
    monkeypatch.setitem(sys.modules, "botocore", None)

    with pytest.raises(Rejected, match=r"botocore, which is not installed; install requirements-extras\.txt"):
        send(ACCESS, Request("GET", "/"))
