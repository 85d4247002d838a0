"""Elasticsearch 8.19.0: the snapshot API as recorded, the rest like OpenSearch where nothing else is known."""

from sandbox.stand_in.answers.engine import COMMON, Engine, error
from sandbox.stand_in.messages import JSON

NO_WILDCARD = "Wildcard expressions or all indices are not allowed"

ENGINE = Engine(
    name="elasticsearch",
    version="8.19.0",
    root={
        "name": "stand-in",
        "cluster_name": "stand-in",
        "cluster_uuid": "{uuid}",
        "version": {
            "number": "{version}",
            "build_flavor": "default",
            "build_type": "stand-in",
            "build_hash": "unknown",
            "build_date": "2026-01-01T00:00:00.000000Z",
            "build_snapshot": False,
            "lucene_version": "9.12.2",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "You Know, for Search",
    },
    health={"unassigned_primary_shards": 0},
    snapshot={"repository": "{repository}", "feature_states": []},
    snapshots_page={"total": "{total}", "remaining": 0},
    missing_pattern_is_empty=True,
    partial_is_success=True,
    repository={"uuid": "stand-in-repository-0"},
    policies="/_ilm/policy",
    policies_optional=False,
    wildcard_delete=False,
    content_type=JSON,
    entries={
        **COMMON,
        "search.snapshot_exists": error(
            400,
            "snapshot_name_already_in_use_exception",
            "[{repository}:{name}] Invalid snapshot name [{name}], snapshot with the same name already exists",
        ),
        "search.wildcard_delete": error(400, "illegal_argument_exception", NO_WILDCARD),
    },
)
