"""Where Airflow shows the pictures of a restore run, and how they look in a task's text."""

from collections.abc import Mapping
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
    """Return pictures as Markdown that Airflow's UI shows, each a link to its full size.

    :param taken: what the task that took them returned
    """
    if not taken:
        return "There are no pictures."
    shown = [
        f"**{picture['title']}**\n\n[![{picture['title']}]({picture['url']})]({picture['url']})"
        for picture in taken["pictures"]
    ]
    return "\n\n".join([*shown, *([f"Without pictures: {taken['skipped']}."] if taken["skipped"] else [])])
