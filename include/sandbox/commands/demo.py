"""`python -m sandbox demo`: a cluster, an Airflow, a backup of the one by the other, a disaster and its restore."""

import argparse
import threading
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from sandbox import ports
from sandbox.airflow_processes import AirflowProcesses
from sandbox.demo.browser import visual_check
from sandbox.demo.clusters import STACKS, cluster_of, connections, licences, write_cluster_file
from sandbox.demo.runs import Runs
from sandbox.demo.story import Demo
from sandbox.errors import SandboxError
from sandbox.preflight import problems
from sandbox.process_control import variables

from .output import say

PLAIN_WIDTH = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("--stack", choices=STACKS, default="embedded", help="what is backed up (default %(default)s)")
    parser.add_argument("--ports", type=int, default=ports.DEFAULT_BASE, help="base port (default %(default)s)")
    parser.add_argument("--home", type=Path, default=Path(".sandbox"), help="folder for data and logs")
    parser.add_argument("--exit", action="store_true", help="stop everything once the story is told")


def run(options: argparse.Namespace) -> int:
    """Tell the story; return 0 only when it ends with the restored cluster.

    :raises SandboxError: something is in the way, or does not start
    """
    home = options.home.resolve() / options.stack
    name = STACKS[options.stack]
    cluster = cluster_of(options.stack, home, options.ports)
    airflow = AirflowProcesses(
        home / "airflow",
        options.ports,
        connections(name, cluster.urls),
        clusters_folder=home / "clusters",
        variables=variables(cluster.processes),
    )
    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    demo = Demo(name, cluster, Runs(airflow, console))
    if found := problems(demo.needs(options.ports)):
        raise SandboxError("\n".join(found))
    for line in licences(options.stack):
        say(line)
    check, without_pictures = visual_check()
    if without_pictures:
        say(without_pictures)
    cold = {"location": str(airflow.settings.copies)}
    files = home / "clusters"
    write_cluster_file(name, cluster.urls, files, version=cluster.version, visual_check=check, cold=cold)
    with cluster, airflow:
        demo.start()
        succeeded = demo.tell()
        if not options.exit:
            say("Ctrl-C stops everything.")
            with suppress(SystemExit):  # told to leave: how the story ended decides on the exit code
                threading.Event().wait()
        say("Stopping.")
    return 0 if succeeded else 1
