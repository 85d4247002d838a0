"""The repository DAG on every type of store and both engines: what the store refuses is named with its permission."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dag_runs.playing import Run, cluster_file, connect, parsed, runner
from tests.stand_in import StandIn

ENGINES = ("elasticsearch", "opensearch")
TYPES: dict[str, dict[str, Any]] = {
    "fs": {"settings": {"location": "backups"}},
    "s3": {"sign_in": "irsa", "settings": {"bucket": "camunda", "base_path": "prod"}},
    "azure": {"sign_in": "managed_identity", "settings": {"container": "camunda", "client": "backup"}},
    "gcs": {"sign_in": "service_account", "settings": {"bucket": "camunda", "chunk_size": "1gb"}},
}
READONLY = {"name": "store", "type": "gcs", **TYPES["gcs"], "settings": {"bucket": "camunda", "readonly": True}}
EVERYTHING = ["write", "list", "read", "delete"]


def name_of(engine: str, kind: str) -> str:
    return f"{kind}-on-{engine}"


@pytest.fixture(scope="module")
def stores(airflow_db: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, StandIn], Any]]:
    """Give a stand-in of each engine, a cluster file for each type, and the DAG for them."""
    folder = tmp_path_factory.mktemp("stores")
    with (
        StandIn("8.6", "--engine", "elasticsearch", pace=0.01) as elasticsearch,
        StandIn("8.6", "--engine", "opensearch", pace=0.01) as opensearch,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("CAMUNDA_BACKUP_CLUSTERS", str(folder))
        stand_ins = dict(zip(ENGINES, (elasticsearch, opensearch), strict=True))
        for engine, stand_in in stand_ins.items():
            for kind, fields in TYPES.items():
                name = name_of(engine, kind)
                file = cluster_file("8.6", "zeebe-first", name, repository={"name": "store", "type": kind, **fields})
                file["secondary_storage"]["engine"] = engine
                if kind == "fs":
                    own = {"name": "own", "type": "fs", "settings": {"location": "optimize"}}
                    file["optimize_repository"] = own
                (folder / f"{name}.yaml").write_text(yaml.safe_dump(file))
                connect(name, stand_in)
        readonly = cluster_file("8.6", "zeebe-first", "readonly", repository=READONLY)
        (folder / "readonly.yaml").write_text(yaml.safe_dump(readonly))
        connect("readonly", opensearch)
        bag = parsed(str(Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"], "set_up_repositories.py")))
        yield stand_ins, bag


@pytest.fixture
def set_up(stores: tuple[dict[str, StandIn], Any], capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Return what sets up the repository of one cluster, with a store in some condition."""
    stand_ins, bag = stores
    run = runner(bag, capfd)

    def set_up_one(engine: str, kind: str, name: str = "", **conditions: Any) -> Run:
        stand_ins[engine].reset(repository=False)
        stand_ins[engine].conditions(**conditions)
        return run("set_up_repositories", cluster=name or name_of(engine, kind))

    return set_up_one


@pytest.mark.parametrize(
    ("engine", "kind"),
    [("opensearch", "fs"), ("elasticsearch", "s3"), ("opensearch", "azure"), ("elasticsearch", "gcs")],
)
def test_every_type_is_set_up_and_proven_on_both_engines(
    stores: tuple[dict[str, StandIn], Any], set_up: Callable[..., Run], engine: str, kind: str
) -> None:
    done = set_up(engine, kind)

    assert done.state == "success", done.errors
    told = done.results(f"set_up_{name_of(engine, kind)}")
    assert told == {"registered": True, "nodes": ["stand-in"], "proven": EVERYTHING}
    registered = stores[0][engine].ask("search", "/_snapshot/store").json()["store"]
    assert registered["type"] == kind
    assert registered["settings"] == TYPES[kind]["settings"]


def test_optimizes_own_repository_is_set_up_as_well(set_up: Callable[..., Run]) -> None:
    done = set_up("opensearch", "fs")

    told = done.results(f"set_up_{name_of('opensearch', 'fs')}_optimize")
    assert told == {"registered": True, "nodes": ["stand-in"], "proven": EVERYTHING}


def test_a_readonly_repository_is_only_listed(
    stores: tuple[dict[str, StandIn], Any], set_up: Callable[..., Run]
) -> None:
    done = set_up("opensearch", "gcs", name="readonly")

    assert done.results("set_up_readonly")["proven"] == ["list"]
    writes = [e for e in stores[0]["opensearch"].journal("search") if "probe" in e["path"]]
    assert writes == []


DENIED = [
    ("elasticsearch", "s3", "write", "it lacks s3:PutObject"),
    ("opensearch", "azure", "delete", "containers/blobs/delete"),
    ("opensearch", "gcs", "list", "it lacks storage.objects.list"),
]
PRINCIPALS = {
    "s3": "the role of the search engine's service account may not",
    "azure": "the managed identity of the search engine's machines may not",
    "gcs": "the service account whose key file is in the search engine's keystore may not",
}


@pytest.mark.parametrize(("engine", "kind", "operation", "permission"), DENIED)
def test_the_missing_permission_is_named_with_who_needs_it(
    set_up: Callable[..., Run], engine: str, kind: str, operation: str, permission: str
) -> None:
    done = set_up(engine, kind, store_denies=[operation])

    assert done.state == "failed"
    assert PRINCIPALS[kind] in done.errors
    assert permission in done.errors
    assert "roles/storage.admin" in done.errors or kind != "gcs"
