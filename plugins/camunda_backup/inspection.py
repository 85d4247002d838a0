"""The checks before a backup: each yields one sentence per problem, and none changes anything."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from camunda_backup import manifests
from camunda_backup.agreement import one_store, repositories, same_repository, writable
from camunda_backup.clusters import Cluster
from camunda_backup.errors import CamundaBackupError, Rejected, Unreachable
from camunda_backup.hooks.camunda import ExportingHook
from camunda_backup.hooks.parts import Part, PartHook
from camunda_backup.look import TOPOLOGY, Look, told
from camunda_backup.orders import PauseMode
from camunda_backup.states import Component, Phase
from camunda_backup.versions import one_version


@dataclass
class Inspection(Look):
    """A look at everything that a backup of a cluster whose secondary storage is a search engine needs."""

    cluster: Cluster

    def problems(self, checks: Sequence["Check"] = ()) -> list[str]:
        """Run every check and return every problem, each once.

        :param checks: default: those before a hot backup
        """
        found: list[str] = []
        for check in checks or CHECKS:
            found.extend(told(check(self)))
        return list(dict.fromkeys(found))


def answering(look: Look) -> Iterator[str]:
    """Every connection exists and answers."""
    cluster = look.cluster
    paths = dict.fromkeys((*look.management().values(), *cluster.brokers), "/actuator/health")
    paths |= dict.fromkeys(cluster.rest_connections, TOPOLOGY)
    if cluster.search_engine:
        paths[cluster.search_engine.connection] = "/_cluster/health"
    for conn_id, path in paths.items():
        if conn_id in look.silent:
            continue
        try:
            answer = look.ask(conn_id, path)
        except CamundaBackupError as error:
            look.silent.add(conn_id)
            yield str(error)
            continue
        if answer.status in {401, 403}:
            look.silent.add(conn_id)
            yield f"connection {conn_id}: {path} answers {answer}"


def recordable(look: Look) -> Iterator[str]:
    """The manifest can be kept."""
    cluster = look.cluster
    try:
        manifests.require_writable(manifests.location(cluster.manifests), cluster.name)
    except CamundaBackupError as error:
        yield f"manifests: {error}"


def healthy(look: Look) -> Iterator[str]:
    """Zeebe says it is up."""
    zeebe = look.cluster.connections.zeebe
    if zeebe in look.silent:
        return
    answer = look.ask(zeebe, "/actuator/health")
    if not answer.ok:
        yield f"connection {zeebe}: Zeebe is not healthy: {answer.body}"


def pause_known(look: Inspection) -> Iterator[str]:
    """Zeebe knows the pause that belongs to the order."""
    cluster, version = look.cluster, look.versions.get(Component.ZEEBE)
    if version and cluster.consistency.pause is PauseMode.SOFT and not cluster.generation.soft_pauses(version):
        yield f"Zeebe is Camunda {version}, which knows no soft pause: write order: zeebe-first, or upgrade it"


def topology(look: Look) -> Iterator[str]:
    """All brokers are there, no change of the cluster is going on, and every partition has a leader that exports."""
    cluster = look.cluster
    if look.silent.intersection({cluster.connections.zeebe, *cluster.brokers, *cluster.rest_connections}):
        return
    answer = look.ask(cluster.connections.zeebe, "/actuator/cluster")
    if not answer.ok:
        raise Unreachable(f"Zeebe does not tell its topology: {answer}")
    change = answer.body.get("pendingChange")
    if change:
        yield f"the cluster is being changed (change {change.get('id')}); start again when it is done"
    brokers = answer.body["brokers"]
    away = [str(broker["id"]) for broker in brokers if broker["state"] != "ACTIVE"]
    if away:
        yield f"broker {', '.join(away)} is not active"
    exporting = ExportingHook(**cluster.exporting()).look()
    leaders = exporting.leaders
    partitions = {partition["id"] for broker in brokers for partition in broker["partitions"]}
    unseen = sorted(partitions - leaders.keys())
    if unseen:
        yield (
            f"the leader of partition {', '.join(map(str, unseen))} was not found; name every broker's management"
            " port in connections.brokers of the cluster file"
        )
    sick = sorted(number for number, leader in leaders.items() if not leader.healthy)
    if sick:
        yield f"partition {', '.join(map(str, sick))} is not healthy"
    if not exporting.runs:
        yield f"exporting does not run on every partition: {exporting.phases}; resume it, or find out who paused it"


def exporters(look: Look) -> Iterator[str]:
    """Something is exported at all."""
    if look.cluster.connections.zeebe in look.silent:
        return
    answer = look.ask(look.cluster.connections.zeebe, "/actuator/exporters")
    if answer.ok and not any(exporter.get("status") == "ENABLED" for exporter in answer.body):
        yield "Zeebe has no enabled exporter, so the secondary storage holds nothing of it"


def no_backup_running(look: Look) -> Iterator[str]:
    """Every component lists its backups, and none is being made."""
    for component in look.applications():
        if look.cluster.connection(component) not in look.silent:
            yield from told(being_made(Part(**look.cluster.part(component))))


def being_made(part: Part) -> Iterator[str]:
    """A component makes no backup now."""
    for report in PartHook(part).listed():
        if report.phase is Phase.RUNNING:
            yield (
                f"{part.component}: backup {report.backup_id} is {report.state}; wait for it, or delete it when nobody"
                " is making it"
            )


def indices(look: Look) -> Iterator[str]:
    """There are indices under every configured prefix."""
    storage = look.storage()
    if storage is None:
        return
    for app, prefix in look.cluster.prefixes.items():
        if not storage.indices(prefix):
            yield f"no index begins with {prefix!r}; correct secondary_storage.index_prefixes.{app} of the cluster file"


def known_engine(look: Look) -> Iterator[str]:
    """The search engine is of the configured kind and of a version that this was written for."""
    storage = look.storage()
    if storage is None:
        return
    try:
        version, distribution = storage.version()
    except Rejected:  # it tells nobody; the backup itself shows whether it fits
        return
    major = int(version.partition(".")[0])
    if distribution != storage.engine.distribution or major not in storage.engine.majors:
        yield (
            f"the search engine is {distribution or 'elasticsearch'} {version}, the cluster file says"
            f" {storage.engine.name}, of which {', '.join(map(str, storage.engine.majors))} are known"
        )


def caller_ids(look: Look) -> Iterator[str]:
    """Zeebe takes backup IDs from a caller: it makes none itself."""
    request, zeebe = look.cluster.generation.generated_ids, look.cluster.connection(Component.ZEEBE)
    if request is None or zeebe in look.silent:
        return
    answer = look.ask(zeebe, request.path)
    if answer.ok and {"MARKER", "SCHEDULED_BACKUP"} & set(_words(answer.body, "checkpointType")):
        yield (
            "Zeebe makes backup IDs itself (continuous backups, a backup schedule or a checkpoint interval is set) and"
            " refuses this tool's; turn these off: with Elasticsearch or OpenSearch every part needs the same ID"
        )


Check = Callable[[Inspection], Iterable[str]]

CHECKS: tuple[Check, ...] = (
    answering,
    healthy,
    one_version,
    pause_known,
    topology,
    exporters,
    no_backup_running,
    repositories,
    writable,
    same_repository,
    one_store,
    indices,
    known_engine,
    caller_ids,
    recordable,
)


def _words(data: Any, key: str) -> Iterator[str]:
    if isinstance(data, dict):
        for name, value in data.items():
            if name == key:
                yield str(value)
            yield from _words(value, key)
    elif isinstance(data, list):
        for entry in data:
            yield from _words(entry, key)
