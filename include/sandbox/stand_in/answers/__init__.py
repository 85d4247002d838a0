"""Answers as data: one file for each line of Camunda and each search engine."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from sandbox.stand_in.answers import elasticsearch, opensearch
from sandbox.stand_in.answers.engine import Engine
from sandbox.stand_in.answers.entry import Entry, Line
from sandbox.stand_in.messages import Reply

FILES = (
    "line_8_5",
    "line_8_6",
    "line_8_7",
    "line_8_8",
    "line_8_9",
    "line_8_10",
)
LINES: Mapping[str, Line] = {
    file.removeprefix("line_").replace("_", "."): import_module(f"{__name__}.{file}").LINE for file in FILES
}
ENGINES: Mapping[str, Engine] = {"opensearch": opensearch.ENGINE, "elasticsearch": elasticsearch.ENGINE}


class Answers:
    """The answers of one line in front of one search engine."""

    def __init__(self, line: Line, engine: Engine) -> None:
        """Choose the tables; ``name@engine`` in a line's table goes before ``name``."""
        self._entries: dict[str, Entry] = {**line.entries, **engine.entries}
        self._engine = engine.name

    def __contains__(self, name: str) -> bool:
        return name in self._entries or f"{name}@{self._engine}" in self._entries

    def give(self, name: str, /, *, pretty: bool = False, **values: Any) -> Reply:
        """Give the named answer."""
        entry = self._entries.get(f"{name}@{self._engine}") or self._entries[name]
        return entry.filled(values, pretty=pretty)
