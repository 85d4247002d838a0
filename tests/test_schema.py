"""The published schema is the one of the code, and editors that use it agree with what is read."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from camunda_backup.schema import cluster_schema

PROJECT = Path(__file__).parents[1]
PUBLISHED = PROJECT / "include" / "clusters" / "cluster.schema.json"


def complaints(data: dict[str, Any]) -> list[str]:
    """Say what an editor with the published schema underlines."""
    jsonschema = importlib.import_module("jsonschema")  # it comes with Airflow and has no types
    validator = jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text(encoding="utf-8")))
    return [error.json_path for error in validator.iter_errors(data)]


def good() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((PROJECT / "include/sandbox/clusters/embedded.yaml").read_text("utf-8"))
    return data


def test_the_published_schema_is_the_generated_one() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == cluster_schema(), (
        "write it again: python -m camunda_backup.schema > include/clusters/cluster.schema.json"
    )


def test_the_command_in_its_docstring_writes_it() -> None:
    written = subprocess.run(
        [sys.executable, "-m", "camunda_backup.schema"],
        env={"PYTHONPATH": str(PROJECT / "plugins")},
        capture_output=True,
        check=True,
        text=True,
    )
    assert written.stdout == cluster_schema()


def test_it_accepts_a_good_file() -> None:
    assert complaints(good()) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"version": 8.6}, "$.version"),
        ({"order": "zeebe_first"}, "$.order"),
        ({"limits": {"max_pause": "10"}}, "$.limits.max_pause"),
        ({"limits": {"max_pauze": "10m"}}, "$.limits"),
        ({"connections": {}}, "$.connections"),
        ({"secondary_storage": {"engine": "solr", "connection": "a"}}, "$.secondary_storage.engine"),
        ({"pause": "soft"}, "$"),
    ],
)
def test_it_underlines_a_mistake(change: dict[str, Any], path: str) -> None:
    assert path in complaints({**good(), **change})


def test_the_name_is_not_asked_for_because_the_file_has_it() -> None:
    kinds = json.loads(cluster_schema())["$defs"]
    for schema in (kinds["Cluster"], kinds["RdbmsCluster"]):
        assert "name" not in schema["properties"]
        assert "name" not in schema["required"]


def test_defaults_are_shown_as_they_are_written() -> None:
    limits = json.loads(cluster_schema())["$defs"]["Limits"]["properties"]
    assert {name: field["default"] for name, field in limits.items()} == {
        "max_pause": "1h",
        "deadline": "1h",
        "stall": "30m",
        "grace": "1m",
        "faults": "2m",
        "clock_skew": "2m",
    }
