"""When a backup set is complete. Nothing else in the project decides that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from camunda_backup.releases import Release
from camunda_backup.states import PART_OF, Component, Phase, Piece, Report
from camunda_backup.storage.engine import Snapshot


@dataclass(frozen=True, slots=True)
class Expected:
    """What a complete set consists of.

    :param release: the versions of the cluster file
    :param exported: positions that exporters had reached when the last part was made, by partition
    :param not_before: no piece may be older, in seconds since the epoch
    """

    backup_id: int
    components: tuple[Component, ...]
    release: Release
    exported: Mapping[int, int | None]
    not_before: float


def problems(
    expected: Expected,
    reports: Mapping[Component, Report],
    snapshots: Sequence[Snapshot],
    *,
    pause_held: bool,
) -> list[str]:
    """Return every reason why the set is not complete; none means that it is.

    :param reports: what each component says now
    :param snapshots: what the snapshot repository holds under the set's ID
    :param pause_held: whether exporting stood paused from before the first part until after the last
    """
    found = []
    if not pause_held:
        found.append("exporting was not paused all through the backup: the parts do not fit together")
    repository = {snapshot.name: snapshot for snapshot in snapshots}
    for component in expected.components:
        report = reports.get(component)
        if report is None:
            found.append(f"{component}: it has no part in the set")
        else:
            found.extend(f"{component}: {trouble}" for trouble in _troubles(expected, report, repository))
    found.extend(version_problems(expected.release, reports))
    return found


def version_problems(release: Release, reports: Mapping[Component, Report]) -> Iterable[str]:
    """Yield what does not fit in the versions that made the parts of a set."""
    versions = {
        component: sorted({p.version for p in report.pieces if p.version}) for component, report in reports.items()
    }
    for component, made in versions.items():
        if len(made) > 1:
            yield f"{component}: its part was made by different versions of Camunda: {', '.join(made)}"
    yield from release.problems({component.value: made[0] for component, made in versions.items() if made})


def _troubles(expected: Expected, report: Report, repository: Mapping[str, Snapshot]) -> Iterable[str]:
    if report.phase is not Phase.COMPLETED:
        yield f"it says {report.state}" + (f": {report.reason}" if report.reason else "")
        return
    if report.backup_id != expected.backup_id:
        yield f"it speaks of backup {report.backup_id}"
    if report.started_at and report.started_at.timestamp() < expected.not_before:
        yield f"it was begun at {report.started_at:%Y-%m-%d %H:%M:%S} UTC, before this run: an older backup of that ID"
    if report.component is Component.ZEEBE:
        yield from _leading(report.pieces, expected.exported)
        return
    yield from _missing_parts(report.pieces)
    for piece in report.pieces:
        snapshot = repository.get(piece.name)
        if snapshot is None:
            yield f"snapshot {piece.name} is not in the snapshot repository of the cluster file"
        elif not snapshot.whole:
            yield f"snapshot {piece.name} is {snapshot.state} with {snapshot.failed_shards} shards missing"


def _leading(pieces: Sequence[Piece], exported: Mapping[int, int | None]) -> Iterable[str]:
    """Yield why the secondary storage may know more than Zeebe's part does.

    Exporters may still flush after a hard pause what they had read before it, so positions may move a little; they
    must not pass the checkpoint up to which Zeebe's part holds every record.
    """
    checkpoints = {int(piece.name.removeprefix("partition ")): piece.position for piece in pieces}
    if checkpoints.keys() != exported.keys():
        yield f"it has partitions {sorted(checkpoints)}, the cluster has {sorted(exported)}"
    for partition, checkpoint in checkpoints.items():
        reached = exported.get(partition)
        if checkpoint is None:
            yield f"partition {partition} does not tell the position of its checkpoint"
        elif reached is not None and reached > checkpoint:
            yield (
                f"partition {partition} was exported up to position {reached}, past the backup's {checkpoint}: the"
                " secondary storage would lead Zeebe after a restore"
            )


def _missing_parts(pieces: Sequence[Piece]) -> Iterable[str]:
    numbered = [match for piece in pieces if (match := PART_OF.search(piece.name))]
    if not pieces:
        yield "it names no snapshot"
    for total in {int(match["parts"]) for match in numbered}:
        missing = set(range(1, total + 1)) - {int(match["part"]) for match in numbered}
        if missing:
            yield f"part {', '.join(map(str, sorted(missing)))} of {total} is missing"


def snapshot_pattern(backup_id: int) -> str:
    """Return the repository pattern of all snapshots under an ID."""
    return f"camunda_*_{backup_id}_*,camunda_*_{backup_id}"
