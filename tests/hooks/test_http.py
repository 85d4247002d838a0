"""Workers and triggers send the same request, read the same answer and fail with the same error."""

import asyncio
import base64
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from camunda_backup.api.messages import Answer, Request
from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.hooks.http import AsyncJsonHook
from tests.hooks.certificates import Authority, made_in
from tests.hooks.conftest import CONN_ID
from tests.hooks.server import Given, Received, Server

Send = Callable[..., list[Answer]]
Connect = Callable[..., None]

LOOK = Request("GET", "/actuator/health")
PASSWORD = "hunter2-let-me-in"


class TestRequest:
    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
    def test_method_and_path_arrive(self, server: Server, connect: Connect, send: Send, method: str) -> None:
        connect(server.connection)
        send(Request(method, "/actuator/backups/10"))
        assert (server.last.method, server.last.target) == (method, "/actuator/backups/10")

    def test_a_query_arrives(self, server: Server, connect: Connect, send: Send) -> None:
        connect(server.connection)
        send(Request("POST", "/actuator/exporting/pause", {"soft": "true", "h": "index,docs.count"}))
        assert server.last.target.replace("%2C", ",") == "/actuator/exporting/pause?soft=true&h=index,docs.count"

    def test_a_pattern_in_a_path_arrives_unchanged(self, server: Server, connect: Connect, send: Send) -> None:
        connect(server.connection)
        send(Request("GET", "/_snapshot/a%20b/camunda_*_10_*,camunda_*_10"))
        assert server.last.target == "/_snapshot/a%20b/camunda_*_10_*,camunda_*_10"

    @pytest.mark.parametrize("body", [{"backupId": 10}, {}, [], {"name": "Übung"}])
    def test_a_body_arrives_as_json(self, server: Server, connect: Connect, send: Send, body: Any) -> None:
        connect(server.connection)
        send(Request("POST", "/actuator/backups", body=body))
        assert server.last.headers["content-type"] == "application/json"
        assert json.loads(server.last.body) == body

    def test_without_a_body_none_is_sent(self, server: Server, connect: Connect, send: Send) -> None:
        connect(server.connection)
        send(Request("POST", "/actuator/exporting/resume"))
        assert server.last.body == b""
        assert server.last.headers.get("content-length", "0") == "0"

    def test_a_post_without_a_body_is_json_too(self, server: Server, connect: Connect, send: Send) -> None:
        connect(server.connection)
        send(Request("POST", "/actuator/exporting/resume"))
        assert server.last.headers["content-type"] == "application/json"

    def test_json_is_asked_for(self, server: Server, connect: Connect, send: Send) -> None:
        connect(server.connection)
        send(LOOK)
        assert server.last.headers["accept"] == "application/json"

    def test_login_and_password_are_basic_auth(self, server: Server, connect: Connect, send: Send) -> None:
        connect(server.connection, login="demo", password=PASSWORD)
        send(LOOK)
        scheme, _, encoded = server.last.headers["authorization"].partition(" ")
        assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", f"demo:{PASSWORD}")

    def test_without_a_login_nothing_is_told_of_one(self, server: Server, connect: Connect, send: Send) -> None:
        connect(server.connection)
        send(LOOK)
        assert "authorization" not in server.last.headers

    def test_a_timeout_may_be_written_as_text(self, server: Server, connect: Connect, send: Send) -> None:
        connect(server.connection, extra={"timeout": "5"})
        assert send(LOOK) == [Answer(200, {})]

    def test_other_fields_of_extra_are_headers(self, server: Server, connect: Connect, send: Send) -> None:
        connect(server.connection, extra={"Authorization": f"Bearer {PASSWORD}", "X-Team": "data", "timeout": 7})
        send(LOOK)
        assert server.last.headers["authorization"] == f"Bearer {PASSWORD}"
        assert server.last.headers["x-team"] == "data"
        assert "timeout" not in server.last.headers

    def test_a_context_path_of_the_connection_comes_first(self, server: Server, connect: Connect, send: Send) -> None:
        connect({"conn_type": "http", "host": f"http://127.0.0.1:{server.port}/camunda"})
        send(LOOK)
        assert server.last.target == "/camunda/actuator/health"

    def test_a_slash_at_the_end_of_the_base_url_is_not_doubled(
        self, server: Server, connect: Connect, send: Send
    ) -> None:
        connect({"conn_type": "http", "host": f"http://127.0.0.1:{server.port}/camunda/"})
        send(LOOK)
        assert server.last.target == "/camunda/actuator/health"

    def test_several_requests_go_through_one_hook(self, server: Server, connect: Connect, send: Send) -> None:
        connect(server.connection)
        send(*(Request("GET", f"/{number}") for number in range(3)))
        assert [received.target for received in server.received] == ["/0", "/1", "/2"]


class TestProxy:
    ELSEWHERE = {"conn_type": "http", "host": "zeebe.invalid", "port": 9600}  # noqa: RUF012 - read only

    def test_one_of_the_connection_is_asked(self, server: Server, connect: Connect, send: Send) -> None:
        connect(self.ELSEWHERE, extra={"proxies": {"http": f"http://127.0.0.1:{server.port}"}})
        assert send(LOOK) == [Answer(200, {})]
        assert server.last.target == "http://zeebe.invalid:9600/actuator/health"

    @pytest.mark.parametrize("trusted", [True, False])
    def test_one_of_the_environment_is_asked_unless_the_connection_says_no(
        self, server: Server, connect: Connect, send: Send, monkeypatch: pytest.MonkeyPatch, *, trusted: bool
    ) -> None:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
        connect(self.ELSEWHERE, extra={"trust_env": trusted})
        if trusted:
            assert send(LOOK) == [Answer(200, {})]
        else:
            unreachable(send)
        assert len(server.received) == int(trusted)


class TestAnswer:
    @pytest.mark.parametrize("status", [200, 202, 400, 401, 404, 409, 415, 429, 500, 502, 503, 504])
    def test_every_code_is_an_answer(self, server: Server, connect: Connect, send: Send, status: int) -> None:
        connect(server.connection)
        server.status, server.body = status, b'{"message": "told"}'
        assert send(LOOK) == [Answer(status, {"message": "told"})]

    @pytest.mark.parametrize(
        ("text", "body"),
        [
            ('{"backupId": 10, "details": []}', {"backupId": 10, "details": []}),
            ('{\n  "state" : "COMPLETED"\n}', {"state": "COMPLETED"}),
            ("[ ]", []),
            ("null", None),
            ("", None),
            ("<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
            ('{"cut off": ', '{"cut off": '),
            ('{"name": "Übung ≥ 1"}', {"name": "Übung ≥ 1"}),
        ],
    )
    def test_a_body_is_parsed_or_kept_as_text(
        self, server: Server, connect: Connect, send: Send, text: str, body: Any
    ) -> None:
        connect(server.connection)
        server.body = text.encode()
        assert send(LOOK) == [Answer(200, body)]

    def test_a_body_that_is_no_utf_8_is_kept_as_text(self, server: Server, connect: Connect, send: Send) -> None:
        connect(server.connection)
        server.body = b"\xff\xfe gone"
        assert send(LOOK) == [Answer(200, "\ufffd\ufffd gone")]

    @pytest.mark.parametrize("content_type", ["application/problem+json", "text/html", "application/octet-stream"])
    def test_json_is_read_whatever_it_calls_itself(
        self, server: Server, connect: Connect, send: Send, content_type: str
    ) -> None:
        connect(server.connection)
        server.body, server.content_type = b'{"status": 400}', content_type
        assert send(LOOK) == [Answer(200, {"status": 400})]

    def test_a_204_has_no_body(self, server: Server, connect: Connect, send: Send) -> None:
        connect(server.connection)
        server.status = 204
        assert send(LOOK) == [Answer(204, None)]


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken, so that nobody else gets it, and refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def unreachable(send: Send) -> str:
    with pytest.raises(Unreachable) as caught:
        send(LOOK)
    return str(caught.value)


class TestNoAnswer:
    def test_a_refused_connection_names_address_and_connection(
        self, connect: Connect, send: Send, closed_port: int
    ) -> None:
        connect({"conn_type": "http", "host": "127.0.0.1", "port": closed_port})
        assert unreachable(send).startswith(f"http://127.0.0.1:{closed_port} ({CONN_ID}): no connection: ")

    def test_an_unknown_host_is_no_connection(self, connect: Connect, send: Send) -> None:
        connect({"conn_type": "http", "host": "nowhere.invalid"})
        assert unreachable(send).startswith(f"http://nowhere.invalid ({CONN_ID}): no connection: ")

    def test_a_request_that_takes_longer_by_its_nature_is_waited_for(
        self, server: Server, connect: Connect, send: Send
    ) -> None:
        connect(server.connection, extra={"timeout": 0.2})

        def slowly(_: Received) -> Given:
            server.over.wait(0.6)
            return Given(204)

        server.decide = slowly
        assert {answer.status for answer in send(Request("POST", "/v2/exporting/pause", patience=75))} == {204}
        with pytest.raises(Unreachable, match="no answer in time"):
            send(LOOK)

    def test_a_silent_server_is_left_after_the_connections_timeout(
        self, server: Server, connect: Connect, send: Send
    ) -> None:
        connect(server.connection, extra={"timeout": 0.2})
        server.hanging = True
        assert unreachable(send).startswith(f"http://127.0.0.1:{server.port} ({CONN_ID}): no answer in time: ")

    def test_a_server_that_hangs_up_is_no_connection(self, server: Server, connect: Connect, send: Send) -> None:
        connect(server.connection)
        server.breaking = True
        assert "no connection: " in unreachable(send)

    def test_the_same_hook_serves_after_a_failure(self, server: Server, connect: Connect, send: Send) -> None:
        connect(server.connection, extra={"timeout": 0.2})
        server.hanging = True
        unreachable(send)
        server.hanging = False
        assert send(LOOK) == [Answer(200, {})]

    @pytest.mark.parametrize("trouble", ["hanging", "breaking"])
    def test_no_secret_of_the_connection_is_told(
        self, server: Server, connect: Connect, send: Send, trouble: str
    ) -> None:
        connect(server.connection, login="demo", password=PASSWORD, extra={"X-Api-Key": PASSWORD, "timeout": 0.2})
        setattr(server, trouble, True)
        assert PASSWORD not in unreachable(send)

    def test_a_login_in_the_host_is_refused_and_not_told(self, server: Server, connect: Connect, send: Send) -> None:
        connect({"conn_type": "http", "host": f"http://demo:{PASSWORD}@127.0.0.1:{server.port}"})
        assert rejected(send) == (
            f"connection {CONN_ID} cannot be used as it is: its host holds a login, which everybody can read there;"
            " enter it as login and password"
        )
        assert server.received == []


def rejected(send: Send) -> str:
    with pytest.raises(Rejected) as caught:
        send(LOOK)
    return str(caught.value)


class TestConnectionThatCannotBeUsed:
    @pytest.mark.usefixtures("airflow_db")
    def test_one_that_is_not_defined_is_a_sentence_with_what_to_do(self, send: Send) -> None:
        assert rejected(send) == (
            f"Airflow has no connection {CONN_ID}, which the cluster file names; create it with type http"
        )

    @pytest.mark.parametrize("place", ["missing.pem", "folder", "no_certificate.pem"])
    def test_a_ca_file_that_is_none_is_told_with_the_connection(
        self, tls_server: Server, connect: Connect, send: Send, tmp_path: Path, place: str
    ) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "no_certificate.pem").write_text("text")
        connect(tls_server.connection, extra={"verify": str(tmp_path / place)})
        assert rejected(send) == (
            f"connection {CONN_ID} cannot be used as it is: verify names no CA file that can be read:"
            f" {tmp_path / place}"
        )

    def test_a_login_without_a_password_is_told_with_the_connection(
        self, server: Server, connect: Connect, send: Send
    ) -> None:
        connect(server.connection, login="demo")
        assert rejected(send) == (
            f"connection {CONN_ID} cannot be used as it is: it has no password; enter login and password, or a token as"
            " password and no login"
        )
        assert server.received == []

    def test_a_timeout_that_is_no_number_is_told_with_the_connection(
        self, server: Server, connect: Connect, send: Send
    ) -> None:
        connect(server.connection, extra={"timeout": "soon"})
        assert rejected(send).startswith(f"connection {CONN_ID} cannot be used as it is: ")


class TestTls:
    def test_a_ca_file_of_the_connection_is_trusted(
        self, tls_server: Server, authority: Authority, connect: Connect, send: Send
    ) -> None:
        connect(tls_server.connection, extra={"verify": str(authority.ca)})
        assert send(LOOK) == [Answer(200, {})]

    def test_an_unknown_authority_is_not_trusted(self, tls_server: Server, connect: Connect, send: Send) -> None:
        connect(tls_server.connection, login="demo", password=PASSWORD)
        assert unreachable(send) == (
            f"https://127.0.0.1:{tls_server.port} ({CONN_ID}): no connection: its certificate is not trusted; name your"
            " CA's file as verify in its extra"
        )
        assert tls_server.received == []

    def test_a_ca_file_of_another_authority_is_not_trusted(
        self, tls_server: Server, connect: Connect, send: Send, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        connect(tls_server.connection, extra={"verify": str(made_in(tmp_path_factory.mktemp("other")).ca)})
        assert "no connection: " in unreachable(send)

    @pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
    def test_verification_can_be_turned_off(self, tls_server: Server, connect: Connect, send: Send) -> None:
        connect(tls_server.connection, extra={"verify": False})
        assert send(LOOK) == [Answer(200, {})]


def test_an_async_hook_outside_its_context_says_how_to_use_it(server: Server, connect: Connect) -> None:
    connect(server.connection)
    with pytest.raises(RuntimeError, match="async with"):
        asyncio.run(AsyncJsonHook(CONN_ID).send(LOOK))
