"""Camunda 8.5 to 8.7: recorded from 8.6.0 on OpenSearch, what the manual adds is marked documented."""

from dataclasses import replace
from typing import Any

from sandbox.stand_in.answers.backup_parts import (
    OPERATE_DETAILS,
    OPERATE_PARTS,
    TASKLIST_PARTS,
    TASKLIST_TEMPLATES,
    plain,
)
from sandbox.stand_in.answers.entry import ACTUATOR, PROBLEM, Entry, Line, Source, WebApp, documented, recorded

LOGIN_ERROR = "application/json;charset=UTF-8"


def spring(status: int, error: str) -> Entry:
    """Describe Spring's own error form."""
    return recorded(status, {"timestamp": "{now}", "status": status, "error": error, "path": "{path}"})


def zeebe_problem(status: int, title: str, detail: str) -> Entry:
    """Describe an error of Zeebe's REST API."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "instance": "{path}"}
    return recorded(status, body, PROBLEM)


def operate_problem(status: int, message: str) -> Entry:
    """Describe an error of Operate."""
    kind = "Requested resource not found" if status == 404 else "Invalid request"
    body = {"status": status, "message": message, "instance": "{uuid}", "type": kind}
    return recorded(status, body, PROBLEM)


def tasklist_problem(status: int, message: str) -> Entry:
    """Describe an error of Tasklist; its own troubles carry no instance."""
    instance = "{uuid}" if status < 500 else None
    return recorded(status, {"status": status, "message": message, "instance": instance}, PROBLEM)


def optimize_problem(status: int, message: str) -> Entry:
    """Describe an error of Optimize; its field names are not confirmed by any recording."""
    body = {"errorCode": "{code}", "errorMessage": message, "detailedMessage": message}
    return documented(status, body)


def actuator(status: int, message: str) -> Entry:
    """Describe an error of Zeebe's actuator."""
    return recorded(status, {"message": message}, ACTUATOR)


ANY_ROLE: dict[str, Entry] = {
    "spring.400": spring(400, "Bad Request"),
    "spring.404": spring(404, "Not Found"),
    "spring.405": spring(405, "Method Not Allowed"),
    "spring.415": spring(415, "Unsupported Media Type"),
    "spring.500": replace(spring(500, "Internal Server Error"), source=Source.DOCUMENTED),
    "spring.no_such_group": recorded(404),
}

EXPORTING: dict[str, Entry] = {
    "zeebe.exporting.done": recorded(200, {"body": None, "status": 204, "contentType": None}),
    "zeebe.exporting.unknown": recorded(
        200,
        {
            "body": {
                "cause": None,
                "stackTrace": [],
                "message": "Unknown operation: {operation}",
                "suppressed": [],
                "localizedMessage": "Unknown operation: {operation}",
            },
            "status": 500,
            "contentType": None,
        },
    ),
    "zeebe.exporting.incomplete": documented(
        200,
        {
            "body": {
                "message": "Expected {expected} members of partition {partition} but found {found}, current topology: "
                "stand-in"
            },
            "status": 500,
            "contentType": None,
        },
    ),
}

ZEEBE: dict[str, Entry] = {
    "zeebe.create.scheduled": recorded(
        202,
        {"message": "A backup with id {id} has been scheduled. Use GET actuator/backups/{id} to monitor the status."},
        ACTUATOR,
    ),
    "zeebe.create.not_higher": actuator(
        409,
        "Requested backup has id {id}. The latest backup has id {latest}. "
        "Id of new backups must be higher than the previous one. ",
    ),
    "zeebe.create.not_positive": actuator(400, "A backupId must be provided and it must be > 0"),
    "zeebe.get.missing": actuator(404, "Backup with id {id} does not exist"),
    "zeebe.get.not_a_number": spring(400, "Bad Request"),
    "zeebe.store_none": actuator(
        400,
        "Cannot process backup requests. No backup store is configured. To use this feature, configure backup in "
        "broker configuration.",
    ),
    "zeebe.store_refusing": actuator(
        500,
        "software.amazon.awssdk.core.exception.SdkClientException: Unable to execute HTTP request: "
        "Connection refused: stand-in",
    ),
    "zeebe.store_hanging": actuator(
        504, "Request from gateway to broker timed out. Request backup-api-1 to stand-in timed out in PT15S"
    ),
    "zeebe.rest.unroutable": zeebe_problem(
        503,
        "io.camunda.zeebe.broker.client.api.PartitionNotFoundException",
        "Expected to handle REST API request, but request could not be delivered",
    ),
    "zeebe.rest.unauthorized": documented(
        401,
        {
            "type": "about:blank",
            "title": "Unauthorized",
            "status": 401,
            "detail": "An Authentication object was not found in the SecurityContext",
            "instance": "{path}",
        },
        PROBLEM,
    ),
    "zeebe.rest.swallowed": zeebe_problem(
        504,
        "java.util.concurrent.TimeoutException",
        "Expected to handle REST API request, but request timed out between gateway and broker",
    ),
    "zeebe.rest.no_process": zeebe_problem(
        404,
        "NOT_FOUND",
        "Command 'CREATE' rejected with code 'NOT_FOUND': Expected to find process definition with process ID "
        "'{process}', but none found",
    ),
    "zeebe.rest.no_process_named": zeebe_problem(
        400, "INVALID_ARGUMENT", "At least one of [processDefinitionId, processDefinitionKey] is required."
    ),
    "zeebe.rest.unreadable": zeebe_problem(400, "Bad Request", "Failed to read request"),
    "zeebe.rest.rejected": zeebe_problem(404, "NOT_FOUND", "{reason}"),
    "zeebe.rest.invalid": zeebe_problem(400, "INVALID_ARGUMENT", "{reason}"),
}

NO_ANSWER = "Exception occurred when validating existence of repository with name [{repository}]."

OPERATE: dict[str, Entry] = {
    "operate.create.scheduled": recorded(200, {"scheduledSnapshots": "{snapshots}"}),
    "operate.create.exists": operate_problem(
        400, "A backup with ID [{id}] already exists. Found snapshots: [{snapshots}]"
    ),
    "operate.create.unsure@opensearch": operate_problem(
        400, "Exception occurred when validating whether backup with ID [{id}] already exists."
    ),
    "operate.create.busy": operate_problem(400, "Another backup is running at the moment"),
    "operate.create.negative": operate_problem(400, "BackupId must be a non-negative Integer. Received value: {id}"),
    "operate.create.no_id": operate_problem(400, "BackupId must be provided"),
    "operate.create.not_a_number": operate_problem(
        400,
        'JSON parse error: Cannot deserialize value of type `java.lang.Long` from String "{id}": '
        "not a valid `java.lang.Long` value",
    ),
    "operate.create.not_json": operate_problem(400, "JSON parse error: Unrecognized token"),
    "operate.create.no_body": operate_problem(400, "Required request body is missing: stand-in"),
    "operate.create.not_supported": operate_problem(400, "Content-Type '{type}' is not supported"),
    "operate.create.broken": operate_problem(
        400, "Exception occurred when validating whether backup with ID [{id}] already exists."
    ),
    "operate.get.missing": operate_problem(404, "No backup with id [{id}] found."),
    "operate.get.running@opensearch": operate_problem(
        400, "Exception occurred when searching for backup with ID [{id}]."
    ),
    "operate.get.not_a_number": operate_problem(
        400,
        "Failed to convert value of type 'java.lang.String' to required type 'java.lang.Long'; "
        'For input string: "{id}"',
    ),
    "operate.unconfigured": operate_problem(400, "No backup repository configured."),
    "operate.no_repository": operate_problem(400, "No repository with name [{repository}] could be found."),
    "operate.no_repository.list@elasticsearch": recorded(200, []),
    "operate.no_repository.get@elasticsearch": operate_problem(400, "Index 0 out of bounds for length 0"),
    "operate.unreachable": operate_problem(400, NO_ANSWER),
    "operate.unreachable.list": operate_problem(
        400,
        "Exception occurred when searching for backups: Failed to get snapshot camunda_operate_* in repository "
        "{repository}",
    ),
    "operate.unreachable.get": operate_problem(400, "Exception occurred when searching for backup with ID [{id}]."),
    "operate.unauthorized": recorded(401, {"message": ""}, LOGIN_ERROR),
}

TASKLIST: dict[str, Entry] = {
    "tasklist.create.scheduled": recorded(200, {"scheduledSnapshots": "{snapshots}"}),
    "tasklist.create.exists": tasklist_problem(
        400, "A backup with ID [{id}] already exists. Found snapshots: [{snapshots}]"
    ),
    "tasklist.create.busy": tasklist_problem(400, "Another backup is running at the moment"),
    "tasklist.create.negative": tasklist_problem(400, "BackupId must be a non-negative Long. Received value: {id}"),
    "tasklist.create.no_id": tasklist_problem(400, "BackupId must be provided"),
    "tasklist.create.not_a_number": spring(400, "Bad Request"),
    "tasklist.create.not_json": spring(400, "Bad Request"),
    "tasklist.create.no_body": spring(400, "Bad Request"),
    "tasklist.create.not_supported": spring(415, "Unsupported Media Type"),
    "tasklist.create.broken": tasklist_problem(
        502,
        "Encountered an error connecting to Elasticsearch while searching for duplicate backup. "
        "Repository name: [{repository}].",
    ),
    "tasklist.get.missing": tasklist_problem(404, "No backup with id [{id}] found."),
    "tasklist.get.not_a_number": spring(400, "Bad Request"),
    "tasklist.unconfigured": tasklist_problem(404, "No backup repository configured."),
    "tasklist.no_repository": tasklist_problem(500, "No repository with name [{repository}] could be found."),
    "tasklist.no_repository.list@elasticsearch": recorded(200, []),
    "tasklist.unreachable": tasklist_problem(
        502,
        "Encountered an error connecting to Elasticsearch while searching for snapshots. "
        "Repository name: [{repository}].",
    ),
    "tasklist.unreachable.create@opensearch": tasklist_problem(500, NO_ANSWER),
    "tasklist.unreachable.delete@opensearch": tasklist_problem(500, NO_ANSWER),
    "tasklist.unauthorized": recorded(401, {"message": ""}, LOGIN_ERROR),
}

OPTIMIZE: dict[str, Entry] = {
    "optimize.create.scheduled": documented(
        202,
        {
            "message": "Backup creation for ID {id} has been scheduled. Use the GET API to monitor completion of "
            "backup process"
        },
    ),
    "optimize.create.exists": optimize_problem(409, "A backup with ID [{id}] already exists."),
    "optimize.create.invalid": optimize_problem(400, "backupId must be a positive integer"),
    "optimize.create.broken": optimize_problem(502, "The snapshot repository cannot be read."),
    "optimize.get.missing": optimize_problem(404, "No Optimize backup with ID [{id}] could be found."),
    "optimize.unconfigured": optimize_problem(400, "No snapshot repository name is configured."),
    "optimize.no_repository": optimize_problem(400, "No repository with name [{repository}] could be found."),
    "optimize.unreachable": optimize_problem(502, "The search engine cannot be reached."),
}


def web_app(role: str, parts: tuple[tuple[str, ...], ...], section: str, **more: Any) -> WebApp:
    """Describe Operate or Tasklist."""
    bean = f"io.camunda.{role}.property.{role.capitalize()}Properties"
    return WebApp(
        role=role,
        backups="/actuator/backups",
        snapshots=f"camunda_{role}",
        parts=parts,
        doors=(f"{role}_web", f"{role}_management"),
        properties=(f"camunda.{role}", bean, section),
        **more,
    )


LINE = Line(
    version="8.6.0",
    patches={"optimize": "8.6.20"},
    zeebe_backups="/actuator/backups",
    web_apps=(
        web_app("operate", OPERATE_PARTS, "opensearch", empty_failures=False),
        web_app("tasklist", TASKLIST_PARTS, "openSearch", pretty=True, trouble_seconds=120),
    ),
    entries={**ANY_ROLE, **EXPORTING, **ZEEBE, **OPERATE, **TASKLIST, **OPTIMIZE},
    indices=(*plain(OPERATE_PARTS), *plain(TASKLIST_PARTS)),
    templates=("operate-list-view-8.3.0_", *OPERATE_DETAILS, *TASKLIST_TEMPLATES),
    tasks_index="tasklist-task-8.5.0_",
    importers=True,
    unified=False,
)
