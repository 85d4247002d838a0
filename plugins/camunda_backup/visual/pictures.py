"""Where Airflow shows the pictures of a restore run, and how they look in a task's text."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any
from urllib.parse import quote

PREFIX = "/camunda-backup"
INDEX = "pictures.json"  # beside the pictures: what the task that took them returned


def gallery_address(dag_id: str, run_id: str) -> str:
    """Return the page with a run's pictures, relative to Airflow's own address, wherever a proxy puts that."""
    return f"{PREFIX[1:]}/restores/{quote(dag_id, safe='')}/{quote(run_id, safe='')}"


def picture_address(dag_id: str, run_id: str, name: str) -> str:
    """Return the address of one picture, relative to Airflow's own."""
    return f"{gallery_address(dag_id, run_id)}/{quote(name, safe='')}.png"


def picture_markdown(taken: Mapping[str, Any] | None) -> str:
    """Return pictures as Markdown that Airflow's UI shows, in two columns, each a link to its full size.

    :param taken: what the task that took them returned
    """
    if not taken:
        return "There are no pictures."
    pictures = taken["pictures"]
    parts = ["\n".join(_table(pictures))] if pictures else []
    if taken["skipped"]:
        parts.append(f"Without pictures: {taken['skipped']}.")
    return "\n\n".join(parts)


def _table(pictures: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for number, pair in enumerate(zip_longest(pictures[::2], pictures[1::2])):
        shown = [picture for picture in pair if picture]
        yield " | ".join(["", *(f"**{one['title']}**" for one in shown), ""]).strip()
        if number == 0:
            yield "|---|---|"
        yield " | ".join(["", *(f"[![{one['title']}]({one['url']})]({one['url']})" for one in shown), ""]).strip()
