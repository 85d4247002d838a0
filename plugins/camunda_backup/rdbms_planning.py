"""The look before a restore of a cluster whose secondary storage is a database; nothing is changed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from camunda_backup import planning, sets
from camunda_backup.continuity import as_exported, gaps, uncovered
from camunda_backup.dumps import database_of
from camunda_backup.hooks.parts import ContinuousHook, Part, PartHook
from camunda_backup.rdbms_clusters import RdbmsCluster
from camunda_backup.releases import Release, made_by
from camunda_backup.restores import Plan, in_units
from camunda_backup.states import Component
from camunda_backup.surveys import Survey
from camunda_backup.versions import one_version


@dataclass
class RdbmsSurvey(Survey):
    """What is there, and what a manifest of a dump says should come back."""

    cluster: RdbmsCluster

    @property
    def dump(self) -> Mapping[str, Any]:
        """The dump that comes back."""
        dump: Mapping[str, Any] = self.manifest["database"]
        return dump

    def plan(self) -> Plan:
        """Return what the restore will do; call :meth:`problems` before."""
        size = f" ({in_units(self.dump['bytes'])})" if "bytes" in self.dump else ""
        positions = ", ".join(
            f"partition {number} at {one['most']}" for number, one in sorted(self.dump["exported"].items())
        )
        return replace(super().plan(), database=f"{self.dump['file']}{size}, exported: {positions}")


def versions(survey: RdbmsSurvey) -> Iterator[str]:
    """Zeebe is of the version that made the backup, or up to one minor newer; Optimize is of exactly its own."""
    made = made_by(survey.manifest)
    zeebe = made[Component.ZEEBE]
    yield from one_version(survey.look)
    running = survey.look.versions
    for name, version in (running or {"the cluster file": survey.cluster.version}).items():
        if name != Component.OPTIMIZE and not _may_follow(version, zeebe):
            yield (
                f"{name} is Camunda {version}, but the backup was made by {zeebe}: install that, or at the most one"
                " minor version newer"
            )
    optimize, own = running.get(Component.OPTIMIZE), made.get(Component.OPTIMIZE)
    if optimize and own and optimize != own:
        yield f"optimize is Camunda {optimize}, but its backup was made by {own}: install exactly that"
    if not running and survey.cluster.version.count(".") < 2:
        yield (
            f"no component runs to tell its version: write the exact one into the cluster file (version: {zeebe})"
            " if that is what is installed"
        )


def _may_follow(version: str, made_by: str) -> bool:
    now, then = (tuple(int(part) for part in one.partition("-")[0].split(".")) for one in (version, made_by))
    return now[0] == then[0] and 0 <= now[1] - then[1] <= 1 and now >= then[: len(now)]


def dump_comes_back(survey: RdbmsSurvey) -> Iterator[str]:
    """The dump is the one that was written, can be read to its end, and may take the place of what is there."""
    yield from database_of(survey.cluster.dump_config()).obstacles(survey.dump)


def zeebe_reaches_it(survey: RdbmsSurvey) -> Iterator[str]:
    """Zeebe's backups still reach over the dump's positions; a Zeebe that does not run leaves that to its store."""
    cluster, exported = survey.cluster, as_exported(survey.dump["exported"])
    if survey.stopped(Component.ZEEBE) or cluster.connection(Component.ZEEBE) in survey.look.silent:
        yield from _stored(survey)
        return
    hook, partitions = ContinuousHook(Part(**cluster.part(Component.ZEEBE))), set(exported)
    survey.reports[Component.ZEEBE] = hook.status(int(survey.manifest["zeebe_backup_id"]))
    holdings = hook.holdings()
    yield from uncovered(holdings, exported, partitions)
    survey.warnings += gaps(holdings, partitions)


def _stored(survey: RdbmsSurvey) -> Iterator[str]:
    backup_id = int(survey.manifest["zeebe_backup_id"])
    for broker in survey.brokers if survey.runtime else ():
        match survey.runtime and survey.runtime.has_backup(broker, backup_id):
            case False:
                yield f"{broker}: Zeebe's backup store does not hold backup {backup_id}, or cannot be read"
            case None:
                survey.warnings.append(
                    f"{broker}: Zeebe does not run and the cluster file has no has_backup command: whether its backups"
                    " still reach over the dump shows when the restore application runs, behind the database's"
                )


def optimize_is_complete(survey: RdbmsSurvey) -> Iterator[str]:
    """Optimize's own set is complete, and in its snapshot repository."""
    storage, backup_id = survey.look.storage(), survey.backup_id
    recorded = {part["component"]: part for part in survey.manifest["parts"]}
    if (Component.OPTIMIZE in recorded) != (survey.cluster.optimize_storage is not None):
        yield "the backup and the cluster file do not agree on whether there is an Optimize"
        return
    if storage is None:
        return
    part = recorded[Component.OPTIMIZE]
    survey.snapshots = storage.snapshots(sets.snapshot_pattern(backup_id))
    if survey.speechless(Component.OPTIMIZE):
        report = planning.recorded(backup_id, part)
    else:
        report = PartHook(Part(**survey.cluster.part(Component.OPTIMIZE))).status(backup_id)
    survey.reports[Component.OPTIMIZE] = report
    asked_at = datetime.fromisoformat(part["asked_at"]).timestamp() - survey.cluster.limits.clock_skew.total_seconds()
    release = Release(made_by(survey.manifest)[Component.OPTIMIZE])
    expected = sets.Expected(backup_id, (Component.OPTIMIZE,), release, {}, asked_at)
    yield from sets.problems(expected, {Component.OPTIMIZE: report}, survey.snapshots, pause_held=True)
    yield from planning.missing_snapshots(survey, {Component.OPTIMIZE: part})


RDBMS_CHECKS: tuple[Callable[[RdbmsSurvey], Iterable[str]], ...] = (
    planning.processes,
    planning.answering,
    planning.connections,
    planning.signing_in,
    planning.pictures,
    versions,
    dump_comes_back,
    zeebe_reaches_it,
    optimize_is_complete,
    planning.shape,
    planning.repository,
    planning.indices,
    planning.templates,
)
