"""Which search engine really runs, against what the cluster file says."""

from collections.abc import Iterator

import pytest

from camunda_backup.inspection import known_engine
from camunda_backup.look import Look
from tests.stand_in import StandIn
from tests.test_agreement import looking


@pytest.fixture(scope="module")
def engines() -> Iterator[dict[str, StandIn]]:
    """Give a cluster on each engine."""
    with (
        StandIn("8.8", "--engine", "elasticsearch") as elasticsearch,
        StandIn("8.8", "--engine", "opensearch") as opensearch,
    ):
        yield {"elasticsearch": elasticsearch, "opensearch": opensearch}


def look_at(engines: dict[str, StandIn], runs: str, says: str, monkeypatch: pytest.MonkeyPatch) -> Look:
    storage = {"engine": says, "connection": "search"}
    return looking(engines[runs], monkeypatch, secondary_storage=storage)


VERSIONS = [
    ("elasticsearch", "8.13.4", True),
    ("elasticsearch", "8.19.0", True),
    ("elasticsearch", "9.1.2", True),
    ("elasticsearch", "7.17.0", False),
    ("elasticsearch", "10.0.0", False),
    ("opensearch", "2.19.1", True),
    ("opensearch", "3.8.0", True),
    ("opensearch", "1.3.0", False),
]


def told(engines: dict[str, StandIn], look: Look, engine: str, version: str) -> list[str]:
    """Give what is said of an engine of a version."""
    engines[engine].conditions(version={"search": version})
    return list(known_engine(look))


@pytest.mark.parametrize(("engine", "version", "known"), VERSIONS)
def test_the_versions_this_was_written_for_are_taken(
    engines: dict[str, StandIn], monkeypatch: pytest.MonkeyPatch, engine: str, version: str, known: bool
) -> None:
    problems = told(engines, look_at(engines, engine, engine, monkeypatch), engine, version)

    assert (problems == []) is known
    assert all(problem.startswith(f"the search engine is {engine} {version}") for problem in problems)


@pytest.mark.parametrize(("engine", "version", "known"), VERSIONS)
def test_an_engine_that_hides_its_root_is_asked_by_its_nodes(
    engines: dict[str, StandIn], monkeypatch: pytest.MonkeyPatch, engine: str, version: str, known: bool
) -> None:
    look = look_at(engines, engine, engine, monkeypatch)
    # Elasticsearch's minimal distribution answers 405.
    engines[engine].fault("search", {"status": 405, "body": {"error": "no"}}, path=r"^/$", times=None)

    assert (told(engines, look, engine, version) == []) is known


@pytest.mark.parametrize(("runs", "says"), [("elasticsearch", "opensearch"), ("opensearch", "elasticsearch")])
def test_the_other_engine_is_one_sentence(
    engines: dict[str, StandIn], monkeypatch: pytest.MonkeyPatch, runs: str, says: str
) -> None:
    (problem,) = known_engine(look_at(engines, runs, says, monkeypatch))

    assert problem.startswith(f"the search engine is {runs} ")
    assert f"the cluster file says {says}, of which" in problem


def test_an_engine_that_tells_nobody_is_no_problem(
    engines: dict[str, StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    look = look_at(engines, "opensearch", "opensearch", monkeypatch)
    engines["opensearch"].fault("search", {"status": 403, "body": {}}, path=r"^/(_nodes)?$", times=None)

    assert list(known_engine(look)) == []
