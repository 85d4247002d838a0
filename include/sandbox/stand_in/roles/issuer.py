"""An OpenID Connect issuer for tests: discovery, and tokens by client credentials (RFC 6749, section 4.4)."""

from base64 import b64decode
from binascii import Error
from urllib.parse import parse_qsl, unquote
from uuid import uuid4

from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.routes import Routes
from sandbox.stand_in.world import CLIENT, World

DISCOVERY = "/.well-known/openid-configuration"
TOKEN = "/token"  # noqa: S105 - a path
NOT_CACHED = {"Cache-Control": "no-store"}


class Issuer:
    """Gives tokens to one client.

    :param secret: the client's
    """

    def __init__(self, world: World, secret: str) -> None:
        self._world, self._secret = world, secret

    def routes(self) -> Routes:
        """All paths of the issuer."""

        async def missing(_call: Call) -> Reply:
            return Reply(404, {"error": "not_found"})

        async def wrong_method(call: Call) -> Reply:
            return Reply(405, {"error": "invalid_request"}, headers={"Allow": call.parts["allowed"]})

        routes = Routes(missing=missing, wrong_method=wrong_method)
        routes.add("GET", DISCOVERY, self._discovery)
        routes.add("POST", TOKEN, self._token)
        return routes

    async def _discovery(self, call: Call) -> Reply:
        url = f"http://{call.headers['Host']}"
        return Reply(
            200,
            {
                "issuer": url,
                "token_endpoint": url + TOKEN,
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            },
        )

    async def _token(self, call: Call) -> Reply:
        form = dict(parse_qsl(call.body.decode(errors="replace")))
        if self._client(call, form) != (CLIENT, self._secret):
            body = {"error": "invalid_client", "error_description": "Invalid client or Invalid client credentials"}
            return Reply(401, body, headers=NOT_CACHED)
        if form.get("grant_type") != "client_credentials":
            body = {"error": "unsupported_grant_type", "error_description": "Unsupported grant_type"}
            return Reply(400, body, headers=NOT_CACHED)
        token = f"stand-in-{uuid4()}"
        seconds = self._world.conditions.token_seconds
        self._world.vouch(token, seconds)
        granted = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        if "scope" in form:
            granted["scope"] = form["scope"]
        return Reply(200, granted, headers=NOT_CACHED)

    def _client(self, call: Call, form: dict[str, str]) -> tuple[str, str]:
        """Client ID and secret, as basic authentication or out of the form."""
        kind, _, encoded = call.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return form.get("client_id", ""), form.get("client_secret", "")
        try:
            login, _, password = b64decode(encoded).decode().partition(":")
        except (Error, UnicodeDecodeError):
            return "", ""
        return unquote(login), unquote(password)
