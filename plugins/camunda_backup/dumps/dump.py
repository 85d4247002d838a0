"""What can be done with the database of a cluster. A dump travels as JSON types, and never with a secret."""

from collections.abc import Mapping
from typing import Any, Protocol


class Database(Protocol):
    """Dumps a database and brings it back.

    Every method but :meth:`problems` and :meth:`obstacles` raises Unreachable when the database cannot be reached now,
    and Rejected when asking again cannot help.
    """

    def problems(self) -> list[str]:
        """Return one sentence for everything that keeps it from being dumped; changes nothing."""

    def take(self, backup_id: int) -> dict[str, Any]:
        """Dump the whole schema, the table EXPORTER_POSITION in it; a try that failed leaves nothing behind.

        Returns ``type``, ``file``, and ``bytes`` and ``sha256`` where this process sees the file.

        :raises BackupFailed: the dump could not be written
        """

    def verify(self, dump: Mapping[str, Any]) -> dict[str, Any]:
        """Read a dump again, to its end; return it with ``exported``: ``least`` and ``most`` of each partition.

        :param dump: what :meth:`take` returned
        :raises BackupFailed: it is not what was written, or cannot be brought back
        """

    def obstacles(self, dump: Mapping[str, Any]) -> list[str]:
        """Return one sentence for everything that keeps a dump from being brought back; changes nothing.

        :param dump: what :meth:`verify` returned
        """

    def restore(self, dump: Mapping[str, Any]) -> dict[int, int]:
        """Replace the whole schema by a dump's; return the exported position of each partition, by its number.

        :param dump: what :meth:`verify` returned
        :raises RestoreFailed: it did not work, or the positions are not the dump's
        """
