"""Camunda 8.8: none was at hand, so everything here is from the manual, the API descriptions and the source."""

from sandbox.stand_in.answers.backup_parts import dated, indices, plain
from sandbox.stand_in.answers.entry import ACTUATOR, Entry, Line, WebApp, documented, documented_only
from sandbox.stand_in.answers.line_8_6 import ANY_ROLE, EXPORTING, OPTIMIZE, ZEEBE

TASKS = "tasklist-task-8.8.0_"


def history(status: int, message: str) -> Entry:
    """Describe an error of the history backup."""
    return documented(status, {"message": message}, ACTUATOR)


UNCHANGED = documented_only({**ANY_ROLE, **EXPORTING, **ZEEBE, **OPTIMIZE})

RUNTIME: dict[str, Entry] = {
    "zeebe.create.scheduled_with_id": documented(
        202,
        {
            "message": "A backup with id {id} has been scheduled. Use GET actuator/backups/{id} to monitor the status.",
            "backupId": "{id}",
        },
        ACTUATOR,
    ),
    "zeebe.create.generated_only": documented(
        400,
        {
            "message": "Cannot take backup with predetermined backupId when continuous backups and/or backup or "
            "checkpoint scheduler is enabled. Use POST actuator/backupRuntime without specifying a backupId."
        },
        ACTUATOR,
    ),
    "zeebe.create.scaling": documented(
        409, {"message": "Cannot take backup while scaling is in progress. Wait until it is done."}, ACTUATOR
    ),
    "zeebe.get.not_a_number": documented(
        400, {"message": "Expected a backup ID or prefix ending with '*', but got '{id}'"}, ACTUATOR
    ),
}

HISTORY: dict[str, Entry] = {
    "webapps.create.scheduled": documented(200, {"scheduledSnapshots": "{snapshots}"}, ACTUATOR),
    "webapps.create.exists": history(400, "A backup with ID [{id}] already exists. Found snapshots: [{snapshots}]"),
    "webapps.create.busy": history(400, "Another backup is running at the moment"),
    "webapps.create.negative": history(400, "BackupId must be a positive Long. Received value: {id}"),
    "webapps.create.no_id": history(400, "BackupId must be provided"),
    "webapps.create.not_a_number": history(400, "BackupId must be a positive Long. Received value: {id}"),
    "webapps.create.not_json": UNCHANGED["spring.400"],
    "webapps.create.no_body": UNCHANGED["spring.415"],
    "webapps.create.not_supported": UNCHANGED["spring.415"],
    "webapps.create.broken": history(502, "The snapshot repository [{repository}] cannot be read."),
    "webapps.get.missing": history(404, "No backup with id [{id}] found."),
    "webapps.get.not_a_number": UNCHANGED["spring.400"],
    "webapps.delete.missing": history(404, "No backup with id [{id}] found."),
    "webapps.unconfigured": history(400, "No backup repository configured."),
    "webapps.no_repository": history(404, "No repository with name [{repository}] could be found."),
    "webapps.unauthorized": UNCHANGED["zeebe.rest.unauthorized"],
    "webapps.unreachable": history(502, "The search engine cannot be reached."),
}

TASK_VARIABLES = indices("tasklist-draft-task-variable-8.3.0_", "tasklist-task-variable-8.3.0_")
DETAILS = indices(
    "operate-event-8.3.0_",
    "operate-flownode-instance-8.3.1_",
    "operate-incident-8.3.1_",
    "operate-job-8.6.0_",
    "operate-message-8.5.0_",
    "operate-post-importer-queue-8.3.0_",
    "operate-sequence-flow-8.3.0_",
    "operate-variable-8.3.0_",
    "operate-decision-instance-8.3.0_",
    *TASK_VARIABLES,
    "camunda-correlated-message-subscription-8.8.0_",
)
PARTS = (
    indices("operate-metadata-8.8.0_"),
    indices("operate-list-view-8.3.0_", TASKS),
    dated("operate-list-view-8.3.0_", TASKS),
    indices("operate-batch-operation-1.0.0_", "operate-operation-8.4.1_"),
    DETAILS,
    dated(*DETAILS),
    indices(
        "operate-decision-8.3.0_",
        "operate-decision-requirements-8.3.0_",
        "operate-metric-8.3.0_",
        "operate-process-8.3.0_",
        "tasklist-form-8.4.0_",
        "tasklist-metric-8.3.0_",
        "camunda-authorization-8.8.0_",
        "camunda-group-8.8.0_",
        "camunda-mapping-rule-8.8.0_",
        "camunda-role-8.8.0_",
        "camunda-tenant-8.8.0_",
        "camunda-user-8.8.0_",
        "camunda-usage-metric-8.8.0_",
        "camunda-usage-metric-tu-8.8.0_",
        "camunda-web-session-8.8.0_",
    ),
)

LINE = Line(
    version="8.8.0",
    patches={"optimize": "8.8.1"},
    zeebe_backups="/actuator/backupRuntime",
    web_apps=(
        WebApp(
            role="webapps",
            backups="/actuator/backupHistory",
            snapshots="camunda_webapps",
            parts=PARTS,
            doors=("zeebe_rest", "zeebe_management"),
            properties=("camunda.operate", "io.camunda.operate.property.OperateProperties", "opensearch"),
            login=False,
            grace=True,
            lowest_id=1,
        ),
    ),
    entries={**UNCHANGED, **RUNTIME, **HISTORY},
    indices=plain(PARTS),
    templates=plain(PARTS[1:6]),
    tasks_index=TASKS,
    importers=False,
    unified=True,
)
