"""A backup and a restore by plain calls, in an order that the project's table does not let anyone write down.

Zeebe first, under a soft pause: what is exported after Zeebe's backup gets into the snapshots that follow.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import requests

from sandbox.camunda_cluster import INDICES, LOST_IN_A_DISASTER, CamundaCluster
from sandbox.errors import SandboxError
from sandbox.loopback import session

Report = Callable[[str], None]

WEB_APPS = ("operate", "tasklist", "optimize")
TIMEOUT = 120.0
BACKUP_PATIENCE = 180.0
START_PATIENCE = 300.0
POLL_INTERVAL = 0.2
COMPLETE = frozenset({"COMPLETED", "COMPLETE"})
FAILED = frozenset({"FAILED", "INCOMPATIBLE"})


def back_up(urls: Mapping[str, str], report: Report) -> int:
    """Pause softly, back up Zeebe, then the web apps one after the other, then the records, and resume.

    :param urls: the cluster's addresses by the names of `ports.py`
    :param report: is told of each part
    :returns: the backup's ID
    :raises SandboxError: a part failed; exporting runs again all the same
    """
    backup_id = int(time.time())
    _exporting(urls, "pause?soft=true")
    try:
        for component in ("zeebe", *WEB_APPS):
            server = f"{component}_management"
            _call("POST", urls, server, "/actuator/backups", {"backupId": backup_id})
            _wait_backed_up(urls, server, backup_id)
            report(f"{component} is backed up")
        path = f"/_snapshot/backups/camunda_zeebe_records_backup_{backup_id}?wait_for_completion=true"
        _call("PUT", urls, "search", path, {"indices": "zeebe-record*", "feature_states": ["none"]})
    finally:
        _exporting(urls, "resume")
    return backup_id


def restore(cluster: CamundaCluster, backup_id: int, report: Report) -> None:
    """Bring a destroyed cluster back: Zeebe's data, all snapshots, Zeebe, and then the web apps.

    :param cluster: all of it that lost data is stopped
    :param backup_id: what to restore
    :param report: is told of each step
    :raises SandboxError: a step failed
    """
    for name in LOST_IN_A_DISASTER:
        cluster.stop_part(name)
    cluster.empty_zeebe()
    ended = cluster.restore_zeebe(backup_id)
    if ended.exit_code:
        raise SandboxError(f"The restore application ended with {ended.exit_code}: {ended.output[-300:]}")
    report("Zeebe's data is restored")
    urls = cluster.urls
    _call("DELETE", urls, "search", f"/{INDICES}")
    listed = _call("GET", urls, "search", f"/_snapshot/backups/camunda_*_{backup_id}*")["snapshots"]
    for name in sorted(snapshot["snapshot"] for snapshot in listed):
        path = f"/_snapshot/backups/{name}/_restore?wait_for_completion=true"
        told = _call("POST", urls, "search", path, {"include_global_state": False})
        if told["snapshot"]["shards"]["failed"]:
            raise SandboxError(f"Not all shards of {name} were restored.")
    report(f"{len(listed)} snapshots are restored")
    for stage in (("zeebe",), WEB_APPS):
        for name in stage:
            cluster.start_part(name)
        for name in stage:
            cluster.wait_healthy(name, START_PATIENCE)
            report(f"{name} is healthy")


def _exporting(urls: Mapping[str, str], operation: str) -> None:
    """Pause or resume; the true status is in the body (recorded from Zeebe 8.6.0)."""
    told = _call("POST", urls, "zeebe_management", f"/actuator/exporting/{operation}")
    if told.get("status") != 204:
        raise SandboxError(f"Zeebe answered to exporting/{operation}: {told}")


def _wait_backed_up(urls: Mapping[str, str], server: str, backup_id: int) -> None:
    """Wait for one component; until it is complete it may also answer 400 or 404 (recorded from 8.6.0)."""
    deadline = time.monotonic() + BACKUP_PATIENCE
    while True:
        response = _send("GET", urls, server, f"/actuator/backups/{backup_id}", None)
        state = response.json().get("state") if response.ok else None
        if state in COMPLETE:
            return
        if state in FAILED or time.monotonic() > deadline:
            raise SandboxError(f"Backup {backup_id} of {server} is {state}: {response.text[:300]}")
        time.sleep(POLL_INTERVAL)


def _call(method: str, urls: Mapping[str, str], server: str, path: str, body: Any = None) -> Any:
    response = _send(method, urls, server, path, body)
    if not response.ok:
        raise SandboxError(f"{server}{path} answered {response.status_code}: {response.text[:300]}")
    return response.json()


def _send(method: str, urls: Mapping[str, str], server: str, path: str, body: Any) -> requests.Response:
    try:
        with session() as direct:
            return direct.request(method, urls[server] + path, json=body, timeout=TIMEOUT)
    except requests.RequestException as error:
        raise SandboxError(f"{server} does not answer: {error}") from error
