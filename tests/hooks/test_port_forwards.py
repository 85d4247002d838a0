"""What a connection may say of a port-forward, and which pod it leads to."""

import json
from typing import Any

import pytest

from camunda_backup.api.messages import Request
from camunda_backup.errors import Rejected
from camunda_backup.hooks.http import JsonHook
from camunda_backup.hooks.port_forwards import first_ready
from tests.hooks.conftest import CONN_ID

FORWARD = {"connection": "kubernetes_prod", "namespace": "camunda", "selector": "app=operate"}
HALF = {"connection": "kubernetes_prod", "namespace": "camunda"}
NAMES = "port_forward in its extra must have connection, namespace, selector, and nothing else"


def pod(name: str, ready: str = "True", **meta: str) -> dict[str, Any]:
    conditions = [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": ready}]
    return {"metadata": {"name": name, **meta}, "status": {"conditions": conditions}}


@pytest.mark.parametrize(
    ("pods", "chosen"),
    [
        ([], None),
        ([pod("operate-1"), pod("operate-0")], "operate-0"),
        ([pod("operate-0", "False"), pod("operate-1")], "operate-1"),
        ([pod("operate-0", deletionTimestamp="2026-11-24T03:00:00Z"), pod("operate-1")], "operate-1"),
        ([pod("operate-0", "Unknown")], None),
        ([{"metadata": {"name": "operate-0"}, "status": {"phase": "Pending"}}], None),
    ],
)
def test_the_first_ready_pod_by_name_is_reached(pods: list[dict[str, Any]], chosen: str | None) -> None:
    assert first_ready(pods) == chosen


@pytest.mark.parametrize(
    ("extra", "more", "told"),
    [
        (HALF, {}, NAMES),
        ({**FORWARD, "pod": "operate-0"}, {}, NAMES),
        ({**FORWARD, "selector": ""}, {}, NAMES),
        ("camunda/operate", {}, NAMES),
        (FORWARD, {"schema": "https"}, "port_forward in its extra needs schema http and the pod's port"),
        (FORWARD, {"port": None}, "port_forward in its extra needs schema http and the pod's port"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    extra: Any, more: dict[str, Any], told: str, airflow_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {"conn_type": "http", "host": "camunda-operate", "port": 9600, "extra": {"port_forward": extra}}
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps({**connection, **more}))
    with pytest.raises(Rejected, match=f"^connection {CONN_ID} cannot be used as it is: {told}$"):
        JsonHook(CONN_ID).send(Request("GET", "/actuator/health"))
