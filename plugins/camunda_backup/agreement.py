"""Whether the components of a cluster are configured alike: what one of them writes, the others must find.

What they show stands under ``/actuator/configprops``, recorded from Camunda 8.6.0. It is not exposed everywhere, and
may be masked; then the backup itself shows what is wrong. No value of it is ever logged except those named here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from camunda_backup.clusters import AnyCluster
from camunda_backup.hooks.repository import RepositoryHook
from camunda_backup.look import Look, told
from camunda_backup.states import Component
from camunda_backup.storage.repositories import as_registered

MASKED = "******"
# Zeebe's stores: where each keeps its place in a bucket or container, and the type of repository that could share it.
PLACES = {
    "S3": ("s3", "s3", ("bucketName", "basePath")),
    "GCS": ("gcs", "gcs", ("bucketName", "basePath")),
    "AZURE": ("azure", "azure", ("basePath",)),  # the container
    "FILESYSTEM": ("filesystem", "fs", ("basePath",)),
}


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
    """Where components show it, all are configured with the cluster file's repository and index prefixes."""
    cluster = look.cluster
    for component, conn_id in look.management().items():
        if component is Component.ZEEBE or not cluster.repositories:
            continue
        answer = look.ask(conn_id, "/actuator/configprops")
        if not answer.ok:
            continue
        wanted = cluster.repositories[-1 if component is Component.OPTIMIZE else 0].name
        for name in dict.fromkeys(_values(answer.body, "backup", "repositoryName")):
            if name != wanted:
                yield f"{component} is configured for snapshot repository {name!r}, the cluster file says {wanted!r}"
        if not cluster.generation.shared_prefix:
            yield from _same_prefixes(cluster, component, answer.body)


def _same_prefixes(cluster: AnyCluster, component: Component, body: Any) -> Iterator[str]:
    """Yield a sentence for each index prefix that differs, where Operate and Tasklist each have one of their own."""
    engine = cluster.search_engine.engine if cluster.search_engine else ""
    own = {component.value: (engine, "indexPrefix"), "records": (f"zeebe{engine}", "prefix")}
    for family, (section, key) in own.items():
        if family not in cluster.prefixes:
            continue
        for prefix in dict.fromkeys(_values(body, section, key)):
            if prefix != cluster.prefixes[family]:
                yield (
                    f"{component} is configured with the index prefix {prefix!r}, the cluster file says"
                    f" {cluster.prefixes[family]!r}; correct secondary_storage.index_prefixes.{family}"
                )


def one_store(look: Look) -> Iterator[str]:
    """Where brokers show it, each has the same backup store, and not in the place of a snapshot repository."""
    stores: dict[str, str] = {}
    for conn_id in look.cluster.brokers:
        if conn_id in look.silent:
            continue
        answer = look.ask(conn_id, "/actuator/configprops")
        for backup in _sections(answer.body, "backup") if answer.ok else ():
            kind = backup.get("store")
            if kind == "NONE":
                yield (
                    f"Zeebe has no backup store ({conn_id}); configure one on every broker"
                    " (zeebe.broker.data.backup.store)"
                )
            elif isinstance(kind, str) and kind != MASKED:
                stores[conn_id] = _place(kind, backup)
    if len(set(stores.values())) > 1:
        shown = ", ".join(f"{place} ({conn_id})" for conn_id, place in stores.items())
        yield f"the brokers have different backup stores, so that no backup is whole: {shown}"
    for repository in look.cluster.repositories:
        if repository.place in stores.values():
            yield (
                f"Zeebe's backup store and snapshot repository {repository.name} have one place, {repository.place};"
                " give each a path of its own"
            )


def _place(kind: str, backup: Mapping[str, Any]) -> str:
    """Return a store's place as repositories have theirs, or its kind alone when it does not show it."""
    section, scheme, keys = PLACES.get(kind.upper(), ("", kind, ()))
    told = backup.get(section)
    parts = [(told.get(key) or "") if isinstance(told, dict) else MASKED for key in keys]
    if not parts or MASKED in parts or not parts[0]:
        return kind
    first, *rest = parts
    return f"{scheme}:{first.rstrip('/')}" + ("" if scheme == "fs" else f"/{''.join(rest).strip('/')}")


def _values(data: Any, section: str, key: str) -> Iterator[str]:
    """Yield the value of a key in every section of a name, whatever its case; nothing that is masked or not set."""
    for found in _sections(data, section):
        value = found.get(key)
        if isinstance(value, str) and value and value != MASKED:
            yield value


def _sections(data: Any, name: str) -> Iterator[Mapping[str, Any]]:
    """Yield every dictionary of a name among the properties of all beans."""
    if isinstance(data, dict):
        for key, child in data.items():
            if key == "inputs":  # where each property comes from
                continue
            if isinstance(child, dict) and key.lower() == name.lower():
                yield child
            yield from _sections(child, name)
