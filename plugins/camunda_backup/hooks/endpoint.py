"""What an Airflow connection of type http says, read once and alike for workers and triggers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import urlsplit

from airflow.sdk import Connection
from requests.utils import get_environ_proxies, select_proxy

from camunda_backup.hooks.port_forwards import HERE, PortForward, Tunnel

Certificate = str | tuple[str, str]

TIMEOUT = 30.0  # seconds; Zeebe's gateway gives up on its broker after 15 (recorded from Camunda 8.6.0)
# Keys of extra with a meaning of their own, here or for Airflow's HTTP provider; all others are headers.
OPTIONS = {
    "timeout", "verify", "verify_ssl", "cert", "proxies", "proxy", "trust_env", "max_redirects", "auth_scheme",
    "allow_redirects", "stream", "check_response", "srv_lookup", "port_forward",
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
    :param forward: the pod that is reached instead of the URL's host
    :param tunnel: leads to it, once it is open
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
    forward: PortForward | None = None
    tunnel: Tunnel | None = None

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
        base_url, forward = _base_url(connection), PortForward.of(extra.get("port_forward"))
        if forward and not (base_url.startswith("http:") and urlsplit(base_url).port):
            raise ValueError("port_forward in its extra needs schema http and the pod's port")
        return cls(
            conn_id=connection.conn_id,
            base_url=base_url,
            login=connection.login or None,
            password=connection.password or None,
            scheme=extra.get("auth_scheme") or None,
            headers=headers,
            timeout=float(extra.get("timeout") or TIMEOUT),
            verify=_verify(extra),
            certificate=_certificate(extra.get("cert")),
            proxies={"http": proxies, "https": proxies} if isinstance(proxies, str) else proxies,
            trust_env=bool(extra.get("trust_env", True)),
            forward=forward,
        )

    @property
    def port(self) -> int:
        """The port of its URL; the pod's, where there is a port-forward."""
        return urlsplit(self.base_url).port or 0

    @property
    def address(self) -> str:
        """Where requests are sent."""
        parts = urlsplit(self.base_url)
        return parts._replace(netloc=f"{HERE}:{self.tunnel.port}").geturl() if self.tunnel else self.base_url

    def through(self, tunnel: Tunnel) -> Self:
        """Return the same through a tunnel; no proxy is on the way to this machine itself."""
        headers = {"Host": urlsplit(self.base_url).netloc, **self.headers}
        return replace(self, tunnel=tunnel, headers=headers, proxies={}, trust_env=False)

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
