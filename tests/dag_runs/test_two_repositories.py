"""A cluster whose Optimize keeps its snapshots in a repository of its own: one set all the same."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dag_runs.playing import Played, cluster_file, connect, fresh, parsed, runner
from tests.stand_in import StandIn

NAME = "two-repositories"


def test_a_set_in_two_repositories_is_complete(
    airflow_db: None, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"name": "own", "type": "fs", "settings": {"location": "own"}}
    file = cluster_file("8.6", "zeebe-first", NAME, optimize_repository=own)
    (tmp_path / f"{NAME}.yaml").write_text(yaml.safe_dump(file))
    monkeypatch.setenv("CAMUNDA_BACKUP_CLUSTERS", str(tmp_path))
    with StandIn("8.6", pace=0.02) as stand_in:
        connect(NAME, stand_in)
        played = fresh(Played(NAME, "8.6", "zeebe-first", stand_in))
        stand_in.conditions(repository={"optimize": "own"})
        definition = {"type": "fs", "settings": own["settings"]}
        stand_in.ask("search", "/_snapshot/own", "PUT", json=definition).raise_for_status()
        run = runner(parsed(str(Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"], "back_up.py"))), capfd)

        done = run(f"back_up_{NAME}")

        assert done.state == "success", done.errors
        ((backup_id, manifest),) = played.manifests().items()
        assert manifest["optimize_repository"] == "own"
        held: dict[str, Any] = stand_in.truth()["snapshots"]
        assert all(name.startswith(f"camunda_optimize_{backup_id}") for name in held["own"])
        assert len(held["own"]) == 2
        assert not any("optimize" in name for name in held["backups"])

        stand_in.ask("search", "/_snapshot/own", "DELETE").raise_for_status()
        refused = run(f"back_up_{NAME}")

        assert "snapshot repository own is not registered in the search engine" in refused.errors
