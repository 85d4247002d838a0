"""One request and its answer, from workers and from triggers alike."""

import asyncio
import json
import ssl
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

import aiohttp
import requests
from airflow.providers.common.compat.connection import get_async_connection, get_async_extra_dejson
from airflow.providers.http.hooks.http import HttpAsyncHook, HttpHook
from airflow.sdk.exceptions import AirflowNotFoundException
from asgiref.sync import sync_to_async
from yarl import URL

from camunda_backup.api.access import Access, Kind
from camunda_backup.api.messages import Answer, Request
from camunda_backup.errors import CamundaBackupError, Rejected, Unreachable
from camunda_backup.hooks import tls
from camunda_backup.hooks.endpoint import Endpoint
from camunda_backup.hooks.port_forwards import tunnel
from camunda_backup.hooks.signing import HEADER, SIGNERS, Signer


class Exchange(HttpHook):
    """An HTTP connection that answers with codes and parsed bodies instead of raising for a code.

    :param conn_id: an Airflow connection of type http
    :param access: who it shows itself to be, beside tokens that come with a request
    """

    follows = True
    """Whether a GET goes where an answer leads; nothing else does, since a login page is no success."""

    def __init__(self, conn_id: str, access: Access) -> None:
        super().__init__(method="GET", http_conn_id=conn_id)
        self.access = access
        self._opened: tuple[requests.Session, Endpoint, Signer] | None = None

    @property
    def endpoint(self) -> Endpoint:
        """What the connection says.

        :raises Rejected: Airflow has no such connection, or what it says cannot be used
        """
        return self._open()[1]

    @property
    def signer(self) -> Signer:
        """Who the connection says that asks.

        :raises Rejected: as for ``endpoint``
        """
        return self._open()[2]

    def exchange(self, request: Request, signer: Signer | None = None) -> Answer:
        """Send one request and return its answer, whatever its code.

        :param signer: shows who asks; default: what the connection says
        :raises Unreachable: no answer within the connection's timeout, or none at all
        :raises Rejected: Airflow has no such connection, or what it says cannot be used
        """
        session, endpoint, own = self._open()
        try:
            prepared = session.prepare_request(_message(endpoint, request))
            if HEADER not in request.headers:
                (signer or own).sign(prepared)
            settings = session.merge_environment_settings(
                prepared.url, dict(endpoint.proxies), False, session.verify, session.cert
            )
            follows = self.follows and request.method == "GET"
            response = session.send(
                prepared, timeout=request.timeout(endpoint.timeout), allow_redirects=follows, **settings
            )
        except requests.RequestException as error:
            raise _no_answer(endpoint, request, error) from error
        except (OSError, ValueError) as error:
            raise Rejected(_unusable(self.http_conn_id, error)) from error
        return Answer(response.status_code, _parsed(response.content))

    def _open(self) -> tuple[requests.Session, Endpoint, Signer]:
        if self._opened is None:
            try:
                connection = self.get_connection(self.http_conn_id)
                endpoint = _reached(Endpoint.of(connection, connection.extra_dejson))
                tls.context(endpoint)
                self._opened = self._session(endpoint), endpoint, _signer(endpoint, self.access)
            except AirflowNotFoundException as error:
                raise Rejected(_undefined(self.http_conn_id)) from error
            except (OSError, ValueError) as error:
                raise Rejected(_unusable(self.http_conn_id, error)) from error
        return self._opened

    def _session(self, endpoint: Endpoint) -> requests.Session:
        session = requests.Session()
        session.verify, session.cert = endpoint.verify, endpoint.certificate
        session.proxies, session.trust_env = dict(endpoint.proxies), endpoint.trust_env
        session.auth = lambda prepared: prepared  # or else requests looks for a login in ~/.netrc
        self.base_url = endpoint.base_url
        return self._configure_session_from_mount_adapters(session)


class AsyncExchange(HttpAsyncHook, AbstractAsyncContextManager["AsyncExchange"]):
    """The same for triggers; used as ``async with AsyncExchange(conn_id, access) as hook``.

    :param conn_id: as for :class:`Exchange`
    :param access: as for :class:`Exchange`
    """

    follows = True

    def __init__(self, conn_id: str, access: Access) -> None:
        super().__init__(method="GET", http_conn_id=conn_id)
        self.access = access
        self._client: aiohttp.ClientSession | None = None
        self._opened: tuple[Endpoint, ssl.SSLContext | bool, Signer] | None = None

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

    async def endpoint(self) -> Endpoint:
        """Return what the connection says.

        :raises Rejected: Airflow has no such connection, or what it says cannot be used
        """
        return (await self._open())[0]

    async def signer(self) -> Signer:
        """Return who the connection says that asks.

        :raises Rejected: as for ``endpoint``
        """
        return (await self._open())[2]

    async def exchange(self, request: Request, signer: Signer | None = None) -> Answer:
        """Send one request and return its answer, whatever its code.

        :param signer: shows who asks; default: what the connection says
        :raises Unreachable: no answer within the connection's timeout, or none at all
        :raises Rejected: Airflow has no such connection, or what it says cannot be used
        """
        if self._client is None:
            raise RuntimeError("use it as: async with … as hook")
        endpoint, context, own = await self._open()
        try:
            prepared = _message(endpoint, request).prepare()
            if HEADER not in request.headers:
                await asyncio.to_thread((signer or own).sign, prepared)
            async with self._client.request(
                str(prepared.method),
                URL(str(prepared.url), encoded=True),
                data=prepared.body,
                headers=prepared.headers,
                ssl=context,
                proxy=endpoint.proxy(str(prepared.url)),
                allow_redirects=self.follows and request.method == "GET",
                timeout=aiohttp.ClientTimeout(total=request.timeout(endpoint.timeout)),
            ) as response:
                return Answer(response.status, _parsed(await response.read()))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _no_answer(endpoint, request, error) from error
        except ValueError as error:
            raise Rejected(_unusable(self.http_conn_id, error)) from error

    async def _open(self) -> tuple[Endpoint, ssl.SSLContext | bool, Signer]:
        if self._opened is None:
            try:
                connection = await get_async_connection(self.http_conn_id, hook=self)
                endpoint = Endpoint.of(connection, await get_async_extra_dejson(connection))
                if endpoint.forward:
                    endpoint = await sync_to_async(_reached)(endpoint)  # a thread that may ask Airflow for connections
                context = await asyncio.to_thread(tls.context, endpoint)
                self._opened = endpoint, context, _signer(endpoint, self.access)
            except AirflowNotFoundException as error:
                raise Rejected(_undefined(self.http_conn_id)) from error
            except (OSError, ValueError) as error:
                raise Rejected(_unusable(self.http_conn_id, error)) from error
        return self._opened


def _signer(endpoint: Endpoint, access: Access) -> Signer:
    """Return what the connection signs with by itself; a token of an identity provider comes with each request."""
    kind = Kind.NONE if access.kind == Kind.OIDC else access.kind
    return SIGNERS[kind](endpoint, access)


def _reached(endpoint: Endpoint) -> Endpoint:
    """Return it with the tunnel that it asks for, if it does."""
    return endpoint.through(tunnel(endpoint.forward, endpoint.port)) if endpoint.forward else endpoint


def _message(endpoint: Endpoint, request: Request) -> requests.Request:
    # Camunda's web endpoints from 8.11 on take JSON alone, also where the body is empty (camunda/camunda #61120).
    empty = request.method == "POST" and request.body is None and request.form is None
    said = {"Accept": "application/json", **({"Content-Type": "application/json"} if empty else {})}
    return requests.Request(
        request.method,
        request.url(endpoint.address),
        params=request.query,
        data=request.form,
        json=request.body,
        headers={**said, **endpoint.headers, **request.headers},
    )


def _parsed(content: bytes) -> Any:
    text = content.decode("utf-8", "replace")
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _no_answer(endpoint: Endpoint, request: Request, error: Exception) -> CamundaBackupError:
    if endpoint.tunnel and endpoint.tunnel.trouble:
        return endpoint.tunnel.trouble
    return Unreachable(_said(endpoint, request, error))


def _said(endpoint: Endpoint, request: Request, error: Exception) -> str:
    where = f"{request.host(endpoint.base_url)} ({endpoint.conn_id})"
    if isinstance(error, requests.Timeout | TimeoutError):
        return f"{where}: no answer in time: {type(error).__name__}"
    trouble = tls.trouble(error) if request.host(endpoint.base_url).startswith("https:") else None
    return f"{where}: no connection: {trouble or type(error).__name__}"


def _undefined(conn_id: str) -> str:
    return f"Airflow has no connection {conn_id}, which the cluster file names; create it with type http"


def _unusable(conn_id: str, error: Exception) -> str:
    return f"connection {conn_id} cannot be used as it is: {error}"
