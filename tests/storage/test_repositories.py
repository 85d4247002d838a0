"""Repository definitions: the settings each type takes, and how two of them differ."""

from typing import Any

import pydantic
import pytest

from camunda_backup.storage.repositories import as_registered, differences
from camunda_backup.storage.stores import STORES, Repository, Store

READ: pydantic.TypeAdapter[Store] = pydantic.TypeAdapter(Repository)
PLACES: dict[str, dict[str, Any]] = {
    "fs": {"settings": {"location": "backups"}},
    "s3": {"sign_in": "irsa", "settings": {"bucket": "camunda"}},
    "azure": {"sign_in": "managed_identity", "settings": {"container": "camunda"}},
    "gcs": {"sign_in": "workload_identity", "settings": {"bucket": "camunda"}},
}


def repository(kind: str, **settings: Any) -> Store:
    place = PLACES[kind]
    definition = {"name": "backups", "type": kind, **place, "settings": {**place["settings"], **settings}}
    return READ.validate_python(definition)


def fs(**settings: Any) -> Store:
    return repository("fs", **settings)


def s3(**settings: Any) -> Store:
    return repository("s3", **settings)


def test_the_type_decides_which_settings_there_are() -> None:
    assert set(PLACES) == set(STORES)
    for kind, store in STORES.items():
        assert type(repository(kind)) is store


@pytest.mark.parametrize(
    "definition",
    [
        {"name": "b", "type": "fs", "settings": {}},
        {"name": "b", "type": "fs", "settings": {"bucket": "x"}},
        {"name": "b", "type": "fs", "settings": {"location": "x", "locaton": "y"}},
        {"name": "b", "type": "fs", "sign_in": "irsa", "settings": {"location": "x"}},
        {"name": "b", "type": "fs", "settings": {"location": "x", "chunk_size": "large"}},
        {"name": "b", "type": "s3", "sign_in": "irsa", "settings": {}},
        {"name": "b", "type": "s3", "settings": {"bucket": "xyz"}},
        {"name": "b", "type": "s3", "sign_in": "password", "settings": {"bucket": "xyz"}},
        {"name": "b", "type": "s3", "sign_in": "irsa", "settings": {"bucket": "No_Bucket"}},
        {"name": "b", "type": "s3", "sign_in": "irsa", "settings": {"bucket": "xyz", "location": "y"}},
        {"name": "b", "type": "s3", "sign_in": "irsa", "settings": {"bucket": "xyz", "access_key": "k"}},
        {"name": "b", "type": "s3", "sign_in": "irsa", "settings": {"bucket": "xyz", "base_path": "/prod"}},
        {"name": "b", "type": "s3", "sign_in": "irsa", "settings": {"bucket": "xyz", "canned_acl": "public-read"}},
        {"name": "b", "type": "azure", "sign_in": "keystore", "settings": {"bucket": "xyz"}},
        {"name": "b", "type": "azure", "sign_in": "keystore", "settings": {"container": "two--dashes"}},
        {"name": "b", "type": "azure", "sign_in": "keystore", "settings": {"container": "xyz", "location_mode": "any"}},
        {"name": "b", "type": "gcs", "sign_in": "keystore", "settings": {"bucket": "xyz"}},
        {"name": "b", "type": "gcs", "sign_in": "service_account", "settings": {"bucket": "xyz", "credentials": "x"}},
        {"name": "b", "type": "url", "settings": {"url": "x"}},
        {"name": "b", "settings": {"location": "x"}},
        {"type": "fs", "settings": {"location": "x"}},
        {"name": "b", "type": "fs"},
        {"name": "b", "type": "fs", "settings": {"location": "x"}, "colour": "blue"},
    ],
)
def test_a_setting_that_is_missing_or_unknown_is_refused(definition: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        READ.validate_python(definition)


@pytest.mark.parametrize(
    ("repository", "registered"),
    [
        (fs(), {"type": "fs", "settings": {"location": "backups"}}),
        (
            fs(compress=False, chunk_size="1gb"),
            {"type": "fs", "settings": {"location": "backups", "compress": "false", "chunk_size": "1gb"}},
        ),
        (
            s3(base_path="prod", client="eu", server_side_encryption=True),
            {
                "type": "s3",
                "settings": {
                    "bucket": "camunda",
                    "base_path": "prod",
                    "client": "eu",
                    "server_side_encryption": "true",
                },
            },
        ),
        (
            repository("azure", location_mode="secondary_only", readonly=True),
            {
                "type": "azure",
                "settings": {"container": "camunda", "location_mode": "secondary_only", "readonly": "true"},
            },
        ),
        (
            repository("gcs", base_path="a/b", application_name="backup"),
            {"type": "gcs", "settings": {"bucket": "camunda", "base_path": "a/b", "application_name": "backup"}},
        ),
    ],
    ids=["fs", "fs with settings", "s3", "azure", "gcs"],
)
def test_a_repository_is_registered_as_the_engine_will_show_it(repository: Store, registered: dict[str, Any]) -> None:
    assert as_registered(repository) == registered


@pytest.mark.parametrize("repository", [fs(), fs(readonly=True, compress=True), s3(), s3(base_path="p")])
def test_a_repository_does_not_differ_from_itself(repository: Store) -> None:
    assert differences(as_registered(repository), as_registered(repository)) == []


@pytest.mark.parametrize(
    ("existing", "lines"),
    [
        (
            {"type": "fs", "settings": {"location": "elsewhere"}},
            ["location: cluster file 'backups', registered 'elsewhere'"],
        ),
        (
            {"type": "fs", "settings": {"location": "backups", "compress": "true"}},
            ["compress: cluster file not set, registered 'true'"],
        ),
        ({"type": "fs", "settings": {}}, ["location: cluster file 'backups', registered not set"]),
        ({"type": "fs"}, ["location: cluster file 'backups', registered not set"]),
        ({"type": "url", "settings": {"location": "backups"}}, ["type: cluster file fs, registered url"]),
        (
            {"type": "s3", "settings": {"bucket": "camunda"}},
            [
                "type: cluster file fs, registered s3",
                "bucket: cluster file not set, registered 'camunda'",
                "location: cluster file 'backups', registered not set",
            ],
        ),
    ],
)
def test_each_difference_is_one_line_with_both_values(existing: dict[str, Any], lines: list[str]) -> None:
    assert differences(as_registered(fs()), existing) == lines


def test_a_value_is_compared_as_the_engine_writes_it() -> None:
    assert differences(as_registered(fs(compress=True)), as_registered(fs(compress=True))) == []
    (line,) = differences(as_registered(fs(compress=True)), as_registered(fs(compress=False)))
    assert line == "compress: cluster file 'true', registered 'false'"


def test_a_difference_never_shows_a_secret_that_somebody_registered() -> None:
    wanted = {"type": "s3", "settings": {"bucket": "backups"}}
    existing = {"type": "s3", "settings": {"bucket": "backups", "secret_key": "hunter2-secret"}}

    assert differences(wanted, existing) == ["secret_key: cluster file not set, registered (hidden)"]
