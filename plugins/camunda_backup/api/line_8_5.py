"""Camunda 8.5, 8.6 and 8.7: Zeebe, Operate and Tasklist each back up through ``/actuator/backups``.

Answers are recorded from Camunda 8.6.0, with OpenSearch and with Elasticsearch; Optimize's come from the manual.
"""

from camunda_backup.api.backups import BackupApi, Refusal, Rule
from camunda_backup.api.generation import Count, Generation
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


# Index names carry the version of their template, always 8.x; dated ones are archived instances.
COUNTS = (
    Count("process_definitions", "operate", "process-8.*", {"match_all": {}}),
    Count("decision_definitions", "operate", "decision-8.*", {"match_all": {}}),
    Count("process_instances_active", "operate", "list-view-8.*", _instances("ACTIVE")),
    Count("process_instances_completed", "operate", "list-view-8.*", _instances("COMPLETED")),
    Count("process_instances_canceled", "operate", "list-view-8.*", _instances("CANCELED")),
    Count("incidents_active", "operate", "incident-8.*", {"term": {"state": "ACTIVE"}}),
    Count("user_tasks_created", "tasklist", "task-8.*", {"term": {"state": "CREATED"}}),
    Count("user_tasks_completed", "tasklist", "task-8.*", {"term": {"state": "COMPLETED"}}),
)

GENERATION = Generation(
    lines=("8.5", "8.6", "8.7"),
    zeebe=BackupApi(Component.ZEEBE, "/actuator/backups", ZEEBE_WORDS, "COMPLETED", refusals=ZEEBE_REFUSALS),
    web_apps=(_history(Component.OPERATE), _history(Component.TASKLIST)),
    optimize=OPTIMIZE,
    apps_read_records=True,
    counts=COUNTS,
    sign_in="cookie",
    signed_calls={
        "operate_web": Request("POST", "/v1/process-definitions/search", body={"size": 1}),
        "tasklist_web": Request("POST", "/v1/tasks/search", body={"pageSize": 1}),
    },
)
