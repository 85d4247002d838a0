"""Who stopped a cluster for a cold backup, and what ran before: written before the first stop.

It lives in an Airflow Variable, so that it outlives tasks, workers and restarts: the run's own start reads it, and the
guard. When everything that ran was seen to run again it says so, and stays until the next one: tasks of its run may be
cleared.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from airflow.sdk import Context, Variable
from airflow.sdk.exceptions import AirflowSkipException


@dataclass(frozen=True, slots=True)
class Downtime:
    """The right to keep a cluster stopped.

    :param began_at: seconds since the epoch
    :param ran: what ran before, by name
    :param ended_at: when everything that ran was seen to run again; None before
    """

    dag_id: str
    run_id: str
    began_at: float
    ran: Sequence[str]
    ended_at: float | None = None

    def held_by(self, dag_id: str, run_id: str) -> bool:
        """Return whether this run is the one that stops the cluster."""
        return (self.dag_id, self.run_id) == (dag_id, run_id)


def _key(cluster: str) -> str:
    return f"camunda_backup_downtime_{cluster}"


def read(cluster: str) -> Downtime | None:
    """Return the cluster's downtime, or None when nobody has stopped it."""
    fields: Any = Variable.get(_key(cluster), default=None, deserialize_json=True)
    return Downtime(**fields) if fields else None


def write(cluster: str, downtime: Downtime) -> None:
    """Store the downtime."""
    Variable.set(
        _key(cluster),
        asdict(downtime),
        description="Camunda is stopped for a cold backup; ended when everything that ran runs again",
        serialize_json=True,
    )


def required(cluster: str, context: Context) -> Downtime:
    """Return the downtime that this run began.

    :raises AirflowSkipException: it began none
    """
    downtime = read(cluster)
    if downtime is None or not downtime.held_by(context["dag"].dag_id, context["run_id"]):
        raise AirflowSkipException("this run has stopped nothing")
    return downtime


def require_ran(cluster: str, context: Context, one: str) -> None:
    """Go on when this run stopped something that ran before.

    :raises AirflowSkipException: it did not
    """
    if one not in required(cluster, context).ran:
        raise AirflowSkipException(f"{one} did not run before")
