"""Pages that this project adds to Airflow's UI."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Answer as :mod:`camunda_backup.ui.gallery` does.

    It is imported by the first request: every worker reads the plugin, and should not pay for the API server's parts.
    """
    from camunda_backup.ui.gallery import gallery  # noqa: PLC0415 - see above

    await gallery(scope, receive, send)
