"""Buckets in the object stores on this machine, and users there who may do everything but one thing."""

import json
import subprocess
from typing import Any

import boto3  # type: ignore[import-untyped]
import requests

from camunda_backup.storage.stores.store import Operation
from sandbox import stores
from sandbox.loopback import session
from sandbox.sites import Site

BUCKET = "backups"
ALLOWED = {
    Operation.WRITE: ("s3:PutObject", "s3:AbortMultipartUpload"),
    Operation.READ: ("s3:GetObject",),
    Operation.LIST: ("s3:ListBucket",),
    Operation.DELETE: ("s3:DeleteObject",),
}
SAS_RIGHTS = {Operation.WRITE: "wac", Operation.READ: "r", Operation.LIST: "l", Operation.DELETE: "d"}


def s3(site: Site) -> Any:
    """The S3 store's own administrator."""
    return boto3.client(
        "s3",
        endpoint_url=site.url("s3"),
        region_name="us-east-1",
        aws_access_key_id=stores.USER,
        aws_secret_access_key=stores.PASSWORD,
    )


def s3_keys(lacking: Operation | None = None) -> dict[str, str]:
    """Keys of a user who may do everything but one thing, by their names in the search engine's keystore."""
    return {"access_key": f"without-{lacking or 'nothing'}", "secret_key": stores.PASSWORD}


def make_s3_users(site: Site, bucket: str) -> None:
    """Make these users, and let a bucket's policy tell what each may do."""
    signed_in = ("admin", "--access", stores.USER, "--secret", stores.PASSWORD, "--endpoint-url", site.url("s3"))
    statements = []
    for lacking in (None, *Operation):
        name = s3_keys(lacking)["access_key"]
        user = ("create-user", "--access", name, "--secret", stores.PASSWORD, "--role", "user")
        subprocess.run((stores.versitygw(site), *signed_in, *user), check=True, timeout=30)  # noqa: S603 - our own
        actions = [action for operation, named in ALLOWED.items() if operation != lacking for action in named]
        resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        principal = {"AWS": [name]}
        statements.append({"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": resources})
    s3(site).put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))


def azure_token(lacking: Operation | None = None) -> str:
    """A shared access signature for everything but one thing."""
    refused = SAS_RIGHTS[lacking] if lacking else ""
    return stores.shared_access("".join(right for right in "rwdlac" if right not in refused))


def azure_request(site: Site, method: str, bucket: str, query: str) -> requests.Response:
    """Ask the Azure store for something of a bucket."""
    address = f"{site.url('azurite')}/{stores.AZURE_ACCOUNT}/{bucket}?restype=container&{query}&{azure_token()}"
    with session() as client:
        return client.request(method, address, timeout=30)


def make_buckets(site: Site, bucket: str = BUCKET) -> None:
    """Make a bucket in each store."""
    s3(site).create_bucket(Bucket=bucket)
    assert azure_request(site, "PUT", bucket, "timeout=30").status_code == 201
    with session() as client:
        made = client.post(f"{site.url('gcs')}/storage/v1/b?project=sandbox", json={"name": bucket}, timeout=30)
    assert made.ok, made.text


def kept(site: Site, kind: str, prefix: str, bucket: str = BUCKET) -> list[str]:
    """Names of what a store's bucket holds.

    :param kind: s3, azure or gcs
    """
    if kind == "s3":
        found = s3(site).list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [one["Key"] for one in found.get("Contents", [])]
    if kind == "azure":
        listed = azure_request(site, "GET", bucket, f"comp=list&prefix={prefix}")
        assert listed.ok, listed.text
        return [name.partition("</Name>")[0] for name in listed.text.split("<Name>")[1:]]
    with session() as client:
        told = client.get(f"{site.url('gcs')}/storage/v1/b/{bucket}/o?prefix={prefix}", timeout=30).json()
    return [one["name"] for one in told.get("items", [])]
