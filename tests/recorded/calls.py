"""A call of a recording, and what is compared of its answer."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

BACKUPS = "/actuator/backups"
TIMEOUT = 60
WORD = re.compile(r"[A-Z][A-Z_]+")
OWN_KEY = re.compile(r"\d+|[\w-]{22}|stand-in")
LATER = {"snapshotId", "processedPositionInSnapshot"}  # empty until Zeebe has made a snapshot of its own
Answer = tuple[int, str, Any]
"""Status, media type and shape."""

WORDY_FIELDS = {"type", "error", "title", "acknowledged"}
MESSAGES = {"message", "detail", "failureReason"}
SHOWN_OF_A_MESSAGE = 30


@dataclass(frozen=True)
class Ask:
    """One request.

    In path and body ``{id}`` is the backup ID of the moment and ``{text}`` the same as a string; in the path
    ``{version}`` is Camunda's version.

    :param typed: whether a body given as text claims to be JSON
    """

    door: str
    method: str
    path: str
    body: Any = None
    typed: bool = True

    def __str__(self) -> str:
        return f"{self.door} {self.method} {self.path} {'' if self.body is None else self.body}".strip()


class Client:
    """Sessions with the ports of one cluster.

    :param urls: its addresses
    :param backup_id: the first one to use
    :param version: Camunda's
    """

    def __init__(self, urls: Mapping[str, str], backup_id: int, version: str = "8.6.0") -> None:
        self.urls, self.backup_id, self.version = urls, backup_id, version
        self._sessions: dict[str, requests.Session] = {}

    def send(self, ask: Ask) -> requests.Response:
        """Send a request, with the cookies its port gave before."""
        session = self._sessions.setdefault(ask.door, requests.Session())
        path = ask.path.replace("{id}", str(self.backup_id)).replace("{version}", self.version)
        url = self.urls[ask.door] + path
        if ask.body is None or isinstance(ask.body, str):
            headers = {"Content-Type": "application/json"} if ask.typed and ask.body is not None else {}
            return session.request(ask.method, url, data=ask.body, headers=headers, timeout=TIMEOUT)
        return session.request(ask.method, url, json=self._filled(ask.body), timeout=TIMEOUT)

    def answer(self, ask: Ask) -> Answer:
        """Status, media type and shape of an answer."""
        response = self.send(ask)
        if not response.content:
            return response.status_code, "", None
        media_type = response.headers.get("Content-Type", "").partition(";")[0]
        return response.status_code, media_type, shape(response.json())

    def asking(self, ask: Ask) -> Callable[[], tuple[int, str]]:
        """Make a function that sends a request and gives status and text."""

        def look() -> tuple[int, str]:
            response = self.send(ask)
            return response.status_code, response.text

        return look

    def close(self) -> None:
        """Let the connections go."""
        for session in self._sessions.values():
            session.close()

    def _filled(self, body: Any) -> Any:
        if isinstance(body, dict):
            return {key: self._filled(value) for key, value in body.items()}
        fillings = {"{id}": self.backup_id, "{text}": str(self.backup_id)}
        return fillings.get(body, body) if isinstance(body, str) else body


def shape(value: Any, name: str = "") -> Any:
    """Keys and kinds of a JSON value; known words stay, and of messages the beginning without numbers and names.

    A list is as wide as its elements; a map whose keys are numbers or IDs counts as a list.
    """
    if isinstance(value, Mapping):
        if value and all(OWN_KEY.fullmatch(str(key)) for key in value):
            return shape(list(value.values()))
        return {key: shape(value[key], key) for key in sorted(value) if key not in LATER}
    if isinstance(value, list):
        kinds = {json.dumps(kind, sort_keys=True): kind for kind in map(shape, value)}
        return [kinds[text] for text in sorted(kinds)]
    if isinstance(value, str) and name in MESSAGES:
        return re.sub(r"\[.*?\]|\d+", "…", value)[:SHOWN_OF_A_MESSAGE]
    if isinstance(value, str):
        return value if WORD.fullmatch(value) or name in WORDY_FIELDS else "text"
    return "null" if value is None else {bool: "boolean", int: "number", float: "number"}[type(value)]
