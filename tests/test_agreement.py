"""Components that are configured differently: each difference is one sentence, what is masked or hidden none."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from camunda_backup.agreement import one_store, same_repository
from camunda_backup.clusters import Cluster
from camunda_backup.look import Look
from tests.stand_in import StandIn
from tests.test_cluster_storage import S3

BROKERS = ("zeebe", "broker_1", "broker_2")
Connect = Callable[[StandIn], None]


@pytest.fixture(scope="module")
def three_brokers() -> Iterator[StandIn]:
    """Give an 8.6 cluster of three brokers."""
    with StandIn("8.6", "--brokers", "3") as running:
        yield running


@pytest.fixture(scope="module")
def unified() -> Iterator[StandIn]:
    """Give an 8.8 cluster."""
    with StandIn("8.8") as running:
        yield running


def looking(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, **fields: Any) -> Look:
    """Look at a freshly reset stand-in, all of whose brokers are named."""
    stand_in.reset()
    doors = {"zeebe": "zeebe_management", "operate": "operate_management", "tasklist": "tasklist_management"}
    doors |= {f"broker_{number}": f"broker_{number}_management" for number in (1, 2)}
    for name, door in {**doors, "search": "search"}.items():
        if door in stand_in.urls:
            monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", stand_in.urls[door])
    apart = {app: app for app in ("operate", "tasklist") if f"{app}_management" in stand_in.urls}
    cluster = {
        "name": "prod",
        "version": "8.6" if apart else "8.8",
        "connections": {"zeebe": "zeebe", **({"brokers": BROKERS} if apart else {}), **apart},
        "secondary_storage": {"engine": "opensearch", "connection": "search"},
        "repository": {**S3, "settings": {"bucket": "zeebe", "base_path": "snapshots"}, "name": "backups"},
    }
    return Look(Cluster.model_validate({**cluster, **fields}))


def test_what_agrees_is_no_problem(three_brokers: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    look = looking(three_brokers, monkeypatch)

    assert [*same_repository(look), *one_store(look)] == []


def test_brokers_with_different_stores_are_named(three_brokers: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    look = looking(three_brokers, monkeypatch)
    three_brokers.conditions(stores={"1": {"s3": {"bucketName": "zeebe", "basePath": "b"}}, "2": {"store": "NONE"}})

    none, different = one_store(look)

    assert none.startswith("Zeebe has no backup store (broker_2); configure one on every broker")
    assert different.startswith("the brokers have different backup stores")
    assert different.endswith("s3:zeebe/ (zeebe), s3:zeebe/b (broker_1)")


@pytest.mark.parametrize(
    ("store", "repository"),
    [
        ({"store": "S3", "s3": {"bucketName": "b-1", "basePath": "prod"}}, {"bucket": "b-1", "base_path": "prod"}),
        ({"store": "GCS", "gcs": {"bucketName": "b-1"}}, {"bucket": "b-1"}),
        ({"store": "AZURE", "azure": {"basePath": "b-1"}}, {"container": "b-1"}),
    ],
    ids=lambda one: one.get("store", ""),
)
def test_one_place_for_store_and_repository_is_refused(
    three_brokers: StandIn, monkeypatch: pytest.MonkeyPatch, store: dict[str, Any], repository: dict[str, Any]
) -> None:
    kind, sign_in = {
        "S3": ("s3", "irsa"),
        "GCS": ("gcs", "service_account"),
        "AZURE": ("azure", "managed_identity"),
    }[store["store"]]
    definition = {"name": "backups", "type": kind, "sign_in": sign_in, "settings": repository}
    look = looking(three_brokers, monkeypatch, repository=definition)
    three_brokers.conditions(stores={str(broker): store for broker in range(3)})

    (problem,) = one_store(look)

    assert problem.startswith(f"Zeebe's backup store and snapshot repository backups have one place, {kind}:b-1/")


@pytest.mark.parametrize("store", [{"store": "******"}, {"s3": "******"}, {"s3": {"bucketName": "******"}}], ids=str)
def test_what_is_masked_says_nothing(
    three_brokers: StandIn, monkeypatch: pytest.MonkeyPatch, store: dict[str, Any]
) -> None:
    look = looking(three_brokers, monkeypatch)
    three_brokers.conditions(stores={str(broker): store for broker in range(3)})

    assert list(one_store(look)) == []


def test_index_prefixes_are_those_of_the_components(three_brokers: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    look = looking(three_brokers, monkeypatch)
    three_brokers.conditions(index_prefix={"tasklist": "acme"}, repository={"operate": "other"})

    operate, tasklist = same_repository(look)

    assert operate == "operate is configured for snapshot repository 'other', the cluster file says 'backups'"
    assert tasklist.startswith("tasklist is configured with the index prefix 'acme', the cluster file says 'tasklist'")
    assert tasklist.endswith("correct secondary_storage.index_prefixes.tasklist")


def test_from_8_8_on_operates_and_tasklists_repositories_are_both_looked_at(
    unified: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = looking(unified, monkeypatch)
    beans = {
        "o": {"prefix": "camunda.operate", "properties": {"backup": {"repositoryName": "backups"}}, "inputs": {}},
        "t": {"prefix": "camunda.tasklist", "properties": {"backup": {"repositoryName": "other"}}, "inputs": {}},
    }
    body = {"contexts": {"application": {"beans": beans}}}
    unified.fault("any", {"status": 200, "body": body}, path="/actuator/configprops", times=None)

    assert list(same_repository(look)) == [
        "webapps is configured for snapshot repository 'other', the cluster file says 'backups'"
    ]
