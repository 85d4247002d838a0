"""A repository is proven to work, and what its store refuses is named with the permission and who needs it."""

from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import AirflowSkipException

from camunda_backup.clusters import Cluster
from camunda_backup.operators.repository import SetUpRepository
from camunda_backup.storage.repositories import as_registered
from tests.dag_runs.playing import cluster_file, connect
from tests.stand_in import StandIn
from tests.stepping import SPOILED, Run, refused

ENGINES = ("elasticsearch", "opensearch")
TYPES: dict[str, dict[str, Any]] = {
    "fs": {"settings": {"location": "backups"}},
    "s3": {"sign_in": "irsa", "settings": {"bucket": "camunda", "base_path": "prod"}},
    "azure": {"sign_in": "managed_identity", "settings": {"container": "camunda", "client": "backup"}},
    "gcs": {"sign_in": "service_account", "settings": {"bucket": "camunda", "chunk_size": "1gb"}},
}
PROPER = {"elasticsearch": "Elasticsearch", "opensearch": "OpenSearch"}
DENIED = [
    ("s3", "write", "it lacks s3:PutObject"),
    ("s3", "read", "it lacks s3:GetObject"),
    ("s3", "list", "it lacks s3:ListBucket on the bucket itself"),
    ("s3", "delete", "s3:DeleteObject on the objects"),
    ("azure", "write", "containers/blobs/write"),
    ("azure", "read", "containers/blobs/read"),
    ("azure", "list", "containers/blobs/read (listing"),
    ("azure", "delete", "containers/blobs/delete"),
    ("gcs", "write", "it lacks storage.objects.create"),
    ("gcs", "read", "it lacks storage.objects.get"),
    ("gcs", "list", "it lacks storage.objects.list"),
    ("gcs", "delete", "it lacks storage.objects.delete"),
]
PRINCIPALS = {
    "s3": "the role of the search engine's service account may not",
    "azure": "the managed identity of the search engine's machines may not",
    "gcs": "the service account whose key file is in the search engine's keystore may not",
}
TROUBLES = [
    ("s3", "no_bucket", "there is no such bucket or container; create it"),
    ("azure", "no_container", "there is no such bucket or container; create it"),
    ("s3", "no_key_service", "server_side_encryption_type: bucket_default"),
    ("s3", "wrong_key", "the store does not accept who signs in"),
    ("s3", "no_credentials", "repository-s3/aws-web-identity-token-file"),
    ("s3", "no_client", "settings.client names no client"),
    ("gcs", "unreachable", "the search engine's nodes do not reach the store"),
]


@pytest.fixture(scope="module")
def engines() -> Iterator[dict[str, StandIn]]:
    """A stand-in of each engine."""
    with (
        StandIn("8.6", "--engine", "elasticsearch", pace=0.01) as elasticsearch,
        StandIn("8.6", "--engine", "opensearch", pace=0.01) as opensearch,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(ExecutorSafeguard, "test_mode", True)
        stand_ins = dict(zip(ENGINES, (elasticsearch, opensearch), strict=True))
        for engine, stand_in in stand_ins.items():
            connect(f"stores_{engine}", stand_in)
        yield stand_ins


def set_up(engine: str, kind: str, settings: dict[str, Any] | None = None, **fields: Any) -> SetUpRepository:
    """Return the task that sets up a repository."""
    name = f"stores_{engine}"
    told = {**TYPES[kind], **({"settings": settings} if settings else {})}
    file = cluster_file("8.6", "zeebe-first", name, repository={"name": "store", "type": kind, **told})
    file["secondary_storage"]["engine"] = engine
    cluster = Cluster(name=name, **file)
    access, definition = cluster.repository_access(cluster.repository), as_registered(cluster.repository)
    return SetUpRepository(task_id="set_up", cluster=name, access=access, definition=definition, **fields)


def in_condition(stand_in: StandIn, **conditions: Any) -> None:
    """Give a stand-in without repositories, with a store in some condition."""
    stand_in.reset(repository=False)
    stand_in.conditions(**conditions)


@pytest.mark.parametrize(
    ("engine", "kind"),
    [
        pytest.param(engine, kind, marks=pytest.mark.shows("repository", engine=PROPER[engine], store=kind))
        for engine in ENGINES
        for kind in TYPES
    ],
)
def test_every_type_is_proven_and_registered_once(engines: dict[str, StandIn], engine: str, kind: str) -> None:
    in_condition(engines[engine])

    first = set_up(engine, kind).execute(Run().context())
    second = set_up(engine, kind).execute(Run().context())

    assert first == {"registered": True, "nodes": ["stand-in"], "proven": ["write", "list", "read", "delete"]}
    assert second == {**first, "registered": False}


@pytest.mark.parametrize(("kind", "operation", "permission"), DENIED)
@pytest.mark.parametrize("engine", ENGINES)
def test_the_missing_permission_is_named_with_who_needs_it(
    engines: dict[str, StandIn], engine: str, kind: str, operation: str, permission: str
) -> None:
    in_condition(engines[engine], store_denies=[operation])

    told = refused(set_up(engine, kind))

    assert PRINCIPALS[kind] in told
    assert permission in told
    assert "roles/storage.admin" in told or kind != "gcs"


@pytest.mark.parametrize(("kind", "trouble", "sentence"), TROUBLES)
def test_what_else_is_wrong_with_the_store_is_one_sentence(
    engines: dict[str, StandIn], kind: str, trouble: str, sentence: str
) -> None:
    in_condition(engines["opensearch"], store_trouble=trouble)

    assert sentence in refused(set_up("opensearch", kind))


def test_another_definition_is_shown_and_left_alone_unless_it_is_to_be_overwritten(
    engines: dict[str, StandIn],
) -> None:
    in_condition(engines["opensearch"])
    set_up("opensearch", "fs").execute(Run().context())
    other = {"location": "elsewhere"}

    assert "is registered differently and was left alone:\n- " in refused(set_up("opensearch", "fs", other))
    assert set_up("opensearch", "fs", other, overwrite="true").execute(Run().context())["registered"] is True


def test_a_repository_that_was_not_asked_for_is_skipped(engines: dict[str, StandIn]) -> None:
    with pytest.raises(AirflowSkipException, match="only another was asked for"):
        set_up("opensearch", "fs", chosen="another").execute(Run().context())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", r"/_snapshot/store(\?|$)"),
        ("POST", "/_verify"),
        ("PUT", "probe"),
        ("POST", "_restore"),
        ("DELETE", "probe"),
    ],
)
def test_a_call_that_fails_once_leaves_nothing_of_the_probe(
    engines: dict[str, StandIn], method: str, path: str
) -> None:
    search = engines["opensearch"]
    in_condition(search)
    search.fault("search", SPOILED, method=method, path=path)

    refused(set_up("opensearch", "fs"))

    assert "probe" not in search.ask("search", "/_cat/indices?format=json").text
    assert set_up("opensearch", "fs").execute(Run().context())["proven"] == ["write", "list", "read", "delete"]
