"""Zeebe, Operate and Tasklist 8.6 from the user's own distribution, run without its own scripts."""

from dataclasses import replace
from pathlib import Path

from . import java, ports
from .camunda_home import CLUSTER, distribution
from .programs import Program, environment
from .sites import Site

PARTITIONS = 2
BUCKET = "zeebe-backups"
BASE_PATH = "sandbox"
DATABASE = "sandbox"
HEAP = "512m"

RESTORE = "restore"
"""The name of the restore application's program."""

OPENSEARCH_EXPORTER = "io.camunda.zeebe.exporter.opensearch.OpensearchExporter"


def zeebe(site: Site) -> Program:
    """Return a Zeebe broker with an embedded gateway as a program."""
    return broker(site, "io.camunda.application.StandaloneBroker", _broker(site))


def broker(site: Site, main_class: str, settings: dict[str, str], line: str = CLUSTER) -> Program:
    """Return a broker as a program.

    :param settings: see `broker_settings`
    :param line: the distribution's
    """
    health = f"{site.url('zeebe_management')}/actuator/health/status"
    settings = settings | {"SPRING_PROFILES_ACTIVE": "broker"}
    program = _program(site, "zeebe", main_class, settings, health, line=line)
    return replace(program, excludes=(RESTORE,))


def restore(site: Site, backup_id: int) -> Program:
    """Return the restore application as a program: it fills the broker's empty data folder and ends.

    It takes the broker's own settings but no profile (recorded from Camunda 8.6.0).

    :param backup_id: what to restore
    """
    return restoring(site, backup_id, _broker(site))


def restoring(site: Site, backup_id: int, settings: dict[str, str], line: str = CLUSTER) -> Program:
    """Return the restore application as a program.

    :param backup_id: what to restore
    :param settings: those of the broker, see `broker_settings`
    :param line: the distribution's
    """
    main_class = "io.camunda.zeebe.restore.RestoreApp"
    program = _program(site, "zeebe", main_class, settings, "", line=line)
    command = (*program.command, f"--backupId={backup_id}")
    return replace(program, name=RESTORE, command=command, excludes=("zeebe",))


def zeebe_data(site: Site) -> Path:
    """Return the broker's data folder."""
    return site.home("zeebe") / "data"


def _broker(site: Site) -> dict[str, str]:
    """Return the settings of the cluster's broker."""
    settings = broker_settings(site) | {
        "ZEEBE_BROKER_EXPORTERS_OPENSEARCH_CLASSNAME": OPENSEARCH_EXPORTER,
        "ZEEBE_BROKER_EXPORTERS_OPENSEARCH_ARGS_URL": site.url("search"),
        "ZEEBE_BROKER_EXPORTERS_OPENSEARCH_ARGS_BULK_SIZE": "1",
        "ZEEBE_BROKER_EXPORTERS_OPENSEARCH_ARGS_INDEX_NUMBEROFREPLICAS": "0",
    }
    if site.backup_store != "none":
        settings |= _store(site)
    return settings


def broker_settings(site: Site) -> dict[str, str]:
    """Return the settings of a broker that exports nothing and has no backup store."""
    return _servers(site, "zeebe_rest", "zeebe_management") | {
        "ZEEBE_BROKER_NETWORK_HOST": ports.HOST,
        "ZEEBE_BROKER_NETWORK_ADVERTISEDHOST": ports.HOST,
        "ZEEBE_BROKER_NETWORK_COMMANDAPI_PORT": site.port("zeebe_command"),
        "ZEEBE_BROKER_NETWORK_INTERNALAPI_PORT": site.port("zeebe_internal"),
        "ZEEBE_BROKER_GATEWAY_NETWORK_HOST": ports.HOST,
        "ZEEBE_BROKER_GATEWAY_NETWORK_PORT": site.port("zeebe_grpc"),
        "ZEEBE_BROKER_CLUSTER_INITIALCONTACTPOINTS": site.address("zeebe_internal"),
        "ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT": str(PARTITIONS),
        "ZEEBE_BROKER_DATA_DIRECTORY": str(zeebe_data(site)),
        "ZEEBE_BROKER_DATA_LOGSEGMENTSIZE": "16MB",
    }


def operate(site: Site) -> Program:
    """Return Operate as a program."""
    settings = _web_app(site, "operate", search=site.url("search"))
    health = f"{site.url('operate_management')}/actuator/health/readiness"
    return _program(site, "operate", "io.camunda.application.StandaloneOperate", settings, health)


def tasklist(site: Site) -> Program:
    """Return Tasklist as a program; it reaches OpenSearch through `ism_proxy.py`."""
    settings = _web_app(site, "tasklist", search=site.url("ism_proxy"))
    health = f"{site.url('tasklist_management')}/actuator/health/readiness"
    return _program(site, "tasklist", "io.camunda.application.StandaloneTasklist", settings, health)


def _program(
    site: Site,
    name: str,
    main_class: str,
    settings: dict[str, str],
    health: str,
    *,
    line: str = CLUSTER,
) -> Program:
    home = site.home(name)
    folder = distribution(line).home
    class_path = (folder / "config", folder / "lib" / "*")
    options = ("-XX:MaxDirectMemorySize=512m", f"-Dapp.name={name}", f"-Dapp.home={folder}")
    command = java.command(main_class, class_path, HEAP, home, (*options, f"-Dbasedir={folder}"))
    return Program(name, command, environment(home) | settings, home, health)


def _servers(site: Site, web: str, management: str) -> dict[str, str]:
    return {
        "SERVER_ADDRESS": ports.HOST,
        "SERVER_PORT": site.port(web),
        "MANAGEMENT_SERVER_ADDRESS": ports.HOST,
        "MANAGEMENT_SERVER_PORT": site.port(management),
    }


def _store(site: Site) -> dict[str, str]:
    """Return the settings of the S3 store; it takes any key, so these protect nothing."""
    prefix = "ZEEBE_BROKER_DATA_BACKUP"
    return {
        f"{prefix}_STORE": "S3",
        f"{prefix}_S3_BUCKETNAME": BUCKET,
        f"{prefix}_S3_BASEPATH": BASE_PATH,
        f"{prefix}_S3_ENDPOINT": site.url("store"),
        f"{prefix}_S3_REGION": "us-east-1",
        f"{prefix}_S3_ACCESSKEY": "sandbox",
        f"{prefix}_S3_SECRETKEY": "sandbox-only",
        f"{prefix}_S3_FORCEPATHSTYLEACCESS": "true",
    }


def _web_app(site: Site, app: str, search: str) -> dict[str, str]:
    """Return the settings that Operate and Tasklist share but for the name in them."""
    prefix = f"CAMUNDA_{app.upper()}"
    return _servers(site, f"{app}_web", f"{app}_management") | {
        "SPRING_PROFILES_ACTIVE": f"{app},auth",
        "CAMUNDA_DATABASE_TYPE": "opensearch",
        "CAMUNDA_DATABASE_URL": search,
        "CAMUNDA_DATABASE_CLUSTERNAME": DATABASE,
        f"{prefix}_DATABASE": "opensearch",
        f"{prefix}_OPENSEARCH_URL": search,
        f"{prefix}_OPENSEARCH_CLUSTERNAME": DATABASE,
        f"{prefix}_ZEEBEOPENSEARCH_URL": search,
        f"{prefix}_ZEEBEOPENSEARCH_CLUSTERNAME": DATABASE,
        f"{prefix}_ZEEBEOPENSEARCH_PREFIX": "zeebe-record",
        f"{prefix}_ZEEBE_GATEWAYADDRESS": site.address("zeebe_grpc"),
        f"{prefix}_ZEEBE_RESTADDRESS": site.url("zeebe_rest"),
        f"{prefix}_CSRFPREVENTIONENABLED": "false",
        f"{prefix}_BACKUP_REPOSITORYNAME": site.repository,
        # Each has a Zeebe gateway inside that would else listen on all addresses (recorded from Camunda 8.6.0).
        "ZEEBE_GATEWAY_CLUSTER_HOST": ports.HOST,
        "ZEEBE_GATEWAY_CLUSTER_PORT": site.port(f"{app}_internal"),
    }
