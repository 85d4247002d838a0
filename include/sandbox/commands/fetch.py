"""`python -m sandbox fetch`: fetch what the sandbox runs, and start nothing."""

import argparse

from sandbox import fetch
from sandbox.licences import DEMO

from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command: it has none."""
    del parser


def run(options: argparse.Namespace) -> int:
    """Fetch, and tell under which licences.

    :raises SandboxError: something cannot be fetched
    """
    del options
    for licence in DEMO:
        say(f"{licence.part:32}{licence.source:18}{licence.licence}")
    fetch.fetch(fetch.ARTIFACTS, fetch.cache_folder(), fetch.maven(say), say)
    say(f"Everything is in {fetch.cache_folder()}")
    return 0
