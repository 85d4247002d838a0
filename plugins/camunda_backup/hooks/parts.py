"""One component's part of a backup set: start it, watch it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from camunda_backup.api import generation
from camunda_backup.api.backups import BackupApi, PartApi
from camunda_backup.api.continuous import Holdings, holdings_request, read_holdings, read_start, start_request
from camunda_backup.errors import Unreachable
from camunda_backup.hooks.http import AsyncJsonHook, JsonHook
from camunda_backup.states import Component, Report
from camunda_backup.storage import ENGINES
from camunda_backup.storage.engine import RecordsApi


@dataclass(frozen=True, slots=True)
class Part:
    """Which part, and through which connection; the fields are those of ``Cluster.part``.

    :param component: whose part
    :param conn_id: Airflow connection to its management port, or to the search engine for the records
    :param version: Camunda version, as in the cluster file
    :param engine: search engine, as in the cluster file
    :param repository: snapshot repository's name
    :param records_prefix: how the records indices' names begin
    :param management_api: as in the cluster file
    :param access: an :class:`~camunda_backup.api.access.Access` as JSON; default: as the connection says
    """

    component: str
    conn_id: str
    version: str
    engine: str = ""
    repository: str = ""
    records_prefix: str = ""
    management_api: str | None = None
    access: Mapping[str, Any] | None = None

    @property
    def api(self) -> PartApi:
        """How this part is asked for and what its answers mean."""
        if self.component == Component.RECORDS:
            return RecordsApi(ENGINES[self.engine], self.repository, self.records_prefix)
        return generation(self.version, self.management_api).backup_api(Component(self.component))


class PartHook(JsonHook):
    """A part, from a worker."""

    def __init__(self, part: Part) -> None:
        super().__init__(part.conn_id, part.access)
        self._api = part.api

    def start(self, backup_id: int) -> tuple[str, ...]:
        """Start the part; return the snapshots it will consist of, as far as the component tells.

        :raises Conflict, Rejected, Unreachable: see ``PartApi.read_start``
        """
        return self._api.read_start(backup_id, self.send(self._api.start(backup_id)))

    def status(self, backup_id: int) -> Report:
        """Return how far the part is; a component that does not answer is a report as well."""
        try:
            return self._api.read_status(backup_id, self.send(self._api.status(backup_id)))
        except Unreachable as error:
            return Report.unreachable(self._api.component, backup_id, error)

    def listed(self) -> tuple[Report, ...]:
        """Return every backup the component knows.

        :raises Rejected, Unreachable: it does not list them
        """
        api = self._api
        if not isinstance(api, BackupApi):
            raise TypeError(f"{api.component} has no list of its own")
        return api.read_list(self.send(api.list()))


class ContinuousHook(PartHook):
    """Zeebe's own backups, which it takes under IDs that it makes itself."""

    def begin(self) -> int:
        """Ask for a backup; return its ID.

        :raises Rejected, Unreachable: see ``read_start``
        """
        api = self._zeebe()
        return read_start(api, self.send(start_request(api)))

    def holdings(self) -> Holdings:
        """Return what the backup store holds.

        :raises Rejected, Unreachable: it does not tell
        """
        api = self._zeebe()
        return read_holdings(api, self.send(holdings_request(api)))

    def _zeebe(self) -> BackupApi:
        if not isinstance(self._api, BackupApi):
            raise TypeError(f"{self._api.component} makes no backups by itself")
        return self._api


class AsyncPartHook(AsyncJsonHook):
    """A part, from a trigger."""

    def __init__(self, part: Part) -> None:
        super().__init__(part.conn_id, part.access)
        self._api = part.api

    async def status(self, backup_id: int) -> Report:
        """Return how far the part is; a component that does not answer is a report as well."""
        try:
            return self._api.read_status(backup_id, await self.send(self._api.status(backup_id)))
        except Unreachable as error:
            return Report.unreachable(self._api.component, backup_id, error)
