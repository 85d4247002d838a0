"""A search engine of the user's own: what is read from it, and why one is refused."""

from pathlib import Path
from typing import Any

import pytest

from tests.real.own_engine import VARIABLE, OwnEngine, own_engine

from .recorded import serving


def node(repositories: Path | None) -> dict[str, Any]:
    return {"name": "es01", "settings": {"path.repo": [str(repositories)]} if repositories else {}}


def answers(*nodes: dict[str, Any], indices: tuple[str, ...] = (".security-7",), **more: Any) -> dict[str, Any]:
    told = {
        "GET /": {"version": {"number": "8.19.0"}},
        "GET /_nodes/settings": {"nodes": {str(number): one for number, one in enumerate(nodes)}},
        "GET /_cat/indices": [{"index": name} for name in indices],
        "GET /_snapshot": more,
    }
    return {call: [(200, body)] for call, body in told.items()}


def found(monkeypatch: pytest.MonkeyPatch, told: dict[str, Any]) -> OwnEngine | None:
    with serving(told) as served:
        monkeypatch.setenv(VARIABLE, f"{served.url}/")
        return own_engine()


def test_version_and_folder_are_read_from_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    engine = found(monkeypatch, answers(node(tmp_path)))
    assert engine
    assert (engine.name, engine.version, engine.node) == ("elasticsearch", "8.19.0", "es01")
    assert engine.repositories == tmp_path


def test_without_an_address_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert own_engine() is None


@pytest.mark.parametrize(
    ("nodes", "more", "why"),
    [
        (1, {"indices": ("zeebe-record_job",)}, r"must hold nothing, .* it holds \['zeebe-record_job'\]\.$"),
        (1, {"backups": {"type": "fs"}}, "it holds repositories"),
        (2, {}, "has 2 nodes; these tests want one"),
        (0, {}, "has 0 nodes"),
    ],
)
def test_one_with_anything_in_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, nodes: int, more: dict[str, Any], why: str
) -> None:
    with pytest.raises(pytest.Collector.CollectError, match=why):
        found(monkeypatch, answers(*[node(tmp_path)] * nodes, **more))


@pytest.mark.parametrize("folder", [None, Path("/nonexistent/snapshots")])
def test_one_without_a_folder_for_repositories_is_refused(monkeypatch: pytest.MonkeyPatch, folder: Path | None) -> None:
    with pytest.raises(pytest.Collector.CollectError, match=r"must have path\.repo set to a folder here"):
        found(monkeypatch, answers(node(folder)))


def test_one_that_does_not_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pytest.Collector.CollectError, match="cannot be asked: 404"):
        found(monkeypatch, {})
