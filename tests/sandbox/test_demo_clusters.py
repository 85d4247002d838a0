"""What the demo tells Airflow about its cluster."""

import json
import subprocess
from configparser import RawConfigParser
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from camunda_backup.cluster_files import read_clusters
from sandbox import ports
from sandbox.airflow_settings import AirflowSettings
from sandbox.camunda_cluster import CamundaCluster
from sandbox.demo.browser import visual_check
from sandbox.demo.clusters import CAMUNDA_HOME, STACKS, cluster_of, connections, licences, write_cluster_file
from sandbox.licences import DEMO
from sandbox.open_cluster import OpenCluster
from sandbox.process_control import variables

URLS = ports.urls(28000, ports.OFFSETS)


def settings(home: Path) -> AirflowSettings:
    return AirflowSettings(
        home=home,
        port=28080,
        dags_folder=home / "dags",
        plugins_folder=home / "plugins",
        clusters_folder=home / "clusters",
        connections={"x_zeebe": "http://127.0.0.1:28011"},
    )


@pytest.mark.parametrize("name", STACKS.values())
def test_airflow_gets_the_one_cluster_that_runs(name: str, tmp_path: Path) -> None:
    (tmp_path / "of_an_earlier_demo.yaml").write_text("version: '8.6.0'")
    write_cluster_file(name, URLS, tmp_path)
    [cluster], mistakes = read_clusters(tmp_path)
    assert mistakes == []
    assert cluster.name == name
    assert cluster.links.operate == "http://127.0.0.1:28020"
    assert cluster.links.snapshots == "http://127.0.0.1:28050"


def test_the_embedded_cluster_is_open_parts_unless_there_is_a_camunda_of_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CAMUNDA_HOME, raising=False)
    assert isinstance(cluster_of("embedded", tmp_path, 28000), OpenCluster)
    fetched, played = licences("embedded")[:-1], licences("embedded")[-1]
    assert "a stand-in, part of this project, plays it" in played
    assert not [line for line in fetched if "camunda" in line.lower()]

    (tmp_path / "config").mkdir()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "zeebe-broker-8.6.0.jar").touch()
    monkeypatch.setenv(CAMUNDA_HOME, str(tmp_path))
    assert isinstance(cluster_of("embedded", tmp_path, 28000), CamundaCluster)
    assert licences("embedded")[-1] == f"Camunda: yours, in {tmp_path}, under its own licence."


def test_a_part_is_named_with_its_licence_for_everything_that_is_fetched() -> None:
    for line, one in zip(licences("embedded")[:-1], DEMO, strict=True):
        assert line.startswith(one.part)
        assert line.endswith(one.licence)


@pytest.mark.parametrize("name", STACKS.values())
def test_every_connection_of_the_cluster_file_is_there(name: str, tmp_path: Path) -> None:
    write_cluster_file(name, URLS, tmp_path)
    [cluster], _ = read_clusters(tmp_path)
    named = set(cluster.connections.model_dump(exclude_none=True, exclude={"brokers"}).values())
    assert {*named, cluster.secondary_storage.connection} == connections(name, URLS).keys()


def test_the_web_apps_have_a_user_who_may_look(tmp_path: Path) -> None:
    one = replace(settings(tmp_path), connections=connections("embedded", URLS)).environment()
    web = json.loads(one["AIRFLOW_CONN_EMBEDDED_TASKLIST_WEB"])
    assert (web["host"], web["port"], web["login"], web["password"]) == ("127.0.0.1", 28030, "demo", "demo")
    assert "login" not in json.loads(one["AIRFLOW_CONN_EMBEDDED_TASKLIST"])


@pytest.mark.parametrize("name", STACKS.values())
def test_the_cluster_file_says_how_every_component_is_controlled(name: str, tmp_path: Path) -> None:
    write_cluster_file(name, URLS, tmp_path, visual_check={"enabled": False})
    [cluster], _ = read_clusters(tmp_path)
    assert cluster.runtime
    assert set(cluster.processes) == {"zeebe", "operate", "tasklist", "optimize"}
    assert not cluster.visual_check.enabled


def test_the_tasks_of_airflow_find_the_sandbox(tmp_path: Path) -> None:
    home = replace(settings(tmp_path), variables=variables("http://127.0.0.1:28091"))
    command = '"$SANDBOX_PYTHON" -c "import sandbox.commands.part, os; print(os.environ[\'SANDBOX_PROCESSES\'])"'
    told = subprocess.run(  # noqa: S602 - as the runtime of the DAGs does
        command, shell=True, env=home.environment(), capture_output=True, text=True, check=True
    )
    assert told.stdout == "http://127.0.0.1:28091\n"


@pytest.mark.parametrize(
    ("programs", "said", "sentence"),
    [
        (["chromium"], {"enabled": True, "browser": "{}/chromium"}, None),
        (["google-chrome", "chromium-browser"], {"enabled": True, "browser": "{}/chromium-browser"}, None),
        ([], {"enabled": False}, "Chromium is not installed; make browser"),
    ],
)
def test_pictures_need_a_browser(
    programs: list[str], said: dict[str, Any], sentence: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in programs:
        (tmp_path / name).touch(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    check, told = visual_check()
    assert check == {key: value.format(tmp_path) if isinstance(value, str) else value for key, value in said.items()}
    assert told is None if sentence is None else sentence in str(told)


def test_secrets_are_made_once(tmp_path: Path) -> None:
    mine, other = settings(tmp_path / "mine"), settings(tmp_path / "other")
    for each in (mine, other):
        each.write()
    before = (mine.home / "airflow.cfg").read_text(), mine.password
    mine.write()
    assert ((mine.home / "airflow.cfg").read_text(), mine.password) == before
    assert mine.password != other.password
    assert secrets_of(mine).isdisjoint(secrets_of(other))


def test_a_percent_sign_in_a_folder_survives(tmp_path: Path) -> None:
    odd = settings(tmp_path / "100%")
    odd.write()
    assert f"{tmp_path}/100%%/dags" in (odd.home / "airflow.cfg").read_text()


def test_nothing_of_the_callers_airflow_gets_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "1")
    monkeypatch.setenv("AIRFLOW_CONN_X_OPERATE", "http://elsewhere")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    variables = settings(tmp_path).environment()
    assert variables["AIRFLOW_HOME"] == str(tmp_path)
    assert '"port": 28011' in variables["AIRFLOW_CONN_X_ZEEBE"]
    assert not {"AIRFLOW__CORE__PARALLELISM", "AIRFLOW_CONN_X_OPERATE", "HTTPS_PROXY"} & variables.keys()


def secrets_of(airflow: AirflowSettings) -> set[str]:
    parser = RawConfigParser()
    parser.read(airflow.home / "airflow.cfg")
    return {parser["core"]["fernet_key"], parser["api"]["secret_key"], parser["api_auth"]["jwt_secret"]}
