"""The checks before a backup of a cluster whose secondary storage is a database; none changes anything."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from camunda_backup import agreement, inspection
from camunda_backup.continuity import gaps
from camunda_backup.dumps import database_of
from camunda_backup.hooks.camunda import ExportingHook
from camunda_backup.hooks.parts import ContinuousHook, Part
from camunda_backup.look import Look, told
from camunda_backup.rdbms_clusters import RdbmsCluster
from camunda_backup.states import Component
from camunda_backup.versions import one_version


@dataclass
class RdbmsInspection(Look):
    """One look at a cluster whose secondary storage is a database."""

    cluster: RdbmsCluster

    def problems(self) -> list[str]:
        """Run every check and return every problem, each once."""
        found = [problem for check in SHARED for problem in told(check(self))]
        found += [problem for check in OWN for problem in told(check(self))]
        return list(dict.fromkeys(found))


def continuous(look: RdbmsInspection) -> Iterator[str]:
    """Zeebe takes backups by itself, and they cover every partition's log without a gap."""
    cluster = look.cluster
    if look.silent.intersection({cluster.connections.zeebe, *cluster.brokers}):
        return
    partitions = set(ExportingHook(**cluster.exporting()).leaders())
    yield from gaps(ContinuousHook(Part(**cluster.part(Component.ZEEBE))).holdings(), partitions)


def optimize_is_free(look: RdbmsInspection) -> Iterator[str]:
    """Optimize makes no backup now; Zeebe may, by its schedule."""
    if Component.OPTIMIZE in look.management():
        yield from inspection.being_made(Part(**look.cluster.part(Component.OPTIMIZE)))


def dumpable(look: RdbmsInspection) -> Iterator[str]:
    """The database can be reached and read, and the dump has a place."""
    yield from database_of(look.cluster.dump_config()).problems()


SHARED: tuple[Callable[[Look], Iterable[str]], ...] = (
    inspection.answering,
    inspection.healthy,
    one_version,
    inspection.topology,
    inspection.exporters,
    agreement.repositories,
    agreement.writable,
    agreement.same_repository,
    agreement.one_store,
    inspection.recordable,
)
OWN: tuple[Callable[[RdbmsInspection], Iterable[str]], ...] = (continuous, optimize_is_free, dumpable)
