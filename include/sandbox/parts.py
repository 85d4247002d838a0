"""The parts of a cluster of the user's own Camunda: the servers of each, what each waits for, and how it is run."""

from collections.abc import Callable
from dataclasses import dataclass

from .camunda import BUCKET, operate, tasklist, zeebe
from .opensearch import opensearch
from .programs import Program, python_program
from .sites import Site


@dataclass(frozen=True, slots=True)
class Part:
    """One part.

    :param program: says how it is run
    :param servers: its HTTP servers, by the names in `ports.py`; the first is the one to show
    :param inner: its other ports
    :param after: the parts that must be healthy before it starts
    """

    program: Callable[[Site], Program]
    servers: tuple[str, ...]
    inner: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def ism_proxy(site: Site) -> Program:
    """Return Tasklist's way to OpenSearch as a program."""
    arguments = ("--port", site.port("ism_proxy"), "--search-port", site.port("search"))
    health = f"{site.url('ism_proxy')}/_plugins/_ism/explain"
    return python_program("ism_proxy", "ism_proxy", arguments, site.home("ism_proxy"), health)


def store(site: Site) -> Program:
    """Return Zeebe's backup store as a program."""
    wrong = ("--wrong",) if site.backup_store == "s3-wrong" else ()
    arguments = ("--port", site.port("store"), "--bucket", BUCKET, *wrong)
    return python_program("store", "object_store", arguments, site.home("store"), f"{site.url('store')}/{BUCKET}")


def optimize(site: Site) -> Program:
    """Return the stand-in for Optimize as a program; its snapshots are real ones in OpenSearch."""
    arguments = ("--only", "optimize", "--search", site.url("search"), "--ports", str(site.base_port))
    health = f"{site.url('optimize_management')}/actuator/health"
    return python_program("optimize", "stand_in", arguments, site.home("optimize"), health)


PARTS = {
    "search": Part(opensearch, ("search",), inner=("search_transport",)),
    "ism_proxy": Part(ism_proxy, ("ism_proxy",)),
    "store": Part(store, ("store",)),
    "zeebe": Part(
        zeebe,
        ("zeebe_rest", "zeebe_management", "zeebe_grpc"),
        inner=("zeebe_command", "zeebe_internal"),
        after=("store",),
    ),
    "optimize": Part(optimize, ("optimize_management", "optimize_web", "control"), after=("search",)),
    "operate": Part(operate, ("operate_web", "operate_management"), inner=("operate_internal",), after=("search",)),
    "tasklist": Part(
        tasklist,
        ("tasklist_web", "tasklist_management"),
        inner=("tasklist_internal",),
        after=("search", "ism_proxy"),
    ),
}
