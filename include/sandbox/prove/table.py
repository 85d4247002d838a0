"""The result as one table, on the screen and on a page of the documentation."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from rich.table import Table
from rich.text import Text

from sandbox import fetch
from sandbox.errors import SandboxError

from .judgement import Row
from .trials import Column

GIB = 1024**3
BEGIN, END = "<!-- begin: make prove -->", "<!-- end: make prove -->"


def on_screen(columns: Sequence[Column]) -> Table:
    """Return the result for a terminal."""
    table = Table(title="Restored under load", title_justify="left")
    table.add_column("what was checked")
    for column in columns:
        table.add_column(column.title, justify="right", no_wrap=True)
    for what, cells in lines(columns):
        table.add_row(what, *(Text(cell.cell, "" if cell.holds else "bold red") if cell else "" for cell in cells))
    verdicts = (Text(verdict(column), "green" if column.holds else "bold red") for column in columns)
    table.add_row("wrong in all", *verdicts, end_section=True)
    return table


def as_markdown(columns: Sequence[Column], camunda: str) -> str:
    """Return the result with its date, versions and machine; what is wrong is bold.

    :param camunda: the version that was tried
    """
    rows = [["what was checked", *(column.title for column in columns)], ["---", *("--:" for _ in columns)]]
    rows += [[what, *(_marked(cell) for cell in cells)] for what, cells in lines(columns)]
    rows.append(["**wrong in all**", *(f"**{verdict(column)}**" for column in columns)])
    return "\n".join([circumstances(camunda), "", *("| " + " | ".join(row) + " |" for row in rows), "", legend()])


def write_into(page: Path, text: str) -> None:
    """Replace what stands between the two marks of a page.

    :raises SandboxError: the page has no such marks
    """
    marked = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    before = page.read_text() if page.exists() else ""
    if not marked.search(before):
        raise SandboxError(f"{page} has no place for the result: {BEGIN} … {END}")
    page.write_text(marked.sub(lambda _: f"{BEGIN}\n{text}\n{END}", before))


def lines(columns: Sequence[Column]) -> list[tuple[str, list[Row | None]]]:
    """Return each thing that was looked for, with what each column found; None where it did not come so far."""
    found = [{row.what: row for row in column.rows} for column in columns]
    order = list(dict.fromkeys(row.what for column in columns for row in column.rows))
    return [(what, [rows.get(what) for rows in found]) for what in order]


def verdict(column: Column) -> str:
    """Return how much is wrong in a column, as a number where there is one."""
    if column.failure:
        return "not checked"
    return str(sum(int(row.found) for row in column.rows if row.among is not None))


def circumstances(camunda: str) -> str:
    """Return when and on what it was measured.

    :param camunda: its version
    """
    memory = psutil.virtual_memory().total / GIB
    programs = f"Camunda {camunda}, OpenSearch {fetch.OPENSEARCH.version}"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}: {programs}, Airflow {version('apache-airflow')}, Python"
        f" {platform.python_version()}; {platform.system()} {platform.machine()}, {os.cpu_count()} cores,"
        f" {memory:.0f} GiB."
    )


def legend() -> str:
    """Return how a cell is read."""
    return "“a of b”: a are wrong of b that were looked at; 0 of 0 would prove nothing and counts as wrong."


def _marked(row: Row | None) -> str:
    if row is None:
        return ""
    return row.cell if row.holds else f"**{row.cell}**"
