"""A real PostgreSQL server for tests: its own data directory, on loopback, as a user that is not root."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

NEEDED = ("initdb", "postgres", "pg_isready", "psql", "pg_dump", "pg_restore")
OWNER, PASSWORD = "camunda", "only for these tests: ' \\ and blanks"
READER = "reader"
DATABASE = "orchestration"
CAMUNDA = """
CREATE TABLE exporter_position (
  partition_id NUMERIC PRIMARY KEY, exporter VARCHAR(200), last_exported_position BIGINT,
  created TIMESTAMP, last_updated TIMESTAMP);
INSERT INTO exporter_position VALUES (1, 'rdbms', 347, now(), now()), (2, 'rdbms', 359, now(), now());
CREATE TABLE process_instance (process_instance_key BIGINT PRIMARY KEY, state VARCHAR(20), note TEXT);
INSERT INTO process_instance
  SELECT n, CASE WHEN n % 4 = 0 THEN 'COMPLETED' ELSE 'ACTIVE' END, repeat(md5(n::text), 20)
  FROM generate_series(1, 5000) n;
INSERT INTO process_instance VALUES (0, 'ACTIVE',
  E'COPY public.exporter_position (partition_id, last_exported_position) FROM stdin;\\n1\\t5\\n\\\\.');
CREATE SEQUENCE batch_operation_key START 7;
"""
ROLE = f"""CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD.replace("'", "''")}'"""


def programs() -> Path | None:
    """Return the folder of PostgreSQL's own programs, the newest where there are several."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = [Path(found).parent for name in NEEDED if (found := shutil.which(name))]
    for folder in (*packaged, *on_path):
        if all((folder / name).exists() for name in NEEDED):
            return folder
    return None


class PostgresqlServer:
    """A server with Camunda's database in it; ``with`` starts and ends it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self._bin = programs()
        self._user = pwd.getpwnam("nobody").pw_name if os.geteuid() == 0 else None
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        data = Path(tempfile.mkdtemp(prefix="camunda-backup-postgresql-"))
        if self._user:
            shutil.chown(data, self._user)
        self.data = data
        secret = data.parent / f"{data.name}.secret"
        secret.write_text(PASSWORD, encoding="utf-8")
        if self._user:
            shutil.chown(secret, self._user)
        self._must("initdb", "-D", str(data), "-U", OWNER, "-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync")
        secret.unlink()
        self.start()
        self.sql("postgres", f"CREATE DATABASE {DATABASE}")
        self.sql(DATABASE, CAMUNDA)
        self.sql(DATABASE, ROLE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.data)

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        words = ["-D", str(self.data), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        words += ["-c", "unix_socket_directories=", "-c", "fsync=off"]
        self._server = subprocess.Popen(  # noqa: S603 - a program of the system's
            [str(self._program("postgres")), *words],
            user=self._user,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 30
        while subprocess.run(  # noqa: S603
            [str(self._program("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
        ).returncode:
            assert time.monotonic() < end, "PostgreSQL did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once."""
        if self._server:
            self._server.terminate()
            try:
                self._server.wait(10)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        self._server = None

    def sql(self, database: str, text: str) -> str:
        """Run some SQL as the owner; return what it prints, unaligned."""
        done = subprocess.run(  # noqa: S603 - a program of the system's
            [str(self._program("psql")), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text],
            env={**os.environ, **self.environment(database)},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def environment(self, database: str) -> dict[str, str]:
        """Return what PostgreSQL's programs need to reach it as the owner."""
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": OWNER,
            "PGPASSWORD": PASSWORD,
            "PGDATABASE": database,
        }

    def _program(self, name: str) -> Path:
        assert self._bin is not None, "PostgreSQL is not installed: make postgresql"
        return self._bin / name

    def _must(self, name: str, *words: str) -> None:
        done = subprocess.run(  # noqa: S603 - a program of the system's
            [str(self._program(name)), *words], user=self._user, cwd="/", check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
