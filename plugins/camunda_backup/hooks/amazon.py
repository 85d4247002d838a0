"""Requests to Amazon OpenSearch Service, signed with AWS credentials (Signature Version 4, service ``es``).

The credentials are those of the process: its service account's role, its instance's role, its environment, or whatever
else botocore finds, which also renews them. They stay in the process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING

from requests import PreparedRequest

from camunda_backup.api.access import Access
from camunda_backup.hooks.endpoint import Endpoint

if TYPE_CHECKING:
    from botocore.credentials import Credentials

SERVICE = "es"

_kept: dict[Access, "Credentials"] = {}
_guard = Lock()


@dataclass(frozen=True, slots=True)
class Sigv4Signer:
    """Signs each request for one region.

    :param access: region, and the role to take on first, if any
    """

    access: Access

    @property
    def who(self) -> str:
        """Whose credentials sign."""
        return self.access.role_arn or "the AWS identity of this process"

    @property
    def advice(self) -> str:
        """What the domain may miss."""
        return (
            "its access policy and IAM must allow es:ESHttp* to that identity; with fine-grained access control map"
            " manage_snapshots and the rights to the cluster's indices to it"
        )

    def sign(self, prepared: PreparedRequest) -> None:
        """Add date, token and signature.

        :raises ValueError: there are no credentials, or the role was refused
        """
        from botocore.auth import SigV4Auth  # noqa: PLC0415 - an optional package
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        # Only what no proxy and no client changes on the way is signed, beside host and date.
        kept = {name: value for name, value in prepared.headers.items() if name.lower() == "content-type"}
        request = AWSRequest(method=prepared.method, url=prepared.url, data=prepared.body or b"", headers=kept)
        try:
            credentials = _credentials(self.access).get_frozen_credentials()
            SigV4Auth(credentials, SERVICE, self.access.region).add_auth(request)
        except (BotoCoreError, ClientError) as error:
            raise ValueError(f"its requests cannot be signed: {error}") from error
        prepared.headers.update(request.headers.items())


def sigv4_signer(endpoint: Endpoint, access: Access) -> Sigv4Signer:
    """Return what signs for a domain.

    :raises ValueError: the connection has a login, or botocore is not there
    """
    if endpoint.login or endpoint.password:
        raise ValueError("requests to Amazon OpenSearch Service are signed; remove its login and password")
    if find_spec("botocore") is None:
        raise ValueError(
            "requests to Amazon OpenSearch Service are signed with the package botocore, which is not installed;"
            " install requirements-extras.txt on workers and triggerers"
        )
    return Sigv4Signer(access)


def _credentials(access: Access) -> "Credentials":
    """Return credentials that renew themselves, the same for all tasks and triggers of the process."""
    with _guard:
        if access not in _kept:
            _kept[access] = _found(access)
        return _kept[access]


def _found(access: Access) -> "Credentials":
    from botocore.session import get_session  # noqa: PLC0415 - an optional package

    session = get_session()
    own = session.get_credentials()
    if own is None:
        raise ValueError(
            "there are no AWS credentials to sign with; give workers and triggerers a role (of their service account or"
            " instance)"
        )
    return _role(access, session.create_client) if access.role_arn else own


def _role(access: Access, create_client: Callable[..., object]) -> "Credentials":
    from botocore.credentials import (  # noqa: PLC0415 - an optional package
        DeferredRefreshableCredentials,
        create_assume_role_refresher,
    )

    wanted = {"RoleArn": access.role_arn, "RoleSessionName": "camunda-backup"}
    tokens = create_client("sts", region_name=access.region)
    return DeferredRefreshableCredentials(create_assume_role_refresher(tokens, wanted), "assume-role")
