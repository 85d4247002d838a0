"""One request and one answer, free of the web server that carries them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
CALLER = "X-Stand-In-Caller"
OUTSIDE = "client"


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a role sees it.

    :param door: name of the port it came in by, e.g. ``zeebe_management``
    :param role: who answers, e.g. ``operate``
    :param caller: ``client``, or the stand-in's own role that asks (e.g. ``operate`` taking its snapshots)
    :param parts: the named pieces of the path
    """

    door: str
    role: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    caller: str = OUTSIDE
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """Path with query, as it was asked for."""
        return self.path + ("?" + "&".join(f"{k}={v}" for k, v in self.query.items()) if self.query else "")

    @property
    def content_type(self) -> str:
        """Media type of the body without its parameters; empty when none was named."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def flag(self, name: str) -> bool:
        """Whether a query parameter is true; one without a value counts as true."""
        return self.query.get(name, "false").lower() in {"true", ""}

    def json(self) -> Any:
        """Body as JSON, None when empty; raises ValueError when it is something else."""
        return json.loads(self.body) if self.body.strip() else None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``body`` is encoded as JSON unless it is text or bytes; None sends no body at all.

    :param pretty: indented like Jackson's pretty printer, as Tasklist answers
    """

    status: int
    body: Any = None
    content_type: str = JSON
    pretty: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The bytes that go over the wire."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        if self.pretty:
            return indented(self.body).encode()
        return json.dumps(self.body, separators=(",", ":")).encode()


def indented(value: Any, depth: int = 0) -> str:
    """Text of a JSON value the way Jackson's pretty printer writes it: arrays stay on their line."""
    if isinstance(value, dict) and value:
        margin = "  " * (depth + 1)
        fields = [f"{margin}{json.dumps(key)} : {indented(item, depth + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(fields) + "\n" + "  " * depth + "}"
    if isinstance(value, list):
        return "[ " + ", ".join(indented(item, depth) for item in value) + " ]" if value else "[ ]"
    return "{ }" if value == {} else json.dumps(value)
