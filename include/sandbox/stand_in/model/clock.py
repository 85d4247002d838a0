"""Times in the notations of Camunda and the search engines."""

import time
from datetime import UTC, datetime


def millis() -> int:
    """Return milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def zulu(at_millis: int | None = None) -> str:
    """ISO time in UTC with milliseconds, e.g. ``2026-11-23T09:59:44.951Z``."""
    at = datetime.fromtimestamp((millis() if at_millis is None else at_millis) / 1000, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def web_app_time(at_millis: int) -> str:
    """Operate's and Tasklist's form, e.g. ``2026-11-23T09:59:03.330+0000``."""
    return zulu(at_millis)[:-1] + "+0000"


def spring_time() -> str:
    """Now, in the form of Spring's error answers."""
    return zulu()[:-1] + "+00:00"


def zeebe_time() -> str:
    """Now with nanoseconds, as in Zeebe's backups."""
    now = time.time_ns()
    return zulu(now // 1_000_000)[:-4] + f"{now % 1_000_000_000:09d}Z"
