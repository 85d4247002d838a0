"""Where and how one sandbox runs: what each of its parts must know."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from . import ports

BackupStore = Literal["s3", "s3-wrong", "none"]


@dataclass(frozen=True, slots=True)
class Site:
    """One sandbox's place.

    :param data: each part has its home folder below it
    :param cache: see `fetch.cache_folder`
    :param base_port: see `ports.py`
    :param backup_store: Zeebe's backup store: one that works, one that answers wrongly, or none
    :param repository: the snapshot repository that the web apps are told to use
    """

    data: Path
    cache: Path
    base_port: int
    backup_store: BackupStore
    repository: str

    def home(self, part: str) -> Path:
        """Return a part's home folder."""
        return self.data / part

    def port(self, server: str) -> str:
        """Return the port of one server, as text for a setting."""
        return str(ports.port(self.base_port, server))

    def address(self, server: str) -> str:
        """Return host and port of one server."""
        return f"{ports.HOST}:{self.port(server)}"

    def url(self, server: str) -> str:
        """Return the URL of one server."""
        return ports.url(self.base_port, server)
