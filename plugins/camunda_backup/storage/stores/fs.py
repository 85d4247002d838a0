"""A shared file system; nobody signs in."""

from typing import ClassVar, Literal

from pydantic import Field

from camunda_backup.storage.stores.store import (
    Operation,
    Permissions,
    Settings,
    Store,
)

_RIGHTS = "the right to {0} in the folder for the search engine's own user, on the file system that every node mounts"


class FsSettings(Settings):
    """A folder that every node of the search engine sees, below its ``path.repo``."""

    location: str = Field(description="folder below path.repo of every node, absolute or relative to it")


class FsRepository(Store):
    """Snapshots on a shared file system."""

    type: Literal["fs"]
    settings: FsSettings

    permissions: ClassVar[Permissions] = {operation: _RIGHTS.format(operation.value) for operation in Operation}
    grant: ClassVar[str] = "mount the same file system at path.repo on every node, owned by the search engine's user"

    @classmethod
    def without_secrets(cls, engine: str) -> str:  # noqa: ARG003 - of all types
        """Return nothing: the type takes no key."""
        return ""

    @property
    def place(self) -> str:
        """The folder."""
        return f"fs:{self.settings.location.rstrip('/')}"
