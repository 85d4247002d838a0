"""OpenSearch 3.8.0, as recorded."""

from sandbox.stand_in.answers.engine import COMMON, JSON_UTF8, Engine, error

ENGINE = Engine(
    name="opensearch",
    version="3.8.0",
    root={
        "name": "stand-in",
        "cluster_name": "stand-in",
        "cluster_uuid": "{uuid}",
        "version": {
            "distribution": "opensearch",
            "number": "{version}",
            "build_type": "stand-in",
            "build_hash": "unknown",
            "build_date": "2026-01-01T00:00:00.000000Z",
            "build_snapshot": False,
            "lucene_version": "10.5.0",
            "minimum_wire_compatibility_version": "2.19.0",
            "minimum_index_compatibility_version": "2.0.0",
        },
        "tagline": "The OpenSearch Project: https://opensearch.org/",
    },
    health={"discovered_master": True, "discovered_cluster_manager": True},
    snapshot={"remote_store_index_shallow_copy": False},
    snapshots_page={},
    missing_pattern_is_empty=False,
    partial_is_success=False,
    repository={},
    policies="/_plugins/_ism/policies",
    policies_optional=True,
    wildcard_delete=True,
    content_type=JSON_UTF8,
    entries={
        **COMMON,
        "search.snapshot_exists": error(
            400,
            "invalid_snapshot_name_exception",
            "[{repository}:{name}] Invalid snapshot name [{name}], snapshot with the same name already exists",
        ),
    },
)
