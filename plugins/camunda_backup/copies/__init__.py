"""How a stopped cluster's data outside the search engine is copied: one file and one line here for each way."""

from collections.abc import Callable

from camunda_backup.clusters import Cluster
from camunda_backup.copies.archives import Archives
from camunda_backup.copies.copy import Copies
from camunda_backup.errors import Rejected

COPIES: dict[str, Callable[[Cluster], Copies]] = {"archive": Archives}


def copies_of(cluster: Cluster, kind: str = "archive") -> Copies:
    """Return what copies the data of a cluster's brokers.

    :param kind: ``type`` of what its :meth:`~camunda_backup.copies.copy.Copies.take` returned
    :raises Rejected: it is not known
    """
    made = COPIES.get(kind)
    if made is None:
        raise Rejected(f"copies of type {kind!r} are not known; known are {', '.join(COPIES)}")
    return made(cluster)
