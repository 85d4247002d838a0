"""Where snapshots are kept: one file for each type of repository, and its line here."""

from typing import Annotated

from pydantic import Field

from camunda_backup.storage.stores.azure import AzureRepository
from camunda_backup.storage.stores.fs import FsRepository
from camunda_backup.storage.stores.gcs import GcsRepository
from camunda_backup.storage.stores.s3 import S3Repository
from camunda_backup.storage.stores.store import AMAZON, Store

__all__ = ["AMAZON", "STORES", "Repository", "Store"]

STORES: dict[str, type[Store]] = {
    "fs": FsRepository,
    "s3": S3Repository,
    "azure": AzureRepository,
    "gcs": GcsRepository,
}

Repository = Annotated[
    FsRepository | S3Repository | AzureRepository | GcsRepository,
    Field(discriminator="type"),
]
