"""Snapshot repositories in S3, Azure and Google Cloud stores, set up by the product on a real OpenSearch 3.8."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from camunda_backup.errors import CamundaBackupError, Rejected
from camunda_backup.states import Phase
from camunda_backup.storage.repositories import as_registered
from camunda_backup.storage.stores import STORES
from camunda_backup.storage.stores.store import Operation
from sandbox import fetch, search_plugins, stores
from sandbox.programs import Programs
from sandbox.sites import Site
from tests.real.benches import PATIENCE, RECORDS, Bench, bench_at, place
from tests.real.store_users import BUCKET, azure_token, kept, make_buckets, make_s3_users, s3_keys

MADE = f"{RECORDS}_process-instance_8.6.0_2026-01-01"
SETTINGS: dict[str, dict[str, Any]] = {
    "s3": {"bucket": BUCKET, "server_side_encryption_type": "bucket_default"},
    "azure": {"container": BUCKET},
    "gcs": {"bucket": BUCKET},
}
SIGN_INS = {"s3": "keystore", "azure": "keystore", "gcs": "workload_identity"}
WITHOUT = {f"without_{operation}": operation for operation in Operation}
STARTED = ("s3", "azurite", "gcs")


STORED = {"s3": "s3: versitygw", "azure": "azure: Azurite", "gcs": "gcs: fake-gcs-server"}


def shown(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.shows("repository", engine="OpenSearch 3.8.0", store=STORED[kind], against="real")


def clients(site: Site) -> dict[str, str | bool | list[str]]:
    """The stores, as opensearch.yml names them."""
    blob = f"ignored;DefaultEndpointsProtocol=http;BlobEndpoint={site.url('azurite')}/{stores.AZURE_ACCOUNT}"
    told: dict[str, str | bool | list[str]] = {
        "gcs.client.default.endpoint": site.url("gcs"),
        "gcs.client.default.project_id": "sandbox",
    }
    for name in ("default", "stranger", *WITHOUT):
        told[f"azure.client.{name}.endpoint_suffix"] = blob
        told[f"s3.client.{name}.endpoint"] = site.url("s3")
        told[f"s3.client.{name}.region"] = "us-east-1"
        told[f"s3.client.{name}.path_style_access"] = True
    return told


def secrets() -> dict[str, str]:
    """Who signs in to the stores, as OpenSearch's keystore has it."""
    told: dict[str, str] = {}
    for name, lacking in {"default": None, **WITHOUT}.items():
        told |= {f"s3.client.{name}.{key}": value for key, value in s3_keys(lacking).items()}
        told |= {
            f"azure.client.{name}.account": stores.AZURE_ACCOUNT,
            f"azure.client.{name}.sas_token": azure_token(lacking),
        }
    return told | {
        "s3.client.stranger.access_key": stores.USER,
        "s3.client.stranger.secret_key": "not-the-right-one",
        "azure.client.stranger.account": stores.AZURE_ACCOUNT,
        "azure.client.stranger.key": "bm90IHRoZSByaWdodCBvbmU=",
    }


class Running(NamedTuple):
    """OpenSearch and the stores, and where they run."""

    bench: Bench
    site: Site
    programs: Programs


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """OpenSearch with its plugins, and the three stores."""
    home = tmp_path_factory.mktemp("stores")
    with place(home) as site, Programs(home / "programs") as programs:
        stores.install(site.cache, print)
        search_plugins.assemble(site.cache, print)
        for program in (stores.s3(site), stores.azurite(site), stores.gcs(site)):
            programs.start(program)
        for name in STARTED:
            programs.wait_healthy(name, PATIENCE)
        make_buckets(site)
        make_s3_users(site, BUCKET)
        for program in search_plugins.keystore(site, secrets()):
            ended = programs.run(program, PATIENCE)
            assert ended.exit_code == 0, ended.output
        programs.start(search_plugins.opensearch(site, clients(site)))
        programs.wait_healthy("search", PATIENCE)
        bench = bench_at("opensearch", site)
        bench.fill(MADE)
        yield Running(bench, site, programs)


@pytest.fixture
def bench(running: Running) -> Bench:
    return running.bench


def set_up(bench: Bench, kind: str, name: str, **settings: Any) -> dict[str, Any]:
    """Have the product set up a repository, from the lines of a cluster file."""
    told = {**SETTINGS[kind], "base_path": name, **settings}
    wanted = {key: value for key, value in told.items() if value is not None}
    line = {"name": name, "type": kind, "sign_in": SIGN_INS[kind], "settings": wanted}
    return bench.set_up(name, as_registered(STORES[kind].model_validate(line)), SIGN_INS[kind])


def why(bench: Bench, kind: str, name: str, **settings: Any) -> str:
    """What the product says when it cannot set one up."""
    with pytest.raises(CamundaBackupError) as caught:
        set_up(bench, kind, name, **settings)
    return str(caught.value)


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=shown(kind)) for kind in SETTINGS])
def test_a_repository_is_set_up_and_takes_a_snapshot_there_and_back(running: Running, kind: str) -> None:
    bench = running.bench
    done = set_up(bench, kind, f"good-{kind}")
    assert done == {"registered": True, "nodes": ["search"], "proven": ["write", "list", "read", "delete"]}
    assert not set_up(bench, kind, f"good-{kind}")["registered"]
    report = bench.taken(f"good-{kind}", 1)
    assert report.phase is Phase.COMPLETED
    hook, documents = bench.hook(f"good-{kind}", kind), bench.count(MADE)
    (snapshot,) = hook.snapshots("camunda_zeebe_records_backup_1")
    assert snapshot.whole
    assert any(name.endswith("index-0") or "/snap-" in name for name in kept(running.site, kind, f"good-{kind}"))
    hook.delete([MADE])
    bench.brought_back(f"good-{kind}", snapshot)
    assert bench.count(MADE) == documents


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("kind", [pytest.param(kind, marks=shown(kind)) for kind in ("s3", "azure")])
def test_the_permission_that_is_missing_is_named(bench: Bench, kind: str, operation: Operation) -> None:
    said = why(bench, kind, f"without-{operation}-{kind}", client=f"without_{operation}")
    assert STORES[kind].permissions[operation] in said


@pytest.mark.parametrize("kind", ["s3", "azure"])
def test_who_cannot_sign_in_is_told_so(bench: Bench, kind: str) -> None:
    said = why(bench, kind, f"stranger-{kind}", client="stranger")
    assert "sign" in said.lower() or "key" in said.lower(), said


@pytest.mark.parametrize(("kind", "field"), [("s3", "bucket"), ("azure", "container"), ("gcs", "bucket")])
def test_a_bucket_that_is_not_there_is_named(bench: Bench, kind: str, field: str) -> None:
    said = why(bench, kind, f"nobucket-{kind}", **{field: "no-such-bucket"})
    assert field in said, said


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_client_that_the_engine_does_not_know_is_named(bench: Bench, kind: str) -> None:
    assert "client" in why(bench, kind, f"noclient-{kind}", client="nosuch")


def test_a_store_that_is_gone_is_told_so(running: Running) -> None:
    bench, site, programs = running
    set_up(bench, "s3", "gone")
    programs.stop("s3")
    try:
        with pytest.raises(Rejected, match="gone does not verify"):
            bench.hook("gone", "s3").verify()
    finally:
        programs.start(stores.s3(site))
        programs.wait_healthy("s3", PATIENCE)
    assert bench.hook("gone", "s3").verify() == ["search"]


def test_what_is_fetched_is_kept(bench: Bench) -> None:
    """A second run neither builds nor downloads."""
    told: list[str] = []
    stores.install(fetch.cache_folder(), told.append)
    search_plugins.assemble(fetch.cache_folder(), told.append)
    assert told == []
