"""The clusters that the demo can back up, and what Airflow is told about them."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import yaml

from sandbox import ports
from sandbox.errors import SandboxError
from sandbox.licences import DEMO
from sandbox.loopback import TIMEOUT, session
from sandbox.preflight import Needs
from sandbox.programs import Programs, python_program
from sandbox.signing_in import LOGIN

Report = Callable[[str], None]

STACKS = {"embedded": "embedded", "stand-in": "stand_in"}
"""The cluster's name, also that of its cluster file, for each stack."""

CLUSTER_FILES = Path(__file__).resolve().parent.parent / "clusters"
CONNECTIONS = {
    "zeebe": "zeebe_management",
    "operate": "operate_management",
    "tasklist": "tasklist_management",
    "optimize": "optimize_management",
    "search": "search",
    "rest": "zeebe_rest",
    "operate_web": "operate_web",
    "tasklist_web": "tasklist_web",
    "optimize_web": "optimize_web",
}
STAND_IN_SERVERS = (
    "zeebe_rest",
    "zeebe_management",
    "operate_web",
    "operate_management",
    "tasklist_web",
    "tasklist_management",
    "optimize_web",
    "optimize_management",
    "search",
    "control",
)
CAMUNDA_HOME = "CAMUNDA_HOME"
"""The environment variable that leads to a Camunda of the user's own, unpacked."""

STAND_IN_LINE, STAND_IN_VERSION = "8.6", "8.6.0"
STAND_IN = "Camunda: a stand-in, part of this project, plays it; nothing of Camunda's is fetched."
STAND_IN_MIB = 150
STAND_IN_PATIENCE = 60.0


class DemoCluster(Protocol):
    """What the demo needs of a cluster."""

    urls: dict[str, str]

    @property
    def version(self) -> str:
        """Its exact version, for the cluster file: after a disaster nothing runs that could tell."""

    @property
    def processes(self) -> str:
        """The address at which its processes are controlled, see `process_control.py`."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def needs(self) -> Needs:
        """Return what a start takes."""

    def fetch(self, report: Report) -> None:
        """Download what is not there yet."""

    def start(self, report: Report) -> None:
        """Start an empty cluster and wait until it is healthy."""

    def destroy(self, report: Report) -> None:
        """Lose Zeebe's data, all indices and the processes that used them; the backups stay."""


class StandInCluster:
    """One process that plays all of Camunda 8.6 and its search engine.

    :param home: the folder for its log
    :param base_port: see `ports.py`
    """

    version = STAND_IN_VERSION

    def __init__(self, home: Path, base_port: int) -> None:
        self.urls = ports.urls(base_port, STAND_IN_SERVERS)
        self._home = home
        self._base_port = base_port
        self._programs: Programs | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._programs is not None:
            self._programs.close()

    @property
    def processes(self) -> str:
        """The address at which the processes that it plays are controlled."""
        return self.urls["control"]

    def needs(self) -> Needs:
        """Return what a start takes."""
        wanted = {name: ports.port(self._base_port, name) for name in STAND_IN_SERVERS}
        return Needs(ports=wanted, memory_mib=STAND_IN_MIB, disk_mib={})

    def fetch(self, report: Report) -> None:
        """Fetch nothing."""

    def start(self, report: Report) -> None:
        """Start the stand-in; it remembers nothing of earlier times.

        :raises SandboxError: it ended or did not answer in time, or another sandbox uses the folder
        """
        arguments = ("--line", STAND_IN_LINE, "--ports", str(self._base_port))
        health = f"{self.urls['operate_management']}/actuator/health"
        self._programs = Programs(self._home)
        self._programs.start(
            python_program("stand_in", "stand_in", arguments, self._home / "data" / "stand_in", health)
        )
        self._programs.wait_healthy("stand_in", STAND_IN_PATIENCE)
        report(f"The stand-in is up after {self._programs.seconds('stand_in'):.0f} s")

    def destroy(self, report: Report) -> None:
        """Let it lose everything but its backups.

        :raises SandboxError: it refused
        """
        with session() as direct:
            response = direct.post(f"{self.urls['control']}/disaster", timeout=TIMEOUT)
        if not response.ok:
            raise SandboxError(f"The stand-in refused the disaster: {response.text}")
        report("Optimize, Tasklist, Operate and Zeebe are killed; Zeebe's data and all indices are gone")


def cluster_of(stack: str, home: Path, base_port: int) -> DemoCluster:
    """Return the cluster of a stack; the embedded one is of the user's own Camunda where `CAMUNDA_HOME` is set.

    :param stack: a key of `STACKS`
    :param home: the folder for data and logs
    :param base_port: see `ports.py`
    """
    if stack == "stand-in":
        return StandInCluster(home, base_port)
    # The packages of both are not installed for the stand-in.
    if os.environ.get(CAMUNDA_HOME):
        from sandbox.camunda_cluster import CamundaCluster  # noqa: PLC0415

        return CamundaCluster(home, base_port)
    from sandbox.open_cluster import OpenCluster  # noqa: PLC0415

    return OpenCluster(home, base_port)


def licences(stack: str) -> list[str]:
    """Return what is fetched for a stack, and under which licence, a line each; and what plays Camunda."""
    if stack == "stand-in":
        return ["Nothing is fetched: a stand-in, part of this project, plays Camunda and the search engine."]
    own = os.environ.get(CAMUNDA_HOME)
    camunda = f"Camunda: yours, in {own}, under its own licence." if own else STAND_IN
    return [*(f"{one.part:32}{one.source:18}{one.licence}" for one in DEMO), camunda]


def connections(name: str, urls: Mapping[str, str]) -> dict[str, str]:
    """Return the addresses of a cluster by Airflow connection ID; those of web apps with the user who may look.

    :param name: the cluster's name
    :param urls: its addresses by the names of `ports.py`
    """
    user = "{username}:{password}@".format(**LOGIN)
    return {
        f"{name}_{connection}": urls[server].replace("//", f"//{user}") if connection.endswith("_web") else urls[server]
        for connection, server in CONNECTIONS.items()
    }


def write_cluster_file(name: str, urls: Mapping[str, str], folder: Path, **more: Any) -> None:
    """Write the cluster file that Airflow gets: the sandbox's own, with links to this cluster's addresses.

    :param name: the cluster's name
    :param urls: its addresses by the names of `ports.py`
    :param folder: where to; other cluster files in it are removed, since their clusters do not run
    :param more: what it says beside the sandbox's own
    """
    fields: dict[str, Any] = yaml.safe_load((CLUSTER_FILES / f"{name}.yaml").read_text())
    fields |= {"links": {"operate": urls["operate_web"], "snapshots": urls["search"]}, **more}
    folder.mkdir(parents=True, exist_ok=True)
    for other in folder.glob("*.y*ml"):
        other.unlink()
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(fields, sort_keys=False))
