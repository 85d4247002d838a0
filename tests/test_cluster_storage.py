"""What a cluster file says of its search engine: wrong repositories and prefixes are refused, each in one sentence."""

from pathlib import Path
from typing import Any

import pytest

from camunda_backup.cluster_files import read_cluster, read_file
from camunda_backup.errors import ClusterFileError
from camunda_backup.states import Component
from tests.test_cluster_files import GONE, changed, mistakes, put

ROLE = "arn:aws:iam::123456789012:role/snapshots"
S3 = {"name": "backups", "type": "s3", "sign_in": "irsa", "settings": {"bucket": "camunda", "base_path": "prod"}}
AZURE = {"name": "backups", "type": "azure", "sign_in": "managed_identity", "settings": {"container": "camunda"}}
GCS = {"name": "backups", "type": "gcs", "sign_in": "workload_identity", "settings": {"bucket": "camunda"}}
AMAZON = {
    "name": "backups",
    "type": "s3",
    "sign_in": "passed_role",
    "settings": {"bucket": "camunda", "region": "eu-central-1", "role_arn": ROLE},
}
NEWER: dict[str, Any] = {"version": "8.8", "connections__operate": GONE, "connections__tasklist": GONE}


@pytest.mark.parametrize("engine", ["elasticsearch", "opensearch"])
@pytest.mark.parametrize("repository", [S3, AZURE, GCS], ids=lambda one: one["type"])
def test_every_type_is_taken_on_both_engines(tmp_path: Path, engine: str, repository: dict[str, Any]) -> None:
    cluster = read_cluster(put(tmp_path, changed(repository=repository, secondary_storage__engine=engine)))
    assert cluster.repository.type == repository["type"]


def test_a_domain_of_amazon_is_taken_with_its_region(tmp_path: Path) -> None:
    amazon = {"region": "eu-central-1", "role_arn": ROLE}
    cluster = read_cluster(put(tmp_path, changed(repository=AMAZON, secondary_storage__amazon=amazon)))
    assert cluster.secondary_storage.amazon
    assert cluster.secondary_storage.amazon.role_arn == ROLE
    signed = {"kind": "sigv4", "region": "eu-central-1", "role_arn": ROLE}
    assert cluster.storage()["access"].items() >= signed.items()
    assert cluster.part(Component.RECORDS)["access"] == cluster.storage()["access"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"repository": {**S3, "sign_in": "passed_role"}},
            "repository.sign_in: passed_role does not exist on opensearch; write irsa or instance_role or keystore",
        ),
        (
            {"repository": {**AZURE, "sign_in": "workload_identity"}},
            "repository.sign_in: workload_identity does not exist on opensearch; write managed_identity or keystore",
        ),
        (
            {"repository": {**S3, "settings": {"bucket": "camunda", "max_multipart_parts": 5}}},
            "repository.settings.max_multipart_parts is for elasticsearch only; leave it out",
        ),
        (
            {"repository": {**S3, "settings": {"bucket": "camunda", "base_path": "/prod"}}},
            "repository.settings.base_path: write it without a slash at its beginning or end",
        ),
        (
            {"repository": {key: value for key, value in S3.items() if key != "sign_in"}},
            "repository.sign_in: it is missing",
        ),
        (
            {"repository": {**S3, "sign_in": "irsa"}, "secondary_storage__amazon": {"region": "eu-central-1"}},
            "repository.sign_in: irsa does not exist on Amazon OpenSearch Service; write passed_role",
        ),
        (
            {"secondary_storage__engine": "elasticsearch", "secondary_storage__amazon": {"region": "eu-central-1"}},
            "secondary_storage: amazon is for engine: opensearch",
        ),
        (
            {
                "repository": AMAZON,
                "secondary_storage__amazon": {"region": "eu-central-1"},
                "secondary_storage__sign_in": "basic",
            },
            "secondary_storage: sign_in: basic must go; requests to Amazon OpenSearch Service are signed",
        ),
        (
            {"optimize_repository": {**S3, "name": "optimize"}},
            "optimize_repository: leave it out, or name connections.optimize",
        ),
        (
            {"connections__optimize": "prod_optimize", "optimize_repository": S3},
            "optimize_repository: leave it out, or give it a name and a place of its own",
        ),
    ],
)
def test_what_the_engine_does_not_take_is_one_sentence(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    assert f"prod.yaml: {sentence}" in "\n".join(mistakes(put(tmp_path, changed(**changes))))


KEYS = [
    (S3, "access_key", "sign_in: irsa or instance_role need no key at all, keystore keeps one on every node"),
    (S3, "secret_key", "opensearch-keystore add s3.client.default.access_key"),
    (AZURE, "key", "sign_in: managed_identity needs no key at all"),
    (AZURE, "sas_token", "opensearch-keystore add azure.client.default.account, then key or sas_token"),
    (GCS, "private_key", "sign_in: workload_identity needs no key file at all"),
    (GCS, "credentials_file", "opensearch-keystore add-file gcs.client.default.credentials_file"),
]


@pytest.mark.parametrize(("repository", "key", "advice"), KEYS)
@pytest.mark.parametrize("field", ["repository", "optimize_repository"])
def test_a_static_key_is_refused_with_the_way_to_do_it_right(
    tmp_path: Path, field: str, repository: dict[str, Any], key: str, advice: str
) -> None:
    with_key = {**repository, "settings": {**repository["settings"], key: "hunter2-let-me-in"}}

    (told,) = mistakes(put(tmp_path, changed(**{field: with_key})))

    assert told.startswith(
        f"prod.yaml: {field}.settings.{key}: a secret must not stand in a cluster file; leave it out"
    )
    assert advice in told
    assert "hunter2" not in told


def test_a_static_key_for_amazon_is_a_role_instead(tmp_path: Path) -> None:
    repository = {**AMAZON, "settings": {**AMAZON["settings"], "access_key": "hunter2-let-me-in"}}  # type: ignore[dict-item]
    changes = {"repository": repository, "secondary_storage__amazon": {"region": "eu-central-1"}}

    (told,) = mistakes(put(tmp_path, changed(**changes)))

    assert "write sign_in: passed_role and the role that the domain takes on as settings.role_arn" in told


def test_optimize_may_have_a_repository_of_its_own(tmp_path: Path) -> None:
    own = {**S3, "name": "optimize", "settings": {"bucket": "camunda", "base_path": "optimize"}}
    data = changed(repository=S3, connections__optimize="prod_optimize", optimize_repository=own)

    cluster = read_cluster(put(tmp_path, data))

    assert cluster.storage()["other_repositories"] == ["optimize"]
    assert cluster.repository_access(cluster.repositories[1])["repository"] == "optimize"


PREFIXES = [
    ("8.6", {"operate": "acme", "tasklist": "acme"}, "the indices of tasklist (acme-…) begin like those of operate"),
    ("8.6", {"operate": "acme", "tasklist": "acme-tasks"}, "so a restore of operate would delete them"),
    ("8.6", {"records": "operate-records"}, "the indices of records (operate-records-…) begin like those of operate"),
    ("8.8", {"operate": "acme"}, "write 'operate' or '<index prefix>-operate' instead of 'acme'"),
    ("8.8", {"operate": "acme-operate"}, "Operate and Tasklist have one index prefix from Camunda 8.8 on, but here it"),
    (
        "8.8",
        {"operate": "acme-operate", "tasklist": "acme-tasklist"},
        "'acme-operate' for operate, 'acme-tasklist' for tasklist, 'camunda' for camunda",
    ),
]


@pytest.mark.parametrize(("version", "prefixes", "sentence"), PREFIXES)
def test_prefixes_that_cannot_be_right_are_one_sentence(
    tmp_path: Path, version: str, prefixes: dict[str, str], sentence: str
) -> None:
    changes = {**(NEWER if version == "8.8" else {}), "secondary_storage__index_prefixes": prefixes}

    (told,) = mistakes(put(tmp_path, changed(**changes)))

    assert told.startswith("prod.yaml: secondary_storage.index_prefixes")
    assert sentence in told


@pytest.mark.parametrize(
    ("version", "prefixes"),
    [
        ("8.6", {"operate": "acme", "tasklist": "tasks"}),
        ("8.6", {"operate": "acme-operate", "tasklist": "acme-tasklist", "records": "acme-records"}),
        ("8.8", {"operate": "acme-operate", "tasklist": "acme-tasklist", "camunda": "acme-camunda"}),
        ("8.8", {"operate": "a-b-operate", "tasklist": "a-b-tasklist", "camunda": "a-b-camunda"}),
    ],
)
def test_prefixes_of_ones_own_are_taken(tmp_path: Path, version: str, prefixes: dict[str, str]) -> None:
    changes = {**(NEWER if version == "8.8" else {}), "secondary_storage__index_prefixes": prefixes}
    cluster = read_cluster(put(tmp_path, changed(**changes)))
    assert cluster.prefixes["operate"] == prefixes["operate"]


DATABASE = {"engine": "rdbms", "dump": {"type": "postgresql", "connection": "prod_db", "location": "/dumps"}}


@pytest.mark.parametrize(
    ("repository", "sentence"),
    [
        (
            {**S3, "settings": {"bucket": "camunda", "secret_key": "hunter2-let-me-in"}},
            "optimize_storage.repository.settings.secret_key: a secret must not stand in a cluster file; leave it out",
        ),
        ({**AZURE, "sign_in": "workload_identity"}, "optimize_storage.repository.sign_in: workload_identity does not"),
        ({**GCS, "settings": {}}, "optimize_storage.repository.settings.bucket: it is missing"),
    ],
    ids=["key", "sign_in", "bucket"],
)
def test_optimizes_repository_beside_a_database_is_told_by_its_own_place(
    tmp_path: Path, repository: dict[str, Any], sentence: str
) -> None:
    data = changed(
        version="8.9",
        connections={"zeebe": "z", "rest": "r", "optimize": "o"},
        secondary_storage=DATABASE,
        repository=GONE,
        optimize_storage={"engine": "opensearch", "connection": "search", "repository": repository},
    )
    with pytest.raises(ClusterFileError) as caught:
        read_file(put(tmp_path, data))
    assert f"prod.yaml: {sentence}" in str(caught.value)
