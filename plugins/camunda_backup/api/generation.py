"""What one Camunda generation looks like from outside; each generation fills this in, in a file of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from camunda_backup.api.backups import BackupApi
from camunda_backup.api.exporting import ExportingApi
from camunda_backup.api.messages import Request
from camunda_backup.states import Component


@dataclass(frozen=True, slots=True)
class Count:
    """A number that a restored cluster can be held against.

    :param name: its name in the manifest
    :param app: whose index prefix the index name starts with
    :param indices: index pattern after the prefix
    :param query: the documents to count, as a search engine query
    """

    name: str
    app: str
    indices: str
    query: Mapping[str, Any]

    def request(self, prefixes: Mapping[str, str]) -> Request:
        """Return the count request for a cluster's index prefixes."""
        path = f"/{prefixes[self.app]}-{self.indices}/_count"
        return Request("POST", path, {"ignore_unavailable": "true"}, {"query": dict(self.query)})


@dataclass(frozen=True, slots=True)
class Generation:
    """Camunda lines that share their management API.

    :param lines: minor versions, e.g. ``8.6``
    :param web_apps: the endpoints that back up Operate and Tasklist, one each or one for both
    :param apps_read_records: whether Operate and Tasklist need the exporter's records indices after a restore
    :param generated_ids: asks Zeebe for signs that it makes backup IDs itself, where the generation can
    :param counts: what the manifest counts in the secondary storage
    :param sign_in: how users of the web apps and the REST API sign in when no identity provider vouches for them
    :param signed_calls: calls that only a signed-in user may make, by the field of ``connections`` that takes them
    """

    lines: tuple[str, ...]
    zeebe: BackupApi
    web_apps: tuple[BackupApi, ...]
    optimize: BackupApi
    apps_read_records: bool
    counts: tuple[Count, ...]
    sign_in: Literal["cookie", "basic"]
    signed_calls: Mapping[str, Request]
    exporting: ExportingApi = field(default_factory=ExportingApi)
    generated_ids: Request | None = None

    def backup_api(self, component: Component) -> BackupApi:
        """Return the backup endpoint of a component.

        :raises KeyError: the generation has no such component
        """
        return {api.component: api for api in (self.zeebe, *self.web_apps, self.optimize)}[component]
