"""What every type of snapshot repository has in common: its settings, who signs in to it, and what that one may do."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from camunda_backup.fields import Model

ELASTICSEARCH, OPENSEARCH = "elasticsearch", "opensearch"
AMAZON = "Amazon OpenSearch Service"


class Operation(StrEnum):
    """What a search engine does in a store."""

    WRITE = "write"
    READ = "read"
    LIST = "list"
    DELETE = "delete"


Ways = Mapping[str, tuple[str, ...]]
Permissions = Mapping[Operation, str]
Principals = Mapping[str, str]


class Only(str):
    """Marks a setting that only one search engine takes."""

    __slots__ = ()


Size = Annotated[str, Field(pattern=r"^[1-9]\d*(b|kb|mb|gb|tb)$", description="a number and a unit, e.g. 1gb")]


class Settings(Model):
    """Settings that every type takes."""

    compress: bool | None = Field(None, description="compress metadata files")
    chunk_size: Size | None = Field(None, description="larger files are broken into chunks of this size")
    max_snapshot_bytes_per_sec: Size | None = Field(None, description="for each node")
    max_restore_bytes_per_sec: Size | None = Field(None, description="for each node")
    readonly: bool | None = Field(None, description="for a cluster that only restores from another one's repository")
    max_number_of_snapshots: Annotated[int | None, Only(ELASTICSEARCH)] = Field(None, ge=1, description="Elasticsearch")


class BlobSettings(Settings):
    """Settings of every type that keeps its snapshots in a cloud's object storage."""

    base_path: str | None = Field(None, description="path in the bucket or container; one writing cluster for each")
    client: str | None = Field(None, description="whose settings and keys in the engine's configuration and keystore")

    @field_validator("base_path")
    @classmethod
    def _inside(cls, value: str | None) -> str | None:
        if value is not None and (not value or value != value.strip("/ ")):
            raise ValueError("write it without a slash at its beginning or end")
        return value


class Store(Model):
    """A snapshot repository.

    :cvar sign_ins: ways to sign in, by search engine; empty where nobody signs in
    :cvar permissions: what an operation needs, in the provider's own words
    :cvar grant: how the permissions are given
    :cvar principals: who needs them, by the way to sign in
    :cvar secrets: settings that engines once took and that are secrets
    """

    name: str = Field(min_length=1, description="the name that Camunda's components are configured with")

    sign_ins: ClassVar[Ways] = {}
    permissions: ClassVar[Permissions] = {}
    grant: ClassVar[str] = ""
    principals: ClassVar[Principals] = {}
    secrets: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def without_secrets(cls, engine: str) -> str:
        """Return what to write in the place of a static key; empty where the type takes none.

        :param engine: name of the search engine, or :data:`AMAZON`
        """
        raise NotImplementedError

    @property
    def place(self) -> str:
        """Bucket or container and path; two repositories at one place damage each other."""
        raise NotImplementedError

    def as_json(self) -> dict[str, str | None]:
        """Return what asking about it needs: ``repository``, ``kind`` and ``sign_in``."""
        told = self.model_dump()
        return {"repository": self.name, "kind": told["type"], "sign_in": told.get("sign_in")}

    def problems(self, engine: str) -> Iterator[str]:
        """Yield one sentence for each thing that this search engine does not take.

        :param engine: its name, or :data:`AMAZON`
        """
        told: dict[str, Any] = self.model_dump()
        if engine == AMAZON and told["type"] != "s3":
            yield f"type: {told['type']} does not exist on {engine}, which keeps snapshots in S3 alone; write s3"
            return
        known = self.sign_ins.get(engine, ())
        if known and told["sign_in"] not in known:
            yield f"sign_in: {told['sign_in']} does not exist on {engine}; write {' or '.join(known)}"
        fields = type(getattr(self, "settings")).model_fields  # noqa: B009 - each type has its own kind of settings
        for name, value in told["settings"].items():
            only = next((one for one in fields[name].metadata if isinstance(one, Only)), None)
            if value is not None and only not in {None, OPENSEARCH if engine == AMAZON else engine}:
                yield f"settings.{name} is for {only} only; leave it out"
