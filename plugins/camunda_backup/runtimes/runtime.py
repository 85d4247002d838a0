"""What every runtime can do with the components of a cluster. Nothing here is ever assumed: each asks and is told."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from camunda_backup.states import Runs


class Runtime(Protocol):
    """Stops and starts components, and restores brokers.

    Every method but :meth:`problems` raises Unreachable when it cannot be told what it asks for, and Rejected when
    asking again cannot help.
    """

    def problems(self, components: Sequence[Runs]) -> list[str]:
        """Return one sentence for everything that keeps it from stopping and starting these; changes nothing.

        :param components: those that run as processes
        """

    def brokers(self) -> tuple[str, ...]:
        """Return the names of Zeebe's brokers."""

    def stop(self, component: Runs) -> dict[str, Any]:
        """Ask a component to end, Zeebe's gateways before its brokers; safe to repeat, and back before it has ended.

        Returns what :meth:`start` needs, as JSON types.
        """

    def start(self, component: Runs, stopped: Mapping[str, Any]) -> None:
        """Ask a component to start, Zeebe's brokers before its gateways; safe to repeat, and back before it is up.

        :param stopped: what :meth:`stop` returned
        """

    def is_stopped(self, component: Runs) -> bool:
        """Return whether every process of a component says that it is stopped."""

    def is_started(self, component: Runs) -> bool:
        """Return whether every process of a component says that it is running."""

    def has_backup(self, broker: str, backup_id: int) -> bool | None:
        """Return whether a broker's backup store holds a backup; None when there is no way to ask it."""

    def restore_zeebe(self, broker: str, backup_id: int | None) -> str:
        """Empty a stopped broker's data directory and restore a backup into it; return the line that says it worked.

        :param backup_id: None: the restore application chooses by the exported positions in the database
        :raises RestoreFailed: the broker is not stopped, and nothing was removed; or the restore did not work
        """

    def without_archives(self) -> list[str]:
        """Return the brokers whose data it cannot archive and bring back; changes nothing."""

    def archive(self, broker: str, timeout: float, sink: Callable[[bytes], object]) -> None:
        """Read a stopped broker's data directory, hard and symbolic links kept, as one tar archive.

        :param timeout: in seconds
        :param sink: is given the archive in chunks
        :raises BackupFailed: the broker is not stopped, or the archive is not whole
        """

    def unarchive(self, broker: str, timeout: float, source: Iterable[bytes]) -> None:
        """Empty a stopped broker's data directory and fill it from an archive.

        :param timeout: in seconds
        :param source: the archive in chunks; what it raises is passed on
        :raises RestoreFailed: the broker is not stopped, and nothing was removed; or it did not work
        """
