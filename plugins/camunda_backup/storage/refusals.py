"""What a search engine's error says of the store behind a snapshot repository: who lacks which permission.

The words were recorded in November 2026 from OpenSearch 3.8.0 (repository-s3 on MinIO, repository-azure on azurite),
where credentials lacked one right at a time; those of Elasticsearch and of Google Cloud Storage come from published
issues and sources.
"""

import re
from collections.abc import Iterator
from typing import Any

from camunda_backup.api.messages import Answer
from camunda_backup.storage.stores import STORES, Store
from camunda_backup.storage.stores.store import Operation

# Azure's SDK puts this advice, which is about other errors, before what the service said.
BOILERPLATE = re.compile(
    r"(?s)(If you are using a |Please remember to disable ).*?(?=If you are|Please remember|Status code|$)"
)
DENIED = re.compile(
    r"access ?denied|AllAccessDisabled|Forbidden|Status [Cc]ode:? 403|AuthorizationPermissionMismatch"
    r"|storage\.objects\.\w+ access|Permission 'storage\.",
    re.IGNORECASE,
)

# What is wrong besides permissions, most telling first.
TROUBLES = {
    r"repository type \[\w+\] does not exist|Unknown repository type": (
        "no node knows this type of repository: OpenSearch needs the plugin repository-{type} on every node,"
        " Elasticsearch a distribution with its modules"
    ),
    r"Unknown (s3 )?client name|Unable to find client with name": (
        "settings.client names no client in the search engine's configuration and keystore; correct it, or leave it"
        " out for the client default"
    ),
    r"no_such_bucket|NoSuchBucket|specified bucket does not exist|ContainerNotFound|\b404 Not Found\b": (
        "there is no such bucket or container; create it in the right account and region, the search engine does not"
    ),
    r"KMS is not configured": (
        "the store encrypts nothing by itself, as MinIO without a key service; write"
        " settings.server_side_encryption_type: bucket_default"
    ),
    (
        r"signature we calculated does not match|SignatureDoesNotMatch|Access Key Id you provided does not exist"
        r"|InvalidAccessKeyId|AuthenticationFailed|<Code>AuthorizationFailure|invalid_grant|ExpiredToken"
    ): (
        "the store does not accept who signs in ({principal}): the key or token is wrong, has expired, or is not let in"
        " from this network; correct it on every node, then POST /_nodes/reload_secure_settings"
    ),
    (
        r"169\.254\.169\.254|[Uu]nable to load (AWS )?credentials|[Ff]ailed to load credentials"
        r"|metadata\.google\.internal|default credentials (are|were) not|ManagedIdentityCredential"
    ): "nobody signs in to the store: the nodes have no credentials ({principal}); {token}",
    r"Connection refused|UnknownHost|[Cc]onnect timed out|Unable to execute HTTP request": (
        "the search engine's nodes do not reach the store; correct its endpoint, or open the network to it"
    ),
}
# Which operation an error is about, most telling first; two where the words do not tell them apart.
OPERATIONS: dict[str, tuple[Operation, ...]] = {
    r"s3:PutObject|storage\.objects\.create|blobs/(write|add)": (Operation.WRITE,),
    r"s3:GetObject|storage\.objects\.get": (Operation.READ,),
    r"s3:ListBucket|storage\.objects\.list": (Operation.LIST,),
    r"s3:DeleteObject|storage\.objects\.delete|blobs/delete": (Operation.DELETE,),
    r"Failed to list objects|when listing blobs|from root blobs": (Operation.LIST,),
    r"Deleting directory \S+ failed|Failed to delete": (Operation.DELETE,),
    r"(?s)cannot delete test data.*BlobStorageException": (Operation.LIST,),
    r"cannot delete test data|deleting blob container": (Operation.LIST, Operation.DELETE),
    r"Unable to upload|Can ?not write blob|failed to update snapshot|is not accessible on": (Operation.WRITE,),
    r"Failed to verify repository|could not be read|check if blob|a file written by master": (Operation.READ,),
}
TOKENS = {
    "irsa": "every node needs the service account's token in its configuration folder: on Elasticsearch the symlink"
    " repository-s3/aws-web-identity-token-file, on OpenSearch s3.client.<client>.identity_token_file",
    "workload_identity": "give the pods the service account, and on Elasticsearch with Azure the symlink"
    " repository-azure/azure-federated-token-file",
    "keystore": "add them to the keystore of every node, then POST /_nodes/reload_secure_settings",
    "service_account": "add its key file to the keystore of every node, then POST /_nodes/reload_secure_settings",
}


def explained(text: str, store: type[Store], sign_in: str | None, during: Operation) -> str | None:
    """Return what is wrong with the store and what to do, or None when the error is about something else.

    :param text: what the search engine said, from :func:`words`
    :param sign_in: who signs in, as in the cluster file
    :param during: what was asked for, where the words do not tell the operation
    """
    kind = next(name for name, known in STORES.items() if known is store)
    principal = store.principals.get(sign_in or "", "the search engine's own user")
    for pattern, sentence in TROUBLES.items():
        if re.search(pattern, text):
            token = TOKENS.get(sign_in or "", "give the nodes' machines the identity that the cluster file names")
            return sentence.format(type=kind, principal=principal, token=token)
    if not DENIED.search(text):
        return None
    operations = next((found for pattern, found in OPERATIONS.items() if re.search(pattern, text)), (during,))
    return lacking(store, sign_in, *operations)


def lacking(store: type[Store], sign_in: str | None, *operations: Operation) -> str:
    """Return the sentence for permissions that are not there; of several operations at least one."""
    principal = store.principals.get(sign_in or "", "the search engine's own user")
    may = " or ".join(operations)
    needs = ", or ".join(store.permissions[operation] for operation in operations)
    return f"{principal} may not {may} there; it lacks {needs}: {store.grant}"


def words(answer: Answer) -> str:
    """Return everything an answer says of an error: types and reasons, causes and what they suppressed."""
    return said(answer.body)


def said(body: Any) -> str:
    """Return every type and reason in a body, outermost first, without the advice Azure puts before its own."""
    text = " < ".join(_told(body))
    return BOILERPLATE.sub("", text)


def _told(body: Any) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, list):
        for entry in body:
            yield from _told(entry)
    elif isinstance(body, dict):
        yield from (str(body[key]) for key in ("type", "reason") if body.get(key))
        for key in ("error", "caused_by", "suppressed", "failures", "snapshot"):
            if isinstance(body.get(key), dict | list):
                yield from _told(body[key])
