"""Pictures of a restored cluster, taken with the system's Chromium; on the stand-in and on the embedded cluster."""

import json
import logging
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from camunda_backup.api import generation
from camunda_backup.clusters import Cluster
from camunda_backup.errors import RestoreFailed
from camunda_backup.operators.pictures import TakePictures
from camunda_backup.visual.browser import SIZE, Picture, Site, lacking, take_pictures
from camunda_backup.visual.pages import Page, pages_of
from sandbox.workload import Workload
from tests.real.conftest import Cluster as Embedded
from tests.stand_in import StandIn, until

PASSWORD = "demo"
WRONG = "not-the-password"
RUN = "manual__2026-11-23T15:43:18+00:00"
SHORT = 1.0  # seconds of patience; each page is looked at once all the same


@pytest.fixture(scope="module", autouse=True)
def _chromium() -> None:
    if told := lacking(None):
        pytest.fail(f"{told}; or run make browser", pytrace=False)


@pytest.fixture(scope="module")
def camunda() -> Iterator[StandIn]:
    with StandIn("8.6") as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(camunda: StandIn) -> StandIn:
    """A stand-in with three instances."""
    camunda.reset()
    camunda.work(3)
    return camunda


def wanted(urls: dict[str, str], line: str = "8.6", password: str = PASSWORD) -> list[tuple[Page, Site]]:
    """Every page of a line, with the server that shows it."""
    doors = {"rest": "zeebe_rest"}
    sites: dict[str, Site] = {}
    for page in pages_of(generation(line)):
        door = doors.get(page.connection, page.connection)
        sites.setdefault(page.connection, Site(page.connection, urls[door], "demo", password))
    return [(page, sites[page.connection]) for page in pages_of(generation(line))]


def look(pages: list[tuple[Page, Site]], patience: float = SHORT) -> dict[str, Picture]:
    return {picture.page.name: picture for picture in take_pictures(pages, None, patience)}


def problems(pictures: dict[str, Picture]) -> dict[str, str | None]:
    return {name: picture.problem for name, picture in pictures.items()}


def size(png: bytes | None) -> tuple[int, int]:
    assert png is not None
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def logins(stand_in: StandIn, role: str) -> list[int]:
    return [entry["status"] for entry in stand_in.journal(role) if entry["path"].startswith("/api/login")]


def test_every_page_of_the_stand_in_is_the_one_wanted(stand_in: StandIn) -> None:
    pictures = look(wanted(stand_in.urls))
    assert problems(pictures) == dict.fromkeys(pictures)
    assert {size(picture.png) for picture in pictures.values()} == {SIZE}
    assert [logins(stand_in, role) for role in ("operate", "tasklist", "optimize")] == [[204]] * 3


def test_8_8_shows_everything_on_one_port_after_one_login() -> None:
    with StandIn("8.8") as stand_in:
        stand_in.work(2)
        pictures = look(wanted(stand_in.urls, "8.8"))
        assert problems(pictures) == dict.fromkeys(pictures)
        assert logins(stand_in, "webapps") == [204]


def test_a_login_that_stands_until_the_app_has_answered_did_not_come_again(stand_in: StandIn) -> None:
    stand_in.fault("optimize", {"hang": 2}, path="^/stand-in/content/", skip=1)
    pictures = look(wanted(stand_in.urls)[-1:])
    assert problems(pictures) == {"optimize": None}
    assert logins(stand_in, "optimize") == [204]


def test_an_empty_cluster_is_a_picture_as_well(stand_in: StandIn) -> None:
    stand_in.reset()
    pictures = look(wanted(stand_in.urls))
    assert problems(pictures) == dict.fromkeys(pictures)


def test_what_is_no_picture_wanted_is_told_and_taken_all_the_same(stand_in: StandIn) -> None:
    stand_in.conditions(pages={"operate": "error", "tasklist": "blank"})
    stand_in.kill("optimize")
    pictures = look(wanted(stand_in.urls))
    assert problems(pictures) == {
        "operate-dashboard": "is an error page: HTTP 500",
        "operate-processes": "is an error page: HTTP 500",
        "tasklist": "does not show the list of tasks; its title is 'Tasklist (stand-in)'",
        "optimize": "cannot be reached: nothing listens there",
    }
    assert {size(pictures[name].png) for name in ("operate-dashboard", "operate-processes", "tasklist")} == {SIZE}


def test_a_page_with_nothing_on_it_is_blank(stand_in: StandIn) -> None:
    stand_in.fault("tasklist", {"status": 200, "body": ""}, path="^/$", times=None)
    assert problems(look(wanted(stand_in.urls)))["tasklist"] == "is a blank page"


def test_a_login_page_that_comes_again_and_again_is_given_up(stand_in: StandIn) -> None:
    stand_in.conditions(pages={"operate": "login"})
    told = problems(look(wanted(stand_in.urls), patience=60))
    assert told["operate-dashboard"] == "is a login page: it came again after 3 logins as demo"
    assert told["operate-processes"] == "is a login page: it came again after 3 logins as demo"
    assert told["tasklist"] is None
    assert logins(stand_in, "operate") == [204, 204, 204]


def test_a_wrong_password_is_tried_once(stand_in: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told = problems(look(wanted(stand_in.urls, password=WRONG), patience=60))
    assert told["operate-processes"] == "is a login page: the app refuses the user demo of connection operate_web"
    assert told["tasklist"] == "is a login page: the app refuses the user demo of connection tasklist_web"
    assert logins(stand_in, "operate") == [401]
    assert WRONG not in caplog.text


def test_a_connection_without_a_user_is_told(stand_in: StandIn) -> None:
    [(page, site), *_] = wanted(stand_in.urls)
    site.password = None
    assert problems(look([(page, site)])) == {
        "operate-dashboard": "is a login page: connection operate_web has no login and password"
    }


def test_an_app_that_warms_up_is_waited_for(stand_in: StandIn) -> None:
    stand_in.kill("operate")
    waker = threading.Timer(3, stand_in.revive, ("operate",))
    stand_in.fault("operate", {"status": 503, "body": "not yet"}, path="^/$", times=1)
    waker.start()
    pictures = look(wanted(stand_in.urls)[:2], patience=60)
    waker.join()
    assert problems(pictures) == dict.fromkeys(pictures)
    assert [e["status"] for e in stand_in.journal("operate") if e["path"] == "/"][:2] == [503, 200]


def test_a_proxy_in_the_environment_does_not_matter_on_loopback(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    pictures = look(wanted(stand_in.urls))
    assert problems(pictures) == dict.fromkeys(pictures)


def test_a_long_way_to_the_folder_for_temporary_files_does_not_matter(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = tmp_path / "folder".ljust(100, "_")
    far.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(far))
    monkeypatch.setenv("TMPDIR", str(far))
    assert problems(look(wanted(stand_in.urls)[:1])) == {"operate-dashboard": None}


def test_a_browser_that_does_not_start_is_one_sentence(stand_in: StandIn, tmp_path: Path) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho '[1:2:FATAL:main.cc(3)] no such luck' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(RestoreFailed, match=r"^Chromium does not start: no such luck$"):
        list(take_pictures(wanted(stand_in.urls), str(broken), SHORT))


@pytest.fixture
def step(stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., TakePictures]:
    """The task, for the stand-in's cluster."""
    for conn_id, fields in stand_in.connections("seen").items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))

    def make(*, without: str = "", **fields: Any) -> TakePictures:
        names = {"zeebe", "operate", "tasklist", "optimize", "operate_web", "tasklist_web", "optimize_web"} - {without}
        cluster = Cluster(
            name="seen",
            version="8.6.0",
            connections={name: f"seen_{name}" for name in names},
            secondary_storage={"engine": "opensearch", "connection": "seen_search"},
            repository={"name": "backups", "type": "fs", "settings": {"location": "backups"}},
            **fields,
        )
        return TakePictures(
            task_id="take_pictures", cluster=cluster, backup_id=77, location=str(tmp_path), patience=SHORT
        )

    return make


def run(step: TakePictures) -> Any:
    context: Any = {"dag": SimpleNamespace(dag_id="restore_seen"), "run_id": RUN}
    return step.execute(context)


def kept(tmp_path: Path) -> dict[str, Any]:
    [index] = tmp_path.glob("seen/restores/*/pictures.json")
    told: dict[str, Any] = json.loads(index.read_text())
    assert {path.stem for path in index.parent.glob("*.png")} == {
        one["name"] for one in told["pictures"] if one["path"]
    }
    return told


def test_the_task_keeps_every_picture_beside_the_manifests(step: Callable[..., TakePictures], tmp_path: Path) -> None:
    taken = run(step())
    assert [(one["name"], one["app"], one["problem"]) for one in taken["pictures"]] == [
        ("operate-dashboard", "Operate", None),
        ("operate-processes", "Operate", None),
        ("tasklist", "Tasklist", None),
        ("optimize", "Optimize", None),
    ]
    assert taken["skipped"] is None
    assert kept(tmp_path) == {"backup_id": 77, **taken}
    for one in taken["pictures"]:
        assert one["path"].startswith(f"file://{tmp_path}/seen/restores/manual__2026-11-23T15_43_18_00_00/")
        assert one["url"].endswith(f"/{one['name']}.png")


def test_the_task_fails_with_every_wrong_picture_and_keeps_all(
    step: Callable[..., TakePictures], stand_in: StandIn, tmp_path: Path
) -> None:
    stand_in.conditions(pages={"operate": "error"})
    stand_in.kill("optimize")
    with pytest.raises(AirflowFailException) as failed:
        run(step())
    assert str(failed.value) == (
        "seen does not show what it should (the link Pictures shows what was seen):\n"
        "- Operate: dashboard is an error page: HTTP 500\n"
        "- Operate: process instances is an error page: HTTP 500\n"
        "- Optimize: collections cannot be reached: nothing listens there"
    )
    assert len(kept(tmp_path)["pictures"]) == 4


def test_what_is_not_looked_at_is_told(step: Callable[..., TakePictures], tmp_path: Path) -> None:
    taken = run(step(without="optimize_web"))
    assert [one["app"] for one in taken["pictures"]] == ["Operate", "Operate", "Tasklist"]
    assert taken["skipped"] == "Optimize: collections: the cluster file has no connections.optimize_web"

    assert run(step(visual_check={"enabled": False})) == {
        "pictures": [],
        "skipped": "the cluster file switches the visual check off",
    }


def test_without_a_browser_the_task_says_what_to_install(step: Callable[..., TakePictures], tmp_path: Path) -> None:
    with pytest.raises(
        AirflowFailException, match=r"the worker lacks .*, which visual_check.browser names: install it"
    ):
        run(step(visual_check={"browser": str(tmp_path / "none")}))


def test_a_connection_that_is_not_there_is_named(
    step: Callable[..., TakePictures], airflow_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SEEN_TASKLIST_WEB")
    with pytest.raises(AirflowFailException, match="Airflow has no connection seen_tasklist_web"):
        run(step())


def test_the_apps_of_the_embedded_cluster_show_what_is_wanted(cluster: Embedded, workload: Workload) -> None:
    started = workload.start(3)
    until(lambda: set(started) - workload.tasks().keys(), lambda missing: not missing, seconds=400)
    pictures = look(wanted(cluster.urls), patience=180)
    assert problems(pictures) == dict.fromkeys(pictures)
    assert {size(picture.png) for picture in pictures.values()} == {SIZE}


def test_the_apps_of_the_embedded_cluster_refuse_a_wrong_password(cluster: Embedded) -> None:
    told = problems(look(wanted(cluster.urls, password=WRONG)))
    assert {word.split(": ")[1] for name, word in told.items() if word and name != "optimize"} == {
        "the app refuses the user demo of connection operate_web",
        "the app refuses the user demo of connection tasklist_web",
    }
