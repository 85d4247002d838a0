"""The processes of a cluster: which run, and which are healthy."""

from collections.abc import Iterable
from dataclasses import dataclass

ZEEBE = "zeebe"


@dataclass(slots=True)
class Process:
    """One process, or all brokers of Zeebe as one.

    :param crashed: it began while Zeebe was not healthy: it answers nobody, and ends by itself after a while
    :param starts: how often it was started
    """

    name: str
    running: bool = True
    healthy: bool = True
    crashed: bool = False
    starts: int = 0

    def begin(self) -> None:
        """Start; it is not healthy yet."""
        self.running, self.healthy, self.crashed = True, False, False
        self.starts += 1

    def end(self) -> None:
        """Stop."""
        self.running, self.healthy, self.crashed = False, False, False


class Processes:
    """All processes by name, and who was started too early."""

    def __init__(self, names: Iterable[str]) -> None:
        """Let all of them run, in good health."""
        self.known = {name: Process(name) for name in names}
        self.crash_loops: list[str] = []

    def healthy(self, role: str) -> bool:
        """Whether the process that plays a role is healthy; a role without one, like the search engine, always is."""
        process = self.known.get(role)
        return process is None or process.healthy
