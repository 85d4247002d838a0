"""docker-compose.yaml as it stands: what it publishes, which secrets it takes, which cluster it knows.

tests/real/test_compose_config.py reads it with the compose tool itself.
"""

import json
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.configuration import conf
from cryptography.fernet import Fernet

from camunda_backup.cluster_files import read_cluster
from camunda_backup.releases import fits

PROJECT = Path(__file__).parents[1]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text())["services"]
AIRFLOW = {name: one for name, one in SERVICES.items() if one["image"].startswith("camunda-backup-airflow")}
CAMUNDA = {name: one for name, one in SERVICES.items() if one.get("profiles") == ["camunda"]}
CLUSTER = read_cluster(PROJECT / "include" / "compose" / "clusters" / "compose.yaml")

CONNECTION = "AIRFLOW_CONN_"
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY$")
FROM_ENVIRONMENT = re.compile(r"\$\{([A-Z_]+):\?[^}]+}")
DEFAULTED = re.compile(r"\$\{[A-Z_]+:-([^}]*)}")
EXAMPLE = (PROJECT / ".env.example").read_text()
MAKES_ENV_FILE = EXAMPLE.splitlines()[1].removeprefix("# ")

every_airflow_service = pytest.mark.parametrize("service", AIRFLOW)


def settings() -> Iterator[tuple[str, str, str]]:
    for service, definition in SERVICES.items():
        for name, value in definition.get("environment", {}).items():
            yield service, name, str(value)


def connections(service: str) -> dict[str, dict[str, Any]]:
    found = {name: value for of, name, value in settings() if of == service and name.startswith(CONNECTION)}
    return {name.removeprefix(CONNECTION).lower(): json.loads(value) for name, value in found.items()}


def variables(env_file: str) -> dict[str, str]:
    lines = (line for line in env_file.splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def test_there_is_an_airflow_and_a_camunda() -> None:
    assert AIRFLOW.keys() == {"airflow-init", "api-server", "scheduler", "dag-processor", "triggerer"}
    assert CAMUNDA.keys() >= {"zeebe", "operate", "tasklist", "elasticsearch", "backup-store"}
    assert SERVICES.keys() == {"postgres", *AIRFLOW, *CAMUNDA}


@every_airflow_service
def test_each_service_has_exactly_the_connections_that_the_cluster_file_names(service: str) -> None:
    named = CLUSTER.connections.model_dump(exclude_none=True, exclude={"brokers"}).values()

    assert connections(service).keys() == {*named, CLUSTER.secondary_storage.connection}


def test_each_connection_leads_to_a_service_of_the_profile() -> None:
    for connection in connections("scheduler").values():
        assert connection["conn_type"] == "http"
        assert connection["host"] in CAMUNDA


def test_camunda_is_what_the_cluster_file_says() -> None:
    for name in ("zeebe", "operate", "tasklist"):
        image, version = SERVICES[name]["image"].split(":")
        assert image == f"camunda/{name}"
        assert fits(version, CLUSTER.version)
    assert CLUSTER.secondary_storage.engine in SERVICES["elasticsearch"]["image"]
    for app in ("operate", "tasklist"):
        key = f"CAMUNDA_{app.upper()}_BACKUP_REPOSITORYNAME"
        assert SERVICES[app]["environment"][key] == CLUSTER.repository.name


def test_the_snapshot_repository_is_a_volume_that_elasticsearch_owns() -> None:
    mount = f"snapshots:{SERVICES['elasticsearch']['environment']['path.repo']}"

    assert mount in SERVICES["elasticsearch"]["volumes"]
    assert SERVICES["snapshots-owner"]["volumes"] == [mount]
    assert SERVICES["snapshots-owner"]["entrypoint"] == ["chown", "1000:0", mount.removeprefix("snapshots:")]


def test_the_backup_store_has_the_bucket_that_zeebe_writes_to() -> None:
    zeebe, store = SERVICES["zeebe"]["environment"], SERVICES["backup-store"]
    (script,) = store["command"]

    assert f"mkdir -p /storage/{zeebe['ZEEBE_BROKER_DATA_BACKUP_GCS_BUCKETNAME']}\n" in script
    assert f"-external-url {zeebe['ZEEBE_BROKER_DATA_BACKUP_GCS_HOST']}" in script
    assert store["volumes"] == ["zeebe-backups:/storage"]


@pytest.mark.parametrize("service", [name for name, one in SERVICES.items() if "ports" in one])
def test_ports_are_published_on_this_machine_only(service: str) -> None:
    for port in SERVICES[service]["ports"]:
        assert re.fullmatch(r"127\.0\.0\.1:(\d+|\$\{[A-Z_]+:-\d+}):\d+", port)


def test_management_ports_databases_and_stores_are_not_published() -> None:
    published = {port.rsplit(":", 1)[-1] for one in SERVICES.values() for port in one.get("ports", ())}

    assert not published & {"9600", "9200", "9300", "5432", "4443"}


def test_no_secret_stands_in_the_file() -> None:
    secrets = {(service, name): value for service, name, value in settings() if SECRET_NAME.search(name)}

    assert secrets
    for where, value in secrets.items():
        assert FROM_ENVIRONMENT.fullmatch(value), where
    for service, name, value in settings():
        for password in re.findall(r"://[^/@:]*:([^@]*)@", value):
            assert FROM_ENVIRONMENT.fullmatch(password), (service, name)
    for connection in connections("scheduler").values():
        assert connection.keys() == {"conn_type", "schema", "host", "port"}


def test_the_example_asks_for_exactly_the_variables_without_a_default() -> None:
    required = {variable for _, _, value in settings() for variable in FROM_ENVIRONMENT.findall(value)}

    assert {name for name, value in variables(EXAMPLE).items() if not value} == required


def test_the_manual_has_the_same_command_as_the_example() -> None:
    assert f"\n{MAKES_ENV_FILE}\n" in (PROJECT / "docs" / "docker-compose.md").read_text()


def test_the_manual_names_the_images_of_the_profile() -> None:
    manual = (PROJECT / "docs" / "docker-compose.md").read_text()

    assert [one["image"] for one in CAMUNDA.values() if f"`{one['image']}`" not in manual] == []


def test_the_documented_command_makes_secrets_and_never_replaces_them(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text(EXAMPLE)
    command = ["sh", "-c", MAKES_ENV_FILE]

    subprocess.run(command, cwd=tmp_path, check=True)  # noqa: S603 - what users are told to run
    env_file = tmp_path / ".env"
    made = env_file.read_text()
    secrets = [value for name, value in variables(made).items() if not variables(EXAMPLE)[name]]
    again = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)  # noqa: S603

    assert secrets
    assert len(set(secrets)) == len(secrets)
    assert all(Fernet(secret) for secret in secrets)  # 32 bytes each
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert again.returncode != 0
    assert env_file.read_text() == made


def test_the_secrets_reach_neither_git_nor_an_image() -> None:
    assert ".env" in (PROJECT / ".gitignore").read_text().splitlines()
    assert (PROJECT / ".dockerignore").read_text().splitlines() == ["*", "!requirements.txt"]


def test_images_are_pinned_to_a_version() -> None:
    (base,) = re.findall(r"^FROM (.+)$", SERVICES["airflow-init"]["build"]["dockerfile_inline"], re.MULTILINE)

    for image in [base, *(one["image"] for one in SERVICES.values())]:
        assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?$", image), image


def test_the_image_is_made_for_the_airflow_that_the_dags_are_tested_with() -> None:
    (version,) = re.findall(r"^apache-airflow==(.+)$", (PROJECT / "requirements.txt").read_text(), re.MULTILINE)

    assert f"FROM apache/airflow:{version}-" in SERVICES["airflow-init"]["build"]["dockerfile_inline"]
    assert {(one["image"], one["pull_policy"]) for one in AIRFLOW.values()} == {
        (f"camunda-backup-airflow:{version}", "never")
    }


def test_every_airflow_setting_exists() -> None:
    for _, name, _ in settings():
        if name.startswith("AIRFLOW__"):
            _, section, option = name.lower().split("__")
            assert option in conf.configuration_description[section]["options"], name


@every_airflow_service
def test_every_service_shares_the_same_settings(service: str) -> None:
    own = {"AIRFLOW_PASSWORD"} if service == "airflow-init" else set()
    shared = AIRFLOW["scheduler"]["environment"]

    assert {name: value for name, value in AIRFLOW[service]["environment"].items() if name not in own} == shared


@every_airflow_service
def test_the_package_is_mounted_read_only(service: str) -> None:
    for folder in ("dags", "plugins", "include"):
        assert f"./{folder}:/opt/airflow/{folder}:ro" in AIRFLOW[service]["volumes"]


def test_users_have_to_log_in() -> None:
    environment = AIRFLOW["api-server"]["environment"]

    assert environment["AIRFLOW__CORE__AUTH_MANAGER"].endswith(".FabAuthManager")
    assert not [name for name in environment if "ALL_ADMINS" in name]


def test_the_cluster_files_are_found_below_the_mounted_folder() -> None:
    folder = AIRFLOW["scheduler"]["environment"]["CAMUNDA_BACKUP_CLUSTERS"]
    of_the_profile = re.findall(r"^#CLUSTERS_FOLDER=(.+)$", EXAMPLE, re.MULTILINE)

    assert DEFAULTED.sub(r"\1", folder) == "/opt/airflow/include/clusters"
    assert of_the_profile == ["compose/clusters"]
    assert [path.name for path in (PROJECT / "include" / of_the_profile[0]).iterdir()] == ["compose.yaml"]
