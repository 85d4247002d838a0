"""What one Camunda generation looks like from outside; each generation fills this in, in a file of its own."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Optional

from camunda_backup.api.backups import BackupApi
from camunda_backup.api.exporting import ExportingApi
from camunda_backup.api.messages import Answer, Request
from camunda_backup.states import Component


@dataclass(frozen=True, slots=True)
class Count:
    """A number that a restored cluster can be held against.

    :param name: its name in the manifest
    :param app: whose index prefix the index name starts with
    :param indices: index pattern after the prefix
    :param query: the documents to count, as a search engine query
    :param becomes: counts that rise when this one falls; without any it can only rise
    """

    name: str
    app: str
    indices: str
    query: Mapping[str, Any]
    becomes: tuple[str, ...] = ()

    def request(self, prefixes: Mapping[str, str]) -> Request:
        """Return the count request for a cluster's index prefixes."""
        path = f"/{prefixes[self.app]}-{self.indices}/_count"
        return Request("POST", path, {"ignore_unavailable": "true"}, {"query": dict(self.query)})


@dataclass(frozen=True, slots=True)
class View:
    """A count as a web app shows it through its own API.

    :param count: the name of the count
    :param component: whose app
    :param largest: no larger number is shown
    """

    count: str
    component: Component
    request: Request
    largest: int

    @staticmethod
    def read(answer: Answer) -> int:
        """Return the number in an answer: Operate's ``total``, the length of Tasklist's page, ``totalItems`` of /v2."""
        if isinstance(answer.body, list):
            return len(answer.body)
        return int(answer.body["total"] if "total" in answer.body else answer.body["page"]["totalItems"])


@dataclass(frozen=True, slots=True)
class Generation:
    """Camunda lines that share their management API.

    :param lines: minor versions, e.g. ``8.6``
    :param web_apps: the endpoints that back up Operate and Tasklist, one each or one for both
    :param apps_read_records: whether Operate and Tasklist need the exporter's records indices after a restore
    :param rdbms_lines: those of its lines whose secondary storage may be a database
    :param generated_ids: asks Zeebe for signs that it makes backup IDs itself, where the generation can
    :param counts: what the manifest counts in the secondary storage
    :param views: which of them the web apps show
    :param families: the index prefixes of each component, by their names in the cluster file
    :param shared_prefix: whether Operate, Tasklist and Camunda's own indices have one index prefix, before their names
    :param readiness: paths that answer 200 when a component is ready for work
    :param sign_in: how users of the web apps sign in when no identity provider vouches for them, a kind of ``Access``
    :param rest_sign_in: how clients of the REST API do
    :param signed_calls: calls that only a signed-in user may make, by the field of ``connections`` that takes them
    :param first_command: makes a command for a partition, with so many bytes of padding, that it must answer and that
        changes nothing
    :param restore: who writes a backup into Zeebe: the restore application beside each stopped broker, or the running
        cluster's own Restore API
    :param over_rest: Zeebe, the web apps and exporting are managed through the REST API, with its sign-in
    :param actuator: the same lines managed through the actuator of the management port, for a cluster file that says so
    :param without_soft_pause: patches of the lines that know no soft pause
    """

    lines: tuple[str, ...]
    zeebe: BackupApi
    web_apps: tuple[BackupApi, ...]
    optimize: BackupApi
    apps_read_records: bool
    counts: tuple[Count, ...]
    views: tuple[View, ...]
    families: Mapping[Component, tuple[str, ...]]
    readiness: Mapping[Component, str]
    first_command: Callable[[int, int], Request]
    sign_in: Literal["cookie", "connection"]
    rest_sign_in: Literal["none", "connection"]
    signed_calls: Mapping[str, Request]
    exporting: ExportingApi = field(default_factory=ExportingApi)
    generated_ids: Request | None = None
    shared_prefix: bool = False
    rdbms_lines: tuple[str, ...] = ()
    restore: Literal["application", "api"] = "application"
    over_rest: bool = False
    actuator: Optional["Generation"] = None
    without_soft_pause: tuple[str, ...] = ()

    def soft_pauses(self, version: str) -> bool:
        """Return whether a version of this generation knows the soft pause.

        :param version: ``8.6``, or exact as ``8.6.0``
        """
        return not any(re.match(rf"{re.escape(patch)}(?!\d)", version) for patch in self.without_soft_pause)

    @property
    def restarted(self) -> frozenset[Component]:
        """The components that a restore stops and starts: the Restore API wants Zeebe to go on running."""
        kept = {Component.ZEEBE} if self.restore == "api" else set()
        return frozenset(self.readiness) - kept

    def backup_api(self, component: Component) -> BackupApi:
        """Return the backup endpoint of a component.

        :raises KeyError: the generation has no such component
        """
        return {api.component: api for api in (self.zeebe, *self.web_apps, self.optimize)}[component]
