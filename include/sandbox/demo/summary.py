"""The end of the demo: what the backup consists of, and where to look at it."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text


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


def addresses_table(rows: Mapping[str, str]) -> Table:
    """Return where to look, one address a row.

    :param rows: addresses and log-in hints by what is there
    """
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for what, where in rows.items():
        table.add_row(what, Text(where))
    return table
