"""Google Cloud Storage.

Settings are those of Elasticsearch's GCS repository and of OpenSearch's plugin repository-gcs, as documented.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from camunda_backup.storage.stores.store import (
    ELASTICSEARCH,
    OPENSEARCH,
    BlobSettings,
    Only,
    Operation,
    Permissions,
    Principals,
    Store,
    Ways,
)


class GcsSettings(BlobSettings):
    """A bucket."""

    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$")
    application_name: Annotated[str | None, Only(ELASTICSEARCH)] = Field(
        None, description="deprecated by Elasticsearch in favour of gcs.client.<client>.application_name"
    )


class GcsRepository(Store):
    """Snapshots in a bucket of Google Cloud Storage."""

    type: Literal["gcs"]
    sign_in: Literal["service_account", "workload_identity"] = Field(
        description="who signs in to the bucket: the service account whose key file is in the search engine's keystore,"
        " or the one its pods or machines are given (application default credentials)"
    )
    settings: GcsSettings

    sign_ins: ClassVar[Ways] = {
        ELASTICSEARCH: ("service_account", "workload_identity"),
        OPENSEARCH: ("service_account", "workload_identity"),
    }
    permissions: ClassVar[Permissions] = {
        Operation.WRITE: "storage.objects.create",
        Operation.READ: "storage.objects.get",
        Operation.LIST: "storage.objects.list",
        Operation.DELETE: "storage.objects.delete",
    }
    grant: ClassVar[str] = (
        "give it roles/storage.admin on the bucket, or roles/storage.objectAdmin with storage.buckets.get"
    )
    principals: ClassVar[Principals] = {
        "service_account": "the service account whose key file is in the search engine's keystore",
        "workload_identity": "the service account that the search engine's pods act as",
    }
    secrets: ClassVar[frozenset[str]] = frozenset({"credentials_file", "service_account", "private_key", "key"})

    @classmethod
    def without_secrets(cls, engine: str) -> str:
        """Return what to write in the place of a static key."""
        return (
            "write who signs in as sign_in: workload_identity needs no key file at all, service_account keeps it in the"
            f" keystore of every node ({engine}-keystore add-file gcs.client.default.credentials_file)"
        )

    @property
    def place(self) -> str:
        """Bucket and path."""
        return f"gcs:{self.settings.bucket}/{self.settings.base_path or ''}"
