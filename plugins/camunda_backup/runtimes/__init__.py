"""What a cluster's components run on: one file and one line here for each kind of it."""

from collections.abc import Callable, Mapping
from typing import Any

from camunda_backup.errors import ClusterFileError
from camunda_backup.runtimes.command import Commands
from camunda_backup.runtimes.kubernetes import Kubernetes
from camunda_backup.runtimes.runtime import Runtime

RUNTIMES: dict[str, Callable[[Mapping[str, Any]], Runtime]] = {"command": Commands, "kubernetes": Kubernetes}


def runtime_of(config: Mapping[str, Any]) -> Runtime:
    """Return what stops and starts the components of a cluster.

    :param config: ``runtime`` of the cluster file as JSON types, see ``Cluster.runtime_config``
    :raises ClusterFileError: its type is not known
    """
    made = RUNTIMES.get(config["type"])
    if made is None:
        raise ClusterFileError(f"runtime.type {config['type']!r} is not known; known are {', '.join(RUNTIMES)}")
    return made(config)
