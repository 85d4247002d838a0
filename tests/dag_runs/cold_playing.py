"""Clusters that are stopped for their backup, and what may never happen to them."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.dag_runs.playing import Played, Run, cluster_file, commands, quick_part
from tests.dag_runs.restoring import RESTORE_LIMITS, changes
from tests.stand_in import StandIn

START = re.compile(r"/processes/(?P<name>\w+)/start")
DATABASE = "keycloak"


@dataclass(frozen=True)
class Cold(Played):
    """One cluster file that knows where cold backups go.

    :param home: the folder of what belongs to it beside the stand-in
    """

    home: Path

    @property
    def files(self) -> list[str]:
        """The files in the cold location, of all backups."""
        return sorted(path.name for path in (self.home / "copies").rglob("*") if path.is_file())

    @property
    def connectors(self) -> str:
        """Whether the connectors run."""
        return (self.home / "connectors").read_text().strip()

    @property
    def processes(self) -> dict[str, str]:
        """The state of everything that stops for a cold backup."""
        found: dict[str, str] = dict(self.stand_in.truth()["processes"])
        return {**found, "connectors": self.connectors}


def cold_file(line: str, name: str, stand_in: StandIn, home: Path) -> dict[str, Any]:
    """Write the cluster file of a stand-in that can be backed up cold, with connectors and a database beside it."""
    runtime = commands(line, quick_part(stand_in.urls["control"]))
    state = shlex.quote(str(home / "connectors"))
    database = shlex.quote(str(home / DATABASE))
    runtime["processes"]["connectors"] = [
        {"state": f"cat {state}", "stop": f"echo stopped > {state}", "start": f"echo running > {state}"}
    ]
    cold: dict[str, Any] = {
        "location": str(home / "copies"),
        "timeout": "20s",
        "databases": [{"name": DATABASE, "dump": f"cat {database}", "load": f"cat > {database}"}],
    }
    if line == "8.8":
        cold["copies"] = own_commands(runtime["processes"]["zeebe"][0], home / "copies")
    more = {"restore_limits": RESTORE_LIMITS, "visual_check": {"enabled": False}, "cold": cold}
    return cluster_file(line, "zeebe-first", name, runtime=runtime, version=f"{line}.0", **more)


def own_commands(broker: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return copies by commands of one's own, in files beside the archives."""
    copy = f"{shlex.quote(str(folder))}/{{node_id}}-{{backup_id}}"
    read = f"cksum < {copy} | (read sum bytes; echo $bytes $sum)"
    return {
        "type": "command",
        "take": f"mkdir -p {shlex.quote(str(folder))} && {broker['archive']} > {copy} && {read}",
        "verify": read,
        "bring_back": f"{broker['empty']} && {broker['unarchive']} < {copy}",
    }


def at_work(cluster: Cold, kept: str = "work") -> Cold:
    """Give a cluster as it was after its first work, with nothing left of earlier tests but their copies."""
    from airflow.models.variable import Variable  # noqa: PLC0415 - after the environment is set

    cluster.stand_in.reset(kept=kept)
    (cluster.home / "connectors").write_text("running\n")
    (cluster.home / DATABASE).write_text("users of now\n")
    Variable.delete(f"camunda_backup_downtime_{cluster.name}")
    for backup_id in cluster.manifests():
        (cluster.manifest_folder / f"{backup_id}.json").unlink()
    return cluster


def is_over(cluster: Cold) -> bool:
    """Whether it is written down that everything runs again, or nothing was written down at all."""
    from airflow.models.variable import Variable  # noqa: PLC0415 - after the environment is set

    found = Variable.get(f"camunda_backup_downtime_{cluster.name}", default_var=None, deserialize_json=True)
    return found is None or found["ended_at"] is not None


def require_runs_or_told(cluster: Cold, done: Run) -> None:
    """Fail when something that ran before does not run after a run, and the run does not say so."""
    down = [name for name, state in cluster.processes.items() if state != "running"]
    for name in down:
        assert f"{name} does not run" in done.errors or f"whether {name} runs cannot be told" in done.errors, name
    if down:
        assert done.state == "failed"
        assert not is_over(cluster)


def require_order(journal: list[Mapping[str, Any]]) -> None:
    """Fail when a web app was started before Zeebe was healthy, or data was copied while something ran."""
    for entry in journal:
        started = START.fullmatch(entry["path"])
        if started and started["name"] != "zeebe":
            assert "zeebe" in entry["healthy"], entry["path"]
        snapshot = entry["method"] == "PUT" and "/_snapshot/backups/camunda_cold_" in entry["path"]
        if entry["path"] == "/processes/zeebe/archive" or snapshot:
            assert entry["running"] == [], entry["path"]


def unchanged(cluster: Cold) -> bool:
    """Whether nothing was stopped, started or written to the search engine."""
    return changes(cluster.stand_in.journal()) == [] and cluster.connectors == "running"
