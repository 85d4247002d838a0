"""The look before a restore: every reason against it in one list, and the plan; nothing is changed."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from camunda_backup import agreement, inspection, recovery, sets
from camunda_backup.api.access import Access
from camunda_backup.clusters import AnyCluster
from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.hooks.issuers import IssuerHook
from camunda_backup.hooks.parts import Part, PartHook
from camunda_backup.releases import component_of, fits, made_by
from camunda_backup.restores import Step, snapshots_of
from camunda_backup.states import Component, Phase, Report
from camunda_backup.surveys import Check, Survey
from camunda_backup.versions import one_version
from camunda_backup.visual.browser import lacking


def processes(survey: Survey) -> Iterator[str]:
    """The runtime can reach, stop and start every component, and says which of them run."""
    components = survey.cluster.processes
    if survey.runtime is None:
        return
    if problems := survey.runtime.problems(components):
        yield from problems
        return
    for component in components:
        survey.running[component] = not survey.runtime.is_stopped(component)


def answering(survey: Survey) -> Iterator[str]:
    """Every connection answers but those of components that do not run."""
    cluster = survey.cluster
    stopped = {cluster.management_port(c): c for c in cluster.processes if survey.stopped(c)}
    down = {*stopped, *(cluster.brokers if survey.stopped(Component.ZEEBE) else ())}
    for component in survey.look.applications():
        if survey.stopped(component):
            down |= {cluster.connection(component), cluster.management_port(component)}
    survey.look.silent |= down
    for conn_id, component in stopped.items():
        survey.warnings.append(f"{component} does not run, so nothing was asked through {conn_id}")
    yield from inspection.answering(survey.look)
    survey.warnings.extend(inspection.healthy(survey.look))  # a sick cluster is what a restore is for


def connections(survey: Survey) -> Iterator[str]:
    """The cluster file names what the checks after the restore need."""
    yield from checkable(survey.cluster)


def checkable(cluster: AnyCluster) -> Iterator[str]:
    """Yield the connections without which nobody can look whether a cluster works."""
    for name in sorted({"rest", *cluster.generation.signed_calls}):
        if getattr(cluster.connections, name) is None:
            yield f"connections.{name} is missing in the cluster file: the restored cluster could not be checked"


def signing_in(survey: Survey) -> Iterator[str]:
    """The identity provider knows this client; one that does not answer may come back until it is needed."""
    access = Access.of(survey.cluster.access())
    if access.issuer is None:
        return
    try:
        IssuerHook(access.issuer).value(access)
    except Rejected as error:
        yield str(error)
    except Unreachable as error:
        survey.warnings.append(f"nobody can sign in to check the restored cluster now: {error}")


def pictures(survey: Survey) -> Iterator[str]:
    """Pictures can be taken at the end, unless the cluster file goes without."""
    check = survey.cluster.visual_check
    if check.enabled and (trouble := lacking(check.browser)):
        yield f"the visual check is not possible: {trouble}; or go without it (visual_check.enabled: false)"


def versions(survey: Survey) -> Iterator[str]:
    """Each component is of exactly the version that made its own part of the set."""
    made, release = made_by(survey.manifest), survey.cluster.release
    yield from one_version(survey.look)
    running = survey.look.versions
    for name, version in running.items():
        own = made.get(component_of(name), version)
        if version != own:
            yield f"{name} is Camunda {version}, but its part of the backup was made by {own}: install Camunda {own}"
    for component, own in made.items():
        if not fits(own, release.wanted(component)):
            yield (
                f"{component}'s part of the backup was made by Camunda {own}, but the cluster file says"
                f" {release.wanted(component)}"
            )
    yield from _installed(survey, made)


def _installed(survey: Survey, made: Mapping[Component, str]) -> Iterator[str]:
    """Yield of which components nothing tells what is installed; where that is not the cluster's own, only warn."""
    release, running = survey.cluster.release, {component_of(name) for name in survey.look.versions}
    for component, own in made.items():
        known = component in running or release.wanted(component) == own
        if known or (component in release.together and running & release.together):
            continue
        if component is Component.ZEEBE:
            yield (
                f"no component runs to tell its version: write the exact one into the cluster file (version: {own}) if"
                " that is what is installed"
            )
        elif component not in release.together:
            survey.warnings.append(
                f"{component} does not run to tell its version: its part was made by Camunda {own}, so that"
                " must be what is installed"
            )


def shape(survey: Survey) -> Iterator[str]:
    """Partitions, brokers, repository and index prefixes are those of the set."""
    cluster, manifest = survey.cluster, survey.manifest
    stored = cluster.snapshot_repository
    for name, here in (("index_prefixes", cluster.prefixes), ("repository", stored.name)) if stored else ():
        there = manifest[name]["name"] if name == "repository" else manifest[name]
        if there != here:
            yield f"the backup has {name} {there}, the cluster file {here}"
    brokers = len(survey.brokers)
    if brokers and brokers != manifest.get("brokers", brokers):
        yield f"the backup is of {manifest['brokers']} brokers, the cluster file names {brokers} in runtime"
    if cluster.connections.zeebe in survey.look.silent:
        return
    answer = survey.look.ask(cluster.connections.zeebe, "/actuator/cluster")
    if not answer.ok:
        raise Unreachable(f"Zeebe does not tell its topology: {answer}")
    there = {partition["id"] for broker in answer.body["brokers"] for partition in broker["partitions"]}
    if len(there) != manifest["partitions"]:
        yield f"the backup has {manifest['partitions']} partitions, the cluster is configured with {len(there)}"
    if brokers and len(answer.body["brokers"]) != brokers:
        yield f"the cluster has {len(answer.body['brokers'])} brokers, the cluster file names {brokers} in runtime"


def repository(survey: Survey) -> Iterator[str]:
    """The snapshot repository is the cluster file's, every node can read it, and Zeebe has a backup store."""
    yield from repositories(survey)
    for check in (agreement.same_repository, agreement.one_store):
        yield from check(survey.look)


def repositories(survey: Survey) -> Iterator[str]:
    """The snapshot repository is the cluster file's, and every node can read it."""
    yield from agreement.repositories(survey.look)


def complete(survey: Survey) -> Iterator[str]:
    """The set is complete by every component's own word, or, where one does not run, by its store's."""
    cluster, backup_id = survey.cluster, survey.backup_id
    storage = survey.look.storage()
    if storage is None:
        return
    survey.snapshots = storage.snapshots(sets.snapshot_pattern(backup_id))
    told_of = {part["component"]: part for part in survey.manifest["parts"]}
    for component in cluster.all_components:
        if component in told_of and survey.speechless(component):
            survey.reports[component] = recorded(backup_id, told_of[component])
        elif cluster.connection(component) not in survey.look.silent:
            survey.reports[component] = PartHook(Part(**cluster.part(component))).status(backup_id)
    asked_at = datetime.fromisoformat(survey.manifest["pause"]["asked_at"]).timestamp()
    expected = sets.Expected(
        backup_id,
        tuple(component for component in cluster.all_components if component in survey.reports),
        cluster.release,
        {int(number): position for number, position in survey.manifest["pause"]["positions"].items()},
        asked_at - cluster.limits.clock_skew.total_seconds(),
    )
    yield from sets.problems(expected, survey.reports, survey.snapshots, pause_held=True)
    yield from missing_snapshots(survey, told_of)


def recorded(backup_id: int, part: Mapping[str, Any]) -> Report:
    """Return what a manifest says of a component's part."""
    fields = {**part, "backup_id": backup_id, "phase": Phase.COMPLETED, "reason": None, "found": True}
    return Report.from_json(fields)


def missing_snapshots(survey: Survey, told_of: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the snapshots that the manifest names and the repository does not hold."""
    there = {snapshot.name for snapshot in survey.snapshots}
    for name, part in told_of.items():
        if name != Component.ZEEBE:
            gone = [piece["name"] for piece in part["pieces"] if piece["name"] not in there]
            yield from (f"{name}: snapshot {snapshot} is not in the repository any more" for snapshot in gone)


def backup_store(survey: Survey) -> Iterator[str]:
    """Where Zeebe does not run to tell, the backup store itself is asked for the set."""
    if not survey.stopped(Component.ZEEBE) or survey.runtime is None:
        return
    for broker in survey.brokers:
        match survey.runtime.has_backup(broker, survey.backup_id):
            case False:
                yield f"{broker}: Zeebe's backup store does not hold backup {survey.backup_id}, or cannot be read"
            case None:
                survey.warnings.append(
                    f"{broker}: Zeebe does not run and the cluster file has no has_backup command: whether its backup"
                    " store can be read shows when the restore application runs, before any index is deleted"
                )


def restore_api(survey: Survey) -> Iterator[str]:
    """Where the running cluster restores itself, it would take this backup."""
    if survey.cluster.generation.restore == "api" and survey.cluster.connections.rest:
        yield from recovery.problems(survey.cluster, survey.backup_id, survey.cancels, survey.warnings.append)


def indices(survey: Survey) -> Iterator[str]:
    """What goes and what comes, component by component; nobody else's indices are among what goes."""
    cluster, storage = survey.cluster, survey.look.storage()
    if storage is None:
        return
    for component in cluster.all_components:
        if component is Component.ZEEBE:
            continue
        prefixes = [cluster.prefixes[family] for family in cluster.families(component)]
        restored = snapshots_of(survey.manifest, component, survey.snapshots)
        sizes = storage.sizes(restored)
        survey.steps.append(Step(component.value, tuple(storage.own_indices(prefixes)), restored, sizes))
        strange = [one for snapshot in restored for one in snapshot.indices if not one.startswith(tuple(prefixes))]
        if strange:
            yield f"{component}: its snapshots hold indices of other applications: {', '.join(strange[:5])}"


def templates(survey: Survey) -> Iterator[str]:
    """The index templates and policies are there: no snapshot brings them back."""
    storage = survey.look.storage()
    if storage is None:
        return
    own = list(survey.cluster.prefixes.values())
    for kind, here in (("templates", storage.templates(own)), ("policies", storage.policies(own))):
        if missing := sorted(set(survey.manifest.get(kind, ())) - set(here)):
            yield (
                f"{len(missing)} index {kind} are missing ({', '.join(missing[:5])} …): start the whole cluster once on"
                " the empty search engine, which makes them, and start the restore again"
            )


CHECKS: tuple[Check, ...] = (
    processes,
    answering,
    connections,
    signing_in,
    pictures,
    versions,
    shape,
    repository,
    complete,
    backup_store,
    restore_api,
    indices,
    templates,
)
