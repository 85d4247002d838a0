"""Camunda 8.10: as 8.9, and the REST API's twins of exporting and backups, from its API description alone."""

from dataclasses import replace

from sandbox.stand_in.answers import line_8_8
from sandbox.stand_in.answers.entry import PROBLEM, Entry, documented
from sandbox.stand_in.answers.recovery import RECOVERY

LACKING = "Expected {expected} members of partition {partition} but found {found}, current topology: stand-in"
NO_STORE = "Cannot process backup requests. No backup store is configured."


def problem(status: int, title: str, detail: str) -> Entry:
    """Describe an error of the REST API."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "instance": "{path}"}
    return documented(status, body, PROBLEM)


def invalid(detail: str) -> Entry:
    """Describe the refusal of a request that makes no sense."""
    return problem(400, "INVALID_ARGUMENT", detail)


EXPORTING: dict[str, Entry] = {
    "zeebe.exporting.incomplete": documented(
        200,
        {
            "body": LACKING,
            "status": 500,
            "contentType": None,
        },
    ),
    "rest.exporting.done": documented(204),
    "rest.exporting.status": documented(200, {"status": "{status}"}),
    "rest.exporting.invalid": invalid("Expected soft to be true or false"),
    "rest.exporting.incomplete": problem(503, "UNAVAILABLE", LACKING),
    "rest.exporting.hangs": problem(504, "DEADLINE_EXCEEDED", "The change was not completed within 60 seconds."),
    "rest.exporting.overlaps": problem(409, "INVALID_STATE", "Another cluster configuration change is in progress."),
}

RUNTIME: dict[str, Entry] = {
    "rest.runtime.create.scheduled": documented(202, {"backupId": "{id}"}),
    "rest.runtime.create.scheduled_with_id": documented(202, {"backupId": "{id}"}),
    "rest.runtime.create.not_higher": problem(
        409,
        "ALREADY_EXISTS",
        "Requested backup has id {id}. The latest backup has id {latest}. "
        "Id of new backups must be higher than the previous one. ",
    ),
    "rest.runtime.create.scaling": problem(
        409, "INVALID_STATE", "Cannot take backup while scaling is in progress. Wait until it is done."
    ),
    "rest.runtime.create.generated_only": invalid(
        "Cannot take backup with predetermined backupId when continuous backups and/or backup or checkpoint scheduler "
        "is enabled."
    ),
    "rest.runtime.create.not_positive": invalid("A backupId must be provided and it must be > 0"),
    "rest.runtime.get.missing": problem(404, "NOT_FOUND", "Backup with id {id} does not exist"),
    "rest.runtime.get.not_a_number": invalid("Expected a backup ID, but got '{id}'"),
    "rest.runtime.store_none": invalid(NO_STORE),
    "rest.runtime.store_refusing": problem(500, "INTERNAL_ERROR", "The backup store refused the connection: stand-in"),
    "rest.runtime.store_hanging": problem(504, "DEADLINE_EXCEEDED", "Request from gateway to broker timed out."),
}

HISTORY: dict[str, Entry] = {
    "rest.history.create.scheduled": documented(202, {"backupId": "{id}", "scheduledSnapshots": "{snapshots}"}),
    "rest.history.create.exists": problem(
        409, "ALREADY_EXISTS", "A backup with ID [{id}] already exists. Found snapshots: [{snapshots}]"
    ),
    "rest.history.create.busy": problem(409, "INVALID_STATE", "Another backup is running at the moment"),
    "rest.history.create.negative": invalid("BackupId must be a positive Long. Received value: {id}"),
    "rest.history.create.no_id": invalid("BackupId must be provided"),
    "rest.history.create.not_a_number": invalid("BackupId must be a positive Long. Received value: {id}"),
    "rest.history.create.not_json": invalid("Request body cannot be read"),
    "rest.history.create.no_body": invalid("Request body is missing"),
    "rest.history.create.not_supported": problem(
        415, "Unsupported Media Type", "Content-Type '{type}' is not supported"
    ),
    "rest.history.create.broken": problem(
        500, "INTERNAL_ERROR", "The snapshot repository cannot be read: {repository}"
    ),
    "rest.history.get.missing": problem(404, "NOT_FOUND", "No backup with id [{id}] found."),
    "rest.history.get.not_a_number": invalid("BackupId must be a positive Long. Received value: {id}"),
    "rest.history.delete.missing": problem(404, "NOT_FOUND", "No backup with id [{id}] found."),
    "rest.history.unconfigured": invalid("No backup repository configured."),
    "rest.history.no_repository": problem(
        500, "INTERNAL_ERROR", "No repository with name [{repository}] could be found."
    ),
    "rest.history.unreachable": problem(503, "UNAVAILABLE", "The search engine cannot be reached."),
}

LINE = replace(
    line_8_8.LINE,
    version="8.10.0",
    patches={},
    entries={**line_8_8.LINE.entries, **EXPORTING, **RUNTIME, **HISTORY, **RECOVERY},
    rest_management=True,
    restore_api=True,
)
