"""The user's own Camunda: what a distribution is taken for, and one sentence for each that will not do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.camunda_cluster import CamundaCluster
from sandbox.camunda_home import CLUSTER, VARIABLE, ZEEBE_ALONE, distribution
from sandbox.errors import SandboxError
from sandbox.programs import PACKAGE_FOLDER
from sandbox.sites import Site
from sandbox.zeebe_alone import RELEASES
from tests.camunda import conftest

PROJECT = Path(__file__).parents[2]


def unpacked(home: Path, *jars: str) -> Path:
    (home / "config").mkdir(parents=True)
    (home / "lib").mkdir()
    for jar in (*jars, "zeebe-broker-client-8.6.0.jar", "zeebe-util-8.6.0.jar"):
        (home / "lib" / jar).touch()
    return home


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the variable names."""
    home = tmp_path / "camunda"
    monkeypatch.setenv(VARIABLE, str(home))
    return home


@pytest.mark.parametrize(
    ("version", "line"), [("8.6.0", "8.6"), ("8.6.32", "8.6"), ("8.5.8", "8.5"), ("8.6.0-rc1", "8.6")]
)
def test_the_version_is_read_from_the_brokers_jar(named: Path, version: str, line: str) -> None:
    unpacked(named, f"zeebe-broker-{version}.jar")
    found = distribution()
    assert (found.home, found.version, found.line) == (named, version, line)


def test_without_the_variable_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(SandboxError, match=r"^CAMUNDA_HOME is not set: nothing of Camunda is fetched here, .* 8\.6 "):
        CamundaCluster(tmp_path, 28000)


def test_what_is_no_folder_is_refused(named: Path) -> None:
    with pytest.raises(SandboxError, match="which is no folder; unpack a Camunda distribution and name that"):
        distribution()


@pytest.mark.parametrize("jars", [(), ("zeebe-broker-8.6.0.jar", "zeebe-broker-8.5.8.jar")])
def test_what_is_no_distribution_is_refused(named: Path, jars: tuple[str, ...]) -> None:
    unpacked(named, *jars)
    with pytest.raises(SandboxError, match=r"no unpacked Camunda distribution: it must hold .* lib/zeebe-broker-"):
        distribution()


def test_a_folder_without_configuration_is_refused(named: Path) -> None:
    unpacked(named, "zeebe-broker-8.6.0.jar")
    (named / "config").rmdir()
    with pytest.raises(SandboxError, match="no unpacked Camunda distribution"):
        distribution()


@pytest.mark.parametrize(
    ("version", "lines", "known"),
    [("8.7.1", (), "8.6 or 8.5"), ("8.5.8", (CLUSTER,), "8.6"), ("8.6.0", (ZEEBE_ALONE,), "8.5")],
)
def test_a_version_without_settings_is_refused(named: Path, version: str, lines: tuple[str, ...], known: str) -> None:
    unpacked(named, f"zeebe-broker-{version}.jar")
    with pytest.raises(SandboxError, match=rf"which holds Camunda {version}; there are settings for {known}\.$"):
        distribution(*lines)


@pytest.mark.parametrize(("version", "line"), [("8.6.3", CLUSTER), ("8.5.8", ZEEBE_ALONE)])
def test_zeebe_is_run_from_the_folder(named: Path, tmp_path: Path, version: str, line: str) -> None:
    unpacked(named, f"zeebe-broker-{version}.jar")
    site = Site(tmp_path / "data", tmp_path / "cache", 28000, "none", "backups")
    command = RELEASES[line].broker(site, "s3").command
    assert f"{named}/config{os.pathsep}{named}/lib/*" in command
    assert command[-1] == RELEASES[line].main_class


@pytest.mark.parametrize("program", [("sandbox", "prove"), ("sandbox.camunda_home",)])
def test_programs_that_need_it_say_so_in_one_sentence(program: tuple[str, ...]) -> None:
    told = run("-m", *program, home=None)
    assert told.returncode == 1
    assert told.stderr.startswith("CAMUNDA_HOME is not set: ")
    assert told.stderr.count("\n") == 1


def test_its_tests_say_so_in_one_sentence(tmp_path: Path) -> None:
    told = run("-m", "pytest", "--collect-only", "-q", "tests/camunda", home=tmp_path)
    assert told.returncode == pytest.ExitCode.USAGE_ERROR
    lines = [line for line in (told.stdout + told.stderr).splitlines() if line]
    (line,) = lines
    assert line.startswith(f"ERROR: CAMUNDA_HOME is {tmp_path}, which is no unpacked Camunda distribution: ")


@pytest.mark.parametrize(
    ("version", "left_out"), [("8.6.0", {"test_zeebe_8_5.py"}), ("8.5.8", {"test_cluster.py", "test_same_answers.py"})]
)
def test_its_tests_are_those_of_its_line(named: Path, version: str, left_out: set[str]) -> None:
    unpacked(named, f"zeebe-broker-{version}.jar")
    every = {path.name for path in (PROJECT / "tests" / "camunda").glob("*.py")}
    ignored = {name for name in every if conftest.pytest_ignore_collect(Path(name))}
    assert left_out <= ignored
    assert not ignored & {"test_backup_stores.py", "conftest.py", "camunda_pods.py"}


def run(*arguments: str, home: Path | None) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if name != VARIABLE}
    return subprocess.run(  # noqa: S603 - our own interpreter
        (sys.executable, *arguments),
        cwd=PROJECT,
        env=variables | {"PYTHONPATH": str(PACKAGE_FOLDER)} | ({VARIABLE: str(home)} if home else {}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
