"""Making a request that of a signed-in client, and saying what to do when it is refused."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from requests import PreparedRequest

from camunda_backup.api.access import Access, Kind
from camunda_backup.api.messages import Answer, Request
from camunda_backup.hooks.amazon import sigv4_signer
from camunda_backup.hooks.endpoint import Endpoint

HEADER = "Authorization"


class Signer(Protocol):
    """Shows who a client is, in each of its requests."""

    @property
    def who(self) -> str:
        """Who asks, for messages."""

    @property
    def advice(self) -> str:
        """What to correct when the server does not know who that is."""

    def sign(self, prepared: PreparedRequest) -> None:
        """Add to a request what shows it; the last thing that is done to it. It may block, and is called in a thread.

        :raises ValueError: what is needed for that is not there
        """


@dataclass(frozen=True, slots=True)
class Credentials:
    """An ``Authorization`` header that stays the same.

    :param header: its value; None leaves it out
    """

    who: str
    advice: str
    header: str | None = field(default=None, repr=False)

    def sign(self, prepared: PreparedRequest) -> None:
        """Set the header, or take it away."""
        prepared.headers.pop(HEADER, None)
        if self.header:
            prepared.headers[HEADER] = self.header


def connection_signer(endpoint: Endpoint, access: Access) -> Signer:
    """Return what the connection says, whichever way that is.

    :raises ValueError: it says too much or too little
    """
    own = next((value for name, value in endpoint.headers.items() if name.lower() == HEADER.lower()), None)
    if own and (endpoint.login or endpoint.password):
        raise ValueError("it has credentials and an Authorization header in its extra; keep one of them")
    if own:
        return Credentials("the Authorization header in its extra", "correct that header", own)
    if endpoint.login:
        return basic_signer(endpoint, access)
    if endpoint.password:
        return bearer_signer(endpoint, access)
    if endpoint.scheme:
        raise ValueError("its extra says auth_scheme, but it has no password; enter the token as password")
    return nobody(endpoint, access)


def basic_signer(endpoint: Endpoint, _access: Access) -> Signer:
    """Return a user's basic authentication.

    :raises ValueError: the connection has no user
    """
    if not endpoint.login or not endpoint.password:
        missing = "password" if endpoint.login else "login"
        raise ValueError(f"it has no {missing}; enter login and password, or a token as password and no login")
    if endpoint.scheme:
        raise ValueError("it has a login, and its extra says auth_scheme, which is for a token; keep one of them")
    pair = b64encode(f"{endpoint.login}:{endpoint.password}".encode()).decode()
    return Credentials(f"the login {endpoint.login}", "correct its login or password", f"Basic {pair}")


def bearer_signer(endpoint: Endpoint, _access: Access) -> Signer:
    """Return a token that somebody entered as password.

    :raises ValueError: the connection has none
    """
    if not endpoint.password or endpoint.login:
        raise ValueError("it needs a token as password and no login")
    scheme = endpoint.scheme or "Bearer"
    return Credentials("its token", "enter one that is valid as its password", f"{scheme} {endpoint.password}")


def nobody(_endpoint: Endpoint, _access: Access) -> Signer:
    """Return what shows nothing."""
    return Credentials(
        "somebody without credentials",
        "enter login and password, or a token as password and no login, or let the cluster file say sign_in: oidc",
    )


# A new way to sign in is one function here and one of Kind; tokens of an identity provider are asked for in http.py.
SIGNERS: Mapping[str, Callable[[Endpoint, Access], Signer]] = {
    Kind.CONNECTION: connection_signer,
    Kind.NONE: nobody,
    Kind.BASIC: basic_signer,
    Kind.BEARER: bearer_signer,
    Kind.SIGV4: sigv4_signer,
}


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """A token of an identity provider.

    :param access: what the token was asked for with
    :param client: its ID
    """

    access: Access
    client: str
    token: str = field(repr=False)

    @property
    def who(self) -> str:
        """The client and who vouches for it."""
        return f"the client {self.client} with a token of {self.access.issuer}"

    @property
    def advice(self) -> str:
        """What may be wrong with the token."""
        wishes = (("audience", self.access.audience), ("scope", self.access.scope))
        asked = ", ".join(f"{name} {value}" for name, value in wishes if value) or "no audience and no scope"
        return f"it must trust that issuer, and want what the cluster file asks for with the token ({asked})"

    def sign(self, prepared: PreparedRequest) -> None:
        """Set the header."""
        prepared.headers[HEADER] = f"Bearer {self.token}"


def explained(answer: Answer, conn_id: str, signer: Signer, request: Request) -> Answer:
    """Return an answer; a refusal says who was refused and what to do about it."""
    if answer.status == 401:
        told = f"connection {conn_id} does not let in {signer.who}: {signer.advice}"
        return replace(answer, refusal=told)
    if answer.status == 403:
        needed = request.permission or f"that {request.method} {request.path} needs"
        told = f"connection {conn_id}: {signer.who} may not do this; give it the permission {needed}"
        return replace(answer, refusal=told)
    return answer
