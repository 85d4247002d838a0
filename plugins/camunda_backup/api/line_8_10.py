"""Camunda 8.10: what the management port of 8.9 does, behind the REST API's sign-in, with true HTTP codes.

The actuator still answers as on 8.9; a cluster file chooses it with ``management_api: actuator``. Answers come from the
API description (``zeebe/gateway-protocol``, ``v2/backups.yaml`` and ``v2/exporting.yaml``) and from the manual; no such
cluster was at hand to record them from.
"""

from dataclasses import replace

from camunda_backup.api import line_8_8
from camunda_backup.api.backups import BackupApi, Refusal, Rule
from camunda_backup.api.exporting import ExportingApi
from camunda_backup.api.line_8_5 import HISTORY_WORDS, REPOSITORY_TROUBLE, ZEEBE_REFUSALS, ZEEBE_WORDS
from camunda_backup.api.messages import Request
from camunda_backup.states import Component, Phase

RUNTIME = "/v2/backups/runtime"

# Pause and resume are changes of the cluster's configuration: the server waits up to 60 s for all brokers, and one that
# did not end by then stays pending and refuses the next (camunda/camunda #60737).
EXPORTING = ExportingApi(patience=75)

GENERATION = replace(
    line_8_8.GENERATION,
    lines=("8.10",),
    zeebe=BackupApi(
        Component.ZEEBE,
        RUNTIME,
        {**ZEEBE_WORDS, "DELETED": Phase.FAILED},
        "COMPLETED",
        refusals=ZEEBE_REFUSALS,
        guarded="BACKUP",
    ),
    web_apps=(
        BackupApi(
            Component.WEB_APPS,
            "/v2/backups/history",
            HISTORY_WORDS,
            "SUCCESS",
            readings=(Rule(404, REPOSITORY_TROUBLE, Phase.FAILED), Rule(500, REPOSITORY_TROUBLE, Phase.FAILED)),
            refusals=(
                Rule(409, r"(?i)another backup|is running", Refusal.BUSY),
                Rule(409, r"", Refusal.TAKEN),
                Rule(500, REPOSITORY_TROUBLE, Refusal.REFUSED),
            ),
            listing={"verbose": "true"},  # without it the states in the list are wrong
            guarded="BACKUP",
        ),
    ),
    exporting=replace(EXPORTING, control="/v2/exporting", state="/v2/exporting", permission="EXPORTER:PAUSE"),
    generated_ids=Request("GET", f"{RUNTIME}/state"),
    rdbms_lines=("8.10",),
    restore="api",
    over_rest=True,
    actuator=replace(line_8_8.GENERATION, lines=("8.10",), rdbms_lines=("8.10",), exporting=EXPORTING),
)
