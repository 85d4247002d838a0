"""The pictures of one restore run, for those who may read that run in Airflow.

What it takes from ``airflow.api_fastapi`` is no public interface of Airflow; nothing else of this project uses it.
"""

import json
from html import escape
from typing import Any
from urllib.parse import quote

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.sdk import ObjectStoragePath
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse, Response

from camunda_backup import manifests
from camunda_backup.cluster_files import read_files
from camunda_backup.visual.pictures import INDEX

RESTORES = ("restore", "cold_restore")
SAFE = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
# Without /docs and the like, and with the check on the whole application: no route can be without it.
gallery = FastAPI(
    title="Pictures of restored clusters",
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
    dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.RUN))],
)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
:root {{ color-scheme: light dark }} body {{ font: 15px/1.5 system-ui, sans-serif; margin: 24px }}
figure {{ margin: 0 0 32px }} img {{ max-width: 100%; border: 1px solid gray }} .wrong {{ color: crimson }}
</style></head><body><h1>{title}</h1><p>{told}</p>
{figures}
<p><a href="{run}" target="_top">The run in Airflow</a></p></body></html>"""


@gallery.get("/restores/{dag_id}/{run_id}", response_class=HTMLResponse)
def page(dag_id: str, run_id: str) -> HTMLResponse:
    """Show every picture of a run."""
    _, taken = _taken(dag_id, run_id)
    told = f"Backup {taken['backup_id']}."
    if taken["skipped"]:
        told += f" Without pictures: {taken['skipped']}."
    content = PAGE.format(
        title=escape(f"Pictures of {dag_id}"),
        told=escape(told),
        figures="\n".join(_figure(picture, run_id) for picture in taken["pictures"]),
        run=f"../../../dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}",
    )
    return HTMLResponse(content, headers=SAFE)


@gallery.get("/restores/{dag_id}/{run_id}/{name}.png")
def picture(dag_id: str, run_id: str, name: str) -> Response:
    """Give one picture; only those that the run has taken can be asked for."""
    folder, taken = _taken(dag_id, run_id)
    if not any(one["name"] == name and one["path"] for one in taken["pictures"]):
        raise HTTPException(404, f"run {run_id} of {dag_id} has no picture {name}")
    return Response((folder / f"{name}.png").read_bytes(), media_type="image/png", headers=SAFE)


def _taken(dag_id: str, run_id: str) -> tuple[ObjectStoragePath, dict[str, Any]]:
    """Return the folder of a run and what its task that took pictures told."""
    cluster = next((one for one in read_files()[0] if dag_id in map(one.dag_id, RESTORES)), None)
    if cluster is None:
        raise HTTPException(404, f"{dag_id} is not the restore of any cluster file")
    folder = manifests.run_folder(manifests.location(cluster.manifests), cluster.name, run_id)
    try:
        taken: dict[str, Any] = json.loads((folder / INDEX).read_text())
    except FileNotFoundError:
        raise HTTPException(404, f"run {run_id} of {dag_id} has taken no pictures") from None
    return folder, taken


def _figure(picture: dict[str, Any], run_id: str) -> str:
    """Return a picture with its title, and what is wrong with it."""
    title, problem = escape(picture["title"]), escape(picture["problem"] or "")
    source = f"{quote(run_id, safe='')}/{quote(picture['name'], safe='')}.png"
    image = f'<a href="{source}"><img src="{source}" alt="{title}"></a>' if picture["path"] else ""
    wrong = f' <span class="wrong">Not the picture wanted: it {problem}.</span>' if problem else ""
    return f"<figure><figcaption><b>{title}</b>{wrong}</figcaption>{image}</figure>"
