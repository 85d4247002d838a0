"""Sending requests to management ports and search engines, from workers and from triggers alike."""

import json
import re
import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

import aiohttp
import requests
from airflow.providers.http.hooks.http import HttpAsyncHook, HttpHook
from airflow.sdk.exceptions import AirflowNotFoundException
from requests.auth import HTTPBasicAuth

from camunda_backup.api.messages import Answer, Request
from camunda_backup.errors import Rejected, Unreachable

TIMEOUT = 30.0  # seconds; Zeebe's gateway gives up on its broker after 15 (recorded from Camunda 8.6.0)


class JsonHook(HttpHook):
    """An HTTP connection that answers with codes and parsed bodies instead of raising for a code.

    :param conn_id: an Airflow connection of type http; ``extra`` may hold ``timeout`` in seconds, ``verify`` (a CA
        file or false) and ``cert``; every other key of it is sent as a header
    """

    follows = True
    """Whether an answer that leads elsewhere is followed."""

    def __init__(self, conn_id: str) -> None:
        super().__init__(method="GET", http_conn_id=conn_id)
        self._session: requests.Session | None = None

    def send(self, request: Request) -> Answer:
        """Send one request and return its answer, whatever its code.

        :raises Unreachable: no answer within the connection's timeout, or none at all
        :raises Rejected: Airflow has no such connection, or what it says cannot be used
        """
        if self._session is None:
            self._session = self._opened()
        return self._exchange(self._session, request)

    def _exchange(self, session: requests.Session, request: Request) -> Answer:
        options = self.merged_extra
        message = requests.Request(
            request.method,
            request.url(self.base_url),
            params=request.query,
            data=request.form,
            json=request.body,
            headers={"Accept": "application/json", **request.headers},
        )
        try:
            prepared = session.prepare_request(message)
            settings = session.merge_environment_settings(
                prepared.url, session.proxies, session.stream, session.verify, session.cert
            )
            response = session.send(prepared, timeout=_timeout(options), allow_redirects=self.follows, **settings)
        except requests.RequestException as error:
            raise Unreachable(_no_answer(self.http_conn_id, request.host(self.base_url), error)) from error
        except (OSError, ValueError) as error:
            raise Rejected(_unusable(self.http_conn_id, error)) from error
        return Answer(response.status_code, _parsed(response.content))

    def _opened(self) -> requests.Session:
        try:
            session = self.get_conn()
            _require_usable(session, self.merged_extra)
        except AirflowNotFoundException as error:
            raise Rejected(_undefined(self.http_conn_id)) from error
        except (OSError, ValueError) as error:
            raise Rejected(_unusable(self.http_conn_id, error)) from error
        return session


class AsyncJsonHook(HttpAsyncHook, AbstractAsyncContextManager["AsyncJsonHook"]):
    """The same for triggers; used as ``async with AsyncJsonHook(conn_id) as hook``.

    :param conn_id: as for :class:`JsonHook`; a client certificate (``cert``) works there only
    """

    def __init__(self, conn_id: str) -> None:
        super().__init__(method="GET", http_conn_id=conn_id)
        self._client: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the client session that all requests share."""
        self._client = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client session."""
        if self._client:
            await self._client.close()

    async def send(self, request: Request) -> Answer:
        """Send one request and return its answer, whatever its code.

        :raises Unreachable: no answer within the connection's timeout, or none at all
        """
        if self._client is None:
            raise RuntimeError("use it as: async with AsyncJsonHook(conn_id) as hook")
        try:
            config = await self.config()
            options, headers = config.extra_options or {}, config.headers or {}
            credentials = {"Authorization": config.auth.encode()} if config.auth else {}
            tls, timeout = _tls(options), aiohttp.ClientTimeout(total=_timeout(options))
        except AirflowNotFoundException as error:
            raise Rejected(_undefined(self.http_conn_id)) from error
        except (OSError, ValueError) as error:
            raise Rejected(_unusable(self.http_conn_id, error)) from error
        try:
            async with self._client.request(
                request.method,
                request.url(config.base_url),
                params=request.query,
                data=request.form,
                json=request.body,
                headers={"Accept": "application/json", **credentials, **headers, **request.headers},
                ssl=tls,
                timeout=timeout,
            ) as response:
                return Answer(response.status, _parsed(await response.read()))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(_no_answer(self.http_conn_id, request.host(config.base_url), error)) from error


def _parsed(content: bytes) -> Any:
    text = content.decode("utf-8", "replace")
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _require_usable(session: requests.Session, options: Mapping[str, Any]) -> None:
    """Refuse on a worker what a trigger would refuse, in the same words."""
    _tls(options)
    if isinstance(session.auth, HTTPBasicAuth) and session.auth.password is None:
        raise ValueError("None is not allowed as password value")


def _timeout(options: Mapping[str, Any]) -> float:
    return float(options.get("timeout") or TIMEOUT)


def _tls(options: Mapping[str, Any]) -> ssl.SSLContext | bool:
    """Return what aiohttp needs for the connection's ``verify``, which the provider does not hand on to it."""
    verify = options.get("verify_ssl", True)
    if not isinstance(verify, str):
        return bool(verify)
    try:
        return ssl.create_default_context(cafile=verify)
    except OSError as error:
        raise ValueError(f"verify names no CA file that can be read: {verify}") from error


def _no_answer(conn_id: str, base_url: str, error: Exception) -> str:
    where = f"{re.sub(r'//[^/@]*@', '//', base_url)} ({conn_id})"
    if isinstance(error, requests.Timeout | TimeoutError):
        return f"{where}: no answer in time: {type(error).__name__}"
    if isinstance(error, requests.exceptions.SSLError | aiohttp.ClientSSLError):
        return f"{where}: no connection: its certificate is not trusted; name your CA's file as verify in its extra"
    return f"{where}: no connection: {type(error).__name__}"


def _undefined(conn_id: str) -> str:
    return f"Airflow has no connection {conn_id}, which the cluster file names; create it with type http"


def _unusable(conn_id: str, error: Exception) -> str:
    return f"connection {conn_id} cannot be used as it is: {error}"
