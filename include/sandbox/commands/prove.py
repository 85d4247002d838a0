"""`python -m sandbox prove`: restore under load in every order, and count what does not fit together."""

import argparse
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from sandbox import ports
from sandbox.airflow_processes import AirflowProcesses
from sandbox.camunda_cluster import CamundaCluster
from sandbox.demo.clusters import connections
from sandbox.demo.runs import Runs
from sandbox.demo.story import AIRFLOW_DISK_MIB, AIRFLOW_MIB
from sandbox.errors import SandboxError
from sandbox.preflight import Needs, problems
from sandbox.process_control import variables
from sandbox.prove import table
from sandbox.prove.trials import COUNTER_PROOF, ORDERS, against_the_rule, attempt, by_the_project, write_cluster_file

from .output import say

WAYS = (*ORDERS, COUNTER_PROOF)
WIDTH = 150


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("--ports", type=int, default=ports.DEFAULT_BASE, help="base port (default %(default)s)")
    parser.add_argument("--home", type=Path, default=Path(".sandbox"), help="folder for data and logs")
    parser.add_argument("--page", type=Path, help="a page whose table is written anew")
    parser.add_argument("--only", choices=WAYS, action="append", help="leave out the others (may be repeated)")


def run(options: argparse.Namespace) -> int:
    """Try every way; return 0 when both orders of the project hold.

    :raises SandboxError: something is in the way, or does not start
    """
    home = options.home.resolve() / "prove"
    wanted = [name for name in WAYS if name in (options.only or WAYS)]
    console = Console() if Console().is_terminal else Console(width=WIDTH)
    cluster = CamundaCluster(home / "camunda", options.ports)
    airflows = {name: _airflow(name, home, options.ports, cluster) for name in wanted if name in ORDERS}
    if found := problems(_needs(cluster, home, options.ports)):
        raise SandboxError("\n".join(found))
    cluster.fetch(say)
    columns = []
    for name, airflow in airflows.items():
        write_cluster_file(name, cluster.version, airflow.settings.clusters_folder)
        with airflow:
            columns.append(attempt(by_the_project(name, Runs(airflow, console)), cluster, say))
    if COUNTER_PROOF in wanted:
        columns.append(attempt(against_the_rule(cluster, say), cluster, say))
    console.print(table.on_screen(columns))
    say(table.legend())
    text = table.as_markdown(columns, cluster.distribution.version)
    (home / "result.md").write_text(text + "\n")
    if options.page:
        table.write_into(options.page, text)
    return 0 if all(column.holds for column in columns if column.name in ORDERS) else 1


def _airflow(order: str, home: Path, base_port: int, cluster: CamundaCluster) -> AirflowProcesses:
    return AirflowProcesses(
        home / order / "airflow",
        base_port,
        connections("embedded", cluster.urls),
        clusters_folder=home / order / "clusters",
        variables=variables(cluster.processes),
    )


def _needs(cluster: CamundaCluster, home: Path, base_port: int) -> Needs:
    needs = cluster.needs()
    return replace(
        needs,
        ports={**needs.ports, "airflow": ports.port(base_port, "airflow")},
        memory_mib=needs.memory_mib + AIRFLOW_MIB,
        disk_mib={**needs.disk_mib, home: AIRFLOW_DISK_MIB},
    )
