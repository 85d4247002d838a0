"""What a cluster file says about the cluster's parts, and what travels from it to operators."""

import json
from datetime import timedelta
from typing import Any, get_args

import pydantic
import pytest

from camunda_backup.api import GENERATIONS, generation
from camunda_backup.clusters import Cluster
from camunda_backup.fields import written
from camunda_backup.hooks.parts import Part
from camunda_backup.orders import ORDERS, PauseMode, Stage
from camunda_backup.sections import Limits, SecondaryStorage
from camunda_backup.states import Component
from camunda_backup.storage import ENGINES
from camunda_backup.waiting import Patience

EVERY_LINE = pytest.mark.parametrize("version", [line for generation in GENERATIONS for line in generation.lines])


def cluster(version: str = "8.6", *, optimize: bool = True, **fields: Any) -> Cluster:
    connections = {"zeebe": "c_zeebe", **({"optimize": "c_optimize"} if optimize else {})}
    own = {"operate": "c_operate", "tasklist": "c_tasklist"}
    connections |= own if generation(version).apps_read_records else {"rest": "c_rest"}
    return Cluster(
        **{
            "name": "prod",
            "version": version,
            "connections": connections,
            "secondary_storage": {"engine": "opensearch", "connection": "c_search"},
            "repository": {"name": "backups", "type": "fs", "settings": {"location": "backups"}},
            **fields,
        }
    )


CONNECTION = {"kind": "connection", "issuer": None, "audience": None, "scope": None}
ALL = [Component.ZEEBE, Component.OPERATE, Component.TASKLIST, Component.OPTIMIZE, Component.RECORDS]


@pytest.mark.parametrize(
    ("version", "optimize", "components"),
    [
        ("8.5", True, ALL),
        ("8.6.0", True, ALL),
        ("8.7", True, ALL),
        ("8.6", False, [Component.ZEEBE, Component.OPERATE, Component.TASKLIST, Component.RECORDS]),
        ("8.8", True, [Component.ZEEBE, Component.WEB_APPS, Component.OPTIMIZE, Component.RECORDS]),
        ("8.8", False, [Component.ZEEBE, Component.WEB_APPS]),
        ("8.9.1", False, [Component.ZEEBE, Component.WEB_APPS]),
        ("8.10", True, [Component.ZEEBE, Component.WEB_APPS, Component.OPTIMIZE, Component.RECORDS]),
    ],
)
def test_a_set_consists_of_what_the_generation_has_and_what_reads_the_records(
    version: str, optimize: bool, components: list[Component]
) -> None:
    assert list(cluster(version, optimize=optimize).all_components) == components


@EVERY_LINE
@pytest.mark.parametrize("optimize", [True, False])
def test_a_cluster_has_a_connection_for_each_component(version: str, optimize: bool) -> None:
    one = cluster(version, optimize=optimize)
    for component in one.all_components:
        control = "c_rest" if version == "8.10" else "c_zeebe"
        expected = {
            Component.ZEEBE: control,
            Component.WEB_APPS: control,
            Component.RECORDS: "c_search",
        }.get(component, f"c_{component}")
        assert one.connection(component) == expected
        process = "c_zeebe" if component in {Component.ZEEBE, Component.WEB_APPS} else expected
        assert one.management_port(component) == process


@EVERY_LINE
def test_what_travels_is_json_and_enough_to_reach_the_component(version: str) -> None:
    one = cluster(version)
    for component in one.all_components:
        part = Part(**json.loads(json.dumps(one.part(component))))
        assert part.api.component is component
        assert part.conn_id == one.connection(component)


@EVERY_LINE
@pytest.mark.parametrize("optimize", [True, False])
def test_prefixes_are_those_of_indices_that_the_cluster_has(version: str, optimize: bool) -> None:
    one = cluster(version, optimize=optimize)
    assert ("optimize" in one.prefixes) == optimize
    assert ("records" in one.prefixes) == (Component.RECORDS in one.all_components)
    assert {"operate", "tasklist"} <= one.prefixes.keys()


def test_a_prefix_of_the_cluster_file_reaches_the_records_snapshot_and_the_counts() -> None:
    storage = {"engine": "opensearch", "connection": "c_search", "index_prefixes": {"records": "eu-zeebe"}}
    one = cluster(secondary_storage=storage)
    assert one.part(Component.RECORDS)["records_prefix"] == "eu-zeebe"
    assert one.prefixes["records"] == "eu-zeebe"


@pytest.mark.parametrize(("brokers", "asked"), [([], ("c_zeebe",)), (["b0", "b1"], ("b0", "b1"))])
def test_exporting_is_told_by_the_brokers_and_by_the_gateway_when_none_is_named(
    brokers: list[str], asked: tuple[str, ...]
) -> None:
    one = cluster(connections={**cluster().connections.model_dump(), "brokers": brokers})
    assert one.brokers == asked
    assert json.loads(json.dumps(one.exporting())) == {
        "conn_id": "c_zeebe",
        "access": CONNECTION,
        "broker_conn_ids": list(asked),
        "broker_access": CONNECTION,
        "version": "8.6",
        "management_api": None,
    }


@pytest.mark.parametrize("order", ORDERS)
def test_each_order_can_be_chosen_and_brings_its_own_pause(order: str) -> None:
    assert cluster(order=order).consistency is ORDERS[order]


def test_zeebe_first_under_a_hard_pause_is_the_default() -> None:
    assert cluster().order == "zeebe-first"
    assert cluster().consistency.pause is PauseMode.HARD


@pytest.mark.parametrize(
    "field",
    [
        {"pause": "soft"},
        {"pause_mode": "soft"},
        {"mode": "soft"},
        {"consistency": {"pause": "soft"}},
        {"order": {"name": "zeebe-first", "pause": "soft"}},
        {"order": "zeebe-first-soft"},
        {"limits": {"pause": "soft"}},
    ],
)
def test_the_pause_cannot_be_set_apart_from_the_order(field: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        cluster(**field)


def test_a_cluster_cannot_be_changed_after_it_was_read() -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        cluster().order = "secondary-first"  # type: ignore[misc]


def test_the_cluster_file_can_name_every_registered_order_and_no_other() -> None:
    assert set(get_args(Cluster.model_fields["order"].annotation)) == set(ORDERS)


def test_the_cluster_file_can_name_every_registered_engine_and_no_other() -> None:
    assert set(get_args(SecondaryStorage.model_fields["engine"].annotation)) == set(ENGINES)


def test_limits_are_the_patience_of_a_wait_in_seconds() -> None:
    limits = Limits(grace="90s", faults="3m", stall="1h", deadline="1d")
    assert Patience(**limits.patience()) == Patience(grace=90, faults=180, stall=3600, deadline=86400)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("26h", timedelta(hours=26)),
        ("7d", timedelta(days=7)),
        ("10 m", timedelta(minutes=10)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, duration: timedelta) -> None:
    limits = cluster(limits={"max_pause": text}).limits
    assert limits.max_pause == duration
    assert written(duration) == text.replace(" ", "")


@pytest.mark.parametrize("text", ["", "10", "10 minutes", "-5m", "1.5h", "m", "5w", "1h30m", 600, 1.5, None, True])
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(pydantic.ValidationError, match="write a number and a unit"):
        cluster(limits={"max_pause": text})


@pytest.mark.parametrize("stage", Stage)
@EVERY_LINE
def test_every_component_belongs_to_one_stage(version: str, stage: Stage) -> None:
    one = cluster(version)
    elsewhere = {c for other in Stage if other is not stage for c in one.components(other)}
    assert not elsewhere & set(one.components(stage))


def test_dags_of_a_cluster_are_named_after_job_and_cluster() -> None:
    assert cluster().dag_id("back_up") == "back_up_prod"


def test_links_begin_where_the_cluster_file_says() -> None:
    assert cluster().link_bases() == {"repository": "backups"}
    linked = cluster(links={"operate": "https://operate.example", "snapshots": "https://search.example"})
    assert linked.link_bases() == {
        "repository": "backups",
        "operate": "https://operate.example",
        "snapshots": "https://search.example",
    }
