"""The visual check of a restored cluster."""

import json
from collections.abc import Sequence
from typing import Any

from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowNotFoundException

from camunda_backup import manifests
from camunda_backup.clusters import AnyCluster
from camunda_backup.errors import Rejected, RestoreFailed
from camunda_backup.links import PicturesLink
from camunda_backup.operators.step import RunbookStep
from camunda_backup.stored import make_folder, told
from camunda_backup.visual.browser import Picture, Site, lacking, take_pictures
from camunda_backup.visual.pages import Page, pages
from camunda_backup.visual.pictures import INDEX, picture_address

PATIENCE = 300.0


class TakePictures(RunbookStep):
    """Look at Operate, Tasklist and Optimize with a browser and keep a picture of each page beside the manifests.

    Returns ``pictures`` (of each: name, app, title, path where it is kept, url in Airflow, problem) and ``skipped``,
    why some or all were not taken. A page that is not the one wanted fails the task; its picture is kept all the same.

    :param cluster: the cluster file
    :param backup_id: of the restored set (templated)
    :param location: where manifests are kept
    :param patience: seconds in which all pages must show what is wanted; the apps may be warming up
    """

    ui_color = "#d7efd9"
    operator_extra_links = (PicturesLink(),)
    template_fields: Sequence[str] = ("backup_id",)

    def __init__(
        self, *, cluster: AnyCluster, backup_id: Any, location: str, patience: float = PATIENCE, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster
        self.backup_id = backup_id
        self.location = location
        self.patience = patience

    def step(self, context: Context) -> dict[str, Any]:
        """Take and keep the pictures; raises RestoreFailed with every one that is not the picture wanted."""
        check = self.cluster.visual_check
        if check.enabled and (trouble := lacking(check.browser)):
            raise RestoreFailed(f"no pictures can be taken: {trouble}; then clear this task")
        skipped = None if check.enabled else "the cluster file switches the visual check off"
        wanted, unknown = ([], []) if skipped else self._wanted()
        run = (context["dag"].dag_id, context["run_id"])
        kept = [self._keep(picture, *run) for picture in take_pictures(wanted, check.browser, self.patience)]
        taken = {"pictures": kept, "skipped": skipped or "; ".join(unknown) or None}
        self._write(run[1], INDEX, json.dumps({"backup_id": self.backup_id, **taken}, indent=2).encode())
        if taken["skipped"]:
            self.log.warning("Without pictures: %s", taken["skipped"])
        problems = [f"{one['title']} {one['problem']}" for one in kept if one["problem"]]
        if problems:
            raise RestoreFailed(
                f"{self.cluster.name} does not show what it should (the link Pictures shows what was seen):\n- "
                + "\n- ".join(problems)
            )
        return taken

    def _wanted(self) -> tuple[list[tuple[Page, Site]], list[str]]:
        """Return the pages with their servers, and why some have none."""
        sites: dict[str, Site] = {}
        wanted, unknown = [], []
        for page in pages(self.cluster):
            conn_id = getattr(self.cluster.connections, page.connection)
            if conn_id is None:
                unknown.append(f"{page.title}: the cluster file has no connections.{page.connection}")
                continue
            site = sites.get(conn_id) or sites.setdefault(conn_id, site_of(conn_id))
            wanted.append((page, site))
        return wanted, unknown

    def _keep(self, picture: Picture, dag_id: str, run_id: str) -> dict[str, Any]:
        page = picture.page
        path = picture.png and self._write(run_id, f"{page.name}.png", picture.png)
        self.log.info("%s %s", page.title, picture.problem or f"is kept as {path}")
        return {
            "name": page.name,
            "app": page.app,
            "title": page.title,
            "path": path,
            "url": picture_address(dag_id, run_id, page.name),
            "problem": picture.problem,
        }

    def _write(self, run_id: str, name: str, content: bytes) -> str:
        path = manifests.run_folder(self.location, self.cluster.name, run_id) / name
        with told(str(path), "written"):
            make_folder(path.parent)
            path.write_bytes(content)
        return str(path)


def site_of(conn_id: str) -> Site:
    """Return the server that an Airflow connection of type http leads to.

    :raises Rejected: Airflow has no such connection
    """
    hook = HttpHook(http_conn_id=conn_id)
    try:
        connection = hook.get_connection(conn_id)
        hook.get_conn()
    except AirflowNotFoundException:
        raise Rejected(f"Airflow has no connection {conn_id}, which the cluster file names; create it") from None
    trusted = connection.extra_dejson.get("verify", True) is not False
    return Site(conn_id, hook.base_url, connection.login, connection.password, trusted)
