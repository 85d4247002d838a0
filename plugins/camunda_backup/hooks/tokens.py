"""Access tokens of this process: kept for all tasks and triggers in it, and nowhere else."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

from camunda_backup.api.identity import Credentials, Token

MARGIN = 0.1  # share of a token's lifetime that is left when it is renewed


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which token: whose, from where, for what. A connection that is corrected wants another one.

    :param base_url: the issuer's
    """

    base_url: str
    client: Credentials | None
    audience: str | None
    scope: str | None


@dataclass(frozen=True, slots=True)
class _Kept:
    value: str = field(repr=False)
    renew_at: float


class Tokens:
    """Tokens by what they are wanted for; whoever comes while one is being asked for waits for it."""

    def __init__(self) -> None:
        """Start without any token."""
        self._kept: dict[Wanted, _Kept] = {}
        self._guard = Lock()
        self._asking: dict[Wanted, Lock] = {}
        self._awaiting: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Wanted, asyncio.Lock]] = WeakKeyDictionary()

    def value(self, wanted: Wanted, ask: Callable[[], Token]) -> str:
        """Return a token that is valid for a while.

        :param ask: gets a new one
        """
        with self._guard:
            asking = self._asking.setdefault(wanted, Lock())
        with asking:
            if kept := self._valid(wanted):
                return kept
            began = time.monotonic()
            return self._keep(wanted, ask(), began)

    async def value_async(self, wanted: Wanted, ask: Callable[[], Awaitable[Token]]) -> str:
        """Return the same without holding up other triggers.

        :param ask: gets a new one
        """
        with self._guard:  # an asyncio.Lock belongs to one event loop
            awaiting = self._awaiting.setdefault(asyncio.get_running_loop(), {}).setdefault(wanted, asyncio.Lock())
        async with awaiting:
            if kept := self._valid(wanted):
                return kept
            began = time.monotonic()
            return self._keep(wanted, await ask(), began)

    def drop(self, wanted: Wanted, refused: str) -> None:
        """Give up a token that a server refused, unless somebody has renewed it meanwhile."""
        with self._guard:
            kept = self._kept.get(wanted)
            if kept and kept.value == refused:
                del self._kept[wanted]

    def _valid(self, wanted: Wanted) -> str | None:
        with self._guard:
            kept = self._kept.get(wanted)
        return kept.value if kept and time.monotonic() < kept.renew_at else None

    def _keep(self, wanted: Wanted, token: Token, began: float) -> str:
        with self._guard:
            self._kept[wanted] = _Kept(token.value, began + token.lifetime * (1 - MARGIN))
        return token.value


TOKENS = Tokens()
