"""Whether the components of a cluster are configured alike: what one of them writes, the others must find."""

from collections.abc import Iterator
from typing import Any

from camunda_backup.hooks.repository import RepositoryHook
from camunda_backup.look import Look, find, told
from camunda_backup.states import Component
from camunda_backup.storage.repositories import as_registered


def repositories(look: Look) -> Iterator[str]:
    """The snapshot repositories are those of the cluster file, and every node can write to them."""
    for wanted in look.cluster.repositories:
        if (storage := look.repository(wanted)) is not None:
            yield from told(_registered(storage, as_registered(wanted)))


def _registered(storage: RepositoryHook, wanted: dict[str, Any]) -> Iterator[str]:
    registered = storage.definition()
    if registered is None:
        yield (
            f"snapshot repository {storage.repository} is not registered in the search engine; run the DAG"
            " set_up_repositories"
        )
        return
    settings = registered.get("settings") or {}
    differing = {key for key, value in wanted["settings"].items() if str(settings.get(key)) != value}
    if registered["type"] != wanted["type"] or differing:
        fields = ", ".join(sorted(differing)) or "type"
        yield (
            f"snapshot repository {storage.repository} is registered differently from the cluster file ({fields});"
            " run the DAG set_up_repositories to see the difference"
        )
    storage.verify()


def writable(look: Look) -> Iterator[str]:
    """The snapshot repositories take snapshots."""
    for wanted in look.cluster.repositories:
        storage = look.repository(wanted)
        settings = ((storage and storage.definition()) or {}).get("settings") or {}
        if str(settings.get("readonly", "false")).lower() == "true":
            yield f"snapshot repository {wanted.name} is registered as readonly"


def same_repository(look: Look) -> Iterator[str]:
    """Where a component shows its settings, it names the same repository, and Zeebe a backup store."""
    cluster = look.cluster
    for component, conn_id in look.management().items():
        answer = look.ask(conn_id, "/actuator/configprops")
        if not answer.ok:  # not exposed everywhere; the backup itself shows it then
            continue
        if component is Component.ZEEBE and find(answer.body, "backup", "store") == "NONE":
            yield "Zeebe has no backup store; configure one on every broker (zeebe.broker.data.backup.store)"
        if component is Component.ZEEBE:
            continue
        wanted = cluster.repositories[-1 if component is Component.OPTIMIZE else 0].name
        name = find(answer.body, "backup", "repositoryName")
        if name is not None and name != wanted:
            yield f"{component} is configured for snapshot repository {name!r}, the cluster file says {wanted!r}"
