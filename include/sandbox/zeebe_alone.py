"""A Zeebe broker alone, of the user's own Camunda 8.6 or 8.5, with a store of `stores.py`; it exports nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from . import camunda, stores
from .camunda_home import CLUSTER, ZEEBE_ALONE
from .programs import Program
from .sites import Site

BUCKET = "zeebe"
STORE = "ZEEBE_BROKER_DATA_BACKUP_STORE"
S3 = "ZEEBE_BROKER_DATA_BACKUP_S3"
GCS = "ZEEBE_BROKER_DATA_BACKUP_GCS"
AZURE = "ZEEBE_BROKER_DATA_BACKUP_AZURE"


@dataclass(frozen=True, slots=True)
class Release:
    """How one line of Zeebe is run.

    :param line: its first two numbers
    :param main_class: of its broker
    """

    line: str
    main_class: str

    def broker(self, site: Site, store: str) -> Program:
        """Return its broker as a program.

        :param store: a key of `STORES`
        """
        return camunda.broker(site, self.main_class, self._settings(site, store), self.line)

    def restore(self, site: Site, store: str, backup_id: int) -> Program:
        """Return its restore application as a program.

        :param store: a key of `STORES`
        :param backup_id: what to restore
        """
        return camunda.restoring(site, backup_id, self._settings(site, store), self.line)

    @staticmethod
    def _settings(site: Site, store: str) -> dict[str, str]:
        return camunda.broker_settings(site) | STORES[store](site)


def _s3(site: Site) -> dict[str, str]:
    return {
        STORE: "S3",
        f"{S3}_BUCKETNAME": BUCKET,
        f"{S3}_ENDPOINT": site.url("s3"),
        f"{S3}_REGION": "us-east-1",
        f"{S3}_ACCESSKEY": stores.USER,
        f"{S3}_SECRETKEY": stores.PASSWORD,
        f"{S3}_FORCEPATHSTYLEACCESS": "true",
    }


def _gcs(site: Site) -> dict[str, str]:
    return {
        STORE: "GCS",
        f"{GCS}_BUCKETNAME": BUCKET,
        f"{GCS}_HOST": site.url("gcs"),
        f"{GCS}_AUTH": "none",
    }


def _azure(site: Site) -> dict[str, str]:
    address = f"{site.url('azurite')}/{stores.AZURE_ACCOUNT}"
    signing = f"AccountName={stores.AZURE_ACCOUNT};AccountKey={stores.AZURE_KEY}"
    return {
        STORE: "AZURE",
        f"{AZURE}_BASEPATH": BUCKET,
        f"{AZURE}_CONNECTIONSTRING": f"DefaultEndpointsProtocol=http;{signing};BlobEndpoint={address};",
    }


STORES: MappingProxyType[str, Callable[[Site], dict[str, str]]] = MappingProxyType(
    {"s3": _s3, "gcs": _gcs, "azure": _azure}
)
RELEASES = MappingProxyType(
    {
        CLUSTER: Release(CLUSTER, "io.camunda.application.StandaloneBroker"),
        ZEEBE_ALONE: Release(ZEEBE_ALONE, "io.camunda.zeebe.broker.StandaloneBroker"),
    }
)
