"""A real PostgreSQL: dumped, destroyed and brought back by its own programs; every mistake is one sentence."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from camunda_backup.dumps import database_of
from camunda_backup.dumps.dump import Database
from camunda_backup.errors import BackupFailed, CamundaBackupError, Rejected, RestoreFailed, Unreachable
from tests.real.postgresql_server import DATABASE, OWNER, PASSWORD, READER, PostgresqlServer, programs

CONNECTION = "AIRFLOW_CONN_ORCHESTRATION_DB"
ALL = ("all tables in schema public", "all sequences in schema public")
MAY_READ = "; ".join(f"grant select on {one} to {READER}" for one in ALL)
MAY_NOT_READ = "; ".join(f"revoke select on {one} from {READER}" for one in ALL)  # noqa: S608 - our own words
EXPORTED = {"1": {"least": 347, "most": 347}, "2": {"least": 359, "most": 359}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresqlServer]:
    if programs() is None:
        pytest.fail("PostgreSQL is not installed: make postgresql", pytrace=False)
    with PostgresqlServer(tmp_path_factory.mktemp("postgresql")) as running:
        yield running


@pytest.fixture
def connect(server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write the Airflow connection, with what a test changes of it."""

    def write(**changes: Any) -> None:
        fields = {"conn_type": "postgres", "host": "127.0.0.1", "port": server.port, "schema": DATABASE}
        fields |= {"login": OWNER, "password": PASSWORD, **changes}
        monkeypatch.setenv(CONNECTION, json.dumps(fields))

    write()
    return write


@pytest.fixture
def database(connect: Any, tmp_path: Path) -> Database:
    return made(tmp_path / "dumps")


def made(location: Path, **changes: Any) -> Database:
    folder = programs()
    config = {"type": "postgresql", "connection": "orchestration_db", "location": str(location), "cluster": "prod"}
    return database_of({**config, "programs": str(folder), "timeout": 60.0, **changes})


def told(problems: list[str]) -> str:
    (sentence,) = problems
    assert "\n" not in sentence
    assert PASSWORD not in sentence
    return sentence


def one_sentence(caught: pytest.ExceptionInfo[CamundaBackupError]) -> str:
    return told([str(caught.value)])


@pytest.mark.shows("database dump", engine="PostgreSQL", store="folder", against="real")
def test_there_and_back_again(server: PostgresqlServer, database: Database) -> None:
    assert database.problems() == []
    dump = database.verify(database.take(10))
    assert dump["exported"] == EXPORTED
    assert dump["tables"] == 2
    assert dump["file"].endswith("/dumps/prod/10.dump")
    assert Path(dump["file"]).stat().st_size == dump["bytes"]
    counted = "select count(*), sum(process_instance_key), md5(string_agg(note, '' order by 1)) from process_instance"
    before = server.sql(DATABASE, counted)

    server.sql(DATABASE, "update exporter_position set last_exported_position = 900; drop table process_instance")
    assert database.obstacles(dump) == []
    assert database.restore(dump) == {1: 347, 2: 359}

    assert server.sql(DATABASE, counted) == before
    assert server.sql(DATABASE, "select nextval('batch_operation_key')") == "7"


def test_a_restore_that_fails_leaves_everything_as_it_was(server: PostgresqlServer, database: Database) -> None:
    dump = database.verify(database.take(11))
    server.sql(DATABASE, "create view shown as select * from process_instance")
    try:
        with pytest.raises(CamundaBackupError) as caught:
            database.restore(dump)
        assert "was not restored, and is as it was" in one_sentence(caught)
        assert server.sql(DATABASE, "select count(*) from shown") == "5001"
    finally:
        server.sql(DATABASE, "drop view shown")


def test_tables_that_the_dump_does_not_have_are_told_beforehand(server: PostgresqlServer, database: Database) -> None:
    dump = database.verify(database.take(12))
    server.sql(DATABASE, "create table of_a_newer_camunda (n int)")
    try:
        assert "has tables that the dump does not have and would keep: public.of_a_newer" in told(
            database.obstacles(dump)
        )
    finally:
        server.sql(DATABASE, "drop table of_a_newer_camunda")


def test_positions_that_are_not_the_dumps_are_a_failed_restore(database: Database) -> None:
    dump = database.verify(database.take(13))
    other = {**dump, "exported": {**EXPORTED, "2": {"least": 1, "most": 1}}}
    with pytest.raises(RestoreFailed, match="the restored database has the exported positions"):
        database.restore(other)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": "wrong"}, "it refuses the login; correct login and password of the connection"),
        ({"login": "nobody-knows"}, "it refuses the login"),
        ({"schema": "elsewhere"}, "correct the schema of the connection, the database's name"),
        ({"port": 9}, "it does not answer; let it run, or correct host and port"),
        ({"host": "no-such-host.invalid"}, "it does not answer"),
        ({"schema": "postgres"}, "should have one table EXPORTER_POSITION and has none; is it Camunda's database?"),
        ({"login": READER}, "the login may not read batch_operation_key, exporter_position, process_instance; grant"),
        ({"conn_type": "http"}, "connection orchestration_db must be of type postgres"),
    ],
    ids=lambda value: "-".join(f"{name} {one}" for name, one in value.items()) if isinstance(value, dict) else "",
)
def test_what_is_wrong_with_a_connection_is_one_sentence(
    database: Database, connect: Any, changes: dict[str, Any], said: str
) -> None:
    connect(**changes)
    assert said in told(database.problems())


def test_a_connection_that_is_not_there_is_one_sentence(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CONNECTION)
    assert "Airflow has no connection orchestration_db" in told(database.problems())


def test_a_server_that_is_down_is_worth_another_try(server: PostgresqlServer, database: Database) -> None:
    server.stop()
    try:
        with pytest.raises(Unreachable) as caught:
            database.take(14)
        assert "was not dumped: it does not answer" in one_sentence(caught)
    finally:
        server.start()


def test_a_login_without_rights_gets_no_dump(database: Database, connect: Any, tmp_path: Path) -> None:
    connect(login=READER)
    with pytest.raises(Rejected) as caught:
        database.take(15)
    assert "was not dumped: the login lacks a right" in one_sentence(caught)
    assert list((tmp_path / "dumps").rglob("*.dump")) == []


def test_a_login_that_owns_nothing_cannot_bring_back(
    server: PostgresqlServer, database: Database, connect: Any
) -> None:
    dump = database.verify(database.take(16))
    server.sql(DATABASE, MAY_READ)
    connect(login=READER)
    try:
        assert "the login does not own batch_operation_key" in told(database.obstacles(dump))
        assert database.problems() == []
    finally:
        server.sql(DATABASE, MAY_NOT_READ)


def test_a_full_disk_is_one_sentence_and_leaves_no_half_dump(connect: Any, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "prod").mkdir()
    (tmp_path / "full" / "prod" / "17.dump").symlink_to("/dev/full")
    with pytest.raises(BackupFailed) as caught:
        made(tmp_path / "full").take(17)
    assert "cannot be written: its disk is full; make room" in one_sentence(caught)
    assert not (tmp_path / "full" / "prod" / "17.dump").is_symlink()


def test_a_location_that_cannot_be_written_is_one_sentence(connect: Any, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("in the way")
    assert "cannot be written" in told(made(tmp_path / "a-file").problems())


def test_missing_programs_are_one_sentence(connect: Any, tmp_path: Path) -> None:
    found = made(tmp_path, programs=str(tmp_path)).problems()
    assert f"pg_dump is not in {tmp_path}; install PostgreSQL's client programs" in told(found)


def test_a_changed_dump_is_found_before_anything_is_touched(server: PostgresqlServer, database: Database) -> None:
    dump = database.verify(database.take(18))
    file = Path(dump["file"])
    whole = file.read_bytes()
    for spoilt in (whole[:-700], whole[:2000], b"", b"no dump at all", whole[:-40] + b"?" + whole[-39:]):
        file.write_bytes(spoilt)
        with pytest.raises(BackupFailed) as caught:
            database.restore(dump)
        assert str(file) in one_sentence(caught)
    shutil.move(file, file.with_suffix(".moved"))
    assert "cannot be read: it is not there" in told(database.obstacles(dump))
    assert server.sql(DATABASE, "select count(*) from process_instance") == "5001"


def test_a_dump_that_takes_too_long_is_ended(connect: Any, tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as caught:
        made(tmp_path, timeout=0.001).take(19)
    assert "raise timeout of secondary_storage.dump" in one_sentence(caught)


def test_the_password_is_on_no_command_line_and_nothing_of_airflows_is_passed_on(
    connect: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy, seen = tmp_path / "bin", tmp_path / "seen"
    spy.mkdir()
    for name in ("pg_dump", "pg_restore", "psql"):
        (spy / name).write_text(f'#!/bin/sh\necho "$0 $@" >>{seen}\nenv >>{seen}.env\nexec {programs()}/{name} "$@"\n')
        (spy / name).chmod(0o755)
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "not for children")
    database = made(tmp_path / "dumps", programs=str(spy))
    assert database.problems() == []
    database.restore(database.verify(database.take(20)))
    assert PASSWORD not in seen.read_text()
    assert "PGPASSWORD" in Path(f"{seen}.env").read_text()
    assert "AIRFLOW" not in Path(f"{seen}.env").read_text()
    assert os.environ.get("PGPASSWORD") is None
