"""What a cluster file says of cold backups: those for which the whole cluster stops."""

from datetime import timedelta

from pydantic import Field, field_validator

from camunda_backup.fields import ConnectionId, Duration, Model


class ColdDatabase(Model):
    """A database beside the cluster, such as that of Keycloak, Identity or Web Modeler."""

    name: str = Field(pattern=r"^[a-zA-Z0-9][\w.-]*$", description="as tasks and files are called, e.g. keycloak")
    ssh: ConnectionId | None = Field(
        None, description="an Airflow connection of type ssh; without it the worker runs the commands"
    )
    dump: str = Field(description="writes a dump to its output, e.g. pg_dump -Fc keycloak")
    load: str | None = Field(
        None,
        description="reads the dump from its input and replaces the database by it, e.g. pg_restore --clean --if-exists"
        " -d keycloak; without it a cold restore leaves the database alone",
    )


class Cold(Model):
    """Where cold backups go, and what belongs to them."""

    location: str = Field(
        description="folder or object storage URL for the brokers' data, such as s3://connection@bucket/cold"
    )
    timeout: Duration = Field(timedelta(hours=6), description="for each broker's and each database's copy")
    databases: tuple[ColdDatabase, ...] = ()

    @field_validator("databases")
    @classmethod
    def _each_its_name(cls, value: tuple[ColdDatabase, ...]) -> tuple[ColdDatabase, ...]:
        if len({database.name for database in value}) < len(value):
            raise ValueError("give every database a name of its own")
        return value
