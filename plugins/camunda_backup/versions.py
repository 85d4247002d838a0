"""Which version of Camunda really runs, against what the cluster file says."""

from collections.abc import Iterator
from typing import Any

from camunda_backup.look import TOPOLOGY, Look, find
from camunda_backup.releases import BROKER


def one_version(look: Look) -> Iterator[str]:
    """Every component runs a version of the cluster file's line, and those that are released together the same."""
    cluster = look.cluster
    for name, conn_id in _processes(look).items():
        answer = look.ask(conn_id, "/actuator/info")
        version = find(answer.body, "build", "version") if answer.ok else None
        if version is None and conn_id == cluster.connections.zeebe:
            version = _gateway_version(look)
        if version:
            look.versions[name] = str(version)
    yield from cluster.release.problems(look.versions)


def _processes(look: Look) -> dict[str, str]:
    """Return the management port of everything that has a version, by name: each component, and each further broker."""
    found = {component.value: conn_id for component, conn_id in look.management().items()}
    others = (conn_id for conn_id in look.cluster.brokers if conn_id not in {*found.values(), *look.silent})
    return {**found, **{f"{BROKER}{conn_id}": conn_id for conn_id in others}}


def _gateway_version(look: Look) -> Any:
    """Return what the REST API says, where the management port does not show it."""
    rest = look.cluster.connections.rest
    if rest is None or rest in look.silent:
        return None
    answer = look.ask(rest, TOPOLOGY)
    return answer.body.get("gatewayVersion") if answer.ok and isinstance(answer.body, dict) else None
