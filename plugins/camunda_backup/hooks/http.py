"""Sending requests to whatever a connection leads to, signed in as the cluster file says."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from camunda_backup.api.access import Access, Kind
from camunda_backup.api.messages import Answer, Request
from camunda_backup.hooks.exchange import AsyncExchange, Exchange
from camunda_backup.hooks.issuers import AsyncIssuerHook, IssuerHook
from camunda_backup.hooks.signing import Signer, TokenSigner, explained


class JsonHook(Exchange):
    """A connection to a Camunda component or a search engine.

    :param conn_id: an Airflow connection of type http; ``extra`` may hold ``timeout`` in seconds, ``verify`` (a CA
        file or false), ``cert`` (a PEM file, or certificate and key), ``auth_scheme`` (of a token in the password,
        when it is not ``Bearer``) and ``port_forward`` (the port is a pod's, reached through the Kubernetes API
        server); every other key of it is sent as a header
    :param access: an :class:`~camunda_backup.api.access.Access` as JSON; default: as the connection says
    """

    def __init__(self, conn_id: str, access: Mapping[str, Any] | None = None) -> None:
        super().__init__(conn_id, Access.of(access))
        self._issuer = IssuerHook(str(self.access.issuer)) if self.access.kind == Kind.OIDC else None

    def send(self, request: Request) -> Answer:
        """Send one request and return its answer, whatever its code; after a 401 once more with a new token.

        :raises Unreachable: no answer within the connection's timeout, or none at all
        :raises Rejected: Airflow has no such connection, or what it says cannot be used
        """
        signer = self._signer()
        answer = self.exchange(request, signer)
        if answer.status == 401 and self._issuer and isinstance(signer, TokenSigner):
            self._issuer.drop(self.access, signer.token)
            signer = self._signer()
            answer = self.exchange(request, signer)
        return explained(answer, self.http_conn_id, signer, request)

    def _signer(self) -> Signer:
        """Return who asks this time."""
        if self._issuer is None:
            return self.signer
        return TokenSigner(self.access, self._issuer.client.login, self._issuer.value(self.access))


class AsyncJsonHook(AsyncExchange):
    """The same for triggers; used as ``async with AsyncJsonHook(conn_id) as hook``.

    :param conn_id: as for :class:`JsonHook`
    :param access: as for :class:`JsonHook`
    """

    def __init__(self, conn_id: str, access: Mapping[str, Any] | None = None) -> None:
        super().__init__(conn_id, Access.of(access))
        self._issuer = AsyncIssuerHook(str(self.access.issuer)) if self.access.kind == Kind.OIDC else None

    async def __aenter__(self) -> Self:
        """Open what all requests share."""
        if self._issuer:
            await self._issuer.__aenter__()
        return await super().__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await super().__aexit__(kind, error, trace)
        if self._issuer:
            await self._issuer.__aexit__(kind, error, trace)

    async def send(self, request: Request) -> Answer:
        """Send one request and return its answer, whatever its code; after a 401 once more with a new token.

        :raises Unreachable: no answer within the connection's timeout, or none at all
        :raises Rejected: Airflow has no such connection, or what it says cannot be used
        """
        signer = await self._signer()
        answer = await self.exchange(request, signer)
        if answer.status == 401 and self._issuer and isinstance(signer, TokenSigner):
            await self._issuer.drop(self.access, signer.token)
            signer = await self._signer()
            answer = await self.exchange(request, signer)
        return explained(answer, self.http_conn_id, signer, request)

    async def _signer(self) -> Signer:
        """Return who asks this time."""
        if self._issuer is None:
            return await self.signer()
        client = await self._issuer.client()
        return TokenSigner(self.access, client.login, await self._issuer.value(self.access))
