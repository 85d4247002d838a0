"""What a marked test shows, and how that is kept between test runs."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / ".sandbox" / "results.json"
MARK = "shows"
ANY = "any"
REAL, STAND_IN = "real", "stand-in"


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """What one test shows when it passes.

    :param job: what is done, e.g. ``backup``
    :param line: Camunda's, e.g. ``8.6``
    :param engine: the search engine or database, with its version where it is a real one
    :param store: where snapshots, or Zeebe's backups, go
    :param against: ``real``, ``stand-in``, or what is what where both take part
    """

    job: str
    line: str = ANY
    engine: str = ANY
    store: str = ANY
    against: str = STAND_IN


@dataclass(frozen=True, slots=True)
class Result:
    """A proof, and whether its test passed."""

    proof: Proof
    passed: bool


def proofs_of(item: pytest.Item) -> tuple[Proof, ...]:
    """Return what a collected test is marked to show."""
    return tuple(Proof(*mark.args, **mark.kwargs) for mark in item.iter_markers(MARK))


def read(path: Path = RESULTS) -> dict[str, list[Result]]:
    """Return the results that are kept, by the tests' names; none before the first run."""
    if not path.exists():
        return {}
    kept = json.loads(path.read_text())
    return {name: [Result(Proof(**one["proof"]), one["passed"]) for one in results] for name, results in kept.items()}


def keep(new: Mapping[str, Iterable[Result]], path: Path = RESULTS) -> None:
    """Put new results beside those of earlier runs, in the place of the same tests' older ones.

    Processes that test side by side may do it at the same time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        flock(lock, LOCK_EX)
        results = {**read(path), **new}
        told = {name: [asdict(one) for one in ones] for name, ones in sorted(results.items())}
        path.write_text(json.dumps(told, indent=1))
