"""Reading ``include/clusters/*.yaml``: the good ones become clusters, the others one sentence per mistake."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from camunda_backup.clusters import Cluster
from camunda_backup.errors import ClusterFileError
from camunda_backup.secrets import secret_fields

FOLDER_VARIABLE = "CAMUNDA_BACKUP_CLUSTERS"
DEFAULT_FOLDER = Path("include", "clusters")


def folder() -> Path:
    """Return the cluster files' folder: ``CAMUNDA_BACKUP_CLUSTERS``, or ``include/clusters`` beside ``plugins``."""
    given = os.environ.get(FOLDER_VARIABLE)
    return Path(given) if given else Path(__file__).parents[2] / DEFAULT_FOLDER


def read_cluster(path: Path) -> Cluster:
    """Return the cluster of one file.

    :raises ClusterFileError: with one line per mistake: file, field, what to write instead
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ClusterFileError(f"{path.name}: it is no readable YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise ClusterFileError(f"{path.name}: write fields such as version, connections and repository")
    mistakes = [
        f"{path.name}: {field}: a secret must not stand in a cluster file; put it into an Airflow connection, or into"
        " the search engine's keystore or its cloud identity (IRSA, managed identity, service account)"
        for field in secret_fields(data)
    ]
    if mistakes:
        raise ClusterFileError("\n".join(mistakes))
    if data.get("name", path.stem) != path.stem:
        raise ClusterFileError(f"{path.name}: name: leave it out; the file's name is the cluster's name")
    try:
        return Cluster(**{**{str(key): value for key, value in data.items()}, "name": path.stem})
    except ValidationError as error:
        raise ClusterFileError("\n".join(_sentences(path.name, error))) from error


def read_clusters(where: Path | None = None) -> tuple[list[Cluster], list[str]]:
    """Return all usable clusters, and the mistakes in the other files.

    :param where: the folder; default: :func:`folder`
    """
    clusters, mistakes = [], []
    for path in sorted((where or folder()).glob("*.y*ml")):
        try:
            clusters.append(read_cluster(path))
        except ClusterFileError as error:
            mistakes.append(str(error))
    return clusters, mistakes


def require_all_valid(where: Path | None = None) -> None:
    """Check every cluster file.

    :raises ClusterFileError: with every mistake of every file
    """
    _, mistakes = read_clusters(where)
    if mistakes:
        raise ClusterFileError("\n".join(mistakes))


def _sentences(name: str, error: ValidationError) -> Iterator[str]:
    for mistake in error.errors():
        yield ": ".join(filter(None, (name, ".".join(str(part) for part in mistake["loc"]), _advice(mistake))))


def _advice(mistake: Any) -> str:
    match mistake["type"]:
        case "missing":
            return "it is missing"
        case "extra_forbidden":
            return "there is no such field; see cluster.schema.json for those there are"
        case "literal_error":
            return f"write {mistake['ctx']['expected']} instead of {mistake['input']!r}"
        case "value_error":
            return str(mistake["ctx"]["error"])
        case _:
            return f"{mistake['msg']}, not {mistake['input']!r}"
