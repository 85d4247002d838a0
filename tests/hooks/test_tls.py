"""Private authorities and client certificates, over real TLS, from workers and from triggers alike."""

import json
import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from camunda_backup.api.messages import Answer, Request
from camunda_backup.errors import CamundaBackupError, Rejected, Unreachable
from tests.hooks.certificates import Authority, Pair, made_in
from tests.hooks.conftest import CONN_ID
from tests.hooks.server import Server, serving
from tests.hooks.signing_in import App, Provider

Send = Callable[..., list[Answer]]
Connect = Callable[..., None]
Show = Callable[[Any], None]

LOOK = Request("GET", "/actuator/health")
SEARCH = Request("POST", "/v2/process-definitions/search", body={"page": {"limit": 1}})


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that the server does not know."""
    return made_in(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def client(authority: Authority) -> Pair:
    """A certificate for a client."""
    return authority.sign("client")


def serve(authority: Authority, pair: Pair | None = None, *, mutual: bool = False) -> AbstractContextManager[Server]:
    """Serve with TLS.

    :param pair: the server's certificate; default: the authority's for 127.0.0.1
    :param mutual: whether clients must show a certificate of the authority
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown = pair or authority.sign("server")
    context.load_cert_chain(shown.certificate, shown.key)
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.ca)
    return serving(Server(scheme="https"), context)


@pytest.fixture
def mutual(authority: Authority) -> Iterator[Server]:
    """A server that wants to see a certificate of the authority."""
    with serve(authority, mutual=True) as server:
        yield server


def failed(send: Send, kind: type[CamundaBackupError]) -> str:
    with pytest.raises(kind) as caught:
        send(LOOK)
    return str(caught.value)


class TestServersCertificate:
    def test_one_for_another_host_is_told(self, authority: Authority, connect: Connect, send: Send) -> None:
        elsewhere = authority.sign("elsewhere", [x509.DNSName("zeebe.example.org")])
        with serve(authority, elsewhere) as server:
            connect(server.connection, extra={"verify": str(authority.ca)})
            told = failed(send, Unreachable)
        assert "no connection: its certificate is for another name (" in told
        assert told.endswith("); use a host name that is in it")
        assert server.received == []

    def test_one_that_has_ended_is_told(self, authority: Authority, connect: Connect, send: Send) -> None:
        with serve(authority, authority.sign("ended", ends=timedelta(days=-1))) as server:
            connect(server.connection, extra={"verify": str(authority.ca)})
            assert "no connection: its certificate is not valid now (certificate has expired)" in failed(
                send, Unreachable
            )
        assert server.received == []

    def test_https_where_there_is_no_tls_is_told(self, server: Server, connect: Connect, send: Send) -> None:
        connect({**server.connection, "schema": "https"})
        assert failed(send, Unreachable).endswith(
            "does not speak TLS as expected; is its schema (http or https) right?"
        )

    @pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
    def test_that_nobody_verifies_is_logged_once(
        self,
        tls_server: Server,
        monkeypatch: pytest.MonkeyPatch,
        send: Send,
        caplog: pytest.LogCaptureFixture,
        connect: Connect,
    ) -> None:
        from camunda_backup.hooks import tls  # noqa: PLC0415 - beside what it forgets

        monkeypatch.setattr(tls, "_unverified", set())
        connect(tls_server.connection, extra={"verify": False})
        send(LOOK)
        send(LOOK)
        (warning,) = [one.getMessage() for one in caplog.records if one.name == tls.__name__]
        assert warning.startswith(f"connection {CONN_ID} does not verify certificates")


@pytest.fixture
def show(mutual: Server, authority: Authority, connect: Connect) -> Callable[[Any], None]:
    """Define the connection to the server that wants a certificate, with this one; None shows none."""

    def define(cert: Any) -> None:
        connect(mutual.connection, extra={"verify": str(authority.ca), **({"cert": cert} if cert else {})})

    return define


def both(pair: Pair) -> list[str]:
    return [str(pair.certificate), str(pair.key)]


class TestClientsCertificate:
    def test_certificate_and_key_let_in(self, client: Pair, show: Show, send: Send) -> None:
        show(both(client))
        assert send(LOOK) == [Answer(200, {})]

    def test_both_may_be_in_one_file(self, client: Pair, show: Show, send: Send, tmp_path: Path) -> None:
        one = tmp_path / "both.pem"
        one.write_bytes(client.key.read_bytes() + client.certificate.read_bytes())
        show(str(one))
        assert send(LOOK) == [Answer(200, {})]

    def test_without_one_it_is_told_what_the_server_wants(self, mutual: Server, show: Show, send: Send) -> None:
        show(None)
        told = failed(send, Unreachable)
        assert "wants a client certificate" in told
        assert "as cert in its extra" in told
        assert mutual.received == []

    def test_one_of_another_authority_is_told(
        self, mutual: Server, stranger: Authority, show: Show, send: Send
    ) -> None:
        show(both(stranger.sign("other")))
        told = failed(send, Unreachable)
        assert "client certificate" in told
        assert "correct" in told
        assert mutual.received == []

    def test_one_that_is_not_there_is_told_with_its_path(
        self, client: Pair, show: Show, send: Send, tmp_path: Path
    ) -> None:
        for cert in (str(tmp_path / "none.pem"), [str(client.certificate), str(tmp_path / "none.pem")]):
            show(cert)
            assert failed(send, Rejected) == (
                f"connection {CONN_ID} cannot be used as it is: cert names no file that can be read:"
                f" {tmp_path / 'none.pem'}"
            )

    def test_one_without_a_key_is_told(self, client: Pair, show: Show, send: Send) -> None:
        show(str(client.certificate))
        assert failed(send, Rejected) == (
            f"connection {CONN_ID} cannot be used as it is: cert names {client.certificate}, which holds no key; write"
            " [certificate, key]"
        )

    def test_an_encrypted_key_is_told_and_nobody_is_asked_for_its_passphrase(
        self, authority: Authority, show: Show, send: Send
    ) -> None:
        locked = authority.sign("locked", passphrase=b"hunter2-of-the-key")
        show(both(locked))
        assert failed(send, Rejected) == (
            f"connection {CONN_ID} cannot be used as it is: the key in {locked.key} is encrypted, and nobody is there"
            " to enter its passphrase; store it without one, readable for Airflow alone"
        )

    def test_a_key_of_another_certificate_is_told(
        self, authority: Authority, client: Pair, show: Show, send: Send
    ) -> None:
        show([str(client.certificate), str(authority.sign("another").key)])
        assert "are no certificate with its key: KEY_VALUES_MISMATCH" in failed(send, Rejected)

    @pytest.mark.parametrize("cert", [["one.pem"], {"cert": "one.pem"}, [1, 2], 7])
    def test_what_is_no_path_is_told(self, show: Show, send: Send, cert: Any) -> None:
        show(cert)
        assert failed(send, Rejected).endswith("cert in its extra must be a file, or [certificate, key]")

    def test_no_key_is_logged(self, client: Pair, show: Show, send: Send, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        show(both(client))
        send(LOOK)
        assert caplog.records
        assert client.key.read_text().splitlines()[1] not in caplog.text


ISSUER = "tls_issuer"


@pytest.fixture
def issuing(authority: Authority, monkeypatch: pytest.MonkeyPatch, client: Pair) -> Iterator[Provider]:
    """A provider that wants to see a certificate, and the connection to it."""
    extra = {"verify": str(authority.ca), "cert": both(client)}
    with serve(authority, mutual=True) as server:
        provider = Provider(server)
        monkeypatch.setenv(f"AIRFLOW_CONN_{ISSUER.upper()}", json.dumps({**provider.connection, "extra": extra}))
        yield provider


def test_provider_and_app_may_both_want_a_certificate(
    issuing: Provider, mutual: Server, client: Pair, show: Show, send: Send
) -> None:
    App(mutual, "bearer", issuing)
    show(both(client))
    assert send(SEARCH, access={"kind": "oidc", "issuer": ISSUER}) == [Answer(200, {"items": [], "total": 0})]


def test_a_token_endpoint_without_tls_gets_no_secret(
    issuing: Provider, server: Server, connect: Connect, send: Send
) -> None:
    issuing.token_endpoint = f"http://127.0.0.1:{server.port}/token"
    connect(server.connection)
    with pytest.raises(Rejected, match="has no TLS, so the secret was not sent"):
        send(SEARCH, access={"kind": "oidc", "issuer": ISSUER})
    assert server.received == []
