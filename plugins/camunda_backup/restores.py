"""A restore as data: what is planned, how the plan reads, and when restored numbers are good enough."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from camunda_backup.api.generation import Count
from camunda_backup.states import PART_OF, Component
from camunda_backup.storage.engine import Snapshot
from camunda_backup.storage.restoring import Index

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to one component's indices.

    :param component: its name
    :param deleted: the indices that go
    :param restored: the snapshots that come, in the order in which they are asked for
    :param sizes: bytes of each snapshot
    """

    component: str
    deleted: tuple[Index, ...]
    restored: tuple[Snapshot, ...]
    sizes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a restore is going to do.

    :param created_at: when the set was recorded, as the manifest says it
    :param made_by: the version that made each component's part
    :param states: each component's own word on its part of the set
    :param running: whether each component's process runs now
    :param brokers: whose data directory is emptied and restored; none where the running cluster restores itself
    :param database: what takes the database's place, where the secondary storage is one
    :param warnings: what could not be looked at, and why the restore may go on without it
    :param copies: from what the brokers' data comes, where it is not Zeebe's backup store
    """

    cluster: str
    backup_id: int
    created_at: str
    versions: tuple[str, ...]
    partitions: int
    states: Mapping[str, str]
    running: Mapping[str, bool]
    brokers: tuple[str, ...]
    steps: tuple[Step, ...]
    counts: Mapping[str, int]
    warnings: tuple[str, ...] = ()
    database: str | None = None
    copies: tuple[str, ...] = ()
    made_by: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the plan as JSON types."""
        return {
            **{name: value for name, value in asdict(self).items() if name != "steps"},
            "steps": [
                {
                    "component": step.component,
                    "deleted": [asdict(index) for index in step.deleted],
                    "restored": [{"name": one.name, "bytes": step.sizes.get(one.name)} for one in step.restored],
                }
                for step in self.steps
            ],
        }

    def as_markdown(self) -> str:
        """Return the plan as a person reads it, in the log and in the request for approval."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterable[str]:
        yield f"Backup **{self.backup_id}** of **{self.cluster}**, recorded {self.created_at}, Camunda"
        yield f"{', '.join(self.versions)}, {self.partitions} partitions."
        yield ""
        yield "| component | runs now | made by | its word on the backup |"
        yield "|---|---|---|---|"
        for component, state in self.states.items():
            runs = self.running.get(component)
            told = "" if runs is None else "yes" if runs else "no"
            yield f"| {component} | {told} | {self.made_by.get(component, '')} | {state} |"
        yield ""
        if self.database:
            yield f"**Replaced before anything else**: the database, by {self.database}."
            yield f"**Emptied and restored next**: the data of {', '.join(self.brokers)}."
        elif self.brokers:
            yield f"**Emptied and restored first**: the data of {', '.join(self.brokers)}."
        else:
            yield "**Restored last, by the running cluster itself**: Zeebe's partitions; none works before."
        if self.copies:
            yield ""
            yield from (f"- from a cold copy: {copy}" for copy in self.copies)
        for step in self.steps:
            deleted = sum(index.size for index in step.deleted)
            documents = sum(index.documents for index in step.deleted)
            yield ""
            yield (
                f"**{step.component}**: deletes {_indices(step.deleted)} ({documents} documents, {in_units(deleted)}),"
                f" restores {len(step.restored)} snapshot{'s' * (len(step.restored) != 1)}"
                f" ({in_units(sum(step.sizes.values()))})."
            )
            yield ""
            yield from (
                f"- deleted: {one.name} ({one.documents} documents, {in_units(one.size)})" for one in step.deleted
            )
            yield from (
                f"- restored: {one.name} ({_indices(one.indices)}, {in_units(step.sizes.get(one.name, 0))})"
                for one in step.restored
            )
        if self.warnings:
            yield ""
            yield "**Not looked at:**"
            yield from (f"- {warning}" for warning in self.warnings)


def snapshots_of(
    manifest: Mapping[str, Any], component: Component, snapshots: Iterable[Snapshot]
) -> tuple[Snapshot, ...]:
    """Return a component's snapshots of the set in ascending order of their parts."""
    named = {piece["name"] for part in manifest["parts"] if part["component"] == component for piece in part["pieces"]}

    def number(snapshot: Snapshot) -> int:
        part = PART_OF.search(snapshot.name)
        return int(part["part"]) if part else 0

    return tuple(sorted((one for one in snapshots if one.name in named), key=number))


def _indices(ones: Sequence[object]) -> str:
    return "1 index" if len(ones) == 1 else f"{len(ones)} indices"


def in_units(size: float) -> str:
    """Return bytes as a person reads them."""
    for unit in UNITS[:-1]:
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} {UNITS[-1]}"


def shortfalls(
    counts: Sequence[Count], recorded: Mapping[str, int], restored: Mapping[str, int], where: str
) -> list[str]:
    """Return every number that is lower than the backup's without another one explaining it.

    Zeebe's part may hold a little more than was exported when the numbers were taken, so a number may be higher, and
    one that falls in the course of things may be lower by as much as the others rose.

    :param recorded: what the manifest says; a count it does not have is not looked at
    :param restored: what is found now; a count that is not there is not looked at
    :param where: whose numbers these are
    """
    found = []
    for count in counts:
        if count.name not in recorded or count.name not in restored:
            continue
        rises = (restored.get(name, 0) - recorded.get(name, 0) for name in count.becomes)
        explained = sum(rise for rise in rises if rise > 0)
        if restored[count.name] < recorded[count.name] - explained:
            found.append(f"{count.name}: the backup has {recorded[count.name]}, {where} {restored[count.name]}")
    return found


def numbers_table(recorded: Mapping[str, int], restored: Mapping[str, int], shown: Mapping[str, int]) -> str:
    """Return a table of the backup's numbers beside the restored ones."""
    rows = [
        f"| {name} | {number} | {restored.get(name, '')} | {shown.get(name, '')} |" for name, number in recorded.items()
    ]
    return "\n".join(["| | backup | restored | shown by the web app |", "|---|--:|--:|--:|", *rows])
