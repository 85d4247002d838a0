"""Dumps of a database that is a cluster's secondary storage: which way a cluster file chooses."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from camunda_backup.fields import ConnectionId, Duration, Model
from camunda_backup.targets import Command

PLACEHOLDERS = r"\{file\}|\{backup_id\}"


class PostgresDump(Model):
    """PostgreSQL's own programs, run by the worker: pg_dump, pg_restore and psql."""

    type: Literal["postgresql"]
    connection: ConnectionId = Field(description="an Airflow connection of type postgres; its schema is the database")
    location: str = Field(min_length=1, description="folder that every worker sees, or object storage URL, for dumps")
    programs: str | None = Field(None, description="folder of the programs; default: they are found on the PATH")
    timeout: Duration = Field("6h", validate_default=True, description="for a dump, and for bringing one back")


class CommandDump(Model):
    """Shell commands for any database. ``{file}`` and ``{backup_id}`` are put in."""

    type: Literal["command"]
    ssh: ConnectionId | None = Field(
        None, description="an Airflow connection of type ssh; without it the worker runs the commands"
    )
    file: str = Field(
        description="what {file} stands for, e.g. /backups/prod-{backup_id}.dmp", pattern=r"\{backup_id\}"
    )
    positions: Command = Field(
        description="prints a line 'partition position' for each row of the database's table EXPORTER_POSITION"
    )
    dump: Command = Field(description="dumps the whole schema and ends when it is done", pattern=PLACEHOLDERS)
    verify: Command = Field(description="exit code 0: the dump is whole and can be read", pattern=PLACEHOLDERS)
    restore: Command = Field(description="replaces the whole schema by the dump's", pattern=PLACEHOLDERS)
    timeout: Duration = Field("6h", validate_default=True, description="for each command")


Dump = Annotated[PostgresDump | CommandDump, Field(discriminator="type")]


def as_json(dump: PostgresDump | CommandDump) -> dict[str, Any]:
    """Return what operators need of it, as JSON types; durations become seconds."""
    fields = dump.model_dump(mode="python")
    return {name: one.total_seconds() if isinstance(one, timedelta) else one for name, one in fields.items()}
