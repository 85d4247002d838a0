"""Clusters with a database as secondary storage: a stand-in plays them, and shell commands dump its database."""

import shlex
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.dag_runs.playing import Played, commands, fresh, quick_part
from tests.dag_runs.restoring import RESTORE_LIMITS
from tests.stand_in import StandIn, until

RUNTIME = "/actuator/backupRuntime"
AS_JSON = {"Content-Type": "application/json"}


def rdbms_file(name: str, stand_in: StandIn, dumps: Path, **fields: Any) -> dict[str, Any]:
    """Write the cluster file of a stand-in."""
    url = urlsplit(stand_in.urls["control"])
    script = shlex.join([sys.executable, "-IS", str(Path(__file__).with_name("ask_database.py"))])
    ask = f"{script} {url.hostname} {url.port}"
    dump = {action: f"{ask} {action} {{file}}" for action in ("dump", "verify", "restore")}
    runtime = commands("8.9", quick_part(stand_in.urls["control"]))
    runtime["processes"]["zeebe"][0]["restore"] = quick_part(stand_in.urls["control"])("restore", "zeebe {arguments}")
    return {
        "version": "8.9.0",
        "connections": {one: f"{name}_{one}" for one in ("zeebe", "rest", "optimize", "optimize_web")},
        "secondary_storage": {
            "engine": "rdbms",
            "dump": {
                "type": "command",
                "file": f"{dumps}/{{backup_id}}.json",
                "positions": f"{ask} positions",
                "timeout": "20s",
                **dump,
            },
        },
        "optimize_storage": {
            "engine": "opensearch",
            "connection": f"{name}_search",
            "repository": {"name": "backups", "type": "fs", "settings": {"location": "backups"}},
        },
        "limits": {"grace": "2s", "faults": "2s", "stall": "3s", "deadline": "20s"},
        "guard": {"rpo": "26h"},
        "runtime": runtime,
        "restore_limits": RESTORE_LIMITS,
        "visual_check": {"enabled": False},
        **fields,
    }


def zeebe_backup(stand_in: StandIn) -> int:
    """Let Zeebe take a backup, as its schedule does; return its ID."""
    asked = stand_in.ask("zeebe_management", RUNTIME, "POST", headers=AS_JSON)
    asked.raise_for_status()
    backup_id = int(asked.json()["backupId"])
    until(
        lambda: stand_in.ask("zeebe_management", f"{RUNTIME}/{backup_id}").json().get("state"),
        lambda state: state == "COMPLETED",
    )
    return backup_id


def as_rdbms(cluster: Played) -> Played:
    """Reset a cluster into one that works with a database, with one backup of Zeebe's own schedule."""
    fresh(cluster)
    in_order(cluster.stand_in)
    return cluster


def in_order(stand_in: StandIn) -> None:
    """Put a stand-in into the condition of a cluster with a database and continuous backups."""
    stand_in.conditions(rdbms=True, generates_ids=True)
    zeebe_backup(stand_in)
