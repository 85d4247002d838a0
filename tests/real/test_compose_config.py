"""docker-compose.yaml through the eyes of docker compose itself, built from its Go module: no container is started."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.test_compose import AIRFLOW, CAMUNDA, EXAMPLE, MAKES_ENV_FILE, SERVICES, variables

PROJECT = Path(__file__).parents[2]
SOURCE = Path(__file__).parent / "compose_tool"
PACKAGE = "github.com/docker/compose/v2/cmd"
# Compiling is what takes the time, and the tool only reads files here: no optimisation, no debug information, no C.
QUICK = ("-trimpath", "-gcflags=all=-N -l", "-ldflags=-s -w")
BUILD_PATIENCE = 1200  # seconds; about 90 on two idle cores when nothing is cached
REQUIRED = [name for name, value in variables(EXAMPLE).items() if not value]


@pytest.fixture(scope="session")
def compose_tool() -> Path:
    """The compose tool; it is built once for each set of pinned modules."""
    pinned = hashlib.sha256((SOURCE / "go.mod").read_bytes()).hexdigest()[:12]
    tool = PROJECT / ".sandbox" / f"docker-compose-{pinned}"
    if not tool.exists():
        build(tool)
    return tool


def build(tool: Path) -> None:
    go = shutil.which("go")
    if go is None:
        pytest.fail(
            "docker-compose.yaml cannot be validated without Go: install Go 1.24 or newer and put go on the PATH.",
            pytrace=False,
        )
    tool.parent.mkdir(exist_ok=True)
    unfinished = tool.with_suffix(f".{os.getpid()}")
    ran = subprocess.run(  # noqa: S603 - the Go tool, with our own arguments
        [go, "build", *QUICK, "-o", str(unfinished), PACKAGE],
        cwd=SOURCE,
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=BUILD_PATIENCE,
        check=False,
    )
    if ran.returncode:
        pytest.fail(f"docker compose could not be built from its Go module: {ran.stderr[-2000:]}", pytrace=False)
    unfinished.rename(tool)


class Folder:
    """A folder with the compose file and the .env file that the documented command makes."""

    def __init__(self, path: Path, tool: Path) -> None:
        self.path = path
        self.tool = tool
        for name in ("docker-compose.yaml", ".env.example"):
            shutil.copy(PROJECT / name, path)
        subprocess.run(["sh", "-c", MAKES_ENV_FILE], cwd=path, check=True)  # noqa: S603, S607 - what users are told to run

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text, which must be there, in one of the files."""
        file = self.path / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def compose(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the tool with nothing of this process's environment."""
        return subprocess.run(  # noqa: S603 - the tool that was built
            [self.tool, *arguments],
            cwd=self.path,
            env={"HOME": str(self.path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def resolved(self) -> dict[str, Any]:
        """Return the services as the tool would run them."""
        ran = self.compose("config", "--format", "json")
        assert ran.returncode == 0, ran.stderr
        services: dict[str, Any] = json.loads(ran.stdout)["services"]
        return services


@pytest.fixture
def folder(tmp_path: Path, compose_tool: Path) -> Folder:
    """A fresh folder."""
    return Folder(tmp_path, compose_tool)


def choose_camunda(folder: Folder) -> None:
    """Do what .env.example says of the profile."""
    folder.edit(".env", "#COMPOSE_PROFILES=", "COMPOSE_PROFILES=")
    folder.edit(".env", "#CLUSTERS_FOLDER=", "CLUSTERS_FOLDER=")


@pytest.mark.parametrize("profile", [(), ("--profile", "camunda")], ids=["airflow alone", "with camunda"])
def test_it_is_valid_and_warns_of_nothing(folder: Folder, profile: tuple[str, ...]) -> None:
    ran = folder.compose(*profile, "config", "--quiet")

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_camunda_starts_only_with_its_profile(folder: Folder) -> None:
    without = folder.resolved()
    choose_camunda(folder)
    chosen = folder.resolved()

    assert without.keys() == {"postgres", *AIRFLOW}
    assert chosen.keys() == SERVICES.keys()
    assert without["scheduler"]["environment"]["CAMUNDA_BACKUP_CLUSTERS"] == "/opt/airflow/include/clusters"
    assert chosen["scheduler"]["environment"]["CAMUNDA_BACKUP_CLUSTERS"] == "/opt/airflow/include/compose/clusters"


def test_what_is_published_is_bound_to_this_machine(folder: Folder) -> None:
    choose_camunda(folder)

    published = {name: port for name, one in folder.resolved().items() for port in one.get("ports", ())}

    assert published.keys() == {"api-server", "zeebe", "operate", "tasklist"} <= {"api-server", *CAMUNDA}
    assert {port["host_ip"] for port in published.values()} == {"127.0.0.1"}


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_secret_is_named_with_what_to_do(folder: Folder, name: str) -> None:
    folder.edit(".env", f"{name}=", f"NOT_{name}=")

    ran = folder.compose("config", "--quiet")

    assert ran.returncode != 0
    assert f"required variable {name} is missing a value: make a .env file with it" in ran.stderr


def test_an_unknown_key_is_named(folder: Folder) -> None:
    folder.edit("docker-compose.yaml", "    image: postgres:", "    imagee: postgres:")

    ran = folder.compose("config", "--quiet")

    assert ran.returncode != 0
    assert "services.postgres additional properties 'imagee' not allowed" in ran.stderr
