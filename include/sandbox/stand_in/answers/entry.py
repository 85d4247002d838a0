"""How an answer is written down, and how a line of Camunda is described."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from sandbox.stand_in.messages import JSON, Reply

ACTUATOR = "application/vnd.spring-boot.actuator.v3+json"
PROBLEM = "application/problem+json"
PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Source(StrEnum):
    """Where an answer is known from."""

    RECORDED = "recorded"
    DOCUMENTED = "documented"


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer as data; ``{name}`` in its body is filled in when it is given."""

    status: int
    body: Any
    source: Source
    content_type: str

    def filled(self, values: Mapping[str, Any], *, pretty: bool = False) -> Reply:
        """Give the answer with its placeholders replaced."""
        return Reply(self.status, fill(self.body, values), self.content_type, pretty)


def recorded(status: int, body: Any = None, content_type: str = JSON) -> Entry:
    """Describe an answer that a real component gave."""
    return Entry(status, body, Source.RECORDED, content_type)


def documented(status: int, body: Any = None, content_type: str = JSON) -> Entry:
    """Describe an answer known from Camunda's manual, API description or source only."""
    return Entry(status, body, Source.DOCUMENTED, content_type)


def documented_only(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Take another line's answers for one that they were not recorded from."""
    return {name: replace(entry, source=Source.DOCUMENTED) for name, entry in entries.items()}


def fill(body: Any, values: Mapping[str, Any]) -> Any:
    """Replace every ``{name}`` that has a value; a text that is nothing else becomes the value itself."""
    match body:
        case dict():
            return {fill(key, values): fill(value, values) for key, value in body.items()}
        case list():
            return [fill(value, values) for value in body]
        case str():
            if (whole := PLACEHOLDER.fullmatch(body)) and whole[1] in values:
                return values[whole[1]]
            return PLACEHOLDER.sub(lambda m: str(values.get(m[1], m[0])), body)
        case _:
            return body


@dataclass(frozen=True, slots=True)
class WebApp:
    """A web application with a backup API.

    :param backups: path of that API
    :param snapshots: first part of its snapshots' names
    :param parts: index patterns of each part of a backup
    :param doors: web port and management port
    :param properties: prefix, bean and search section of its configuration, as its configprops actuator shows it
    :param pretty: answers pretty-printed JSON
    :param login: its search API wants a session
    :param grace: says IN_PROGRESS, not INCOMPLETE, between two parts
    :param lowest_id: lowest backup ID it accepts
    :param empty_failures: a part without failures has an empty list of them; else, on OpenSearch, null
    :param trouble_seconds: how long its health takes to answer while the search engine is away
    """

    role: str
    backups: str
    snapshots: str
    parts: tuple[tuple[str, ...], ...]
    doors: tuple[str, str]
    properties: tuple[str, str, str]
    pretty: bool = False
    login: bool = True
    grace: bool = False
    lowest_id: int = 0
    empty_failures: bool = True
    trouble_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Line:
    """Versions of Camunda that answer alike.

    :param patches: version of each component that counts its own patches
    :param zeebe_backups: path of Zeebe's backup API
    :param entries: its answers by name
    :param indices: indices the web apps create at their first start
    :param templates: indices that have an index template
    :param tasks_index: where user tasks are
    :param importers: indices are filled by importers that read Zeebe's records, not by an exporter
    :param unified: one application (8.8 and later): search API v2, keys as text, health of partitions, prefixes of IDs
    :param rest_management: exporting and backups are also managed through the REST API (8.10 and later)
    :param restore_api: the running cluster restores its own partitions (8.10)
    """

    version: str
    zeebe_backups: str
    web_apps: tuple[WebApp, ...]
    entries: Mapping[str, Entry]
    indices: tuple[str, ...]
    templates: tuple[str, ...]
    tasks_index: str
    importers: bool
    unified: bool
    rest_management: bool = False
    restore_api: bool = False
    patches: Mapping[str, str] = field(default_factory=dict)
