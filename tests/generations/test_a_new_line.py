"""A line of Camunda that does not exist yet costs one new file and one registry line, here and in the stand-in."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stand_in import PROJECT

NEW = "line_8_11"
LAST = '    "line_8_10",\n'
GENERATION = '''"""Camunda 8.11, which is made up: as 8.8, but its backups have moved."""

from dataclasses import replace

from camunda_backup.api import line_8_8

OLD = line_8_8.GENERATION.web_apps[0], line_8_8.GENERATION.zeebe
GENERATION = replace(
    line_8_8.GENERATION,
    lines=("8.11",),
    zeebe=replace(OLD[1], path="/actuator/logBackups"),
    web_apps=(replace(OLD[0], path="/actuator/viewBackups"),),
)
'''
ANSWERS = '''"""Camunda 8.11, which is made up."""

from dataclasses import replace

from sandbox.stand_in.answers import line_8_9

LINE = replace(
    line_8_9.LINE,
    version="8.11.0",
    zeebe_backups="/actuator/logBackups",
    web_apps=tuple(replace(app, backups="/actuator/viewBackups") for app in line_8_9.LINE.web_apps),
)
'''


def register(folder: Path, text: str) -> None:
    """Add the one file and the one line."""
    (folder / f"{NEW}.py").write_text(text, encoding="utf-8")
    registry = folder / "__init__.py"
    lines = registry.read_text(encoding="utf-8")
    assert lines.count(LAST) == 1
    registry.write_text(lines.replace(LAST, f'{LAST}    "{NEW}",\n'), encoding="utf-8")


@pytest.fixture
def extended(tmp_path: Path) -> Iterator[Path]:
    """A copy of the project that knows Camunda 8.11."""
    for name in ("plugins", "dags", "include", "tests"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    register(tmp_path / "plugins" / "camunda_backup" / "api", GENERATION)
    register(tmp_path / "include" / "sandbox" / "stand_in" / "answers", ANSWERS)
    yield tmp_path
    shutil.rmtree(tmp_path)


def test_a_made_up_line_takes_one_file_and_one_registry_line(airflow_db: None, extended: Path) -> None:
    clusters = extended / "clusters"
    clusters.mkdir()
    surroundings = {
        **os.environ,
        "AIRFLOW__CORE__DAGS_FOLDER": str(extended / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(extended / "plugins"),
        "PYTHONPATH": os.pathsep.join(str(extended / folder) for folder in ("plugins", "include", "")),
    }

    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "tests.generations.back_up_once", "8.11", str(clusters)],
        cwd=extended,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["state"] == "success", ran.stdout + ran.stderr
    (manifest,) = told["manifests"]
    assert manifest["camunda_versions"] == ["8.11.0"]
    assert {part["component"] for part in manifest["parts"]} == {"zeebe", "webapps", "optimize", "records"}
    assert (told["asked"]["/actuator/logBackups"], told["asked"]["/actuator/viewBackups"]) == (202, 200)
