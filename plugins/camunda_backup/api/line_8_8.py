"""Camunda 8.8 and 8.9: one Orchestration Cluster, whose history backup covers Operate and Tasklist together.

Answers come from the manual and the published sources; no such cluster was at hand to record them from.
"""

from camunda_backup.api.backups import BackupApi
from camunda_backup.api.generation import Generation
from camunda_backup.api.line_8_5 import (
    COUNTS,
    HISTORY_READINGS,
    HISTORY_REFUSALS,
    HISTORY_WORDS,
    OPTIMIZE,
    ZEEBE_REFUSALS,
    ZEEBE_WORDS,
)
from camunda_backup.api.messages import Request
from camunda_backup.states import Component, Phase

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
    counts=COUNTS,
    sign_in="basic",
    signed_calls={"rest": Request("POST", "/v2/process-definitions/search", body={"page": {"limit": 1}})},
    generated_ids=Request("GET", "/actuator/backupRuntime/state"),
)
