"""What a cluster file says of cold backups: those for which the whole cluster stops."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from camunda_backup.fields import ConnectionId, Duration, Model

OF_A_BROKER = ("{broker}", "{node_id}")


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


class ArchiveCopies(Model):
    """One tar archive for each broker, in the location."""

    type: Literal["archive"]


class CommandCopies(Model):
    """Shell commands of your own, run where the broker's commands run.

    ``{broker}``, ``{node_id}`` and ``{backup_id}`` are put in, into the last two ``{reference}`` as well.
    """

    type: Literal["command"]
    take: str = Field(
        description="copies the stopped broker's data; its last line of output is the copy's size in bytes and, if you"
        " like, a checksum or a name of the copy"
    )
    verify: str = Field(description="exit code 0: the copy is whole; prints the same last line of what it has read")
    bring_back: str = Field(description="replaces the stopped broker's data by the copy")

    @model_validator(mode="after")
    def _tells_copies_apart(self) -> Self:
        if "{reference}" in self.take:
            raise ValueError("take: {reference} is not known before there is a copy")
        for name in ("take", "verify", "bring_back"):
            command = getattr(self, name)
            exact = "{backup_id}" in command and any(one in command for one in OF_A_BROKER)
            if not exact and "{reference}" not in command:
                choice = "" if name == "take" else ", or {reference}"
                raise ValueError(f"{name}: write {{backup_id}}, and {{node_id}} or {{broker}}, into it{choice}")
        return self


class VolumeSnapshotCopies(Model):
    """One VolumeSnapshot of Kubernetes for each broker, taken by the CSI driver of its volume."""

    type: Literal["volume_snapshot"]
    volume_snapshot_class: str = Field(min_length=1, description="the VolumeSnapshotClass, best one that retains")


class Cold(Model):
    """Where cold backups go, and what belongs to them."""

    location: str | None = Field(
        None,
        description="folder or object storage URL for archives and dumps, such as s3://connection@bucket/cold",
    )
    copies: Annotated[ArchiveCopies | CommandCopies | VolumeSnapshotCopies, Field(discriminator="type")] = Field(
        ArchiveCopies(type="archive"), description="how the brokers' data is copied; default: as archives"
    )
    timeout: Duration = Field(timedelta(hours=6), description="for each broker's and each database's copy")
    databases: tuple[ColdDatabase, ...] = ()

    @field_validator("databases")
    @classmethod
    def _each_its_name(cls, value: tuple[ColdDatabase, ...]) -> tuple[ColdDatabase, ...]:
        if len({database.name for database in value}) < len(value):
            raise ValueError("give every database a name of its own")
        return value

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if self.location is None and (self.copies.type == "archive" or self.databases):
            raise ValueError("location is missing: archives and the databases' dumps go there")
        return self
