"""An identity provider and a web app of a test's own, each on a server of its own."""

import base64
import json
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from tests.hooks.server import Given, Received, Server

CLIENT, SECRET = "camunda-backup", "hunter2-of the client+1"
USER, PASSWORD = "demo", "hunter2-of-demo"
REALM = "/realms/camunda-platform"
DISCOVERY = f"{REALM}/.well-known/openid-configuration"
ENDPOINT = f"{REALM}/protocol/openid-connect/token"


def told(status: int, body: Any = None, **headers: str) -> Given:
    """Return an answer with a JSON body."""
    return Given(status, json.dumps(body or {}).encode(), headers={k.replace("_", "-"): v for k, v in headers.items()})


@dataclass
class Provider:
    """Gives tokens to one client.

    :param methods: what it says of how a client may show its secret
    :param lifetime: of its tokens, in seconds
    :param tokens: those that it gave; only the last one is still good
    :param forms: the token requests that it got
    """

    server: Server
    methods: list[str] | None = None
    lifetime: int = 300
    token_endpoint: str | None = None
    tokens: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server.decide = self._decide

    @property
    def issuer(self) -> str:
        """Its name for itself."""
        return f"{self.server.scheme}://127.0.0.1:{self.server.port}{REALM}"

    @property
    def connection(self) -> dict[str, Any]:
        """An Airflow connection to it, in Airflow's JSON form."""
        return {"conn_type": "http", "host": self.issuer, "login": CLIENT, "password": SECRET}

    def _decide(self, received: Received) -> Given:
        if (received.method, received.target) == ("GET", DISCOVERY):
            body = {
                "issuer": self.issuer,
                "token_endpoint": self.token_endpoint or self.issuer + ENDPOINT[len(REALM) :],
            }
            return told(200, body | ({"token_endpoint_auth_methods_supported": self.methods} if self.methods else {}))
        if (received.method, received.target) != ("POST", ENDPOINT):
            return told(404, {"error": "Unable to find matching target resource method"})
        form = {name: values[0] for name, values in parse_qs(received.body.decode()).items()}
        self.forms.append(form)
        shown = (form.get("client_id"), form.get("client_secret"))
        if shown == (None, None):
            pair = base64.b64decode(received.headers.get("authorization", "").removeprefix("Basic ")).decode()
            login, _, password = pair.partition(":")
            shown = unquote_plus(login), unquote_plus(password)
        if shown != (CLIENT, SECRET):  # recorded from Keycloak 26.5
            said = {"error": "unauthorized_client", "error_description": "Invalid client or Invalid client credentials"}
            return told(401, said)
        self.tokens.append(f"token-{len(self.tokens) + 1}-of-the-provider")
        return told(200, {"access_token": self.tokens[-1], "expires_in": self.lifetime, "token_type": "Bearer"})


@dataclass
class App:
    """A web app with one search; ``kind`` says how it is signed in to, ``none`` that everybody may search.

    :param protected: whether what is sent must repeat the CSRF token of the last answer
    :param sessions: cookies that are still good
    """

    server: Server
    kind: str
    provider: Provider | None = None
    protected: bool = False
    sessions: set[str] = field(default_factory=set)
    logins: int = 0

    def __post_init__(self) -> None:
        self.server.decide = self._decide

    def connection(self, **fields: Any) -> dict[str, Any]:
        """Return an Airflow connection to it with its user, in Airflow's JSON form."""
        return {**self.server.connection, "login": USER, "password": PASSWORD, **fields}

    def _decide(self, received: Received) -> Given:
        path = urlsplit(received.target).path
        if (received.method, path) == ("POST", "/api/login") and self.kind == "cookie":
            return self._login(parse_qs(received.body.decode()))
        if (received.method, path) not in SEARCHES:
            return told(404, {"message": f"no {path}"})
        if not self._known(received):
            return told(401, {"status": 401, "message": "Authentication is required"})
        return told(200, {"items": [], "total": 0} if "definitions" in path else [])

    def _login(self, form: dict[str, list[str]]) -> Given:
        if (form.get("username"), form.get("password")) != ([USER], [PASSWORD]):
            return told(401, {"status": 401, "message": "Username or password is wrong"})
        self.logins += 1
        session = f"session-{self.logins}"
        self.sessions.add(session)
        csrf = {"X_CSRF_TOKEN": f"csrf-of-{session}"} if self.protected else {}
        return told(204, Set_Cookie=f"OPERATE-SESSION={session}; Path=/; HttpOnly", **csrf)

    def _known(self, received: Received) -> bool:
        shown = received.headers.get("authorization", "")
        if self.kind == "basic":
            return shown == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.kind == "bearer":
            return bool(self.provider and self.provider.tokens and shown == f"Bearer {self.provider.tokens[-1]}")
        if self.kind == "cookie":
            cookie = SimpleCookie(received.headers.get("cookie", "")).get("OPERATE-SESSION")
            session = cookie.value if cookie else ""
            csrf = received.headers.get("x-csrf-token")
            return session in self.sessions and (not self.protected or csrf == f"csrf-of-{session}")
        return True


SEARCHES = {("POST", f"/{search}") for search in (
    "v1/process-definitions/search", "v1/tasks/search", "v2/process-definitions/search"
)}  # fmt: skip
