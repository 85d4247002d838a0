"""HTTP requests and answers as plain data, so that one definition serves synchronous and asynchronous clients."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from camunda_backup.errors import CamundaBackupError, Rejected, Unreachable

# What reading a body raises that is not what it should be.
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask.

    :param path: below the connection's base URL, with a leading slash; or a whole URL
    :param body: sent as JSON when it is not None
    :param form: sent as the fields of a form, where a server takes no JSON
    :param headers: beyond those that every request has
    :param permission: what a client must be allowed to, by the name that Camunda gives it, e.g. ``BACKUP:CREATE``
    :param patience: seconds that the server itself may take to answer, where that is longer than usual
    """

    method: str
    path: str
    query: Mapping[str, str] | None = None
    body: Any = None
    form: Mapping[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    permission: str | None = None
    patience: float | None = None

    def timeout(self, own: float) -> float:
        """Return the seconds to wait for an answer.

        :param own: of the connection
        """
        return max(own, self.patience or 0)

    def url(self, base_url: str) -> str:
        """Return where it goes.

        :param base_url: of the connection
        """
        return self.path if "://" in self.path else f"{base_url.rstrip('/')}{self.path}"

    def host(self, base_url: str) -> str:
        """Return who is asked, for messages.

        :param base_url: of the connection
        """
        return self.path if "://" in self.path else base_url


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered.

    :param status: the HTTP status code
    :param body: the parsed JSON, or the text when it was no JSON
    :param refusal: after a 401 or 403: who was refused, and what to do about it
    """

    status: int
    body: Any
    refusal: str | None = field(default=None, compare=False)

    @property
    def ok(self) -> bool:
        """Whether the code is a success; for some calls the body has the last word."""
        return 200 <= self.status < 300

    @property
    def transient(self) -> bool:
        """Whether the same request may be answered otherwise later."""
        return self.status >= 500 or self.status in {408, 429}

    def failure(self, trouble: str) -> CamundaBackupError:
        """Return the error for an answer that is no success: one that may pass, or a refusal."""
        return (Unreachable if self.transient else Rejected)(f"{trouble}: {self}")

    @property
    def message(self) -> str:
        """The sentence in an error body, whichever field this component puts it in."""
        if not isinstance(self.body, dict):
            return str(self.body)[:300]
        for key in ("message", "detailedMessage", "errorMessage", "error_description", "detail", "error"):
            text = self.body.get(key)
            if isinstance(text, dict):
                text = text.get("reason") or text.get("type")
            if text:
                return str(text)[:300]
        return str(self.body)[:300]

    def __str__(self) -> str:
        told = f"HTTP {self.status} {self.message}".rstrip()
        return f"{told}; {self.refusal}" if self.refusal else told


@contextmanager
def readable(answer: Answer, trouble: str) -> Iterator[None]:
    """Read the body of a success.

    :raises Unreachable: when the body is not what it should be
    """
    try:
        yield
    except UNREADABLE as error:
        raise Unreachable(f"{trouble}: unreadable answer: {answer}") from error


def moment(text: str | None) -> datetime | None:
    """Return a time as Camunda writes it: with nanoseconds, ``Z`` or ``+0000``; None when there is none.

    Recorded from Camunda 8.6.0: ``2026-11-23T09:59:44.951101838Z``, ``2026-11-23T09:59:03.330+0000``.

    :raises ValueError: when it is no time
    """
    if not text:
        return None
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
