"""What can be done with the data of a stopped broker. A copy travels as JSON types."""

from collections.abc import Mapping
from typing import Any, Protocol


class Copies(Protocol):
    """Copies the data of stopped brokers and brings it back.

    Every method but :meth:`problems` raises Unreachable when what it asks cannot be reached now, and Rejected when
    asking again cannot help.
    """

    def problems(self) -> list[str]:
        """Return one sentence for everything that keeps it from copying; changes nothing in the cluster."""

    def problems_back(self) -> list[str]:
        """Return one sentence for everything that keeps it from bringing copies back; changes nothing."""

    def where(self) -> str:
        """Return where the copies go, for people."""

    def take(self, broker: str, backup_id: int) -> dict[str, Any]:
        """Copy a stopped broker's data; a try may be repeated.

        Returns ``type``, ``broker``, ``node_id``, ``bytes``, and what :meth:`verify` needs.

        :raises BackupFailed: the copy could not be made
        """

    def verify(self, copy: Mapping[str, Any]) -> None:
        """Read a copy again, to its end.

        :raises BackupFailed: it is gone, empty, unreadable, or not what was written
        """

    def bring_back(self, broker: str, copy: Mapping[str, Any]) -> None:
        """Empty a stopped broker's data directory and fill it from a copy.

        :raises RestoreFailed: it did not work
        """


def named(copy: Mapping[str, Any]) -> str:
    """Return what messages call a copy."""
    return str(copy.get("file") or copy.get("reference") or f"the {copy['type']}'s own copy")
