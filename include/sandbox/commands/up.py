"""`python -m sandbox up`: start a cluster of the user's own Camunda and stay until Ctrl-C."""

import argparse
import time
from pathlib import Path

from sandbox import ports
from sandbox.errors import SandboxError
from sandbox.open_cluster import OpenCluster
from sandbox.preflight import problems

from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("--ports", type=int, default=ports.DEFAULT_BASE, help="base port (default %(default)s)")
    parser.add_argument("--home", type=Path, default=Path(".sandbox"), help="folder for data and logs")
    parser.add_argument("--exit", action="store_true", help="stop again once everything is healthy")


def run(options: argparse.Namespace) -> int:
    """Start everything, say where it is, and stop it when told to.

    :raises SandboxError: something is in the way, or does not start
    """
    with OpenCluster(options.home.resolve() / "embedded", options.ports) as cluster:
        if found := problems(cluster.needs()):
            raise SandboxError("\n".join(found))
        cluster.fetch(say)
        cluster.start(say)
        say(table(cluster))
        if not options.exit:
            say("Ctrl-C stops everything.")
            _stay(cluster)
    return 0


def _stay(cluster: OpenCluster) -> None:
    """Wait for a signal, and say so when a part ends by itself."""
    told = set[str]()
    while True:
        time.sleep(1)
        ended = {name for name in cluster.parts if not cluster.is_running(name)}
        for name in sorted(ended - told):
            say(f"{name} ended by itself; see {cluster.log_path(name)}")
        told = ended


def table(cluster: OpenCluster) -> str:
    """Return the running programs with process ID and seconds to start, and every address."""
    programs = [(name, str(cluster.pid(name)), f"{cluster.seconds(name):.0f}") for name in cluster.parts]
    rows = [f"{name:24}{pid:>8}{seconds:>9}" for name, pid, seconds in (("program", "pid", "seconds"), *programs)]
    return "\n".join([*rows, *(f"{name:24}{url}" for name, url in cluster.urls.items())])
