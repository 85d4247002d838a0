"""Which handler answers which path."""

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

from sandbox.stand_in.messages import Call, Reply

Handler = Callable[[Call], Awaitable[Reply]]


class Routes:
    """An ordered table of paths, written as regular expressions; the first entry that fits wins.

    ``{name}`` stands for any one piece of a path.
    """

    def __init__(self, *, missing: Handler, wrong_method: Handler) -> None:
        """Keep the answers for a path nobody knows and for a method that is not among the allowed ones.

        The latter finds these among the call's parts.
        """
        self._missing = missing
        self._wrong_method = wrong_method
        self._table: list[tuple[frozenset[str], re.Pattern[str], Handler]] = []

    def add(self, methods: str, path: str, handler: Handler) -> None:
        """Add one entry; several methods are separated by blanks."""
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "/?")
        self._table.append((frozenset(methods.split()), pattern, handler))

    def knows(self, path: str) -> bool:
        """Whether any entry fits the path, whatever the method."""
        return any(True for _ in self._matches(path))

    async def answer(self, call: Call) -> Reply:
        """Let the first fitting entry answer."""
        allowed: set[str] = set()
        for methods, match, handler in self._matches(call.path):
            if call.method in methods:
                return await handler(replace(call, parts=match.groupdict()))
            allowed |= methods
        if allowed:
            return await self._wrong_method(replace(call, parts={"allowed": ", ".join(sorted(allowed))}))
        return await self._missing(call)

    def _matches(self, path: str) -> Iterator[tuple[frozenset[str], re.Match[str], Handler]]:
        for methods, pattern, handler in self._table:
            if match := pattern.fullmatch(path):
                yield methods, match, handler
