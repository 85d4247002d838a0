"""The browser with which the restore takes pictures of the restored web apps, if there is one."""

import importlib.util
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WITHOUT = "There will be no pictures of the restored web apps, as {} is not installed; {} would get it."


def visual_check() -> tuple[dict[str, bool | str], str | None]:
    """Return what a cluster file says of pictures here, and, where there can be none, the sentence that tells so."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        return {"enabled": False}, WITHOUT.format("Chromium", "make browser")
    if importlib.util.find_spec("playwright") is None:
        return {"enabled": False}, WITHOUT.format("playwright", "pip install -r requirements-extras.txt")
    return {"enabled": True, "browser": program}, None
