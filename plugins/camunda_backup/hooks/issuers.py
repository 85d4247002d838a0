"""Identity providers, and the tokens they give."""

from airflow.sdk.log import amask_secret, mask_secret

from camunda_backup.api.access import Access, Kind
from camunda_backup.api.identity import DISCOVERY, Credentials, Provider, Token, read_discovery, read_token
from camunda_backup.errors import Rejected
from camunda_backup.hooks.endpoint import Endpoint
from camunda_backup.hooks.exchange import AsyncExchange, Exchange
from camunda_backup.hooks.tokens import TOKENS, Wanted

NOBODY = Access(Kind.NONE)  # the client's secret goes to the token endpoint alone


class IssuerHook(Exchange):
    """An identity provider. Its tokens leave the memory of this process to nobody but those who ask for them.

    :param conn_id: an Airflow connection of type http: the issuer's URL, client ID and secret
    """

    follows = False  # the secret goes where the provider says, and nowhere else

    def __init__(self, conn_id: str) -> None:
        super().__init__(conn_id, NOBODY)

    @property
    def client(self) -> Credentials:
        """Who asks for tokens.

        :raises Rejected: the connection does not say
        """
        return _client(self.endpoint)

    def provider(self) -> Provider:
        """Return the provider as it describes itself.

        :raises Rejected, Unreachable: see ``read_discovery``
        """
        return read_discovery(self.http_conn_id, self.endpoint.base_url, self.exchange(DISCOVERY))

    def value(self, access: Access) -> str:
        """Return a token that is valid for a while.

        :raises Rejected, Unreachable: see ``read_discovery`` and ``read_token``
        """
        return TOKENS.value(_wanted(self.endpoint, access), lambda: self._fresh(access))

    def drop(self, access: Access, refused: str) -> None:
        """Take a new token next time in the place of one that was refused."""
        TOKENS.drop(_wanted(self.endpoint, access), refused)

    def _fresh(self, access: Access) -> Token:
        request = self.provider().token_request(self.client, access.audience, access.scope)
        token = read_token(self.http_conn_id, self.exchange(request))
        mask_secret(token.value)
        return token


class AsyncIssuerHook(AsyncExchange):
    """The same for triggers.

    :param conn_id: as for :class:`IssuerHook`
    """

    follows = False

    def __init__(self, conn_id: str) -> None:
        super().__init__(conn_id, NOBODY)

    async def client(self) -> Credentials:
        """Return who asks for tokens.

        :raises Rejected: the connection does not say
        """
        return _client(await self.endpoint())

    async def value(self, access: Access) -> str:
        """Return a token that is valid for a while.

        :raises Rejected, Unreachable: see ``read_discovery`` and ``read_token``
        """
        return await TOKENS.value_async(_wanted(await self.endpoint(), access), lambda: self._fresh(access))

    async def drop(self, access: Access, refused: str) -> None:
        """Take a new token next time in the place of one that was refused."""
        TOKENS.drop(_wanted(await self.endpoint(), access), refused)

    async def _fresh(self, access: Access) -> Token:
        endpoint = await self.endpoint()
        provider = read_discovery(self.http_conn_id, endpoint.base_url, await self.exchange(DISCOVERY))
        request = provider.token_request(_client(endpoint), access.audience, access.scope)
        token = read_token(self.http_conn_id, await self.exchange(request))
        await amask_secret(token.value)
        return token


def _client(endpoint: Endpoint) -> Credentials:
    if not endpoint.login:
        raise Rejected(
            f"connection {endpoint.conn_id} has no login; enter the client's ID as login, its secret as password"
        )
    return Credentials(endpoint.login, endpoint.password or "")


def _wanted(endpoint: Endpoint, access: Access) -> Wanted:
    return Wanted(endpoint.base_url, _client(endpoint), access.audience, access.scope)
