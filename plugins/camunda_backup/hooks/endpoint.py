"""What an Airflow connection of type http says, read once and alike for workers and triggers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from airflow.sdk import Connection
from requests.utils import get_environ_proxies, select_proxy

Certificate = str | tuple[str, str]

TIMEOUT = 30.0  # seconds; Zeebe's gateway gives up on its broker after 15 (recorded from Camunda 8.6.0)
# Keys of extra with a meaning of their own, here or for Airflow's HTTP provider; all others are headers.
OPTIONS = {
    "timeout", "verify", "verify_ssl", "cert", "proxies", "proxy", "trust_env", "max_redirects", "auth_scheme",
    "allow_redirects", "stream", "check_response", "srv_lookup",
}  # fmt: skip
# What people write into extra for other hooks. As a header it would tell a secret to a server that must not know it.
NO_HEADERS = {
    "client_id", "client_secret", "token", "access_token", "api_key", "password", "private_key", "passphrase", "scope",
    "audience", "issuer", "token_url", "token_endpoint", "auth_type",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a connection leads, and what it needs there.

    :param login: user name or client ID; None without one
    :param password: of the login, or a token when there is no login
    :param scheme: how a token without a login is shown, e.g. ``ApiKey``; ``Bearer`` when the connection says nothing
    :param timeout: in seconds
    :param verify: a CA file, or whether certificates are verified at all
    :param certificate: the client's
    :param proxies: by scheme
    :param trust_env: whether the environment may name others (``HTTPS_PROXY``, ``NO_PROXY``)
    """

    conn_id: str
    base_url: str
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    scheme: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = TIMEOUT
    verify: bool | str = True
    certificate: Certificate | None = None
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    trust_env: bool = True

    @classmethod
    def of(cls, connection: Connection, extra: Mapping[str, Any]) -> Self:
        """Return what a connection says.

        :param extra: the connection's, parsed
        :raises ValueError: it cannot be used as it is
        """
        headers = {name: str(value) for name, value in extra.items() if name not in OPTIONS}
        if wrong := sorted(name for name in headers if name.lower().replace("-", "_") in NO_HEADERS):
            raise ValueError(
                f"{wrong[0]} in its extra would be sent as a header; a client's ID and secret are login and password of"
                " the connection to its identity provider, a token is the password of a connection without a login"
            )
        proxies = extra.get("proxies", extra.get("proxy")) or {}
        return cls(
            conn_id=connection.conn_id,
            base_url=_base_url(connection),
            login=connection.login or None,
            password=connection.password or None,
            scheme=extra.get("auth_scheme") or None,
            headers=headers,
            timeout=float(extra.get("timeout") or TIMEOUT),
            verify=_verify(extra),
            certificate=_certificate(extra.get("cert")),
            proxies={"http": proxies, "https": proxies} if isinstance(proxies, str) else proxies,
            trust_env=bool(extra.get("trust_env", True)),
        )

    def proxy(self, url: str) -> str | None:
        """Return the proxy that leads to a URL, None without one: the connection's, or the environment's."""
        known = get_environ_proxies(url) if self.trust_env else {}
        return select_proxy(url, {**known, **self.proxies})


def _base_url(connection: Connection) -> str:
    host = connection.host or ""
    url = host if "://" in host else f"{connection.schema or 'http'}://{host}"
    if "@" in urlsplit(url).netloc:
        raise ValueError("its host holds a login, which everybody can read there; enter it as login and password")
    return f"{url}:{connection.port}" if connection.port else url


def _verify(extra: Mapping[str, Any]) -> bool | str:
    told = extra.get("verify", extra.get("verify_ssl"))
    return told if isinstance(told, str) else told is not False


def _certificate(told: Any) -> Certificate | None:
    if not told or isinstance(told, str):
        return told or None
    if isinstance(told, list) and len(told) == 2 and all(isinstance(path, str) for path in told):
        return told[0], told[1]
    raise ValueError("cert in its extra must be a file, or [certificate, key]")
