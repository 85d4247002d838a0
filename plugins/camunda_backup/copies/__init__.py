"""How a stopped cluster's data outside the search engine is copied: one file and one line here for each way."""

from collections.abc import Callable

from camunda_backup.clusters import Cluster
from camunda_backup.copies.archives import Archives
from camunda_backup.copies.commands import CommandedCopies
from camunda_backup.copies.copy import Copies
from camunda_backup.copies.volume_snapshots import VolumeSnapshots
from camunda_backup.errors import Rejected

COPIES: dict[str, Callable[[Cluster], Copies]] = {
    "archive": Archives,
    "command": CommandedCopies,
    "volume_snapshot": VolumeSnapshots,
}


def copies_of(cluster: Cluster, kind: str | None = None) -> Copies:
    """Return what copies the data of a cluster's brokers.

    :param kind: ``type`` of what its :meth:`~camunda_backup.copies.copy.Copies.take` returned; default: what the
        cluster file chooses
    :raises Rejected: it is not known
    """
    if kind is None:
        if cluster.cold is None:
            raise Rejected("cold is missing in the cluster file: nothing says how the brokers' data is copied")
        kind = cluster.cold.copies.type
    made = COPIES.get(kind)
    if made is None:
        raise Rejected(f"copies of type {kind!r} are not known; known are {', '.join(COPIES)}")
    return made(cluster)
