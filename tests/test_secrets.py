"""What is taken for a secret in a cluster file, and what is not."""

from typing import Any

import pytest

from camunda_backup.secrets import harmless, looks_secret, secret_fields


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "Password",
        "PASSWD",
        "db_password",
        "client_secret",
        "clientSecret",
        "token",
        "bearer_token",
        "sasToken",
        "api_key",
        "apiKey",
        "APIKEY",
        "access_key",
        "accessKey",
        "aws_secret_access_key",
        "account_key",
        "accountKey",
        "private_key",
        "privateKey",
        "credential",
        "credentials",
        "sas",
        "SAS_URL",
        "access-key",
        "api-key",
        "private-key",
        "pwd",
        "db_pwd",
        "pwd[0]",
        "passphrase",
        "auth",
        "basic_auth",
    ],
)
def test_a_field_with_such_a_name_is_refused_whatever_it_holds(name: str) -> None:
    assert looks_secret(name, "harmless")


@pytest.mark.parametrize(
    "value",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "-----BEGIN PRIVATE KEY-----\nMIIE",
        "-----BEGIN CERTIFICATE-----",
        "https://operator:let-me-in@search.example:9200",
        "s3://key:word@bucket/path",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Zm9vYmFy",
        "https://store.example/manifests?sv=1&sig=abc",
        "ASIAIOSFODNN7EXAMPLE",
        "Bearer abcdefghij",
        "https://:pw@host",
        "BlobEndpoint=https://a.example;SharedAccessSignature=sv=2024",
    ],
)
def test_such_a_value_is_refused_under_any_name(value: str) -> None:
    assert looks_secret("location", value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("zeebe", "prod_zeebe"),
        ("location", "/var/backups/camunda"),
        ("bucket", "camunda-backups"),
        ("base_path", "prod/eu-central-1"),
        ("operate", "https://operate.example:8443/path?x=1"),
        ("manifests", "s3://backup_store@bucket/manifests"),
        ("cron", "0 2 * * *"),
        ("timezone", "Europe/Berlin"),
        ("storage_class", "STANDARD_IA"),
        ("client", "default"),
        ("version", "8.6.0"),
        ("author", "data-platform"),
        ("resume", True),
        ("rpo", None),
        ("number", 42),
    ],
)
def test_ordinary_fields_are_not_refused(name: str, value: object) -> None:
    assert not looks_secret(name, value)


@pytest.mark.parametrize(
    ("data", "paths"),
    [
        ({}, []),
        ({"password": "x"}, ["password"]),
        ({"repository": {"settings": {"access_key": "x", "secret_key": "y"}}},
         ["repository.settings.access_key", "repository.settings.secret_key"]),
        ({"connections": {"brokers": ["one", "http://a:b@c"]}}, ["connections.brokers[1]"]),
        ([{"token": "x"}], ["[0].token"]),
        ({"a": [{"b": [{"password": 1}]}]}, ["a[0].b[0].password"]),
        ({"fine": {"also": ["fine", 1, None, True]}}, []),
    ],
)  # fmt: skip
def test_secrets_are_found_at_any_depth_and_named_by_path(data: Any, paths: list[str]) -> None:
    assert list(secret_fields(data)) == paths


def test_a_line_with_a_secret_is_left_out() -> None:
    assert harmless("Caused by: java.net.ConnectException: Connection refused") == (
        "Caused by: java.net.ConnectException: Connection refused"
    )
    assert "hunter2" not in harmless("using password=hunter2")


@pytest.mark.parametrize(
    "command",
    [
        "PGPASSWORD=hunter2 restore",
        "export AWS_SECRET_ACCESS_KEY='hunter2'; restore",
        'env "ZEEBE_TOKEN=hunter2" restore',
        "restore --password hunter2",
        "restore --client-secret=hunter2 --fast",
        "java -Dzeebe.broker.data.backup.s3.secretKey=hunter2 -jar restore.jar",
        "curl -fsS -u admin:hunter2 https://host.example/stop",
        "curl --user 'admin:hunter2' https://host.example/stop",
        "curl https://admin:hunter2@host.example/stop",
        "curl -H 'Authorization: Bearer abcdefghij' https://host.example/stop",
        """curl -d '{"password": "hunter2"}' https://host.example/stop""",
    ],
)
def test_a_command_that_is_given_a_secret_is_refused(command: str) -> None:
    assert looks_secret("stop", command)


@pytest.mark.parametrize(
    "command",
    [
        "systemctl stop zeebe",
        'PGPASSWORD="$RESTORE_PASSWORD" restore',
        "ZEEBE_TOKEN=$(cat /run/secrets/token) restore",
        "restore --password-file /run/secrets/password --token-ttl 10m",
        "restore --password=/run/secrets/password",
        "docker run --rm -u 1000:1000 --env-file /etc/zeebe.env camunda/zeebe restore --backupId={backup_id}",
        "kubectl get secret zeebe-store",
        'curl -u "admin:$PASSWORD" https://host.example/stop',
        "curl --netrc-file /etc/netrc https://host.example/stop",
        "find /usr/local/zeebe/data -mindepth 1 -delete",
    ],
)
def test_a_command_that_takes_it_from_elsewhere_is_not(command: str) -> None:
    assert not looks_secret("stop", command)
