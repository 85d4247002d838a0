"""The guard, when all of Airflow dies in the middle of a backup of the embedded cluster."""

from pathlib import Path

from tests.observing import until
from tests.real.backups import Backups, airflow_for
from tests.real.conftest import Cluster

HASTY = {"limits": {"max_pause": "15s", "faults": "10m"}, "guard": {"margin": "1s"}}


def test_the_guard_ends_a_pause_after_all_of_airflow_was_killed(cluster: Cluster, tmp_path: Path) -> None:
    with airflow_for(cluster, {"hasty": HASTY}, tmp_path) as airflow:
        backups = Backups(cluster, airflow)
        run_id = backups.start("hasty")
        backups.when("hasty", run_id, "pause", "success", lambda: cluster.freeze_part("optimize"))
        try:
            backups.when("hasty", run_id, "start_optimize", "running", airflow.kill)
            assert backups.phases() == {"PAUSED"}

            airflow.start(print)
            until(lambda: guarded(backups) == {"EXPORTING"}, seconds=120)
        finally:
            cluster.thaw_part("optimize")

        told = [
            str(airflow.client.log("guard", run["dag_run_id"], "exporting", 1, 0))
            for run in airflow.client.runs("guard")
            if run["state"] == "failed"
        ]
        assert any("longer than max_pause" in text and "The guard has resumed it" in text for text in told)
        airflow.client.set_run_state("back_up_hasty", run_id, "failed")
        backups.end("hasty", run_id)
        assert backups.phases() == {"EXPORTING"}
        assert not list((airflow.settings.home / "manifests" / "hasty").glob("*.json"))


def guarded(backups: Backups) -> set[str]:
    """Let the guard look, and tell the exporter phases that it leaves."""
    run_id = backups.client.trigger("guard")
    backups.client.wait_run("guard", run_id, timeout=120)
    return backups.phases()
