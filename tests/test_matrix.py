"""The page of what was tested against what comes from results, and names nothing that no test shows."""

from pathlib import Path

import pytest

from tests.matrix.page import BEGIN, END, row_of, rows, table, written
from tests.matrix.proofs import ROOT, Proof, Result, keep, read

MODULE = """
import pytest

@pytest.mark.shows("backup", line="8.6", engine="OpenSearch", store="fs")
def test_good(): pass

@pytest.mark.shows("backup", line="8.6", engine="OpenSearch", store="fs", against="real")
def test_bad(): assert False

@pytest.mark.shows("restore", line="8.10")
def test_left_out(): pytest.skip("not here")

def test_unmarked(): pass
"""


def test_a_run_keeps_the_results_of_marked_tests(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile(MODULE)
    pytester.makeconftest(
        "from pathlib import Path\n"
        "from tests.matrix import proofs, recording\n"
        "from tests.matrix.recording import pytest_configure, pytest_runtest_makereport, pytest_sessionfinish\n"
        "recording.keep = lambda new: proofs.keep(new, Path('kept.json'))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.runpytest_subprocess("-p", "no:cacheprovider")
    kept = {name.rpartition("::")[2]: results for name, results in read(pytester.path / "kept.json").items()}
    base = Proof("backup", "8.6", "OpenSearch", "fs")
    assert kept == {
        "test_good": [Result(base, passed=True)],
        "test_bad": [Result(Proof("backup", "8.6", "OpenSearch", "fs", "real"), passed=False)],
        "test_left_out": [Result(Proof("restore", "8.10"), passed=False)],
    }


def test_newer_results_replace_those_of_the_same_test_only(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    one, two = Result(Proof("backup", "8.5"), passed=False), Result(Proof("restore", "8.6"), passed=True)
    keep({"a": [one], "b": [two]}, path)
    better = Result(one.proof, passed=True)
    keep({"a": [better]}, path)
    assert read(path) == {"a": [better], "b": [two]}


def test_the_matrix_has_real_parts_first_and_lines_in_their_order() -> None:
    results = [
        Result(Proof(job, line, "OpenSearch", store, against), passed=True)
        for job, line, store, against in (
            ("restore", "8.10", "fs", "stand-in"),
            ("backup", "8.9", "fs", "stand-in"),
            ("backup", "8.9", "fs", "real"),
            ("backup", "8.9", "fs", "stand-in"),
            ("set-up", "any", "s3", "real"),
        )
    ]
    assert table(results).splitlines()[2:] == [
        "| 8.9 | OpenSearch | fs | **real** 1, stand-in 2 |  |  |",
        "| 8.10 | OpenSearch | fs |  | stand-in 1 |  |",
        "| any | OpenSearch | s3 |  |  | **real** 1 |",
    ]
    page = written(f"before\n{BEGIN}\nold\n{END}\nafter", table(results))
    assert rows(page) == {row_of(result.proof) for result in results}
    assert (page.startswith("before\n"), page.endswith("\nafter")) == (True, True)
