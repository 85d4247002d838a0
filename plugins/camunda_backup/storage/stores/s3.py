"""Amazon S3 and what speaks like it.

Settings are those of Elasticsearch's S3 repository and of OpenSearch's plugin repository-s3, as documented; the
permissions are those of the policy both manuals recommend.
"""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from camunda_backup.fields import RoleArn
from camunda_backup.storage.stores.store import (
    AMAZON,
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

SELF_MANAGED = ("irsa", "instance_role", "keystore")


class S3Settings(BlobSettings):
    """A bucket."""

    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    buffer_size: Size | None = Field(None, description="larger files are uploaded in parts; from 5mb to 5gb")
    storage_class: (
        Literal["standard", "reduced_redundancy", "standard_ia", "onezone_ia", "intelligent_tiering"] | None
    ) = None
    canned_acl: Literal["private", "log-delivery-write", "bucket-owner-read", "bucket-owner-full-control"] | None = (
        Field(None, description="those that let strangers read a backup are left out")
    )
    endpoint: str | None = Field(None, description="better as s3.client.<client>.endpoint in the engine's own file")
    region: str | None = Field(
        None, description="of the bucket; the engine's own file is the better place, if it is yours"
    )
    protocol: Literal["http", "https"] | None = None
    path_style_access: bool | None = Field(None, description="MinIO and others want true")
    disable_chunked_encoding: bool | None = None
    server_side_encryption: bool | None = Field(None, description="AES256; not on OpenSearch 3")
    server_side_encryption_type: Annotated[Literal["AES256", "aws:kms", "bucket_default"] | None, Only(OPENSEARCH)] = (
        Field(None, description="OpenSearch 3; bucket_default for stores without a key service, such as MinIO")
    )
    server_side_encryption_kms_key_id: Annotated[str | None, Only(OPENSEARCH)] = None
    server_side_encryption_bucket_key_enabled: Annotated[bool | None, Only(OPENSEARCH)] = None
    server_side_encryption_encryption_context: Annotated[str | None, Only(OPENSEARCH)] = None
    expected_bucket_owner: Annotated[str | None, Only(OPENSEARCH)] = Field(None, pattern=r"^\d{12}$")
    delete_objects_max_size: Annotated[int | None, Only(ELASTICSEARCH)] = Field(None, ge=1, le=1000)
    max_multipart_parts: Annotated[int | None, Only(ELASTICSEARCH)] = Field(None, ge=1, le=10_000)
    role_arn: RoleArn | None = Field(None, description="Amazon OpenSearch Service: the role that the domain takes on")


class S3Repository(Store):
    """Snapshots in an S3 bucket."""

    type: Literal["s3"]
    sign_in: Literal["irsa", "instance_role", "keystore", "passed_role"] = Field(
        description="who signs in to the bucket: the role of the search engine's service account (irsa) or of its"
        " instances, keys in its keystore, or the role that an Amazon OpenSearch Service domain is passed"
    )
    settings: S3Settings

    sign_ins: ClassVar[Ways] = {ELASTICSEARCH: SELF_MANAGED, OPENSEARCH: SELF_MANAGED, AMAZON: ("passed_role",)}
    permissions: ClassVar[Permissions] = {
        Operation.WRITE: "s3:PutObject and s3:AbortMultipartUpload on the objects",
        Operation.READ: "s3:GetObject on the objects",
        Operation.LIST: "s3:ListBucket on the bucket itself",
        Operation.DELETE: "s3:DeleteObject on the objects",
    }
    grant: ClassVar[str] = "add it to the policy of the bucket's role, docs/clouds/aws.md has it whole"
    principals: ClassVar[Principals] = {
        "irsa": "the role of the search engine's service account",
        "instance_role": "the role of the search engine's instances",
        "keystore": "the user whose keys are in the search engine's keystore",
        "passed_role": "the role in settings.role_arn",
    }
    secrets: ClassVar[frozenset[str]] = frozenset({"access_key", "secret_key", "session_token", "key"})

    @classmethod
    def without_secrets(cls, engine: str) -> str:
        """Return what to write in the place of a static key."""
        if engine == AMAZON:
            return "write sign_in: passed_role and the role that the domain takes on as settings.role_arn"
        return (
            "write who signs in as sign_in: irsa or instance_role need no key at all, keystore keeps one on every node"
            f" ({engine}-keystore add s3.client.default.access_key, then secret_key)"
        )

    @property
    def place(self) -> str:
        """Bucket and path."""
        return f"s3:{self.settings.bucket}/{self.settings.base_path or ''}"

    def problems(self, engine: str) -> Iterator[str]:
        """Yield one sentence for each thing that this search engine does not take."""
        yield from super().problems(engine)
        if engine != AMAZON:
            if self.settings.role_arn:
                yield (
                    "settings.role_arn is for Amazon OpenSearch Service (secondary_storage.amazon); a role of your own"
                    " nodes belongs into their service account or keystore"
                )
            return
        if not self.settings.role_arn:
            yield "settings.role_arn is missing: the role that the domain takes on to reach the bucket"
        if not (self.settings.region or self.settings.endpoint):
            yield "settings.region is missing: the bucket's (in us-east-1: endpoint: s3.amazonaws.com)"
        if self.settings.client:
            yield "settings.client must go: a domain of Amazon OpenSearch Service has no keystore of yours"
