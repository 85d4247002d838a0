"""Repository definitions: the settings each type takes, and how two of them differ."""

from typing import Any

import pydantic
import pytest

from camunda_backup.storage.repositories import FsRepository, Repository, S3Repository, as_registered, differences

READ: pydantic.TypeAdapter[FsRepository | S3Repository] = pydantic.TypeAdapter(Repository)


def fs(**settings: Any) -> FsRepository | S3Repository:
    return READ.validate_python({"name": "backups", "type": "fs", "settings": {"location": "backups", **settings}})


def s3(**settings: Any) -> FsRepository | S3Repository:
    return READ.validate_python({"name": "backups", "type": "s3", "settings": {"bucket": "camunda", **settings}})


def test_the_type_decides_which_settings_there_are() -> None:
    assert isinstance(fs(), FsRepository)
    assert isinstance(s3(), S3Repository)


@pytest.mark.parametrize(
    "definition",
    [
        {"name": "b", "type": "fs", "settings": {}},
        {"name": "b", "type": "fs", "settings": {"bucket": "x"}},
        {"name": "b", "type": "fs", "settings": {"location": "x", "locaton": "y"}},
        {"name": "b", "type": "s3", "settings": {}},
        {"name": "b", "type": "s3", "settings": {"bucket": "x", "location": "y"}},
        {"name": "b", "type": "s3", "settings": {"bucket": "x", "access_key": "k", "secret_key": "s"}},
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
    ],
    ids=["fs", "fs with settings", "s3"],
)
def test_a_repository_is_registered_as_the_engine_will_show_it(
    repository: FsRepository | S3Repository, registered: dict[str, Any]
) -> None:
    assert as_registered(repository) == registered


@pytest.mark.parametrize("repository", [fs(), fs(readonly=True, compress=True), s3(), s3(base_path="p")])
def test_a_repository_does_not_differ_from_itself(repository: FsRepository | S3Repository) -> None:
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
