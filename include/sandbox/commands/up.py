"""`python -m sandbox up`: start a cluster of the user's own Camunda and stay until Ctrl-C."""

import argparse
import time
from pathlib import Path

from sandbox import ports
from sandbox.camunda_cluster import CamundaCluster
from sandbox.errors import SandboxError
from sandbox.parts import PARTS
from sandbox.preflight import problems

from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("--ports", type=int, default=ports.DEFAULT_BASE, help="base port (default %(default)s)")
    parser.add_argument("--home", type=Path, default=Path(".sandbox"), help="folder for data and logs")
    parser.add_argument("--store", choices=("s3", "s3-wrong", "none"), default="s3", help="Zeebe's backup store")
    parser.add_argument("--repository", default="backups", help="snapshot repository that the web apps use")
    parser.add_argument("--exit", action="store_true", help="stop again once everything is healthy")


def run(options: argparse.Namespace) -> int:
    """Start everything, say where it is, and stop it when told to.

    :raises SandboxError: something is in the way, or does not start
    """
    home = options.home.resolve() / "camunda"
    cluster = CamundaCluster(home, options.ports, backup_store=options.store, repository=options.repository)
    with cluster:
        if found := problems(cluster.needs()):
            raise SandboxError("\n".join(found))
        cluster.fetch(say)
        cluster.start(say)
        say(table(cluster))
        if not options.exit:
            say("Ctrl-C stops everything.")
            _stay(cluster)
    return 0


def _stay(cluster: CamundaCluster) -> None:
    """Wait for a signal, and say so when a part ends by itself."""
    told = set[str]()
    while True:
        time.sleep(1)
        crashed = {name for name in cluster.parts if cluster.has_crashed(name)}
        for name in sorted(crashed - told):
            say(f"{name} ended by itself; see {cluster.log_path(name)}")
        told = crashed


def table(cluster: CamundaCluster) -> str:
    """Return the running parts as a table: name, address, process ID, seconds to start."""
    rows = [("part", "address", "pid", "seconds")]
    for name in cluster.parts:
        address = cluster.urls[PARTS[name].servers[0]]
        rows.append((name, address, str(cluster.pid(name)), f"{cluster.seconds(name):.0f}"))
    return "\n".join(f"{name:12}{address:26}{pid:>8}{seconds:>9}" for name, address, pid, seconds in rows)
