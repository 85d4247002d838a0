"""What the web apps and the REST API show, as numbers that a backup and its restore can be compared by."""

from camunda_backup.api.messages import readable
from camunda_backup.clusters import AnyCluster
from camunda_backup.hooks.apps import AppHook
from camunda_backup.states import Component


def shown_counts(cluster: AnyCluster) -> dict[str, int]:
    """Ask for every number that the cluster's generation shows.

    :raises Rejected, Unreachable: one is not shown
    """
    views, shown = cluster.generation.views, {}
    apps = {component: _app(cluster, component) for component in {view.component for view in views}}
    for view in views:
        answer = apps[view.component].send(view.request)
        if not answer.ok:
            raise answer.failure(f"{view.component} does not show {view.count}")
        with readable(answer, f"{view.component} does not show {view.count}"):
            shown[view.count] = view.read(answer)
    return shown


def _app(cluster: AnyCluster, component: Component) -> AppHook:
    """Return a signed-in client of the app that shows a component's numbers."""
    if component is Component.WEB_APPS:
        return AppHook(str(cluster.connections.rest), cluster.rest_access())
    return AppHook(getattr(cluster.connections, f"{component}_web"), cluster.access())
