"""PostgreSQL, dumped and brought back by its own programs. The password travels in their environment alone."""

import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from camunda_backup.dumps.files import DumpFile, Sink
from camunda_backup.dumps.postgresql_archive import Tables, exported_in
from camunda_backup.dumps.programs import Finished, run
from camunda_backup.errors import BackupFailed, CamundaBackupError, Rejected, RestoreFailed, Unreachable
from camunda_backup.runtimes.shells import TimedOut
from camunda_backup.stored import probe

CONN_TYPES = {"postgres", "postgresql"}
CONNECT = 15  # seconds
INHERITED = ("PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR")
EXTRAS = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}
PROGRAMS = ("pg_dump", "pg_restore", "psql")

Kind = type[CamundaBackupError]
TROUBLES: tuple[tuple[str, Kind, str], ...] = (
    (
        r"password authentication failed|no password supplied|role \"[^\"]*\" does not exist|pg_hba\.conf",
        Rejected,
        "it refuses the login; correct login and password of the connection",
    ),
    (r"database \"[^\"]*\" does not exist", Rejected, "correct the schema of the connection, the database's name"),
    (
        r"refused|could not translate host|timeout expired|No route to host|terminat|closed the conn|system is",
        Unreachable,
        "it does not answer; let it run, or correct host and port of the connection",
    ),
    (r"server version mismatch", Rejected, "install pg_dump of the server's version or a newer one on the workers"),
    (
        r"permission denied|must be (able to|owner|superuser|a member)",
        Rejected,
        "the login lacks a right; let it own the tables and sequences, or grant it SELECT on all of them for backups",
    ),
    (
        r"valid archive|end of file|could not (read|.*compress)|corrupt|data block|block ID",
        BackupFailed,
        "it is damaged",
    ),
)
POSITION_TABLES = (
    "select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_class c join pg_namespace n"
    " on n.oid = c.relnamespace where c.relkind = 'r' and lower(c.relname) like '%exporter\\_position'"
)
UNREADABLE = (
    "select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where c.relkind in ('r', 'p', 'S') and n.nspname !~ '^(pg_|information_schema)'"
    " and not has_table_privilege(c.oid, 'select') order by 1"
)
NOT_OWNED = (
    "select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where c.relkind in ('r', 'p', 'S') and n.nspname !~ '^(pg_|information_schema)'"
    " and not pg_has_role(c.relowner, 'member') order by 1"
)
ALL_TABLES = (
    "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema)'"
)


class PostgresqlDatabase:
    """One database of a PostgreSQL server.

    :param config: see ``RdbmsCluster.dump_config``
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._conn_id: str = config["connection"]
        self._folder = f"{config['location'].rstrip('/')}/{config['cluster']}"
        self._programs: str | None = config["programs"]
        self._timeout: float = config["timeout"]

    def problems(self) -> list[str]:
        """Look for the programs, the server, its version, the rights, Camunda's table and the dumps' location."""
        return list(dict.fromkeys([*_told(self._of_the_server), *_told(self._of_the_folder)]))

    def take(self, backup_id: int) -> dict[str, Any]:
        """Run pg_dump and store what it prints."""
        file = DumpFile(f"{self._folder}/{backup_id}.dump")

        def fill(sink: Sink) -> None:
            self._must(["pg_dump", "--no-password", "--format=custom"], "was not dumped", sink=sink)

        file.write(fill)
        return {"type": "postgresql", "file": file.name, "bytes": file.size, "sha256": file.digest.hexdigest()}

    def verify(self, dump: Mapping[str, Any]) -> dict[str, Any]:
        """Let pg_restore list the dump and read it to its end, compare its checksum, and find the positions in it."""
        file, tables = DumpFile(dump["file"]), self._listed(dump)
        found = exported_in()
        next(found)
        self._reads(file, ["pg_restore", "--file=-"], found.send)
        if (file.size, file.digest.hexdigest()) != (dump["bytes"], dump["sha256"]):
            raise BackupFailed(f"the dump {file.name} is not the one that was written: its checksum is another")
        positions = found.send(None)
        if not positions:
            raise BackupFailed(f"the dump {file.name} holds no exported position; is it Camunda's database?")
        exported = {str(number): {"least": one, "most": one} for number, one in sorted(positions.items())}
        return {**dump, "tables": len(tables.names), "exported": exported}

    def obstacles(self, dump: Mapping[str, Any]) -> list[str]:
        """Read the dump, and look whether the server would let it replace what is there."""
        return list(dict.fromkeys([*_told(lambda: self._of_the_dump(dump)), *_told(self._of_the_server)]))

    def restore(self, dump: Mapping[str, Any]) -> dict[int, int]:
        """Run pg_restore in one transaction: it replaces everything, or nothing."""
        self.verify(dump)
        database = self._environment()["PGDATABASE"]
        words = ["pg_restore", "--no-password", "--clean", "--if-exists", "--single-transaction", "--dbname", database]
        finished = self._run(words, source=DumpFile(dump["file"]).chunks())
        if finished.exit_code:
            raise self._failure("was not restored, and is as it was", finished)
        wanted = {int(number): int(one["most"]) for number, one in dump["exported"].items()}
        if (there := self._positions()) != wanted:
            raise RestoreFailed(f"the restored database has the exported positions {there}, the dump {wanted}")
        return there

    def _of_the_server(self) -> Iterator[str]:
        for name in PROGRAMS:
            self._program(name)
        server = int(self._ask("show server_version_num")[0]) // 10000
        told = self._output(["pg_dump", "--version"])
        version = re.search(r"(\d+)(?:\.\d+)*", told)
        if version is None or int(version[1]) < server:
            yield f"{self._name()} is version {server}, but {told}; install the programs of version {server} or newer"
        tables = self._ask(POSITION_TABLES)
        if len(tables) != 1:
            found = ", ".join(tables) or "none"
            yield f"{self._name()} should have one table EXPORTER_POSITION and has {found}; is it Camunda's database?"
        if hidden := self._ask(UNREADABLE):
            yield f"{self._name()}: the login may not read {_some(hidden)}; grant it SELECT on all tables and sequences"

    def _of_the_folder(self) -> Iterator[str]:
        probe(self._folder)
        yield from ()

    def _of_the_dump(self, dump: Mapping[str, Any]) -> Iterator[str]:
        self.verify(dump)
        if strange := self._listed(dump).missing(self._ask(ALL_TABLES)):
            yield (
                f"{self._name()} has tables that the dump does not have and would keep: {_some(strange)}; drop them or"
                " move them away"
            )
        if foreign := self._ask(NOT_OWNED):
            yield f"{self._name()}: the login does not own {_some(foreign)}, so it cannot replace them"

    def _listed(self, dump: Mapping[str, Any]) -> Tables:
        listed: list[bytes] = []
        self._reads(DumpFile(dump["file"]), ["pg_restore", "--list"], listed.append)
        tables = Tables.listed(b"".join(listed).decode("utf-8", "replace"))
        if not tables.has_positions:
            raise BackupFailed(f"the dump {dump['file']} has no table EXPORTER_POSITION; is it Camunda's database?")
        return tables

    def _reads(self, file: DumpFile, words: list[str], sink: Sink) -> None:
        finished = self._run(words, source=file.chunks(), sink=sink)
        if finished.exit_code:
            raise BackupFailed(f"the dump {file.name} is damaged: {finished.last_words}")

    def _positions(self) -> dict[int, int]:
        (table,) = self._ask(POSITION_TABLES)
        rows = self._ask(f"select partition_id || ' ' || last_exported_position from {table}")  # noqa: S608 - quoted
        return {int(number): int(position) for number, position in (row.split() for row in rows)}

    def _ask(self, query: str) -> list[str]:
        words = ["psql", "--no-psqlrc", "--no-password", "--no-align", "--tuples-only", "--quiet"]
        return self._output([*words, "--set=ON_ERROR_STOP=1", f"--command={query}"]).splitlines()

    def _output(self, words: list[str]) -> str:
        printed: list[bytes] = []
        self._must(words, "cannot be asked", sink=printed.append)
        return b"".join(printed).decode("utf-8", "replace").strip()

    def _must(self, words: list[str], trouble: str, *, sink: Sink) -> None:
        finished = self._run(words, sink=sink)
        if finished.exit_code:
            raise self._failure(trouble, finished)

    def _run(self, words: list[str], *, source: Iterable[bytes] = (), sink: Sink = len) -> Finished:
        try:
            return run(
                [self._program(words[0]), *words[1:]], self._environment(), self._timeout, source=source, sink=sink
            )
        except TimedOut as error:
            raise TimedOut(f"{self._name()}: {words[0]}: {error}; raise timeout of secondary_storage.dump") from error

    def _program(self, name: str) -> str:
        found = shutil.which(name, path=self._programs)
        if found is None:
            where = self._programs or "the PATH of the worker"
            raise Rejected(f"{name} is not in {where}; install PostgreSQL's client programs (postgresql-client)")
        return found

    def _failure(self, trouble: str, finished: Finished) -> CamundaBackupError:
        for pattern, kind, advice in TROUBLES:
            if any(re.search(pattern, line) for line in finished.errors):
                return kind(f"{self._name()} {trouble}: {advice} ({finished.last_words})")
        return Rejected(f"{self._name()} {trouble}: {finished.last_words}")

    def _name(self) -> str:
        told = self._environment()
        return f"PostgreSQL at {told['PGHOST']}:{told['PGPORT']}/{told['PGDATABASE']} ({self._conn_id})"

    def _environment(self) -> dict[str, str]:
        """Return what its programs get: nothing of Airflow's own environment but where programs are."""
        try:
            connection = BaseHook.get_connection(self._conn_id)
        except AirflowNotFoundException:
            raise Rejected(
                f"Airflow has no connection {self._conn_id}, which the cluster file names; create it with type postgres"
            ) from None
        if connection.conn_type not in CONN_TYPES or not connection.schema:
            raise Rejected(f"connection {self._conn_id} must be of type postgres and name the database as its schema")
        extra: dict[str, Any] = connection.extra_dejson
        return {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            **{variable: str(extra[name]) for name, variable in EXTRAS.items() if name in extra},
            "PGHOST": connection.host or "localhost",
            "PGPORT": str(connection.port or 5432),
            "PGUSER": connection.login or "",
            "PGPASSWORD": connection.password or "",
            "PGDATABASE": connection.schema,
            "PGCONNECT_TIMEOUT": str(CONNECT),
            "PGAPPNAME": "camunda_backup",
            "LC_ALL": "C",
        }


def _told(look: Callable[[], Iterable[str]]) -> Iterator[str]:
    try:
        yield from look()
    except CamundaBackupError as error:
        yield str(error)


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
