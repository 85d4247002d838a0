"""Which pages are looked at."""

from typing import Any

import pytest

from camunda_backup.api import GENERATIONS
from camunda_backup.api.generation import Generation
from camunda_backup.clusters import Cluster
from camunda_backup.visual.pages import pages, pages_of

FIELDS: dict[str, Any] = {
    "name": "c",
    "secondary_storage": {"engine": "opensearch", "connection": "c_search"},
    "repository": {"name": "backups", "type": "fs", "settings": {"location": "backups"}},
}


def cluster(version: str, **connections: str) -> Cluster:
    return Cluster(version=version, connections={"zeebe": "c_zeebe", **connections}, **FIELDS)


@pytest.mark.parametrize("generation", GENERATIONS, ids=lambda one: one.lines[0])
def test_each_page_has_a_name_of_its_own_and_a_connection_that_a_cluster_file_can_name(generation: Generation) -> None:
    seen = pages_of(generation)
    assert len({page.name for page in seen}) == len(seen)
    assert {page.connection for page in seen} <= type(cluster("8.8").connections).model_fields.keys()
    assert {page.app for page in seen} == {"Operate", "Tasklist", "Optimize"}


def test_the_apps_are_on_ports_of_their_own_until_8_7_and_on_one_from_8_8_on() -> None:
    apart = pages(cluster("8.6.0", operate="c_operate", tasklist="c_tasklist"))
    assert [(page.connection, page.path.partition("?")[0]) for page in apart] == [
        ("operate_web", "/"),
        ("operate_web", "/processes"),
        ("tasklist_web", "/"),
    ]
    together = pages(cluster("8.10", rest="c_rest"))
    assert [(page.connection, page.path.partition("?")[0]) for page in together] == [
        ("rest", "/operate"),
        ("rest", "/operate/processes"),
        ("rest", "/tasklist"),
    ]


def test_optimize_is_looked_at_where_there_is_one() -> None:
    assert pages(cluster("8.9", optimize="c_optimize"))[-1].connection == "optimize_web"
