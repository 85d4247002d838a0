"""The ports of a cluster: one base that the user may choose, and a fixed offset for each server."""

from collections.abc import Iterable
from types import MappingProxyType

DEFAULT_BASE = 28000
HOST = "127.0.0.1"

OFFSETS = MappingProxyType(
    {
        "zeebe_rest": 10,
        "zeebe_management": 11,
        "zeebe_grpc": 12,
        "zeebe_command": 13,
        "zeebe_internal": 14,
        "broker_1_management": 15,
        "broker_2_management": 16,
        "operate_web": 20,
        "operate_management": 21,
        "operate_internal": 22,
        "tasklist_web": 30,
        "tasklist_management": 31,
        "tasklist_internal": 32,
        "optimize_web": 40,
        "optimize_management": 41,
        "search": 50,
        "search_transport": 51,
        "ism_proxy": 52,
        "store": 60,
        "issuer": 61,
        "s3": 62,
        "azurite": 64,
        "gcs": 65,
        "issuer_tls": 66,
        "airflow": 80,
        "control": 90,
        "processes": 91,
    }
)


def port(base: int, name: str) -> int:
    """Return the port of one server.

    :param base: the base port of the cluster
    :param name: a key of `OFFSETS`
    """
    return base + OFFSETS[name]


def url(base: int, name: str) -> str:
    """Return the address of one server, without a slash at its end.

    :param base: the base port of the cluster
    :param name: a key of `OFFSETS`
    """
    return f"http://{HOST}:{port(base, name)}"


def urls(base: int, names: Iterable[str]) -> dict[str, str]:
    """Return the addresses of several servers by their names.

    :param base: the base port of the cluster
    :param names: keys of `OFFSETS`
    """
    return {name: url(base, name) for name in names}
