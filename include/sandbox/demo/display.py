"""The run on the user's screen: a table that changes on a terminal, a line for each change elsewhere."""

import time
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .progress import TaskLine

STYLES = {
    "success": "green",
    "failed": "bold red",
    "upstream_failed": "red",
    "running": "bold yellow",
    "deferred": "yellow",
    "up_for_retry": "yellow",
    "awaiting_input": "bold cyan",
}
UNTOLD = frozenset({"waiting", "scheduled", "queued", "upstream_failed"})


class Display(Protocol):
    """Shows a run while it goes on."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, lines: list[TaskLine]) -> None:
        """Show how the run is now."""

    def tell(self, text: str) -> None:
        """Print a line that stays."""


class LiveDisplay:
    """A table that is drawn over and over.

    :param console: the terminal
    :param title: what the run is
    """

    def __init__(self, console: Console, title: str) -> None:
        self._title = title
        self._began = time.monotonic()
        self._live = Live(console=console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, lines: list[TaskLine]) -> None:
        """Draw the table anew."""
        self._live.update(self.table(lines), refresh=True)

    def tell(self, text: str) -> None:
        """Print a line above the table."""
        self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def table(self, lines: list[TaskLine]) -> Table:
        """Return the run as a table."""
        seconds = time.monotonic() - self._began
        table = Table(title=f"{self._title}, {seconds:.0f} s", title_justify="left", box=None, pad_edge=False)
        table.add_column("task", no_wrap=True)
        table.add_column("state", no_wrap=True)
        table.add_column("seconds", justify="right", no_wrap=True)
        table.add_column("progress", overflow="ellipsis", no_wrap=True)
        for line in lines:
            state = Text(line.state, STYLES.get(line.state, "dim"))
            table.add_row(Text(line.name), state, elapsed(line), Text(line.progress))
        return table


class PlainDisplay:
    """A line for each change.

    :param console: where to
    :param title: what the run is
    """

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._began = time.monotonic()
        self._shown: dict[str, tuple[str, str]] = {}

    def __enter__(self) -> Self:
        self._print(self._title)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave what was printed."""

    def show(self, lines: list[TaskLine]) -> None:
        """Print what has changed since the last time."""
        for line in lines:
            shown = (line.state, line.progress)
            if line.state not in UNTOLD and self._shown.get(line.name) != shown:
                self._shown[line.name] = shown
                self._print(f"{line.name:24}{line.state:16}{elapsed(line):>6}  {line.progress}".rstrip())

    def tell(self, text: str) -> None:
        """Print a line."""
        self._print(text)

    def _print(self, text: str) -> None:
        seconds = time.monotonic() - self._began
        self._console.print(f"{seconds:6.1f} s  {text}", markup=False, highlight=False, soft_wrap=True)


def display_on(console: Console, title: str) -> Display:
    """Return the display that fits the console.

    :param title: what the run is
    """
    return LiveDisplay(console, title) if console.is_terminal else PlainDisplay(console, title)


def elapsed(line: TaskLine) -> str:
    """Return how long a task has run, for reading."""
    return "" if line.seconds is None else f"{line.seconds:.1f}"
