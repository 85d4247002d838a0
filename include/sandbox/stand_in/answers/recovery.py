"""The Restore API of 8.10: from the manual, the API description and the source; no such cluster was at hand."""

from sandbox.stand_in.answers.entry import ACTUATOR, PROBLEM, Entry, documented

ACCEPTED = {"changeId": "{id}", "plannedChanges": "{plan}"}


def problem(status: int, title: str, detail: str) -> Entry:
    """Describe an error of the REST API."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "instance": "{path}"}
    return documented(status, body, PROBLEM)


RECOVERY: dict[str, Entry] = {
    "zeebe.mode.accepted": documented(200, ACCEPTED),
    "zeebe.mode.unknown": problem(400, "Bad Request", "Invalid mode '{mode}'"),
    "zeebe.mode.busy": problem(409, "CONFLICT", "Cannot apply the change: another change is in progress."),
    "zeebe.restore.accepted": documented(202, ACCEPTED),
    "zeebe.restore.not_recovering": problem(409, "CONFLICT", "The cluster is not in recovery mode."),
    "zeebe.restore.no_id": problem(400, "INVALID_ARGUMENT", "No backupId specified"),
    "zeebe.restore.several": problem(
        400, "INVALID_ARGUMENT", "Cannot restore from multiple backups against database type elasticsearch"
    ),
    "zeebe.restore.missing": problem(
        400, "INVALID_ARGUMENT", "No completed backup found for partition {partition} with backup id {id}"
    ),
    "zeebe.restore.partitions": problem(
        400,
        "INVALID_ARGUMENT",
        "Cannot restore backup {id}: it has {there} partitions, but the partition group only has {here}",
    ),
    "zeebe.restore.store_none": problem(
        400, "INVALID_ARGUMENT", "Cannot restore: no backup store is configured on this broker."
    ),
    "zeebe.restore.forbidden": problem(
        403, "FORBIDDEN", "Unauthorized to perform operation 'RESTORE' on resource 'BACKUP'"
    ),
    "zeebe.restore.none": problem(404, "NOT_FOUND", "No restore is currently in progress."),
    "zeebe.change.none": documented(400, {"message": "No change with id {id} is in progress."}, ACTUATOR),
    "zeebe.rest.recovering": problem(503, "UNAVAILABLE", "The partition is in recovery mode."),
}
