"""What an identity provider answers, and the sentence that is made of it."""

from base64 import b64encode

import pytest

from camunda_backup.api.identity import (
    LIFETIME,
    Credentials,
    Provider,
    csrf_header,
    let_in,
    login_request,
    read_discovery,
    read_login,
    read_token,
    wants_sign_in,
)
from camunda_backup.api.messages import Answer
from camunda_backup.errors import Rejected, Unreachable

BASE = "https://id.example/realms/camunda-platform"
ENDPOINT = f"{BASE}/protocol/openid-connect/token"
CLIENT = Credentials("camunda-backup", "hunter2&more")


def described(**fields: object) -> Answer:
    return Answer(200, {"issuer": BASE, "token_endpoint": ENDPOINT, **fields})


class TestDiscovery:
    @pytest.mark.parametrize(
        ("methods", "posts"),
        [
            ({"token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"]}, True),
            ({"token_endpoint_auth_methods_supported": ["client_secret_basic"]}, False),
            ({}, False),  # OpenID Connect Discovery 1.0, section 3: the default is client_secret_basic
        ],
    )
    def test_the_way_to_show_the_secret_is_the_providers(self, methods: dict[str, list[str]], posts: bool) -> None:
        assert read_discovery("id", BASE, described(**methods)) == Provider(BASE, ENDPOINT, posts)

    @pytest.mark.parametrize("body", [None, [], "<html>", {}, {"issuer": BASE}, {"token_endpoint": ENDPOINT}])
    def test_a_page_of_something_else_is_told(self, body: object) -> None:
        with pytest.raises(Rejected, match=r"names no token endpoint; is its URL"):
            read_discovery("id", BASE, Answer(200, body))

    @pytest.mark.parametrize(("status", "error"), [(404, Rejected), (301, Rejected), (503, Unreachable)])
    def test_a_failure_may_pass_or_not(self, status: int, error: type[Exception]) -> None:
        with pytest.raises(error, match=f"describes no OpenID Connect provider.*HTTP {status}"):
            read_discovery("id", BASE, Answer(status, None))

    def test_a_secret_does_not_go_from_tls_to_plain_text(self) -> None:
        with pytest.raises(Rejected, match=r"http://id.example/token has no TLS, so the secret was not sent"):
            read_discovery("id", BASE, described(token_endpoint="http://id.example/token"))


class TestToken:
    def test_the_request_is_a_form_with_the_secret_in_it(self) -> None:
        request = Provider(BASE, ENDPOINT, posts_secret=True).token_request(CLIENT, "api", "openid")
        assert (request.method, request.path, request.body, request.headers) == ("POST", ENDPOINT, None, {})
        assert request.form == {
            "grant_type": "client_credentials",
            "client_id": CLIENT.login,
            "client_secret": CLIENT.password,
            "audience": "api",
            "scope": "openid",
        }

    def test_or_in_a_header_encoded_as_rfc_6749_says(self) -> None:
        request = Provider(BASE, ENDPOINT, posts_secret=False).token_request(CLIENT, None, None)
        assert request.form == {"grant_type": "client_credentials"}
        assert request.headers == {"Authorization": f"Basic {b64encode(b'camunda-backup:hunter2%26more').decode()}"}

    @pytest.mark.parametrize(
        ("body", "lifetime"), [({"expires_in": 300}, 300), ({"expires_in": "300"}, 300), ({}, LIFETIME)]
    )
    def test_a_token_has_a_lifetime(self, body: dict[str, object], lifetime: float) -> None:
        token = read_token("id", Answer(200, {"access_token": "abc", **body}))
        assert (token.value, token.lifetime) == ("abc", lifetime)

    @pytest.mark.parametrize(
        ("status", "error"),
        [(401, "invalid_client"), (400, "invalid_client"), (401, "unauthorized_client"), (400, "unauthorized_client")],
    )
    def test_a_refused_client_is_told(self, status: int, error: str) -> None:
        with pytest.raises(
            Rejected, match=f"connection id: the identity provider refuses the client .HTTP {status} why"
        ):
            read_token("id", Answer(status, {"error": error, "error_description": "why"}))

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (Answer(400, {"error": "invalid_scope", "error_description": "Invalid scopes: read"}), Rejected),
            (Answer(404, "<html>"), Rejected),
            (Answer(503, None), Unreachable),
        ],
    )
    def test_any_other_failure_is_told(self, answer: Answer, error: type[Exception]) -> None:
        with pytest.raises(error, match=f"connection id: the identity provider gives no token: {answer}"):
            read_token("id", answer)

    @pytest.mark.parametrize(
        "body", [None, "<html>", {"id_token": "hunter2"}, {"access_token": "hunter2", "expires_in": "x"}]
    )
    def test_an_unreadable_answer_is_told_without_its_text(self, body: object) -> None:
        with pytest.raises(Unreachable) as caught:
            read_token("id", Answer(200, body))
        assert str(caught.value) == "connection id: the identity provider's answer holds no token"


class TestLogin:
    def test_it_is_a_form(self) -> None:
        request = login_request(CLIENT)
        assert (request.path, request.query, request.body) == ("/api/login", None, None)
        assert request.form == {"username": CLIENT.login, "password": CLIENT.password}

    @pytest.mark.parametrize(
        ("status", "error"), [(401, Rejected), (403, Rejected), (404, Rejected), (500, Unreachable)]
    )
    def test_only_a_success_is_one(self, status: int, error: type[Exception]) -> None:
        read_login("app", CLIENT, Answer(204, None))
        with pytest.raises(error, match=r"^connection app: "):
            read_login("app", CLIENT, Answer(status, None))

    def test_a_csrf_token_is_kept(self) -> None:
        assert csrf_header({"X-CSRF-TOKEN": "abc", "Date": "today"}) == {"X-CSRF-TOKEN": "abc"}
        assert csrf_header({"Date": "today"}) == {}


@pytest.mark.parametrize(
    ("answer", "inside", "refused"),
    [
        (Answer(200, {"items": []}), True, False),
        (Answer(200, []), True, False),
        (Answer(200, "<html>Log in</html>"), False, True),
        (Answer(302, None), False, True),
        (Answer(401, None), False, True),
        (Answer(403, {"message": "Forbidden"}), False, True),
        (Answer(404, None), False, False),
        (Answer(503, None), False, False),
    ],
)
def test_data_is_told_from_a_refusal(answer: Answer, inside: bool, refused: bool) -> None:
    assert (let_in(answer), wants_sign_in(answer)) == (inside, refused)


@pytest.mark.parametrize(
    "shown",
    [CLIENT, login_request(CLIENT), Provider(BASE, ENDPOINT, posts_secret=False).token_request(CLIENT, None, None)],
)
def test_no_secret_shows_when_something_is_printed(shown: object) -> None:
    assert "hunter2" not in repr(shown)
    assert b64encode(b"camunda-backup:hunter2%26more").decode() not in repr(shown)
