"""Which indices are in which part of a web app's backup, as recorded from Camunda 8.6.0."""

Parts = tuple[tuple[str, ...], ...]


def indices(*names: str) -> tuple[str, ...]:
    """Give index names as one part of a backup."""
    return names


def dated(*names: str) -> tuple[str, ...]:
    """Give patterns of the archived, dated twins of indices, without these themselves."""
    return (*(f"{name}*" for name in names), *(f"-{name}" for name in names))


def plain(parts: Parts) -> tuple[str, ...]:
    """Give the index names among the patterns of all parts."""
    return tuple(n for part in parts for n in part if "*" not in n and not n.startswith("-"))


OPERATE_DETAILS = indices(
    "operate-batch-operation-1.0.0_",
    "operate-decision-instance-8.3.0_",
    "operate-event-8.3.0_",
    "operate-flownode-instance-8.3.1_",
    "operate-incident-8.3.1_",
    "operate-job-8.6.0_",
    "operate-message-8.5.0_",
    "operate-operation-8.4.1_",
    "operate-post-importer-queue-8.3.0_",
    "operate-sequence-flow-8.3.0_",
    "operate-user-task-8.5.0_",
    "operate-variable-8.3.0_",
)
OPERATE_PARTS = (
    indices("operate-import-position-8.3.0_"),
    indices("operate-list-view-8.3.0_"),
    dated("operate-list-view-8.3.0_"),
    OPERATE_DETAILS,
    dated(*OPERATE_DETAILS),
    indices(
        "operate-decision-8.3.0_",
        "operate-decision-requirements-8.3.0_",
        "operate-metric-8.3.0_",
        "operate-migration-steps-repository-1.1.0_",
        "operate-process-8.3.0_",
        "operate-user-1.2.0_",
        "operate-web-session-1.1.0_",
    ),
)
TASKLIST_DETAILS = indices(
    "tasklist-draft-task-variable-8.3.0_",
    "tasklist-flownode-instance-8.3.0_",
    "tasklist-list-view-8.6.0_",
    "tasklist-task-variable-8.3.0_",
    "tasklist-variable-8.3.0_",
)
TASKLIST_TEMPLATES = indices(
    "tasklist-draft-task-variable-8.3.0_",
    "tasklist-list-view-8.6.0_",
    "tasklist-task-8.5.0_",
    "tasklist-task-variable-8.3.0_",
)
TASKLIST_PARTS = (
    indices("tasklist-import-position-8.2.0_"),
    indices("tasklist-process-instance-8.3.0_", "tasklist-task-8.5.0_"),
    dated("tasklist-task-8.5.0_"),
    TASKLIST_DETAILS,
    dated(*TASKLIST_DETAILS),
    indices(
        "tasklist-form-8.4.0_",
        "tasklist-metric-8.3.0_",
        "tasklist-migration-steps-repository-1.1.0_",
        "tasklist-process-8.4.0_",
        "tasklist-user-1.4.0_",
        "tasklist-web-session-1.1.0_",
    ),
)
