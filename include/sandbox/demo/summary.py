"""What the demo shows in the end: the backup, the cluster before and after the disaster, and where to look."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from .tally import Tally


def parts_table(manifest: Mapping[str, Any]) -> Table:
    """Return the parts of a backup set as a table.

    :param manifest: what the backup DAG recorded
    """
    table = Table(title=f"Backup {manifest['backup_id']} of {manifest['cluster']}", title_justify="left")
    table.add_column("part", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("partitions or snapshots", overflow="fold")
    for part in manifest["parts"]:
        pieces = "\n".join(f"{piece['name']}  {piece['state']}" for piece in part["pieces"])
        table.add_row(part["component"], Text(part["state"], "green"), f"{part['seconds']:.1f}", Text(pieces))
    return table


def pause_sentence(manifest: Mapping[str, Any]) -> str:
    """Return how long exporting was paused."""
    pause = manifest["pause"]
    return f"Exporting was paused ({pause['mode']}) for {pause['seconds']:.1f} s; it runs again on every partition."


def tallies_table(title: str, tallies: Mapping[str, Tally]) -> Table:
    """Return what the cluster showed at several moments, a column each; the last is to be as the first.

    :param tallies: by the name of the moment
    """
    table = Table(title=title, title_justify="left")
    table.add_column("the cluster shows", no_wrap=True)
    for moment in tallies:
        table.add_column(moment, justify="right")
    first, *_, last = tallies.values()
    for name in first:
        *numbers, final = (number_text(moment[name]) for moment in tallies.values())
        table.add_row(name, *numbers, Text(final, "green" if last[name] == first[name] else "bold red"))
    return table


def number_text(number: int | None) -> str:
    """Return a number for reading, also where nobody answers."""
    return "gone" if number is None else str(number)


def recovery_sentence(report: Mapping[str, Any]) -> str:
    """Return how long the restore took."""
    seconds = report["recovery_seconds"]
    return (
        f"Recovered from backup {report['backup_id']}. From the first step after the approval it took "
        f"{seconds['healthy']:.1f} s until every component was healthy, "
        f"and {seconds['verified']:.1f} s until everything was verified (RTO)."
    )


def address_lines(rows: Mapping[str, str]) -> list[str]:
    """Return where to look, a line each that is never broken, so that a terminal can follow it.

    :param rows: addresses and log-in hints by what is there
    """
    width = max(map(len, rows))
    return [f"{what:{width}}  {where}" for what, where in rows.items()]
