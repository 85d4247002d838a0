"""A search engine of the user's own, at `ELASTICSEARCH_URL`: an empty node on this machine with `path.repo` set."""

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.real.benches import CONN_ID, Bench

VARIABLE = "ELASTICSEARCH_URL"
TIMEOUT = 30  # seconds


@dataclass(frozen=True)
class OwnEngine:
    """What is known of it.

    :param url: its address, with user and password where it wants them
    :param name: as in a cluster file
    :param node: the name of its one node
    :param repositories: the first folder in which it may keep repositories of type `fs`
    """

    url: str
    name: str
    version: str
    node: str
    repositories: Path

    def get(self, path: str) -> Any:
        """Ask for something."""
        return asked(self.url, path)


def own_engine() -> OwnEngine | None:
    """Return the user's own engine, None when no address is given.

    :raises pytest.Collector.CollectError: it cannot be used, with the reason in one sentence
    """
    url = os.environ.get(VARIABLE, "").rstrip("/")
    if not url:
        return None
    told = asked(url, "/")["version"]
    nodes = list(asked(url, "/_nodes/settings?flat_settings=true")["nodes"].values())
    if len(nodes) != 1:
        raise refused(f"has {len(nodes)} nodes; these tests want one")
    folders = nodes[0]["settings"].get("path.repo") or []
    folder = Path(folders if isinstance(folders, str) else (*folders, "")[0])
    if not (folder.is_absolute() and os.access(folder, os.W_OK)):
        raise refused(
            "must have path.repo set to a folder here that the tests may write to, for repositories of type fs"
        )
    held = [one["index"] for one in asked(url, "/_cat/indices?format=json") if not one["index"].startswith(".")]
    if held or asked(url, "/_snapshot"):
        raise refused(f"must hold nothing, for these tests make and delete indices; it holds {held or 'repositories'}")
    return OwnEngine(url, told.get("distribution", "elasticsearch"), told["number"], nodes[0]["name"], folder)


def refused(why: str) -> pytest.Collector.CollectError:
    """Say why an engine cannot be used."""
    return pytest.Collector.CollectError(f"The search engine at {VARIABLE} {why}.")


def asked(url: str, path: str) -> Any:
    """Ask an engine; raises CollectError when it gives no good answer."""
    try:
        answer = requests.get(url + path, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.json()
    except requests.RequestException as error:
        raise refused(f"cannot be asked: {error}") from None


@contextmanager
def own_bench(engine: OwnEngine) -> Iterator[Bench]:
    """The user's engine; what the tests left in it is deleted in the end."""
    address = urlsplit(engine.url)
    connection = {
        "conn_type": "http",
        "schema": address.scheme,
        "host": address.hostname,
        "port": address.port or (443 if address.scheme == "https" else 80),
        **({"login": address.username, "password": address.password} if address.username else {}),
    }
    folder = engine.repositories / f"camunda-backup-{uuid.uuid4().hex[:12]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(connection))
        bench = Bench(engine.name, engine.url, folder, engine.node)
        try:
            yield bench
        finally:
            for one in engine.get("/_cat/indices?format=json"):
                if not one["index"].startswith("."):
                    bench.ask("DELETE", f"/{one['index']}")
            for repository in engine.get("/_snapshot"):
                bench.ask("DELETE", f"/_snapshot/{repository}")
            bench.ask("DELETE", "/_index_template/operate-import_template")
            shutil.rmtree(folder, ignore_errors=True)
