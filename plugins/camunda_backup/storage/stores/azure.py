"""Azure Blob Storage.

Settings are those of Elasticsearch's Azure repository and of OpenSearch's plugin repository-azure, as documented.
"""

from collections.abc import Iterator
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
    Size,
    Store,
    Ways,
)

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"


class AzureSettings(BlobSettings):
    """A container."""

    container: str = Field(pattern=r"^[a-z0-9](-?[a-z0-9])*$", min_length=3, max_length=63)
    location_mode: Literal["primary_only", "secondary_only"] | None = Field(
        None, description="secondary_only makes the repository readonly"
    )
    max_single_part_upload_size: Annotated[Size | None, Only(ELASTICSEARCH)] = None
    delete_objects_max_size: Annotated[int | None, Only(ELASTICSEARCH)] = Field(None, ge=1, le=256)
    max_concurrent_batch_deletes: Annotated[int | None, Only(ELASTICSEARCH)] = Field(None, ge=1, le=100)


class AzureRepository(Store):
    """Snapshots in a container of Azure Blob Storage."""

    type: Literal["azure"]
    sign_in: Literal["managed_identity", "workload_identity", "keystore"] = Field(
        description="who signs in to the storage account: the identity of the search engine's machines, of its service"
        " account (Elasticsearch), or the key or SAS token in its keystore"
    )
    settings: AzureSettings

    sign_ins: ClassVar[Ways] = {
        ELASTICSEARCH: ("managed_identity", "workload_identity", "keystore"),
        OPENSEARCH: ("managed_identity", "keystore"),
    }
    permissions: ClassVar[Permissions] = {
        Operation.WRITE: f"{_BLOBS}/write and add/action",
        Operation.READ: f"{_BLOBS}/read",
        Operation.LIST: f"{_BLOBS}/read (listing blobs needs it too)",
        Operation.DELETE: f"{_BLOBS}/delete",
    }
    grant: ClassVar[str] = (
        "assign it the role Storage Blob Data Contributor on the container, or give the SAS token r, w, l and d"
    )
    principals: ClassVar[Principals] = {
        "managed_identity": "the managed identity of the search engine's machines",
        "workload_identity": "the identity federated with the search engine's service account",
        "keystore": "the key or SAS token in the search engine's keystore",
    }
    secrets: ClassVar[frozenset[str]] = frozenset({"account", "key", "sas_token", "account_key"})

    @classmethod
    def without_secrets(cls, engine: str) -> str:
        """Return what to write in the place of a static key."""
        none = "managed_identity or workload_identity" if engine == ELASTICSEARCH else "managed_identity"
        return (
            f"write who signs in as sign_in: {none} needs no key at all, keystore keeps one on every node"
            f" ({engine}-keystore add azure.client.default.account, then key or sas_token)"
        )

    @property
    def place(self) -> str:
        """Container and path."""
        return f"azure:{self.settings.container}/{self.settings.base_path or ''}"

    def problems(self, engine: str) -> Iterator[str]:
        """Yield one sentence for each thing that this search engine does not take."""
        yield from super().problems(engine)
        if self.settings.location_mode == "secondary_only" and self.settings.readonly is False:
            yield "settings.readonly: a repository with location_mode secondary_only is readonly; leave it out"
