"""A Zeebe broker alone, of Camunda 8.6 or 8.5, with its backup store in one of `stores.py`; it exports nothing.

Of Camunda 8.5 no more than Zeebe and its restore application is on Maven (free for non-production use, as 8.6 is).
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from . import camunda, fetch, stores
from .programs import Program
from .sites import Site

BUCKET = "zeebe"
STORE = "ZEEBE_BROKER_DATA_BACKUP_STORE"
S3 = "ZEEBE_BROKER_DATA_BACKUP_S3"
GCS = "ZEEBE_BROKER_DATA_BACKUP_GCS"
AZURE = "ZEEBE_BROKER_DATA_BACKUP_AZURE"


@dataclass(frozen=True, slots=True)
class Release:
    """One release of Zeebe.

    :param artifact: its distribution
    :param main_class: of its broker
    """

    artifact: fetch.Artifact
    main_class: str

    def broker(self, site: Site, store: str) -> Program:
        """Return its broker as a program.

        :param store: a key of `STORES`
        """
        return camunda.broker(site, self.main_class, self._settings(site, store), self.artifact)

    def restore(self, site: Site, store: str, backup_id: int) -> Program:
        """Return its restore application as a program.

        :param store: a key of `STORES`
        :param backup_id: what to restore
        """
        return camunda.restoring(site, backup_id, self._settings(site, store), self.artifact)

    @staticmethod
    def _settings(site: Site, store: str) -> dict[str, str]:
        return camunda.broker_settings(site) | STORES[store](site)


def _s3(site: Site) -> dict[str, str]:
    return {
        STORE: "S3",
        f"{S3}_BUCKETNAME": BUCKET,
        f"{S3}_ENDPOINT": site.url("minio"),
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
        "8.6": Release(fetch.CAMUNDA, "io.camunda.application.StandaloneBroker"),
        "8.5": Release(
            fetch.Artifact(
                "io.camunda",
                "camunda-zeebe",
                "8.5.8",
                "tar.gz",
                "53ce62b008e61a87a3f7aed700065ad1352084a24c85771bc4e8300828bf95b4",
                450,
            ),
            "io.camunda.zeebe.broker.StandaloneBroker",
        ),
    }
)
