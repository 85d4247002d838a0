"""How the sandbox's Airflow is set up: everything on loopback, secrets of its own, quick on a small machine."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from configparser import RawConfigParser
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from .ports import HOST
from .programs import environment

USERNAME = "admin"


@dataclass(frozen=True, slots=True)
class AirflowSettings:
    """Where one Airflow lives and what it works with.

    :param home: AIRFLOW_HOME
    :param port: of the API server
    :param dags_folder: its DAGs
    :param plugins_folder: its plugins
    :param clusters_folder: the cluster files that the DAGs read
    :param connections: addresses by connection ID, all of type http, with user and password where one is needed
    :param variables: further environment variables
    """

    home: Path
    port: int
    dags_folder: Path
    plugins_folder: Path
    clusters_folder: Path
    connections: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the API server and its UI answer."""
        return f"http://{HOST}:{self.port}"

    @property
    def database(self) -> Path:
        """The metadata database."""
        return self.home / "airflow.db"

    @property
    def task_logs(self) -> Path:
        """The folder of the tasks' logs."""
        return self.home / "logs" / "tasks"

    @property
    def copies(self) -> Path:
        """The folder of the data that cold backups copy."""
        return self.home / "copies"

    @property
    def password_file(self) -> Path:
        """Holds the password of each user, readable by its owner only."""
        return self.home / "passwords.json"

    @property
    def password(self) -> str:
        """The password of `USERNAME`."""
        return str(json.loads(self.password_file.read_text())[USERNAME])

    def write(self) -> None:
        """Write Airflow's configuration file and the passwords; secrets that are there already stay."""
        self.home.mkdir(parents=True, exist_ok=True)
        if not self.password_file.exists():
            _write_private(self.password_file, json.dumps({USERNAME: secrets.token_urlsafe(12)}))
        file = self.home / "airflow.cfg"
        settings = self._sections()
        known = RawConfigParser()
        known.read(file)
        for (section, name), generated in _secrets().items():
            settings[section][name] = known.get(section, name, fallback=generated)
        parser = RawConfigParser()
        parser.read_dict(
            {
                section: {name: value.replace("%", "%%") for name, value in values.items()}
                for section, values in settings.items()
            }
        )
        _write_private(file, "")
        with file.open("w") as stream:
            parser.write(stream)

    def environment(self) -> dict[str, str]:
        """Return the environment of Airflow's processes; nothing of the caller's, such as AIRFLOW_HOME, is in it."""
        own = {
            "AIRFLOW_HOME": str(self.home),
            "CAMUNDA_BACKUP_CLUSTERS": str(self.clusters_folder),
            "CAMUNDA_BACKUP_MANIFESTS": str(self.home / "manifests"),
            "NO_PROXY": "*",  # all servers are on this machine; on macOS, a fork must not ask for the system's proxies
            "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
            "PYTHONUNBUFFERED": "1",
        }
        connections = {
            f"AIRFLOW_CONN_{name.upper()}": _connection(address) for name, address in self.connections.items()
        }
        return environment(self.home) | own | connections | dict(self.variables)

    def _sections(self) -> dict[str, dict[str, str]]:
        return {
            "core": {
                "executor": "LocalExecutor",
                "parallelism": "4",
                "load_examples": "False",
                "dags_folder": str(self.dags_folder),
                "plugins_folder": str(self.plugins_folder),
                "execution_api_server_url": f"{self.url}/execution/",
                # No host name: task logs are then read from disk alone, not from log servers, which listen everywhere.
                "hostname_callable": "builtins.str",
                "simple_auth_manager_users": f"{USERNAME}:admin",
                "simple_auth_manager_passwords_file": str(self.password_file),
            },
            "database": {"sql_alchemy_conn": f"sqlite:///{self.database}"},
            "api": {"host": HOST, "port": str(self.port), "base_url": self.url},
            "api_auth": {},
            "logging": {"base_log_folder": str(self.task_logs)},
            "dag_processor": {"parsing_processes": "1"},
            "scheduler": {"enable_health_check": "False", "scheduler_idle_sleep_time": "0.1"},
            "workers": {
                "min_heartbeat_interval": "1",  # seconds by which a failed task is seen as failed too late
                "execution_api_timeout": "60",  # seconds; a busy small machine takes longer than the usual 5
            },
        }


def _secrets() -> dict[tuple[str, str], str]:
    return {
        ("core", "fernet_key"): base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        ("api", "secret_key"): secrets.token_urlsafe(32),
        ("api_auth", "jwt_secret"): secrets.token_urlsafe(64),
    }


def _connection(address: str) -> str:
    parts = urlsplit(address)
    fields = {"conn_type": "http", "schema": parts.scheme, "host": parts.hostname, "port": parts.port}
    user = {"login": parts.username, "password": parts.password} if parts.username else {}
    return json.dumps(fields | user)


def _write_private(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(text)
