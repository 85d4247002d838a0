"""Camunda 8.8 and 8.9: one Orchestration Cluster, whose history backup covers Operate and Tasklist together.

Answers come from the manual and the published sources; no such cluster was at hand to record them from.
"""

from dataclasses import replace

from camunda_backup.api.backups import BackupApi
from camunda_backup.api.generation import Count, Generation, View
from camunda_backup.api.line_8_5 import (
    COUNTS,
    HISTORY_READINGS,
    HISTORY_REFUSALS,
    HISTORY_WORDS,
    LARGEST_TOTAL,
    OPTIMIZE,
    ZEEBE_REFUSALS,
    ZEEBE_WORDS,
    no_such_task,
)
from camunda_backup.api.messages import Request
from camunda_backup.states import Component, Phase


def _shown(count: str, search: str, state: str | None = None) -> View:
    body = {"page": {"limit": 1}, **({"filter": {"state": state}} if state else {})}
    return View(count, Component.WEB_APPS, Request("POST", f"/v2/{search}/search", body=body), LARGEST_TOTAL)


def _shown_at_all(count: Count) -> Count:
    """Leave out the user tasks that job workers have, of which an upgraded cluster is full: ``/v2`` shows none."""
    if not count.name.startswith("user_tasks"):
        return count
    return replace(count, query={"bool": {"filter": [count.query, {"term": {"implementation": "ZEEBE_USER_TASK"}}]}})


VIEWS = (
    _shown("process_definitions", "process-definitions"),
    _shown("decision_definitions", "decision-definitions"),
    _shown("process_instances_active", "process-instances", "ACTIVE"),
    _shown("process_instances_completed", "process-instances", "COMPLETED"),
    _shown("process_instances_canceled", "process-instances", "TERMINATED"),
    _shown("incidents_active", "incidents", "ACTIVE"),
    _shown("user_tasks_created", "user-tasks", "CREATED"),
    _shown("user_tasks_completed", "user-tasks", "COMPLETED"),
)


def _no_such_task(partition: int, padding: int) -> Request:
    request = no_such_task(partition, padding)
    return Request(request.method, request.path.replace("/v1/", "/v2/"), body=request.body)


GENERATION = Generation(
    lines=("8.8", "8.9"),
    zeebe=BackupApi(
        Component.ZEEBE,
        "/actuator/backupRuntime",
        {**ZEEBE_WORDS, "DELETED": Phase.FAILED},
        "COMPLETED",
        refusals=ZEEBE_REFUSALS,
    ),
    web_apps=(
        BackupApi(
            Component.WEB_APPS,
            "/actuator/backupHistory",
            HISTORY_WORDS,
            "SUCCESS",
            HISTORY_READINGS,
            HISTORY_REFUSALS,
        ),
    ),
    optimize=OPTIMIZE,
    apps_read_records=False,
    counts=tuple(map(_shown_at_all, COUNTS)),
    views=VIEWS,
    families={
        Component.WEB_APPS: ("operate", "tasklist", "camunda"),
        Component.OPTIMIZE: ("optimize",),
        Component.RECORDS: ("records",),
    },
    readiness={Component.ZEEBE: "/actuator/health", Component.OPTIMIZE: "/actuator/health"},
    first_command=_no_such_task,
    sign_in="connection",
    rest_sign_in="connection",
    signed_calls={"rest": Request("POST", "/v2/process-definitions/search", body={"page": {"limit": 1}})},
    generated_ids=Request("GET", "/actuator/backupRuntime/state"),
    shared_prefix=True,
    rdbms_lines=("8.9",),
)
