"""A recording as the stand-in's peer: it gives the answers of November 2026, in the order in which they were given."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from tests.recorded.calls import Answer, Ask, Client

FOLDER = Path(__file__).parent


def recording(name: str) -> dict[str, Any]:
    """Return a recording: of what, when and how it was made, and by scene what was asked and answered.

    :param name: of its file, without the suffix
    """
    told: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return told


def asked(entry: Mapping[str, Any]) -> Ask:
    """Return the call of an entry."""
    return Ask(entry["door"], entry["method"], entry["path"], entry.get("body"), entry.get("typed", True))


def asks(scene: str, name: str = "camunda-8.6.0") -> list[Ask]:
    """Return the calls of a scene."""
    return [asked(entry) for entry in recording(name)["scenes"][scene]]


class Recorded:
    """The answers of one scene.

    :param entries: what was asked and answered
    """

    clients: tuple[Client, ...] = ()

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        self._entries = list(entries)

    @property
    def left(self) -> int:
        """How many answers nobody has asked for yet."""
        return len(self._entries)

    def answer(self, ask: Ask, *, stranger: bool = False) -> Answer:
        """Return what was answered to a call; fail when another one was made here."""
        del stranger
        entry = self._entries.pop(0)
        assert ask == asked(entry), "the recording has another call here"
        return entry["status"], entry["media_type"], entry["shape"]

    def found(self, what: str, look: Callable[[Client], Any]) -> Any:
        """Return what was seen."""
        del look
        entry = self._entries.pop(0)
        assert what == entry["what"], "the recording has something else here"
        return entry["found"]

    def outage(self, name: str) -> AbstractContextManager[None]:
        """Do nothing: the answers are those of the outage."""
        del name
        return nullcontext()
