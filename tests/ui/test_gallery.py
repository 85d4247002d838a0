"""The page with a restore's pictures: what it shows, and to whom."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from starlette.routing import Route

DAG, RUN = "restore_shown", "manual__2026-11-23T15:43:18.454000+00:00_x"
BASE = f"/camunda-backup/restores/{DAG}/{RUN}"
CLUSTER = {
    "version": "8.8",
    "connections": {"zeebe": "c_zeebe", "rest": "c_rest"},
    "secondary_storage": {"engine": "opensearch", "connection": "c_search"},
    "repository": {"name": "backups", "type": "fs", "settings": {"location": "backups"}},
}
JWT_SECRET = "AIRFLOW__API_AUTH__JWT_SECRET"
PNG = b"\x89PNG a picture"

As = Callable[[str | None], TestClient]


def picture(name: str, title: str, problem: str | None = None) -> dict[str, Any]:
    return {"name": name, "title": title, "problem": problem, "path": "file:///somewhere", "url": "", "app": "Operate"}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run with two pictures, one of which is not the one wanted."""
    clusters, manifests = tmp_path / "clusters", tmp_path / "manifests"
    clusters.mkdir()
    (clusters / "shown.yaml").write_text(yaml.safe_dump(CLUSTER))
    monkeypatch.setenv("CAMUNDA_BACKUP_CLUSTERS", str(clusters))
    monkeypatch.setenv("CAMUNDA_BACKUP_MANIFESTS", str(manifests))
    folder = manifests / "shown" / "restores" / "manual__2026-11-23T15_43_18_454000_00_00_x"
    folder.mkdir(parents=True)
    pictures = [picture("tasklist", "Tasks <b>&"), picture("optimize", "Optimize", "is a blank page")]
    told = {"backup_id": 77, "pictures": pictures, "skipped": "Operate has <no> connection"}
    (folder / "pictures.json").write_text(json.dumps(told))
    for name in ("tasklist", "optimize", "unlisted"):
        (folder / f"{name}.png").write_bytes(PNG)
    for above in (folder.parent, folder.parent.parent, manifests):
        (above / "secret.png").write_bytes(b"not for you")
    return folder


@pytest.fixture(scope="module")
def visitor(airflow_db: None) -> Iterator[As]:
    """Airflow's own server, visited by a user of a role; anonymously when the role is None."""
    from airflow.api_fastapi.app import create_app  # noqa: PLC0415 - after the environment is set
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415

    with pytest.MonkeyPatch.context() as patch:
        if not os.environ.get(JWT_SECRET):
            patch.setenv(JWT_SECRET, token_hex(64))  # its own one is too short to be used in silence
        app = create_app(apps="core")

        def visiting(role: str | None) -> TestClient:
            if role is None:
                return TestClient(app)
            user = SimpleAuthManagerUser(username="somebody", role=role or None)
            token = app.state.auth_manager.generate_jwt(user)
            return TestClient(app, headers={"Authorization": f"Bearer {token}"})

        yield visiting


def routes() -> list[str]:
    """Every path that the application knows, filled in."""
    from camunda_backup.ui.gallery import gallery  # noqa: PLC0415 - it imports Airflow

    paths = [route.path for route in gallery.routes if isinstance(route, Route)]
    return [f"/camunda-backup{path}".format(dag_id=DAG, run_id=RUN, name="tasklist") for path in paths]


def test_there_are_the_page_and_the_pictures_and_nothing_else() -> None:
    assert sorted(routes()) == [BASE, f"{BASE}/tasklist.png"]


def test_nobody_sees_anything_without_logging_in(kept: Path, visitor: As) -> None:
    for path in routes():
        assert visitor(None).get(path).status_code == 401, path
        assert visitor(None).get(path, headers={"Authorization": "Bearer nonsense"}).status_code == 403, path


def test_nobody_sees_anything_without_the_right_to_the_run(kept: Path, visitor: As) -> None:
    for path in routes():
        assert visitor("").get(path).status_code == 403, path


def test_the_page_shows_every_picture_and_marks_the_wrong_one(kept: Path, visitor: As) -> None:
    shown = visitor("viewer").get(BASE)
    assert shown.status_code == 200
    assert "Backup 77." in shown.text
    assert f'<img src="{RUN.replace(":", "%3A").replace("+", "%2B")}/tasklist.png"' in shown.text
    assert 'Optimize</b> <span class="wrong">Not the picture wanted: it is a blank page.' in shown.text
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]


@pytest.mark.parametrize("dag", [DAG, f"cold_{DAG}"])
def test_a_restore_from_either_kind_of_backup_has_its_pictures(dag: str, kept: Path, visitor: As) -> None:
    shown = visitor("viewer").get(f"/camunda-backup/restores/{dag}/{RUN}/tasklist.png")
    assert (shown.status_code, shown.content) == (200, PNG)


def test_what_was_told_is_text_and_no_html(kept: Path, visitor: As) -> None:
    shown = visitor("viewer").get(BASE).text
    assert "<b>Tasks &lt;b&gt;&amp;</b>" in shown
    assert "Operate has &lt;no&gt; connection" in shown


def test_pictures_are_given_as_they_are_kept(kept: Path, visitor: As) -> None:
    given = visitor("viewer").get(f"{BASE}/optimize.png")
    assert (given.status_code, given.content, given.headers["Content-Type"]) == (200, PNG, "image/png")


@pytest.mark.parametrize(
    "path",
    [
        f"{BASE}/unlisted.png",
        f"{BASE}/..%2Fsecret.png",
        f"{BASE}/..%2F..%2Fsecret.png",
        f"{BASE}/%2e%2e%2fsecret.png",
        f"{BASE}/..\\secret.png",
        f"/camunda-backup/restores/{DAG}/..%2F../secret.png",
        f"/camunda-backup/restores/{DAG}/%2E%2E/secret.png",
        f"/camunda-backup/restores/{DAG}/..%252F..%252F/secret.png",
        "/camunda-backup/restores/..%2Fshown/x/secret.png",
        f"/camunda-backup/restores/{DAG}/another_run",
        f"/camunda-backup/restores/{DAG}/another_run/tasklist.png",
        f"/camunda-backup/restores/back_up_shown/{RUN}",
        f"/camunda-backup/restores/restore_of_nobody/{RUN}",
        "/camunda-backup/docs",
        "/camunda-backup/openapi.json",
    ],
)
def test_nothing_else_can_be_had(kept: Path, visitor: As, path: str) -> None:
    given = visitor("admin").get(path)
    assert given.status_code == 404
    assert b"not for you" not in given.content


def test_airflow_can_list_its_plugins(visitor: As) -> None:
    listed = visitor("admin").get("/api/v2/plugins").json()["plugins"]
    [ours] = [plugin for plugin in listed if plugin["name"] == "camunda_backup"]
    assert [app["url_prefix"] for app in ours["fastapi_apps"]] == ["/camunda-backup"]
