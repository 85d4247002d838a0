"""What Optimize has in the search engine before it has imported anything."""

from typing import Any

IMPORT_INDICES = ("optimize-position-based-import-index_v3", "optimize-timestamp-based-import-index_v5")
FIRST_DOCUMENTS: dict[str, dict[str, dict[str, Any]]] = {
    "optimize-position-based-import-index_v3": {
        "zeebeProcessInstanceImportIndex-1": {
            "dataSource": {"type": "zeebe", "name": "zeebe-record", "partitionId": 1},
            "positionOfLastEntity": 0,
            "sequenceOfLastEntity": 0,
            "esTypeIndexRefersTo": "zeebeProcessInstanceImportIndex",
            "hasSeenSequenceField": False,
        }
    },
    "optimize-timestamp-based-import-index_v5": {"external-variable": {"timestamp": "2026-01-01T00:00:00Z"}},
    "optimize-metadata_v3": {"1": {"schemaVersion": "stand-in", "installationId": "stand-in"}},
    "optimize-settings_v3": {"1": {"sharingEnabled": True}},
    "optimize-report_v8": {"stand-in": {"name": "A report of the stand-in", "owner": "demo"}},
}
