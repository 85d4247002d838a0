"""Types of repository: what each search engine takes, who signs in, and what that one must be allowed to do."""

from typing import Any

import pytest

from camunda_backup.storage.stores import AMAZON, STORES, Store
from camunda_backup.storage.stores.store import Operation
from tests.storage.test_repositories import READ, repository

ROLE = "arn:aws:iam::123456789012:role/snapshots"
ENGINES = ("elasticsearch", "opensearch", AMAZON)


def signed_in(kind: str, sign_in: str, **settings: Any) -> Store:
    definition = repository(kind, **settings).model_dump(exclude_none=True)
    return READ.validate_python({**definition, "type": kind, "sign_in": sign_in})


@pytest.mark.parametrize(
    ("kind", "sign_in", "engines"),
    [
        ("s3", "irsa", {"elasticsearch", "opensearch"}),
        ("s3", "instance_role", {"elasticsearch", "opensearch"}),
        ("s3", "keystore", {"elasticsearch", "opensearch"}),
        ("s3", "passed_role", {AMAZON}),
        ("azure", "managed_identity", {"elasticsearch", "opensearch"}),
        ("azure", "workload_identity", {"elasticsearch"}),
        ("azure", "keystore", {"elasticsearch", "opensearch"}),
        ("gcs", "service_account", {"elasticsearch", "opensearch"}),
        ("gcs", "workload_identity", {"elasticsearch", "opensearch"}),
    ],
)
def test_each_engine_takes_only_the_ways_to_sign_in_that_it_has(kind: str, sign_in: str, engines: set[str]) -> None:
    passed = {"role_arn": ROLE, "region": "eu-central-1"}
    for engine in ENGINES:
        store = signed_in(kind, sign_in, **(passed if engine == AMAZON and kind == "s3" else {}))
        problems = list(store.problems(engine))
        assert (problems == []) is (engine in engines), problems


def test_a_shared_folder_needs_nobody_to_sign_in() -> None:
    for engine in ENGINES[:2]:
        assert list(repository("fs").problems(engine)) == []


@pytest.mark.parametrize(
    ("kind", "setting", "value", "engine"),
    [
        ("fs", "max_number_of_snapshots", 100, "elasticsearch"),
        ("s3", "delete_objects_max_size", 100, "elasticsearch"),
        ("s3", "server_side_encryption_type", "bucket_default", "opensearch"),
        ("s3", "expected_bucket_owner", "123456789012", "opensearch"),
        ("azure", "max_concurrent_batch_deletes", 5, "elasticsearch"),
        ("gcs", "application_name", "backup", "elasticsearch"),
    ],
)
def test_a_setting_of_one_engine_is_refused_on_the_other(kind: str, setting: str, value: Any, engine: str) -> None:
    for one in ENGINES[:2]:
        expected = [] if one == engine else [f"settings.{setting} is for {engine} only; leave it out"]
        assert list(repository(kind, **{setting: value}).problems(one)) == expected


def test_a_domain_of_amazon_is_passed_a_role_and_told_the_region() -> None:
    problems = "; ".join(signed_in("s3", "passed_role", client="eu").problems(AMAZON))

    assert "settings.role_arn is missing" in problems
    assert "settings.region is missing: the bucket's" in problems
    assert "settings.client must go" in problems


def test_a_role_to_pass_is_for_amazon_alone() -> None:
    (problem,) = repository("s3", role_arn=ROLE).problems("elasticsearch")
    assert problem.startswith("settings.role_arn is for Amazon OpenSearch Service")


@pytest.mark.parametrize("kind", ["fs", "azure", "gcs"])
def test_amazon_keeps_snapshots_in_s3_alone(kind: str) -> None:
    assert list(repository(kind).problems(AMAZON)) == [
        f"type: {kind} does not exist on {AMAZON}, which keeps snapshots in S3 alone; write s3"
    ]


def test_a_secondary_location_is_readonly() -> None:
    wrong = repository("azure", location_mode="secondary_only", readonly=False)
    assert [problem.split(":")[0] for problem in wrong.problems("elasticsearch")] == ["settings.readonly"]


@pytest.mark.parametrize("kind", STORES)
def test_every_type_says_what_each_operation_needs_and_how_it_is_given(kind: str) -> None:
    store = STORES[kind]
    assert set(store.permissions) == set(Operation)
    assert store.grant
    ways = {way for known in store.sign_ins.values() for way in known}
    assert set(store.principals) == ways


@pytest.mark.parametrize("kind", ["s3", "azure", "gcs"])
def test_two_repositories_at_one_place_are_known_by_it(kind: str) -> None:
    assert repository(kind).place == repository(kind, readonly=True).place
    assert repository(kind).place != repository(kind, base_path="other").place
