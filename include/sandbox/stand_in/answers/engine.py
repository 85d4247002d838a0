"""How a search engine is described."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.stand_in.answers.entry import Entry, Source, recorded

JSON_UTF8 = "application/json; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Engine:
    """A search engine.

    :param root: answer to ``GET /``, with ``{version}``
    :param health: fields of its cluster health beyond the common ones
    :param snapshot: fields of a snapshot beyond the common ones
    :param snapshots_page: fields beside ``snapshots`` in a list of snapshots
    :param missing_pattern_is_empty: a snapshot pattern nothing fits gives an empty list, not 404
    :param partial_is_success: the status of a partial snapshot says SUCCESS; only its shards tell
    :param repository: fields of a registered repository beyond type and settings
    :param policies: where policies for the life of indices are listed
    :param policies_optional: that is so only with a plugin
    :param wildcard_delete: indices may be deleted by a pattern
    """

    name: str
    version: str
    root: Mapping[str, Any]
    health: Mapping[str, Any]
    snapshot: Mapping[str, Any]
    snapshots_page: Mapping[str, Any]
    missing_pattern_is_empty: bool
    partial_is_success: bool
    repository: Mapping[str, Any]
    policies: str
    policies_optional: bool
    wildcard_delete: bool
    content_type: str
    entries: Mapping[str, Entry]


def error(status: int, kind: str, reason: str, **more: Any) -> Entry:
    """Describe an error in the form both engines use; ``more`` fields stand beside type and reason."""
    cause = {"type": kind, "reason": reason, **more}
    return recorded(status, {"error": {"root_cause": [cause], **cause}, "status": status}, JSON_UTF8)


def documented_error(status: int, kind: str, reason: str) -> Entry:
    """Describe an error known from the engines' source only."""
    return replace(error(status, kind, reason), source=Source.DOCUMENTED)


OUTSIDE_PATH_REPO = {
    "type": "repository_exception",
    "reason": "[{repository}] location [{location}] doesn't match any of the locations specified by path.repo",
}

COMMON: Mapping[str, Entry] = {
    "search.unknown_parameter": error(
        400, "illegal_argument_exception", "request [{path}] contains unrecognized parameter: [{name}]"
    ),
    "search.index_missing": error(
        404,
        "index_not_found_exception",
        "no such index [{name}]",
        index="{name}",
        index_uuid="_na_",
        **{"resource.type": "index_or_alias", "resource.id": "{name}"},
    ),
    "search.index_exists": error(
        400,
        "resource_already_exists_exception",
        "index [{name}/{uuid}] already exists",
        index="{name}",
        index_uuid="{uuid}",
    ),
    "search.unknown_query": error(400, "parsing_exception", "unknown query [{query}]", line=1, col=1),
    "search.bad_json": error(400, "parse_exception", "request body is not valid JSON"),
    "search.template_missing": error(404, "resource_not_found_exception", "index template matching [{name}] not found"),
    "search.repository_missing": error(404, "repository_missing_exception", "[{repository}] missing"),
    "search.repository_type_missing": error(
        400, "action_request_validation_exception", "Validation Failed: 1: type is missing;"
    ),
    "search.repository_type_unknown": error(
        500, "repository_exception", "[{repository}] repository type [{type}] does not exist"
    ),
    "search.repository_location": Entry(
        500,
        {
            "error": {
                "root_cause": [OUTSIDE_PATH_REPO],
                "type": "repository_exception",
                "reason": "[{repository}] failed to create repository",
                "caused_by": OUTSIDE_PATH_REPO,
            },
            "status": 500,
        },
        Source.RECORDED,
        JSON_UTF8,
    ),
    "search.repository_unverified": error(
        500, "repository_verification_exception", "[{repository}] path  is not accessible on cluster-manager node"
    ),
    "search.snapshot_missing": error(404, "snapshot_missing_exception", "[{repository}:{name}] is missing"),
    "search.snapshot_name": error(
        400,
        "invalid_snapshot_name_exception",
        "[{repository}:{name}] Invalid snapshot name [{name}], must be lowercase",
    ),
    "search.restore_missing": error(500, "snapshot_restore_exception", "[{repository}:{name}] snapshot does not exist"),
    "search.restore_open_index": error(
        500,
        "snapshot_restore_exception",
        "[{repository}:{name}] cannot restore index [{index}] because an open index with same name already exists in "
        "the cluster. Either close or delete the existing index or restore the index under a different name by "
        "providing a rename pattern and replacement name",
    ),
    "search.restore_state": documented_error(
        500, "snapshot_restore_exception", "[{repository}:{name}/{uuid}] unsupported snapshot state [{state}]"
    ),
    "search.restore_partial_index": documented_error(
        500,
        "snapshot_restore_exception",
        "[{repository}:{name}/{uuid}] index [{index}] wasn't fully snapshotted - cannot restore",
    ),
    "search.restore_global_state": documented_error(
        500,
        "snapshot_restore_exception",
        "[{repository}:{name}/{uuid}] cannot restore global state since the snapshot was created without global state",
    ),
    "search.document_exists": error(
        409,
        "version_conflict_engine_exception",
        "[{id}]: version conflict, document already exists (current version [1])",
    ),
    "search.shards_failed": documented_error(503, "search_phase_execution_exception", "all shards failed"),
    "search.wrong_method": Entry(
        405,
        {
            "error": "Incorrect HTTP method for uri [{path}] and method [{method}], allowed: [{allowed}]",
            "status": 405,
        },
        Source.RECORDED,
        JSON_UTF8,
    ),
    "search.no_plugin": recorded(
        400, {"error": "no handler found for uri [{path}] and method [{method}]"}, "application/json"
    ),
    "search.no_handler": error(
        400,
        "invalid_index_name_exception",
        "Invalid index name [{name}], must not start with '_'.",
        index="{name}",
        index_uuid="_na_",
    ),
}
