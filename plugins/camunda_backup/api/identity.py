"""Signing in: OpenID Connect's discovery and client credentials, and the web apps' own login."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from camunda_backup.api.messages import UNREADABLE, Answer, Request
from camunda_backup.errors import Rejected, Unreachable

DISCOVERY = Request("GET", "/.well-known/openid-configuration")
CSRF_HEADER = "X-CSRF-TOKEN"
LIFETIME = 60.0  # seconds, of a token that does not tell


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who a client is.

    :param login: client ID, or user name
    """

    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider as it describes itself.

    :param posts_secret: whether it takes client ID and secret in the form; if not, as basic authentication
    """

    issuer: str
    token_endpoint: str
    posts_secret: bool

    def token_request(self, client: Credentials, audience: str | None, scope: str | None) -> Request:
        """Return the request for a token by client credentials (RFC 6749, section 4.4)."""
        wishes = {name: value for name, value in (("audience", audience), ("scope", scope)) if value}
        form = {"grant_type": "client_credentials", **wishes}
        if self.posts_secret:
            form |= {"client_id": client.login, "client_secret": client.password}
            return Request("POST", self.token_endpoint, form=form)
        pair = f"{quote_plus(client.login)}:{quote_plus(client.password)}"
        headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        return Request("POST", self.token_endpoint, form=form, headers=headers)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token.

    :param lifetime: in seconds
    """

    value: str = field(repr=False)
    lifetime: float


def read_discovery(conn_id: str, base_url: str, answer: Answer) -> Provider:
    """Return the provider.

    :param conn_id: the issuer's connection, for messages
    :param base_url: of that connection
    :raises Rejected: there is none at this URL, or it would have the secret sent in the clear
    :raises Unreachable: it does not answer as it should just now
    """
    if not answer.ok:
        raise answer.failure(
            f"connection {conn_id}: {base_url} describes no OpenID Connect provider; its URL must be the issuer's, for"
            " Keycloak https://<host>/realms/<realm>"
        )
    body = answer.body if isinstance(answer.body, dict) else {}
    issuer, endpoint = body.get("issuer"), body.get("token_endpoint")
    if not issuer or not endpoint:
        raise Rejected(f"connection {conn_id}: {base_url} names no token endpoint; is its URL the issuer's?")
    if base_url.startswith("https:") and not str(endpoint).startswith("https:"):
        raise Rejected(f"connection {conn_id}: the token endpoint {endpoint} has no TLS, so the secret was not sent")
    methods = body.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Provider(str(issuer), str(endpoint), "client_secret_post" in methods)


def read_token(conn_id: str, answer: Answer) -> Token:
    """Return the token.

    :param conn_id: the issuer's connection, for messages
    :raises Rejected: the client is refused
    :raises Unreachable: there is no answer to read just now
    """
    body = answer.body if isinstance(answer.body, dict) else {}
    if body.get("error") in {"invalid_client", "unauthorized_client"}:
        raise Rejected(
            f"connection {conn_id}: the identity provider refuses the client ({answer}); its login must be the client's"
            " ID, its password the client's secret, and the client must be allowed to have a service account"
        )
    if not answer.ok:
        raise answer.failure(f"connection {conn_id}: the identity provider gives no token")
    try:
        return Token(str(body["access_token"]), float(body.get("expires_in") or LIFETIME))
    except UNREADABLE:  # without the answer, which may hold a token
        raise Unreachable(f"connection {conn_id}: the identity provider's answer holds no token") from None


def login_request(user: Credentials) -> Request:
    """Return the web apps' own login, 8.5 to 8.7; as a form, since what is in a URL ends up in logs."""
    return Request("POST", "/api/login", form={"username": user.login, "password": user.password})


def read_login(conn_id: str, user: Credentials, answer: Answer) -> None:
    """Read the answer to a login.

    :raises Rejected: user or password is wrong (401, recorded from Camunda 8.6.0)
    :raises Unreachable: it cannot be told just now
    """
    if answer.status in {401, 403}:
        raise Rejected(f"connection {conn_id}: the login of {user.login} is refused; correct its login or password")
    if not answer.ok:
        raise answer.failure(f"connection {conn_id}: no login")


def csrf_header(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return what the next requests of a session must repeat, from an answer's headers."""
    return {CSRF_HEADER: headers[CSRF_HEADER]} if CSRF_HEADER in headers else {}


def let_in(answer: Answer) -> bool:
    """Return whether an answer is data; a login page is text, whatever its code."""
    return answer.ok and not isinstance(answer.body, str)


def wants_sign_in(answer: Answer) -> bool:
    """Return whether an answer is a refusal, a login page or the way to one."""
    return answer.status in {401, 403} or 300 <= answer.status < 400 or (answer.ok and not let_in(answer))
