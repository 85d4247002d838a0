"""How a client shows who it is where a connection leads. It names connections and holds no secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class Kind(StrEnum):
    """Ways to sign in."""

    CONNECTION = "connection"
    """As the Airflow connection says: a login is basic, a password without one a token, neither is nothing."""
    NONE = "none"
    """Not at all, whatever the connection holds."""
    BASIC = "basic"
    BEARER = "bearer"
    """A token that somebody entered as the connection's password."""
    OIDC = "oidc"
    """Tokens of an identity provider (OpenID Connect, client credentials)."""
    COOKIE = "cookie"
    """The login form of Operate and Tasklist, 8.5 to 8.7."""
    SIGV4 = "sigv4"
    """Every request is signed with AWS credentials: Amazon OpenSearch Service."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to sign in; the fields travel as JSON in keyword arguments of tasks and triggers.

    :param issuer: connection to the identity provider: its URL, and client ID and secret as login and password
    :param audience: asked for with the token
    :param scope: asked for with the token
    :param region: of AWS, for which requests are signed
    :param role_arn: a role of AWS IAM to take on before signing
    """

    kind: str = Kind.CONNECTION.value
    issuer: str | None = None
    audience: str | None = None
    scope: str | None = None
    region: str | None = None
    role_arn: str | None = None

    @classmethod
    def of(cls, fields: Mapping[str, Any] | None) -> Self:
        """Return what the fields say; without any it is the connection's own way."""
        return cls(**(fields or {}))

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON types."""
        amazon = {"region": self.region, "role_arn": self.role_arn} if self.region else {}
        return {"kind": self.kind, "issuer": self.issuer, "audience": self.audience, "scope": self.scope, **amazon}
