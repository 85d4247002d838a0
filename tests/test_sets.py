"""When a set is complete: a good one has no problem, and each single defect is named."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import pytest

from camunda_backup.releases import Release
from camunda_backup.sets import Expected, problems, snapshot_pattern
from camunda_backup.states import Component, Phase, Piece, Report
from camunda_backup.storage.engine import Snapshot

ID = 1_763_891_943
ASKED_AT = float(ID)
BEGUN = datetime.fromtimestamp(ID + 5, UTC)
PARTS = {Component.OPERATE: 6, Component.TASKLIST: 6, Component.WEB_APPS: 6, Component.OPTIMIZE: 2}


@dataclass
class Set:
    """Everything that is told about a set; a test spoils one thing of it."""

    expected: Expected
    reports: dict[Component, Report]
    snapshots: dict[str, Snapshot]
    pause_held: bool = True

    def problems(self) -> list[str]:
        """Judge it."""
        return problems(self.expected, self.reports, list(self.snapshots.values()), pause_held=self.pause_held)

    def change(self, component: Component, **changes: object) -> None:
        """Let a component tell something else."""
        self.reports[component] = replace(self.reports[component], **changes)  # type: ignore[arg-type]

    def change_piece(self, component: Component, number: int, **changes: object) -> None:
        """Let a component tell something else of one piece."""
        pieces = list(self.reports[component].pieces)
        pieces[number] = replace(pieces[number], **changes)  # type: ignore[arg-type]
        self.change(component, pieces=tuple(pieces))

    def change_snapshot(self, name: str, **changes: object) -> None:
        """Let the repository hold something else."""
        self.snapshots[name] = replace(self.snapshots[name], **changes)  # type: ignore[arg-type]


def report_of(component: Component, version: str) -> Report:
    if component is Component.ZEEBE:
        pieces = tuple(Piece(f"partition {n}", "COMPLETED", True, BEGUN, version, 170) for n in (1, 2))
    elif component is Component.RECORDS:
        pieces = (Piece(f"camunda_zeebe_records_backup_{ID}", "SUCCESS", True, BEGUN),)
    else:
        total = PARTS[component]
        pieces = tuple(
            Piece(f"camunda_{component}_{ID}_{version}_part_{n}_of_{total}", "SUCCESS", True, BEGUN, version)
            for n in range(1, total + 1)
        )
    return Report(component, ID, Phase.COMPLETED, "COMPLETED", pieces)


def whole_set(
    *components: Component,
    version: str = "8.6.0",
    wanted: str = "8.6.0",
    optimize: str | None = None,
) -> Set:
    own = {Component.OPTIMIZE: optimize or version}
    reports = {component: report_of(component, own.get(component, version)) for component in components}
    snapshots = {
        piece.name: Snapshot(piece.name, "SUCCESS", 0, 3, BEGUN)
        for component in components
        if component is not Component.ZEEBE
        for piece in reports[component].pieces
    }
    return Set(Expected(ID, components, Release(wanted, optimize), {1: 165, 2: 170}, ASKED_AT), reports, snapshots)


def set_of_8_6() -> Set:
    return whole_set(Component.ZEEBE, Component.OPERATE, Component.TASKLIST, Component.OPTIMIZE, Component.RECORDS)


OF_8_6 = (Component.ZEEBE, Component.OPERATE, Component.TASKLIST, Component.RECORDS)
OF_8_8 = (Component.ZEEBE, Component.WEB_APPS)


@pytest.mark.parametrize(
    "good",
    [
        set_of_8_6(),
        whole_set(*OF_8_6, wanted="8.6"),
        whole_set(*OF_8_8, version="8.8.3", wanted="8.8"),
        whole_set(*OF_8_8, Component.OPTIMIZE, Component.RECORDS, version="8.9.1", wanted="8.9.1"),
    ],
    ids=["8.6 with Optimize", "8.6 without Optimize", "8.8 without Optimize", "8.9 with Optimize"],
)
def test_a_good_set_has_no_problem(good: Set) -> None:
    assert good.problems() == []


def test_a_part_without_shards_is_whole() -> None:
    good = set_of_8_6()  # recorded from Camunda 8.6.0: parts 3 and 5 of Operate and Tasklist hold no index
    good.change_snapshot(f"camunda_operate_{ID}_8.6.0_part_3_of_6", total_shards=0)
    assert good.problems() == []


def test_a_set_begun_in_the_moment_it_was_asked_for_is_no_older_one() -> None:
    good = set_of_8_6()
    good.change_piece(Component.ZEEBE, 0, started_at=datetime.fromtimestamp(ASKED_AT, UTC))
    assert good.problems() == []


def without_piece(component: Component, number: int) -> Callable[[Set], None]:
    def spoil(spoilt: Set) -> None:
        pieces = spoilt.reports[component].pieces
        spoilt.change(component, pieces=(*pieces[:number], *pieces[number + 1 :]))

    return spoil


def told(component: Component, **changes: object) -> Callable[[Set], None]:
    return lambda spoilt: spoilt.change(component, **changes)


def piece_told(component: Component, number: int, **changes: object) -> Callable[[Set], None]:
    return lambda spoilt: spoilt.change_piece(component, number, **changes)


def held(name: str, **changes: object) -> Callable[[Set], None]:
    return lambda spoilt: spoilt.change_snapshot(name, **changes)


def pause_broken(spoilt: Set) -> None:
    spoilt.pause_held = False


OLD = datetime.fromtimestamp(ASKED_AT - 1, UTC)
TASKLIST_2 = f"camunda_tasklist_{ID}_8.6.0_part_2_of_6"
RECORDS = f"camunda_zeebe_records_backup_{ID}"
DEFECTS: dict[str, tuple[Callable[[Set], object], str]] = {
    "component missing": (
        lambda spoilt: spoilt.reports.pop(Component.OPTIMIZE),
        "optimize: it has no part in the set",
    ),
    "component still running": (
        told(Component.OPERATE, phase=Phase.RUNNING, state="IN_PROGRESS"),
        "operate: it says IN_PROGRESS",
    ),
    "component incomplete": (
        told(Component.TASKLIST, phase=Phase.PENDING, state="INCOMPLETE"),
        "tasklist: it says INCOMPLETE",
    ),
    "component failed": (
        told(Component.ZEEBE, phase=Phase.FAILED, state="FAILED", reason="partition 1 failed"),
        "zeebe: it says FAILED: partition 1 failed",
    ),
    "component unreachable": (
        told(Component.OPERATE, phase=Phase.FAULT, state="no answer", reason="timed out", found=False),
        "operate: it says no answer: timed out",
    ),
    "another backup": (told(Component.TASKLIST, backup_id=7), "tasklist: it speaks of backup 7"),
    "first part missing": (without_piece(Component.OPERATE, 0), "operate: part 1 of 6 is missing"),
    "middle part missing": (without_piece(Component.TASKLIST, 2), "tasklist: part 3 of 6 is missing"),
    "last part missing": (without_piece(Component.OPTIMIZE, 1), "optimize: part 2 of 2 is missing"),
    "no part at all": (told(Component.OPERATE, pieces=()), "operate: it names no snapshot"),
    "no records snapshot": (told(Component.RECORDS, pieces=()), "records: it names no snapshot"),
    "snapshot not in the repository": (
        lambda spoilt: spoilt.snapshots.pop(TASKLIST_2),
        f"tasklist: snapshot {TASKLIST_2} is not in the snapshot repository",
    ),
    "records not in the repository": (
        lambda spoilt: spoilt.snapshots.pop(RECORDS),
        f"records: snapshot {RECORDS} is not in the snapshot repository",
    ),
    "partial snapshot": (
        held(TASKLIST_2, state="PARTIAL", failed_shards=1),
        f"tasklist: snapshot {TASKLIST_2} is PARTIAL with 1 shards missing",
    ),
    "shards missing in a successful snapshot": (
        held(RECORDS, failed_shards=2),
        f"records: snapshot {RECORDS} is SUCCESS with 2 shards missing",
    ),
    "snapshot still running": (
        held(RECORDS, state="IN_PROGRESS"),
        f"records: snapshot {RECORDS} is IN_PROGRESS",
    ),
    "partition missing": (
        without_piece(Component.ZEEBE, 1),
        "zeebe: it has partitions [1], the cluster has [1, 2]",
    ),
    "no partition": (told(Component.ZEEBE, pieces=()), "zeebe: it has partitions [], the cluster has [1, 2]"),
    "partition too many": (
        lambda spoilt: spoilt.change(
            Component.ZEEBE,
            pieces=(*spoilt.reports[Component.ZEEBE].pieces, Piece("partition 3", "COMPLETED", True, position=9)),
        ),
        "zeebe: it has partitions [1, 2, 3], the cluster has [1, 2]",
    ),
    "partition of an older backup": (
        piece_told(Component.ZEEBE, 1, started_at=OLD),
        "zeebe: it was begun at",
    ),
    "snapshot of an older backup": (
        piece_told(Component.OPERATE, 3, started_at=OLD),
        "operate: it was begun at",
    ),
    "records of an older backup": (piece_told(Component.RECORDS, 0, started_at=OLD), "records: it was begun at"),
    "pause not held": (pause_broken, "exporting was not paused all through the backup"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "sentence"), DEFECTS.values(), ids=DEFECTS)
def test_each_single_defect_is_the_one_problem_and_is_named(spoil: Callable[[Set], object], sentence: str) -> None:
    spoilt = set_of_8_6()
    spoil(spoilt)
    (found,) = spoilt.problems()
    assert sentence in found


def test_every_defect_is_told_at_once() -> None:
    spoilt = set_of_8_6()
    pause_broken(spoilt)
    del spoilt.reports[Component.OPTIMIZE]
    without_piece(Component.OPERATE, 4)(spoilt)
    spoilt.change_snapshot(TASKLIST_2, state="PARTIAL", failed_shards=1)
    assert len(spoilt.problems()) == 4


def test_all_missing_parts_are_named_in_one_sentence() -> None:
    spoilt = set_of_8_6()
    for number in (5, 3, 0):
        without_piece(Component.OPERATE, number)(spoilt)
    assert spoilt.problems() == ["operate: part 1, 4, 6 of 6 is missing"]


def test_two_versions_in_one_set_are_named_even_when_both_fit_the_cluster_file() -> None:
    spoilt = whole_set(Component.ZEEBE, Component.OPERATE, wanted="8.6")
    for number in (0, 1):
        spoilt.change_piece(Component.ZEEBE, number, version="8.6.1")
    assert spoilt.problems() == [
        "the components run different versions: zeebe 8.6.1, operate 8.6.0; finish the upgrade first"
    ]


def test_brokers_of_different_versions_are_named() -> None:
    spoilt = whole_set(Component.ZEEBE, Component.OPERATE, wanted="8.6")
    spoilt.change_piece(Component.ZEEBE, 1, version="8.6.1")
    assert spoilt.problems() == ["zeebe: its part was made by different versions of Camunda: 8.6.0, 8.6.1"]


@pytest.mark.parametrize("wanted", ["8.6.1", "8.7"])
def test_a_set_of_another_version_than_the_cluster_files_is_named(wanted: str) -> None:
    spoilt = whole_set(Component.ZEEBE, wanted=wanted)
    assert spoilt.problems() == [f"zeebe is Camunda 8.6.0, but the cluster file says {wanted}"]


def test_a_set_holds_the_versions_that_camunda_publishes_together() -> None:
    good = whole_set(*OF_8_6, Component.OPTIMIZE, version="8.6.32", wanted="8.6.32", optimize="8.6.20")
    assert good.problems() == []


def test_a_component_that_nobody_expects_does_not_complete_a_set() -> None:
    spoilt = whole_set(Component.ZEEBE, Component.OPERATE)
    spoilt.reports[Component.TASKLIST] = spoilt.reports.pop(Component.OPERATE)
    assert "operate: it has no part in the set" in spoilt.problems()


def test_the_snapshots_of_a_set_are_found_by_its_id() -> None:
    patterns = snapshot_pattern(ID).split(",")
    for name in whole_set(*PARTS, Component.RECORDS).snapshots:
        assert any(fnmatchcase(name, pattern) for pattern in patterns)


@pytest.mark.parametrize("other", [ID + 1, ID * 10 + 1, 10**10 + ID, 11])
def test_the_snapshots_of_another_set_are_not(other: int) -> None:
    patterns = snapshot_pattern(ID).split(",")
    for name in whole_set(*PARTS, Component.RECORDS).snapshots:
        assert not any(fnmatchcase(name.replace(str(ID), str(other)), pattern) for pattern in patterns)


def test_exporters_that_passed_zeebes_checkpoint_spoil_the_set() -> None:
    spoilt = set_of_8_6()
    spoilt.expected = replace(spoilt.expected, exported={1: 165, 2: 171})
    (problem,) = spoilt.problems()
    assert problem.startswith("zeebe: partition 2 was exported up to position 171, past the backup's 170")


def test_a_flush_after_the_hard_pause_that_stays_behind_the_checkpoint_is_harmless() -> None:
    good = set_of_8_6()
    good.expected = replace(good.expected, exported={1: 170, 2: 0})
    assert good.problems() == []


def test_a_checkpoint_that_is_not_told_proves_nothing() -> None:
    spoilt = set_of_8_6()
    spoilt.change_piece(Component.ZEEBE, 1, position=None)
    assert spoilt.problems() == ["zeebe: partition 2 does not tell the position of its checkpoint"]
