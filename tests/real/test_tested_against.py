"""The page of what was tested against what names nothing that no test shows."""

import json
import subprocess
import sys

from tests.matrix.page import PAGE, row_of, rows
from tests.matrix.proofs import ROOT, Proof


def collected(*paths: str) -> set[Proof]:
    """What the marked tests below some folders show, by pytest's own word, without running them."""
    script = (
        "import json, sys, pytest\n"
        "from dataclasses import astuple\n"
        "from tests.matrix.proofs import proofs_of\n"
        "class Look:\n"
        "    def pytest_collection_finish(self, session):\n"
        "        found = {astuple(proof) for item in session.items for proof in proofs_of(item)}\n"
        "        print('PROOFS', json.dumps(sorted(found)))\n"
        f"sys.exit(pytest.main(['--collect-only', '-q', *{paths!r}], plugins=[Look()]))\n"
    )
    told = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
    (line,) = [line for line in told.stdout.splitlines() if line.startswith("PROOFS ")]
    return {Proof(*proof) for proof in json.loads(line.removeprefix("PROOFS "))}


def test_every_row_of_the_page_is_shown_by_a_test() -> None:
    shown = {row_of(proof) for proof in collected("tests", "--ignore=tests/camunda")}
    assert rows(PAGE.read_text()) == shown
