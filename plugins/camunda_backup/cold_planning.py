"""The looks before a cold backup and before a cold restore: every problem in one list; nothing is changed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from camunda_backup import agreement, cold_sets, inspection, planning, sets
from camunda_backup.clusters import Cluster
from camunda_backup.copies import copies_of, databases
from camunda_backup.copies.copy import named
from camunda_backup.errors import CamundaBackupError
from camunda_backup.look import Look, told
from camunda_backup.restores import in_units
from camunda_backup.runtimes.runtime import Runtime
from camunda_backup.states import Component, Runs
from camunda_backup.surveys import Survey
from camunda_backup.versions import one_version

BACKUP_CHECKS: tuple[inspection.Check, ...] = (
    inspection.answering,
    inspection.healthy,
    one_version,
    inspection.topology,
    inspection.exporters,
    inspection.no_backup_running,
    agreement.repositories,
    agreement.writable,
    inspection.indices,
    inspection.recordable,
)


@dataclass(slots=True)
class Readiness:
    """Whether a cluster can be backed up cold now.

    :param look: the same look that a hot backup takes, for the checks they share
    :param ran: what runs now, in the order in which it stops
    """

    cluster: Cluster
    runtime: Runtime
    look: inspection.Inspection
    ran: list[Runs] = field(default_factory=list)
    partitions: int = 0

    def problems(self) -> list[str]:
        """Run every check and return every problem, each once."""
        found = self.look.problems(BACKUP_CHECKS)
        for check in (self._processes(), self._nodes(), self._copies(), planning.checkable(self.cluster)):
            found += told(check)
        return list(dict.fromkeys(found))

    def _processes(self) -> Iterator[str]:
        """Everything can be stopped, and runs: what did not run could not be seen to run again."""
        cluster = self.cluster
        if problems := self.runtime.problems(cluster.stop_order):
            yield from problems
            return
        for one in cluster.stop_order:
            if self.runtime.is_started(one):
                self.ran.append(one)
            else:
                yield f"{one} does not run: start it, or mend it first; a cold backup is taken of a cluster that works"

    def _nodes(self) -> Iterator[str]:
        """The brokers of the cluster file are those of the cluster."""
        cluster, zeebe = self.cluster, self.cluster.connections.zeebe
        if zeebe in self.look.silent:
            return
        yield from node_problems(self.look, cluster)
        answer = self.look.ask(zeebe, "/actuator/cluster")
        if answer.ok:
            brokers = answer.body["brokers"]
            self.partitions = len({partition["id"] for broker in brokers for partition in broker["partitions"]})

    def _copies(self) -> Iterator[str]:
        yield from copies_of(self.cluster).problems()


@dataclass
class ColdSurvey(Survey):
    """What is there, and what a manifest of kind ``cold`` says should come back."""

    cluster: Cluster


def node_problems(look: Look, cluster: Cluster) -> Iterator[str]:
    """Yield how the brokers of the cluster file differ from those that the cluster tells of."""
    answer = look.ask(cluster.connections.zeebe, "/actuator/cluster")
    if not answer.ok:
        return  # the topology's check says so
    there, named = sorted(int(broker["id"]) for broker in answer.body["brokers"]), sorted(cluster.node_ids.values())
    if there != named:
        yield (
            f"the cluster has nodes {', '.join(map(str, there))}, the cluster file names"
            f" {', '.join(map(str, named))}: name every broker, and its node_id where that is not its place in the list"
        )


def nodes(survey: ColdSurvey) -> Iterator[str]:
    """Every broker of the cluster file gets the data of its own node, and no data is left over."""
    copied = sorted(int(copy["node_id"]) for copy in survey.manifest["copies"])
    named = sorted(survey.cluster.node_ids.values())
    if copied != named:
        yield (
            f"the backup is of nodes {', '.join(map(str, copied))}, the cluster file names"
            f" {', '.join(map(str, named))}: a cold backup goes back to the same number of brokers with the same IDs"
        )
    if survey.cluster.connections.zeebe not in survey.look.silent:
        yield from node_problems(survey.look, survey.cluster)


def snapshots(survey: ColdSurvey) -> Iterator[str]:
    """The set's snapshots are all in the repository, and whole."""
    storage, manifest = survey.look.storage(), survey.manifest
    if storage is None:
        return
    survey.snapshots = storage.snapshots(sets.snapshot_pattern(survey.backup_id))
    for part in manifest["parts"]:
        survey.reports[Component(part["component"])] = planning.recorded(survey.backup_id, part)
    components = [component for component in survey.cluster.all_components if component is not Component.ZEEBE]
    yield from cold_sets.problems(
        {copy["broker"]: int(copy["node_id"]) for copy in manifest["copies"]},
        manifest["copies"],
        components,
        [survey.reports[component] for component in components if component in survey.reports],
        survey.snapshots,
    )


def copies(survey: ColdSurvey) -> Iterator[str]:
    """Every copy can be read to its end and is what was written; every broker can be filled from it."""
    for kind in dict.fromkeys(copy["type"] for copy in survey.manifest["copies"]):
        try:
            yield from copies_of(survey.cluster, kind).problems_back()
        except CamundaBackupError as error:
            yield str(error)
            return
    for copy in survey.manifest["copies"]:
        try:
            copies_of(survey.cluster, copy["type"]).verify(copy)
        except CamundaBackupError as error:
            yield f"{copy['broker']}: {error}"
            continue
        survey.copies.append(f"{copy['broker']} (node {copy['node_id']}): {named(copy)}, {in_units(copy['bytes'])}")


def loaded(survey: ColdSurvey) -> Iterator[str]:
    """The dumps that will be loaded can be read to their end."""
    for copy in survey.manifest["databases"]:
        name = copy["database"]
        if name not in loadable(survey.cluster, [copy]):
            survey.warnings.append(f"database {name} is left as it is: the cluster file has no load command for it")
            continue
        try:
            databases.verify(copy)
        except CamundaBackupError as error:
            yield f"database {name}: {error}"
            continue
        survey.copies.append(f"database {name}: {copy['file']}, {in_units(copy['bytes'])}")


def loadable(cluster: Cluster, dumps: Sequence[dict[str, str]]) -> list[str]:
    """Return the databases of a set that the cluster file can load."""
    known = {one.name for one in (cluster.cold.databases if cluster.cold else ()) if one.load}
    return [dump["database"] for dump in dumps if dump["database"] in known]


RESTORE_CHECKS: tuple[Callable[[ColdSurvey], Iterable[str]], ...] = (
    planning.processes,
    planning.answering,
    planning.connections,
    planning.signing_in,
    planning.pictures,
    planning.versions,
    planning.shape,
    nodes,
    planning.repositories,
    snapshots,
    copies,
    loaded,
    planning.indices,
    planning.templates,
)
