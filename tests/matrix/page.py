"""`python -m tests.matrix.page`: write the table of docs/tested-against.md from the results that were kept."""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable

from tests.matrix.proofs import ANY, REAL, RESULTS, ROOT, STAND_IN, Proof, Result, read

PAGE = ROOT / "docs" / "tested-against.md"
BEGIN, END = "<!-- begin: make matrix -->", "<!-- end: make matrix -->"
ROW = ("line", "engine", "store")
Row = tuple[str, str, str]


def row_of(proof: Proof) -> Row:
    """Return the row that a proof belongs in."""
    return proof.line, proof.engine, proof.store


def table(results: Iterable[Result]) -> str:
    """Return the matrix as Markdown: a row for each line, engine and store, a column for each job."""
    cells: dict[Row, dict[str, list[Result]]] = defaultdict(lambda: defaultdict(list))
    jobs: set[str] = set()
    for result in results:
        cells[row_of(result.proof)][result.proof.job].append(result)
        jobs.add(result.proof.job)
    columns = sorted(jobs)
    head = ["Camunda", "secondary storage", "store", *columns]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in sorted(cells, key=_by_version):
        shown = [_cell(cells[row][job]) for job in columns]
        lines.append(f"| {' | '.join([*row, *shown])} |")
    return "\n".join(lines)


def rows(page: str) -> set[Row]:
    """Return the rows of a page's matrix."""
    body = page.partition(BEGIN)[2].partition(END)[0].strip().splitlines()[2:]
    cells = ([cell.strip() for cell in line.strip("| ").split("|")] for line in body)
    return {(line, engine, store) for line, engine, store, *_ in cells}


def written(page: str, text: str) -> str:
    """Return a page with another matrix in it.

    :raises SystemExit: the page has no place for it
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{PAGE.name} lacks the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def main() -> None:
    """Write the page; refuse when a test failed, or none ran."""
    results = [result for ones in read().values() for result in ones]
    failed = sorted(name for name, ones in read().items() if not all(one.passed for one in ones))
    if not results:
        sys.exit(f"There are no results in {RESULTS.relative_to(ROOT)}: run make test and make test-real first.")
    if failed:
        sys.exit("These tests failed when they were last run:\n" + "\n".join(failed))
    PAGE.write_text(written(PAGE.read_text(), table(results)))


def _cell(results: Iterable[Result]) -> str:
    """Return how many tests ran against what, real parts first."""
    counts = Counter(result.proof.against for result in results)
    order = sorted(counts, key=lambda against: (against != REAL, against == STAND_IN, against))
    return ", ".join(f"{f'**{one}**' if one == REAL else one} {counts[one]}" for one in order)


def _by_version(row: Row) -> list[list[int | str]]:
    """Order 8.9 before 8.10, and what has no line last."""
    texts = ["~" if text == ANY else text for text in row]
    return [[f"{int(part):06}" if part.isdigit() else part for part in re.split(r"(\d+)", text)] for text in texts]


if __name__ == "__main__":
    main()
