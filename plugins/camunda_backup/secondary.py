"""What cannot be right in a cluster file about its search engine: snapshot repositories and index prefixes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations

from camunda_backup.sections import Connections, SecondaryStorage
from camunda_backup.storage.stores import AMAZON, Store

SHARED = ("operate", "tasklist", "camunda")


def repository_problems(
    storage: SecondaryStorage, repositories: Sequence[Store], fields: Sequence[str], connections: Connections
) -> Iterator[str]:
    """Yield one sentence for each thing in the snapshot repositories that the search engine does not take.

    :param repositories: the web apps' and the records', then Optimize's own, if it has one
    :param fields: where they stand in the cluster file
    """
    engine = AMAZON if storage.amazon else storage.engine
    for field, repository in zip(fields, repositories, strict=False):
        yield from (f"{field}.{problem}" for problem in repository.problems(engine))
    names, places = {one.name for one in repositories}, {one.place for one in repositories}
    if min(len(names), len(places)) < len(repositories):
        yield "optimize_repository: leave it out, or give it a name and a place of its own"
    if len(repositories) > 1 and not connections.optimize:
        yield "optimize_repository: leave it out, or name connections.optimize"


def prefix_problems(prefixes: Mapping[str, str], version: str, *, shared: bool) -> Iterator[str]:
    """Yield one sentence for each index prefix that cannot be right.

    :param prefixes: by application, of those that a cluster has
    :param shared: whether Operate, Tasklist and Camunda's own indices have one index prefix, before their own names
    """
    if shared:
        yield from _not_shared(prefixes, version)
    for outer, inner in permutations(prefixes, 2):
        if prefixes[inner] == prefixes[outer] or prefixes[inner].startswith(
            (f"{prefixes[outer]}-", f"{prefixes[outer]}_")
        ):
            yield (
                f"secondary_storage.index_prefixes: the indices of {inner} ({prefixes[inner]}-…) begin like those of"
                f" {outer} ({prefixes[outer]}-…), so a restore of {outer} would delete them; give each its own prefix"
            )
            return


def _not_shared(prefixes: Mapping[str, str], version: str) -> Iterator[str]:
    fronts = {}
    for app in (app for app in SHARED if app in prefixes):
        front, separator, name = prefixes[app].rpartition("-")
        if name != app:
            yield (
                f"secondary_storage.index_prefixes.{app}: Camunda {version} names its indices {app}-…, or"
                f" <index prefix>-{app}-… with an index prefix of your own; write {app!r} or '<index prefix>-{app}'"
                f" instead of {prefixes[app]!r}"
            )
            return
        fronts[app] = front + separator
    if len(set(fronts.values())) > 1:
        shown = ", ".join(f"{prefixes[app]!r} for {app}" for app in fronts)
        yield (
            f"secondary_storage.index_prefixes: Operate and Tasklist have one index prefix from Camunda 8.8 on, but"
            f" here it differs: {shown}"
        )
