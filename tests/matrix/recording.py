"""The part of pytest that notes the results of marked tests."""

from collections.abc import Generator

import pytest

from tests.matrix.proofs import MARK, Proof, Result, keep, proofs_of

SHOWN = pytest.StashKey[dict[str, tuple[Proof, ...]]]()
BROKEN = pytest.StashKey[set[str]]()
ENDED = pytest.StashKey[set[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", f"{MARK}(job, line, engine, store, against): see tests/matrix/proofs.py")
    config.stash[SHOWN], config.stash[BROKEN], config.stash[ENDED] = {}, set(), set()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how each phase of a marked test ended."""
    report = yield
    if proofs := proofs_of(item):
        item.config.stash[SHOWN][item.nodeid] = proofs
        if not report.passed:
            item.config.stash[BROKEN].add(item.nodeid)
        if report.when == "teardown":
            item.config.stash[ENDED].add(item.nodeid)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep what was noted; a test that was not run to its end keeps its older result."""
    shown = session.config.stash[SHOWN]
    broken, ended = session.config.stash[BROKEN], session.config.stash[ENDED]
    noted = {name: [Result(proof, name not in broken) for proof in shown[name]] for name in ended}
    if noted:
        keep(noted)
