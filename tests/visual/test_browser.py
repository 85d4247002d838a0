"""What is said when there is nothing to look with."""

import subprocess
import sys
from pathlib import Path

import pytest

from camunda_backup.visual.browser import Site, lacking, program, take_pictures

PLUGINS = Path(__file__).parents[2] / "plugins"


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    told = lacking(str(tmp_path / "chrome"))
    assert told is not None
    assert f"the worker lacks {tmp_path / 'chrome'}, which visual_check.browser names" in told


def test_no_chromium_at_all_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told = lacking(None)
    assert told is not None
    assert "apt-get install chromium" in told


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_chromium_is_found_by_its_usual_names(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = tmp_path / name
    there.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program(None) == str(there)
    assert program(str(there)) == str(there)
    assert lacking(None) is None


def test_without_playwright_everything_is_read_and_it_is_said_what_to_install() -> None:
    hidden = "import sys; sys.modules['playwright'] = None"  # to Python it is not installed then
    script = f"{hidden}\nfrom camunda_backup.visual.browser import lacking\nprint(lacking(None))"
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script], env={"PYTHONPATH": str(PLUGINS)}, capture_output=True, check=True, text=True
    )
    assert "pip install" in ran.stdout


def test_nothing_is_needed_to_look_at_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    assert list(take_pictures([], None, 0)) == []


def test_the_password_is_in_no_representation() -> None:
    assert "hidden" not in repr(Site("c_web", "http://127.0.0.1", "demo", "hidden"))
