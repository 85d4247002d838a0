"""Camunda 8.5, 8.6 and 8.7: Zeebe, Operate and Tasklist each back up through ``/actuator/backups``.

On 8.5 Operate and Tasklist have no management port of their own: there the path is on their app port.
Answers are recorded from Camunda 8.6.0, with OpenSearch and with Elasticsearch; Optimize's come from the manual.
"""

from camunda_backup.api.backups import BackupApi, Refusal, Rule
from camunda_backup.api.generation import Count, Generation, View
from camunda_backup.api.messages import Request
from camunda_backup.states import Component, Phase

ZEEBE_WORDS = {
    "COMPLETED": Phase.COMPLETED,
    "IN_PROGRESS": Phase.RUNNING,
    "INCOMPLETE": Phase.PENDING,  # a partition has not seen the checkpoint yet
    "DOES_NOT_EXIST": Phase.PENDING,
    "FAILED": Phase.FAILED,
}
HISTORY_WORDS = {
    "COMPLETED": Phase.COMPLETED,
    "IN_PROGRESS": Phase.RUNNING,
    "INCOMPLETE": Phase.PENDING,  # seen between two parts
    "FAILED": Phase.FAILED,
    "INCOMPATIBLE": Phase.FAILED,
}
REPOSITORY_TROUBLE = r"No repository with name|No backup repository configured"

HISTORY_READINGS = (
    Rule(400, REPOSITORY_TROUBLE, Phase.FAILED),
    Rule(404, REPOSITORY_TROUBLE, Phase.FAILED),
    Rule(500, REPOSITORY_TROUBLE, Phase.FAILED),
    # Operate on OpenSearch says this in the place of IN_PROGRESS.
    Rule(400, r"Exception occurred when searching for backup", Phase.RUNNING),
    # Operate says 400 for nearly every outage of the search engine.
    Rule(400, r"Exception occurred|Index 0 out of bounds", Phase.FAULT),
)
HISTORY_REFUSALS = (
    Rule(400, r"already exists\. Found snapshots", Refusal.TAKEN),
    Rule(400, r"Another backup is running", Refusal.BUSY),
    Rule(500, REPOSITORY_TROUBLE, Refusal.REFUSED),
    Rule(400, r"Exception occurred|Index 0 out of bounds", Refusal.FAULT),
)
ZEEBE_REFUSALS = (
    Rule(409, r"scaling", Refusal.BUSY),
    Rule(409, r"", Refusal.TAKEN),
)
OPTIMIZE = BackupApi(
    Component.OPTIMIZE,
    "/actuator/backups",
    {**HISTORY_WORDS, "COMPLETE": Phase.COMPLETED},  # the manual's word; the source says COMPLETED
    "SUCCESS",
    readings=HISTORY_READINGS,
    refusals=(Rule(409, r"", Refusal.TAKEN), *HISTORY_REFUSALS),
)


def _history(component: Component) -> BackupApi:
    return BackupApi(component, "/actuator/backups", HISTORY_WORDS, "SUCCESS", HISTORY_READINGS, HISTORY_REFUSALS)


def _instances(state: str) -> dict[str, object]:
    return {"bool": {"filter": [{"term": {"joinRelation": "processInstance"}}, {"term": {"state": state}}]}}


def _state(state: str) -> dict[str, object]:
    return {"term": {"state": state}}


# Index names carry the version of their template, always 8.x; dated ones are archived instances.
COUNTS = (
    Count("process_definitions", "operate", "process-8.*", {"match_all": {}}),
    Count("decision_definitions", "operate", "decision-8.*", {"match_all": {}}),
    Count(
        "process_instances_active",
        "operate",
        "list-view-8.*",
        _instances("ACTIVE"),
        becomes=("process_instances_completed", "process_instances_canceled"),
    ),
    Count("process_instances_completed", "operate", "list-view-8.*", _instances("COMPLETED")),
    Count("process_instances_canceled", "operate", "list-view-8.*", _instances("CANCELED")),
    Count("incidents_active", "operate", "incident-8.*", _state("ACTIVE"), becomes=("incidents_resolved",)),
    Count("incidents_resolved", "operate", "incident-8.*", _state("RESOLVED")),
    Count(
        "user_tasks_created",
        "tasklist",
        "task-8.*",
        _state("CREATED"),
        becomes=("user_tasks_completed", "user_tasks_canceled"),
    ),
    Count("user_tasks_completed", "tasklist", "task-8.*", _state("COMPLETED")),
    Count("user_tasks_canceled", "tasklist", "task-8.*", _state("CANCELED")),
)

LARGEST_TOTAL = 10_000  # Operate and Tasklist count no further
LARGEST_PAGE = 1_000


def _shown_by_operate(count: str, search: str, state: str | None = None) -> View:
    body = {"size": 1, **({"filter": {"state": state}} if state else {})}
    return View(count, Component.OPERATE, Request("POST", f"/v1/{search}/search", body=body), LARGEST_TOTAL)


def _shown_by_tasklist(count: str, state: str) -> View:
    body = {"pageSize": LARGEST_PAGE, "state": state}
    return View(count, Component.TASKLIST, Request("POST", "/v1/tasks/search", body=body), LARGEST_PAGE)


VIEWS = (
    _shown_by_operate("process_definitions", "process-definitions"),
    _shown_by_operate("decision_definitions", "decision-definitions"),
    _shown_by_operate("process_instances_active", "process-instances", "ACTIVE"),
    _shown_by_operate("process_instances_completed", "process-instances", "COMPLETED"),
    _shown_by_operate("process_instances_canceled", "process-instances", "CANCELED"),
    _shown_by_operate("incidents_active", "incidents", "ACTIVE"),
    _shown_by_tasklist("user_tasks_created", "CREATED"),
    _shown_by_tasklist("user_tasks_completed", "COMPLETED"),
)
PARTITION_BITS = 51  # a key is its partition's number above this many bits


def no_such_task(partition: int, padding: int) -> Request:
    """Complete a user task that cannot exist: its partition must look for it, and says 404.

    Its key is the one below a partition's first. A higher one would do harm: a broker that starts again counts on from
    the highest key in its log, that of a rejected command too, and from the last one into the next partition's keys
    (recorded from Camunda 8.6.0).
    """
    key = partition << PARTITION_BITS
    body = {"variables": {"padding": "x" * padding}} if padding else {}
    return Request("POST", f"/v1/user-tasks/{key}/completion", body=body)


GENERATION = Generation(
    lines=("8.5", "8.6", "8.7"),
    zeebe=BackupApi(Component.ZEEBE, "/actuator/backups", ZEEBE_WORDS, "COMPLETED", refusals=ZEEBE_REFUSALS),
    web_apps=(_history(Component.OPERATE), _history(Component.TASKLIST)),
    optimize=OPTIMIZE,
    apps_read_records=True,
    counts=COUNTS,
    views=VIEWS,
    families={
        Component.OPERATE: ("operate",),
        Component.TASKLIST: ("tasklist",),
        Component.OPTIMIZE: ("optimize",),
        Component.RECORDS: ("records",),
    },
    readiness={
        Component.ZEEBE: "/actuator/health",
        Component.OPERATE: "/actuator/health/readiness",
        Component.TASKLIST: "/actuator/health/readiness",
        Component.OPTIMIZE: "/actuator/health",
    },
    first_command=no_such_task,
    without_soft_pause=("8.5.0",),
    sign_in="cookie",
    rest_sign_in="none",  # without Identity Zeebe's gateway takes everybody
    signed_calls={
        "operate_web": Request("POST", "/v1/process-definitions/search", body={"size": 1}),
        "tasklist_web": Request("POST", "/v1/tasks/search", body={"pageSize": 1}),
    },
)
