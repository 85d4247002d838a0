"""Who paused exporting, until when: written before the pause and deleted after a confirmed resume.

It lives in an Airflow Variable, so that it outlives tasks, workers and restarts, and the guard can read it.
"""

from dataclasses import asdict, dataclass
from typing import Any

from airflow.sdk import Variable


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to keep exporting paused; times in seconds since the epoch.

    :param run_id: the DAG run that paused
    :param asked_at: when it asked for the pause
    :param give_up_at: when exporting resumes whatever happens
    """

    dag_id: str
    run_id: str
    mode: str
    asked_at: float
    give_up_at: float

    def held_by(self, dag_id: str, run_id: str) -> bool:
        """Return whether this run is the one that paused."""
        return (self.dag_id, self.run_id) == (dag_id, run_id)


def _key(cluster: str) -> str:
    return f"camunda_backup_pause_{cluster}"


def read(cluster: str) -> Lease | None:
    """Return the cluster's lease, or None when nobody has paused."""
    fields: Any = Variable.get(_key(cluster), default=None, deserialize_json=True)
    return Lease(**fields) if fields else None


def write(cluster: str, lease: Lease) -> None:
    """Store the lease."""
    Variable.set(
        _key(cluster),
        asdict(lease),
        description="Camunda exporting is paused for a backup; deleted when it runs again",
        serialize_json=True,
    )


def delete(cluster: str) -> None:
    """Delete the lease; nothing happens when there is none."""
    Variable.delete(_key(cluster))
