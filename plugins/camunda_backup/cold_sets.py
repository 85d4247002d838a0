"""When a cold backup set is complete. Nothing else in the project decides that."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from camunda_backup.states import Component, Report
from camunda_backup.storage.engine import Snapshot


def problems(
    node_ids: Mapping[str, int],
    copies: Sequence[Mapping[str, Any]],
    components: Iterable[Component],
    parts: Sequence[Report],
    snapshots: Sequence[Snapshot],
) -> list[str]:
    """Return every reason why a cold set is not complete; none means that it is.

    :param node_ids: of each broker
    :param copies: what is there of each broker's data
    :param components: those whose indices belong into the set
    :param parts: what became of their snapshots
    :param snapshots: what the snapshot repository holds under the set's ID
    """
    found = []
    copied = {int(copy["node_id"]): copy for copy in copies}
    for broker, node_id in node_ids.items():
        if node_id not in copied:
            found.append(f"{broker}: there is no copy of the data of node {node_id}")
        elif not copied[node_id].get("bytes"):
            found.append(f"{broker}: the copy of its data is empty")
    if len(copied) != len(copies):
        found.append("there are several copies of one broker's data")
    if strange := sorted(copied.keys() - set(node_ids.values())):
        found.append(f"there are copies of the data of nodes that the cluster has not: {', '.join(map(str, strange))}")
    taken = {report.component: report for report in parts}
    there = {snapshot.name: snapshot for snapshot in snapshots}
    for component in components:
        report = taken.get(component)
        if report is None or not report.pieces:
            found.append(f"{component}: there is no snapshot of its indices")
            continue
        found.extend(_troubles(component, [piece.name for piece in report.pieces], there))
    return found


def _troubles(component: Component, names: Iterable[str], there: Mapping[str, Snapshot]) -> Iterable[str]:
    for name in names:
        snapshot = there.get(name)
        if snapshot is None:
            yield f"{component}: snapshot {name} is not in the repository any more"
        elif not snapshot.whole:
            yield f"{component}: snapshot {name} is {snapshot.state} with {snapshot.failed_shards} shards missing"
        elif not snapshot.indices:
            yield f"{component}: snapshot {name} is empty"
