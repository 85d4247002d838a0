"""The end of a restore: what was done, how long it took, and what the cluster showed afterwards."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Context

from camunda_backup import manifests
from camunda_backup.operators.step import RunbookStep


class RecordRestore(RunbookStep):
    """Write the report beside the manifests and emit it as an asset event. Returns the report.

    The measured recovery time runs from the first component's stop: ``healthy`` until every component was healthy,
    ``verified`` until the last check held (seconds).

    :param cluster: name of the cluster
    :param location: where manifests are kept
    :param steps: the tasks whose times are told, in their order
    :param healthy: the tasks after which every component is healthy
    :param verified: the tasks after which the cluster is verified
    """

    ui_color = "#d7efd9"

    def __init__(
        self,
        *,
        cluster: str,
        location: str,
        steps: Sequence[str],
        healthy: Sequence[str],
        verified: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(outlets=[manifests.restore_asset(cluster)], **kwargs)
        self.cluster = cluster
        self.location = location
        self.steps = steps
        self.healthy = healthy
        self.verified = verified

    def step(self, context: Context) -> dict[str, Any]:
        """Collect, write and emit."""
        ti = context["ti"]
        plan = ti.xcom_pull(task_ids="plan")
        told = {task: ti.xcom_pull(task_ids=task) for task in self.steps}
        times = {task: (one["began_at"], one["ended_at"]) for task, one in told.items() if one and "began_at" in one}
        restored = told["check_counts"]["restored"]
        began_at = min(began for began, _ in times.values())
        report = {
            "format": 1,
            "cluster": self.cluster,
            "backup_id": plan["backup_id"],
            "backup_created_at": plan["created_at"],
            "camunda_versions": plan["versions"],
            "restored_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "recovery_seconds": {
                "healthy": round(max(times[task][1] for task in self.healthy) - began_at, 1),
                "verified": round(max(times[task][1] for task in self.verified) - began_at, 1),
            },
            "steps": [
                {"task": task, "began_at": _moment(began), "seconds": round(ended - began, 1)}
                for task, (began, ended) in times.items()
            ],
            "snapshots": [one["name"] for step in plan["steps"] for one in step["restored"]],
            "counts": {"backup": plan["counts"], "restored": restored, "shown": told["check_counts"]["shown"]},
            "differences": {
                name: {"backup": number, "restored": restored[name]}
                for name, number in plan["counts"].items()
                if restored.get(name, number) != number
            },
            "identity": _without_times(told["check_identity"]),
            "pictures": ti.xcom_pull(task_ids="take_pictures"),
            "approved": ti.xcom_pull(task_ids="approve"),
            "signed_off": ti.xcom_pull(task_ids="sign_off"),
            "run": {"dag_id": context["dag"].dag_id, "run_id": context["run_id"]},
        }
        path = manifests.write_restore(self.location, report)
        context["outlet_events"][manifests.restore_asset(self.cluster)].extra = report
        self.log.info("Restored in %s s; the report is %s", report["recovery_seconds"], path)
        return {**report, "path": path}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _without_times(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in {"began_at", "ended_at"}}
