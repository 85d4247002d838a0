"""Stopping components until they are seen to be stopped, and waiting until they are healthy."""

from typing import Any

from airflow.sdk import Context

from camunda_backup.api.messages import Request
from camunda_backup.clusters import AnyCluster
from camunda_backup.errors import NotYet, RestoreFailed, Unreachable
from camunda_backup.hooks.http import JsonHook
from camunda_backup.sensors.step import RunbookSensor
from camunda_backup.standing import require_healthy_zeebe, runtime
from camunda_backup.states import Companion, Component, Runs

NOBODY_THERE = {502, 503, 504}  # what a proxy says of a component that is gone


class StopComponent(RunbookSensor):
    """Stop a component and wait until its processes are gone and nothing answers in its place.

    Returns ``stopped``, what its start needs.

    :param cluster: the cluster file
    :param component: what to stop
    """

    ui_color = "#f5d6d6"

    def __init__(self, *, cluster: AnyCluster, component: Runs, **kwargs: Any) -> None:
        super().__init__(deadline=cluster.restore_limits.stop.total_seconds(), **kwargs)
        self.cluster = cluster
        self.component = component

    def begin(self, context: Context) -> dict[str, Any]:
        """Ask it to stop."""
        return runtime(self.cluster).stop(self.component)

    def look(self, context: Context, begun: Any) -> dict[str, Any]:
        """Believe neither the command nor the silence alone."""
        if not runtime(self.cluster).is_stopped(self.component):
            raise NotYet(f"{self.component} still runs")
        if isinstance(self.component, Companion):  # nobody asks it anything
            self.log.info("%s is stopped", self.component)
            return {"stopped": begun}
        brokers = self.cluster.brokers if self.component is Component.ZEEBE else ()
        for conn_id in {self.cluster.management_port(self.component), *brokers}:
            try:
                answer = JsonHook(conn_id, self.cluster.access_at(conn_id)).send(Request("GET", "/actuator/health"))
            except Unreachable:
                continue
            if answer.status not in NOBODY_THERE:
                raise NotYet(f"{self.component} is said to be stopped, but something still answers at {conn_id}")
        self.log.info("%s is stopped", self.component)
        return {"stopped": begun}


class WaitHealthy(RunbookSensor):
    """Wait until a component is ready for work; Zeebe, until every partition has a healthy leader that exports.

    :param cluster: the cluster file
    :param component: what to wait for
    :param partitions: how many Zeebe must have (templated)
    """

    template_fields = ("partitions",)

    def __init__(self, *, cluster: AnyCluster, component: Runs, partitions: Any = None, **kwargs: Any) -> None:
        super().__init__(deadline=cluster.restore_limits.start.total_seconds(), **kwargs)
        self.cluster = cluster
        self.component = component
        self.partitions = partitions

    def look(self, context: Context, begun: Any) -> dict[str, Any]:
        """Ask the process, then the component."""
        component, cluster = self.component, self.cluster
        if runtime(cluster).is_stopped(component):
            if self.age(context) > cluster.limits.grace.total_seconds():
                raise RestoreFailed(f"{component} does not run (any more); its own log says why")
            raise NotYet(f"{component} does not run yet")
        if not runtime(cluster).is_started(component):
            raise NotYet(f"not every process of {component} is up yet")
        if isinstance(component, Companion):
            self.log.info("%s runs", component)
            return {}
        if component is Component.ZEEBE:
            require_healthy_zeebe(cluster, self.partitions and int(self.partitions))
        else:
            self._require_ready(component)
        self.log.info("%s is healthy", component)
        return {}

    def _require_ready(self, component: Component) -> None:
        conn_id = self.cluster.management_port(component)
        hook = JsonHook(conn_id, self.cluster.access_at(conn_id))
        answer = hook.send(Request("GET", self.cluster.generation.readiness[component]))
        if not answer.ok:
            raise NotYet(f"{component} is not ready: {answer}")
