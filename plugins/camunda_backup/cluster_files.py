"""Reading ``include/clusters/*.yaml``: the good ones become clusters, the others one sentence per mistake."""

import os
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from camunda_backup.clusters import AnyCluster, Cluster
from camunda_backup.errors import ClusterFileError
from camunda_backup.rdbms_clusters import RdbmsCluster
from camunda_backup.secrets import secret_fields
from camunda_backup.storage.stores import AMAZON, STORES, Store

FOLDER_VARIABLE = "CAMUNDA_BACKUP_CLUSTERS"
DEFAULT_FOLDER = Path("include", "clusters")
QUOTED = re.compile(r"""(['"]).{5,}\1""")
# Where repositories stand, and beside which search engine.
REPOSITORIES = {
    "repository": "secondary_storage",
    "optimize_repository": "secondary_storage",
    "optimize_storage.repository": "optimize_storage",
}
# Fields whose type chooses what else they have.
KINDS: Mapping[str, Container[str]] = {**dict.fromkeys(REPOSITORIES, STORES), "runtime": ("command", "kubernetes")}
# What PyYAML raises for a value that is none, such as the date 2026-13-45, beside its own errors.
NO_VALUE = (ValueError, KeyError, AttributeError)


def folder() -> Path:
    """Return the cluster files' folder: ``CAMUNDA_BACKUP_CLUSTERS``, or ``include/clusters`` beside ``plugins``."""
    given = os.environ.get(FOLDER_VARIABLE)
    return Path(given) if given else Path(__file__).parents[2] / DEFAULT_FOLDER


def read_cluster(path: Path) -> Cluster:
    """Return the cluster of one file, one whose secondary storage is a search engine.

    :raises ClusterFileError: with one line per mistake: file, field, what to write instead
    """
    cluster = read_file(path)
    if not isinstance(cluster, Cluster):
        raise ClusterFileError(f"{path.name}: its secondary storage is no search engine")
    return cluster


def read_file(path: Path) -> AnyCluster:
    """Return the cluster of one file.

    :raises ClusterFileError: with one line per mistake: file, field, what to write instead
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:  # without the text that PyYAML quotes: it may be a secret
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = QUOTED.sub("…", str(error.problem))
        raise ClusterFileError(f"{path.name}: it is no readable YAML{line}: {problem}") from None
    except (OSError, yaml.YAMLError, RecursionError, *NO_VALUE) as error:
        raise ClusterFileError(f"{path.name}: it cannot be read: {type(error).__name__}") from None
    if not isinstance(data, dict):
        raise ClusterFileError(f"{path.name}: write fields such as version, connections and repository")
    try:
        suspects = dict.fromkeys([*secret_fields(data), *_static_keys(data)])
    except RecursionError:
        raise ClusterFileError(f"{path.name}: it contains itself; write it without aliases") from None
    mistakes = [
        f"{path.name}: {field}: a secret must not stand in a cluster file; {_better(data, field)}" for field in suspects
    ]
    if mistakes:
        raise ClusterFileError("\n".join(mistakes))
    if data.get("name", path.stem) != path.stem:
        raise ClusterFileError(f"{path.name}: name: leave it out; the file's name is the cluster's name")
    try:
        return _kind(data)(**{**{str(key): value for key, value in data.items()}, "name": path.stem})
    except ValidationError as error:
        raise ClusterFileError("\n".join(_sentences(path.name, error))) from error


def _kind(data: dict[Any, Any]) -> type[AnyCluster]:
    storage = data.get("secondary_storage")
    return RdbmsCluster if isinstance(storage, dict) and storage.get("engine") == "rdbms" else Cluster


def read_clusters(where: Path | None = None) -> tuple[list[Cluster], list[str]]:
    """Return all usable clusters whose secondary storage is a search engine, and the mistakes in all files.

    :param where: the folder; default: :func:`folder`
    """
    found, mistakes = read_files(where)
    return [cluster for cluster in found if isinstance(cluster, Cluster)], mistakes


def read_rdbms_clusters(where: Path | None = None) -> list[RdbmsCluster]:
    """Return all usable clusters whose secondary storage is a database.

    :param where: the folder; default: :func:`folder`
    """
    return [cluster for cluster in read_files(where)[0] if isinstance(cluster, RdbmsCluster)]


def read_files(where: Path | None = None) -> tuple[list[AnyCluster], list[str]]:
    """Return all usable clusters, and the mistakes in the other files.

    :param where: the folder; default: :func:`folder`
    """
    there = where or folder()
    if not there.is_dir():
        return [], [f"{there}: there is no such folder; correct {FOLDER_VARIABLE}"]
    clusters: dict[str, AnyCluster] = {}
    mistakes = []
    for path in sorted([*there.glob("*.yaml"), *there.glob("*.yml")]):
        if path.stem in clusters:
            mistakes.append(f"{path.name}: there is a {path.stem}.yaml already; keep one of them")
            continue
        try:
            clusters[path.stem] = read_file(path)
        except ClusterFileError as error:
            mistakes.append(str(error))
    return list(clusters.values()), mistakes


def require_all_valid(where: Path | None = None) -> None:
    """Check every cluster file.

    :raises ClusterFileError: with every mistake of every file
    """
    _, mistakes = read_files(where)
    if mistakes:
        raise ClusterFileError("\n".join(mistakes))


def _static_keys(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the settings of snapshot repositories that are keys by another name."""
    for field in REPOSITORIES:
        store, settings = _store(data, field), _mapping(_at(data, field).get("settings"))
        yield from (f"{field}.settings.{name}" for name in settings if store and name in store.secrets)


def _better(data: Mapping[str, Any], field: str) -> str:
    """Return where a secret belongs, in a repository by its provider."""
    repository = next((one for one in REPOSITORIES if field.startswith(f"{one}.")), "")
    store, storage = _store(data, repository), _at(data, REPOSITORIES.get(repository, ""))
    engine = AMAZON if storage.get("amazon") else str(storage.get("engine"))
    if store and (advice := store.without_secrets(engine)):
        return f"leave it out, and {advice}"
    return (
        "put it into an Airflow connection, or into the search engine's keystore or its cloud identity (IRSA, managed"
        " identity, service account)"
    )


def _store(data: Mapping[str, Any], field: str) -> type[Store] | None:
    kind = _at(data, field).get("type")
    return STORES.get(kind) if isinstance(kind, str) else None


def _at(data: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """Return the mapping in a field, by its dotted path; an empty one when there is none."""
    for name in field.split("."):
        data = _mapping(data.get(name))
    return data


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sentences(name: str, error: ValidationError) -> Iterator[str]:
    for mistake in error.errors():
        parts = [str(part) for part in mistake["loc"]]
        # pydantic names the type as if it were a field
        kept = [one for at, one in enumerate(parts) if one not in KINDS.get(".".join(parts[:at]), ())]
        yield ": ".join(filter(None, (name, ".".join(kept), _advice(mistake))))


def _advice(mistake: Any) -> str:
    given, details = mistake["input"], mistake.get("ctx", {})
    shown = repr(given) if isinstance(given, str | int | float) else "what is there"
    advice = {
        "missing": "it is missing",
        "extra_forbidden": "there is no such field; see cluster.schema.json for those there are",
        "literal_error": f"write {details.get('expected')} instead of {shown}",
        "value_error": str(details.get("error")),
        "string_pattern_mismatch": f"{shown} does not fit; see cluster.schema.json for what does",
        "union_tag_invalid": f"type must be one of {details.get('expected_tags')}",
    }
    return advice.get(mistake["type"], f"{mistake['msg']}, not {shown}")


def overlaps(cluster: AnyCluster, clusters: Iterable[AnyCluster]) -> Iterator[str]:
    """Yield clusters on the same search engine whose indices a restore of this one would take for its own."""
    engine, own = cluster.search_engine, cluster.prefixes.values()
    for other in clusters:
        if engine is None or other.search_engine is None or other.search_engine.connection != engine.connection:
            continue
        for theirs in other.prefixes.values():
            if any(theirs != prefix and theirs.startswith(f"{prefix}-") for prefix in own):
                yield (
                    f"the indices {theirs}* of cluster {other.name} would be deleted too: they begin like this"
                    " cluster's; give the clusters prefixes of which none begins with another"
                )
