"""Snapshot repository types and the settings each takes. Credentials never stand here: see each type."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from camunda_backup.secrets import looks_secret


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    base_path: str | None = None
    compress: bool | None = None
    chunk_size: str | None = None
    max_snapshot_bytes_per_sec: str | None = None
    max_restore_bytes_per_sec: str | None = None
    readonly: bool | None = None


class FsSettings(_Settings):
    """A folder that every node of the search engine sees, below its ``path.repo``."""

    location: str = Field(description="folder below path.repo of every node, absolute or relative to it")


class S3Settings(_Settings):
    """A bucket; the search engine signs in by its keystore, IRSA or its instance's role, never by settings."""

    bucket: str
    client: str | None = Field(None, description="name of the client settings in elasticsearch.yml or opensearch.yml")
    server_side_encryption: bool | None = None
    server_side_encryption_type: str | None = Field(
        None, description="OpenSearch 3.8: bucket_default for stores without a key service, such as MinIO"
    )
    storage_class: str | None = None
    canned_acl: str | None = None


class FsRepository(BaseModel):
    """Snapshots on a shared file system."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    type: Literal["fs"]
    settings: FsSettings


class S3Repository(BaseModel):
    """Snapshots in an S3 bucket."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    type: Literal["s3"]
    settings: S3Settings


Repository = Annotated[FsRepository | S3Repository, Field(discriminator="type")]


def as_registered(repository: FsRepository | S3Repository) -> dict[str, Any]:
    """Return the body that registers the repository, as the search engine shows it: values are strings."""
    settings = {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in repository.settings.model_dump(exclude_none=True).items()
    }
    return {"type": repository.type, "settings": settings}


def differences(wanted: dict[str, Any], existing: dict[str, Any]) -> list[str]:
    """Return one line for each field in which two repository definitions differ; existing extras count."""
    lines = []
    if wanted["type"] != existing.get("type"):
        lines.append(f"type: cluster file {wanted['type']}, registered {existing.get('type')}")
    ours, theirs = wanted["settings"], existing.get("settings") or {}
    for key in sorted(ours.keys() | theirs.keys()):
        mine, registered = ours.get(key), theirs.get(key)
        if mine is None or registered is None or str(mine) != str(registered):
            shown = [_shown(key, value) for value in (mine, registered)]
            lines.append(f"{key}: cluster file {shown[0]}, registered {shown[1]}")
    return lines


def _shown(key: str, value: Any) -> str:
    if value is None:
        return "not set"
    return "(hidden)" if looks_secret(key, value) else repr(value)
