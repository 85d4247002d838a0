"""The product's storage hook and repository step on search engines, each with an fs repository.

They run on every OpenSearch that is fetched, or on the one node at ``ELASTICSEARCH_URL``.
"""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from camunda_backup.errors import CamundaBackupError, Rejected, Unreachable
from camunda_backup.states import Phase
from sandbox.engines import ENGINES, SearchEngine
from tests.observing import until
from tests.real.benches import PATIENCE, RECORDS, Bench, bench
from tests.real.own_engine import OwnEngine, own_bench, own_engine
from tests.recorded.calls import Client
from tests.recorded.recording import asks
from tests.stand_in import StandIn

MADE = f"{RECORDS}_process-instance_8.6.0_2026-01-01"
PROPER = {"elasticsearch": "Elasticsearch", "opensearch": "OpenSearch"}
NOWHERE = {"index.routing.allocation.require._name": "nowhere"}  # so its shard is on no node


def shown(engine: SearchEngine | OwnEngine, against: str) -> Any:
    name = f"{PROPER[engine.name]} {engine.version}"
    mark = pytest.mark.shows("repository", engine=name, store="fs", against=against)
    return pytest.param(engine, marks=mark, id=name)


OWN = own_engine()
TRIED = [shown(OWN, "own engine")] if OWN else [shown(engine, "real") for engine in ENGINES]


@pytest.fixture(scope="module", params=TRIED)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Each search engine in turn, with an index of records."""
    tried = request.param
    started = own_bench(tried) if isinstance(tried, OwnEngine) else bench(tried, tmp_path_factory.mktemp("engine"))
    with started as running:
        running.fill(MADE)
        yield running


@pytest.fixture(scope="module")
def repository(engine: Bench) -> str:
    """A repository that the product has set up."""
    done = engine.set_up("backups", definition(engine, "backups"))
    assert done == {"registered": True, "nodes": [engine.node], "proven": ["write", "list", "read", "delete"]}
    return "backups"


def definition(engine: Bench, location: str) -> dict[str, object]:
    return {"type": "fs", "settings": {"location": str(engine.repositories / location)}}


def test_a_repository_that_is_there_is_proved_again(engine: Bench, repository: str) -> None:
    assert engine.set_up(repository, definition(engine, "backups"))["registered"] is False
    assert engine.hook(repository).indices("camunda-backup-probe") == []
    assert engine.hook(repository).snapshots("camunda-backup-probe*") == ()


def test_another_definition_is_left_alone_unless_it_is_to_be_replaced(engine: Bench, repository: str) -> None:
    engine.set_up("changing", definition(engine, "here"))
    with pytest.raises(Rejected, match=r"location: cluster file '\S*there', registered '\S*here'"):
        engine.set_up("changing", definition(engine, "there"))
    assert engine.set_up("changing", definition(engine, "there"), overwrite=True)["registered"] is True
    registered = engine.hook("changing").definition() or {}
    assert {**registered, "uuid": ""} == {**definition(engine, "there"), "uuid": ""}  # Elasticsearch gives each its own


def test_a_folder_outside_the_allowed_ones_is_refused(engine: Bench) -> None:
    with pytest.raises(CamundaBackupError, match="outside cannot be registered: HTTP 500"):
        engine.set_up("outside", definition(engine, "/nonexistent/outside"))
    assert engine.hook("outside").definition() is None


def test_a_type_whose_plugin_is_missing_is_refused(engine: Bench) -> None:
    with pytest.raises(CamundaBackupError, match="repository type"):
        engine.hook("elsewhere").register({"type": "tape", "settings": {}})


def test_a_repository_whose_folder_is_gone_does_not_verify(engine: Bench) -> None:
    engine.set_up("lost", definition(engine, "lost"))
    shutil.rmtree(engine.repositories / "lost")
    (engine.repositories / "lost").write_text("in the way")
    with pytest.raises(Rejected, match="repository lost does not verify: HTTP 500"):
        engine.hook("lost").verify()


def test_without_a_repository_everything_says_so(engine: Bench) -> None:
    hook, records = engine.hook("missing"), engine.records("missing")
    assert hook.definition() is None
    for call in (hook.verify, hook.snapshots, hook.backup_ids, lambda: records.start(1)):
        with pytest.raises(Rejected, match="missing"):
            call()
    report = records.status(1)
    assert (report.phase, report.found) == (Phase.FAILED, False)


def test_a_snapshot_of_the_records_is_taken_and_restored(engine: Bench, repository: str) -> None:
    hook, documents = engine.hook(repository), engine.count(MADE)
    report = engine.taken(repository, 1)
    assert (report.phase, report.state) == (Phase.COMPLETED, "SUCCESS")
    (snapshot,) = hook.snapshots("camunda_zeebe_records_backup_1")
    assert (snapshot.whole, snapshot.indices, snapshot.total_shards) == (True, (MADE,), 1)
    assert hook.backup_ids() >= {1}
    assert hook.sizes([snapshot])[snapshot.name] > 0

    assert [index.name for index in hook.own_indices([RECORDS])] == [MADE]
    hook.delete([MADE])
    assert hook.own_indices([RECORDS]) == []
    assert hook.shards([MADE]) == ()
    engine.brought_back(repository, snapshot)
    assert engine.count(MADE) == documents
    with pytest.raises(CamundaBackupError, match=r"cannot be restored: HTTP 500 .*open index with same name"):
        hook.restore(snapshot)


def test_a_name_in_use_is_a_refusal(engine: Bench, repository: str) -> None:
    engine.taken(repository, 2)
    with pytest.raises(Rejected, match="snapshot with the same name already exists"):
        engine.records(repository).start(2)


def test_a_snapshot_that_is_not_there(engine: Bench, repository: str) -> None:
    assert engine.hook(repository).snapshots("camunda_zeebe_records_backup_999") == ()
    assert engine.hook(repository).snapshots("camunda_operate_999_*") == ()
    assert engine.records(repository).status(999).phase is Phase.PENDING


def test_a_snapshot_of_nothing_is_a_failure(engine: Bench, repository: str) -> None:
    report = engine.taken(repository, 3, prefix="no-records")
    assert (report.phase, report.reason) == (Phase.FAILED, "it is empty: no index matches no-records*")


def test_a_snapshot_is_not_even_begun_while_a_shard_is_on_no_node(engine: Bench, repository: str) -> None:
    engine.fill("broken-record_1")
    engine.fill("broken-record_2", documents=0, **NOWHERE)
    with pytest.raises(Unreachable, match="primary shards"):
        engine.taken(repository, 4, prefix="broken-record")
    assert engine.hook(repository).snapshots("camunda_zeebe_records_backup_4") == ()


def test_a_partial_snapshot_is_a_failure(engine: Bench, repository: str) -> None:
    engine.fill("partial-record_1")
    engine.fill("partial-record_2", documents=0, **NOWHERE)
    path = f"/_snapshot/{repository}/camunda_zeebe_records_backup_5"
    taken = engine.ask("PUT", path, {"indices": "partial-record*", "partial": True}, wait_for_completion="true")
    assert taken.body["snapshot"]["state"] == "PARTIAL"
    report = engine.ended(engine.records(repository, "partial-record"), 5)
    assert report.phase is Phase.FAILED
    (snapshot,) = engine.hook(repository).snapshots("camunda_zeebe_records_backup_5")
    assert (snapshot.state, snapshot.whole, snapshot.failed_shards) == ("PARTIAL", False, 1)


def test_a_snapshot_whose_files_are_gone_cannot_be_restored(engine: Bench) -> None:
    engine.set_up("damaged", definition(engine, "damaged"))
    engine.taken("damaged", 6)
    (snapshot,) = engine.hook("damaged").snapshots("camunda_zeebe_records_backup_6")
    for file in (engine.repositories / "damaged" / "indices").rglob("__*"):
        file.unlink()
    engine.hook("damaged").delete([MADE])
    engine.hook("damaged").restore(snapshot)
    until(lambda: any(shard.failed for shard in engine.hook("damaged").shards([MADE])), PATIENCE)
    engine.hook("damaged").delete([MADE])
    engine.fill(MADE)


def test_indices_are_deleted_by_name_only_so_many_at_a_time(engine: Bench) -> None:
    names = [f"many-{'x' * 200}-{number}" for number in range(20)]
    for name in names:
        engine.fill(name, documents=0)
    hook = engine.hook("none")
    assert len(hook.shards(names)) == len(names)
    hook.delete(names)
    assert hook.indices("many-") == []


def test_the_stand_in_answers_the_same(engine: Bench, repository: str) -> None:
    with StandIn("8.6", "--engine", engine.engine) as stand_in:
        played, real = Client(stand_in.urls, 1), Client({"search": engine.url}, 1)
        for ask in asks("snapshots in a row", "elasticsearch-8.19.0"):
            assert played.answer(ask) == real.answer(ask), f"the stand-in answers {ask} otherwise"
        played.close()
        real.close()


def test_policies_and_templates_are_listed_where_there_are_any(engine: Bench) -> None:
    template = {"index_patterns": ["operate-import-*"], "template": {}}
    assert engine.ask("PUT", "/_index_template/operate-import_template", template).ok
    hook = engine.hook("none")
    assert hook.templates(["operate"]) == ("operate-import_template",)
    assert hook.policies(["operate"]) == ()
