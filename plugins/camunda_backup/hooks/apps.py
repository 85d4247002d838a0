"""Calls to the web apps and the REST API as a signed-in client."""

import time
from collections.abc import Mapping
from typing import Any

import requests
from airflow.sdk.log import mask_secret
from requests.auth import AuthBase, HTTPBasicAuth

from camunda_backup.api.identity import (
    DISCOVERY,
    Credentials,
    Provider,
    Token,
    csrf_header,
    login_request,
    read_discovery,
    read_login,
    read_token,
)
from camunda_backup.api.messages import Answer, Request
from camunda_backup.errors import Rejected
from camunda_backup.hooks.http import JsonHook

ANONYMOUS: dict[str, Any] = {"kind": "none"}
MARGIN = 0.1  # share of a token's lifetime that is left when it is renewed


class AppHook(JsonHook):
    """A web app or the REST API.

    :param conn_id: an Airflow connection of type http; without a login in it, cookie and basic are plain calls
    :param access: see ``Cluster.access``; ``kind`` is cookie, basic, bearer or none
    """

    follows = False  # to a login page

    def __init__(self, conn_id: str, access: Mapping[str, Any]) -> None:
        super().__init__(conn_id)
        self._kind = access["kind"]
        self._user: Credentials | None = None
        self._tokens: Tokens | None = None
        if self._kind == "bearer":
            self._tokens = Tokens(access["issuer"], access["audience"], access["scope"])

    def send(self, request: Request) -> Answer:
        """Send one request as the signed-in client; after a 401 sign in again, once.

        :raises Rejected, Unreachable: as ``JsonHook.send``; or signing in failed
        """
        answer = super().send(request)
        if answer.status != 401 or self._session is None or not (self._user or self._tokens):
            return answer
        self._sign_in(self._session)
        return self._exchange(self._session, request)

    def _opened(self) -> requests.Session:
        session = super()._opened()
        if self._kind == "basic":
            return session
        if self._kind == "cookie":
            self._user = credentials(session)
        session.auth = None
        self._sign_in(session)
        return session

    def _sign_in(self, session: requests.Session) -> None:
        if self._tokens:
            self._tokens.forget()
            session.auth = _Bearer(self._tokens)
        elif self._user:
            session.cookies.clear()
            session.hooks["response"] = [lambda response, **_: session.headers.update(csrf_header(response.headers))]
            read_login(self.http_conn_id, self._user, self._exchange(session, login_request(self._user)))


class _Bearer(AuthBase):
    def __init__(self, tokens: "Tokens") -> None:
        self._tokens = tokens

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._tokens.value()}"
        return request


class Tokens(JsonHook):
    """An identity provider, and the token it gave last. No token leaves the memory of this process.

    :param conn_id: an Airflow connection of type http: the issuer's URL, client ID and secret
    :param audience: asked for with the token
    :param scope: asked for with the token
    """

    follows = False  # the secret goes where the provider says, and nowhere else

    def __init__(self, conn_id: str, audience: str | None = None, scope: str | None = None) -> None:
        super().__init__(conn_id)
        self._audience, self._scope = audience, scope
        self._client: Credentials | None = None
        self._token: Token | None = None
        self._renew_at = 0.0

    def provider(self) -> Provider:
        """Return the provider as it describes itself.

        :raises Rejected, Unreachable: see ``read_discovery``
        """
        answer = self.send(DISCOVERY)
        return read_discovery(self.http_conn_id, self.base_url, answer)

    def value(self) -> str:
        """Return a token that is valid for a while.

        :raises Rejected, Unreachable: see ``read_discovery`` and ``read_token``
        """
        if self._token is None or time.monotonic() >= self._renew_at:
            self._token = self._fresh()
            self._renew_at = time.monotonic() + self._token.lifetime * (1 - MARGIN)
        return self._token.value

    def forget(self) -> None:
        """Take a new token next time."""
        self._token = None

    def _fresh(self) -> Token:
        provider = self.provider()
        if self._client is None:
            raise Rejected(
                f"connection {self.http_conn_id} has no login; enter the client's ID as login, its secret as password"
            )
        answer = self.send(provider.token_request(self._client, self._audience, self._scope))
        token = read_token(self.http_conn_id, answer)
        mask_secret(token.value)
        return token

    def _opened(self) -> requests.Session:
        session = super()._opened()
        self._client = credentials(session)
        session.auth = None  # the secret goes to the token endpoint alone
        return session


def credentials(session: requests.Session) -> Credentials | None:
    """Return what the HTTP provider took from the connection as login and password."""
    auth = session.auth
    return Credentials(str(auth.username), str(auth.password)) if isinstance(auth, HTTPBasicAuth) else None
