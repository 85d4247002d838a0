"""What the commands print."""

import sys


def say(line: str) -> None:
    """Print a line at once, whatever standard output is."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
