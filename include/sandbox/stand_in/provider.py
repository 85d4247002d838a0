"""An identity provider that is not the stand-in's: its tokens open the web ports, and browsers sign in at it."""

import asyncio
from urllib.parse import urlencode

import aiohttp
import jwt

from sandbox.stand_in.messages import Call, Reply

PATHS = "protocol/openid-connect"
SECONDS = 10


class Provider:
    """A realm of Keycloak.

    :param issuer: its URL
    :param client: who asks it for tokens
    :param secret: the client's
    """

    callback = "/identity-callback"

    def __init__(self, issuer: str, client: str, secret: str) -> None:
        self._issuer, self._client, self._secret = issuer, client, secret
        self._keys = jwt.PyJWKClient(f"{issuer}/{PATHS}/certs", timeout=SECONDS)

    async def vouches_for(self, token: str, audience: str) -> bool:
        """Whether a token is the provider's, for an audience and not ended."""
        try:
            await asyncio.to_thread(self._read, token, audience)
        except jwt.PyJWTError:
            return False
        return True

    def _read(self, token: str, audience: str) -> None:
        key = self._keys.get_signing_key_from_jwt(token)
        jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=self._issuer)

    def login(self, call: Call) -> Reply:
        """Send a browser there."""
        asked = {"client_id": self._client, "response_type": "code", "redirect_uri": self._back(call)}
        return Reply(302, headers={"Location": f"{self._issuer}/{PATHS}/auth?{urlencode(asked)}"})

    async def redeems(self, call: Call) -> bool:
        """Whether a browser that comes back has signed in there."""
        form = {
            "grant_type": "authorization_code",
            "code": call.query.get("code", ""),
            "redirect_uri": self._back(call),
            "client_id": self._client,
            "client_secret": self._secret,
        }
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(f"{self._issuer}/{PATHS}/token", data=form) as answer,
        ):
            return answer.ok

    def _back(self, call: Call) -> str:
        return f"http://{call.headers['Host']}{self.callback}"
