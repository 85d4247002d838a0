"""Cluster files of stand-ins, and the hooks that speak to them, without Airflow around them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from camunda_backup.clusters import Cluster
from camunda_backup.hooks.camunda import ExportingHook
from camunda_backup.hooks.parts import Part, PartHook
from camunda_backup.inspection import Inspection
from camunda_backup.states import Component, Phase, Report
from tests.dag_runs.playing import cluster_file, connect
from tests.stand_in import StandIn, until


class Speaker:
    """A cluster file of a stand-in, and who speaks to what it names."""

    def __init__(self, stand_in: StandIn, line: str, name: str, **fields: Any) -> None:
        self.stand_in, self.line = stand_in, line
        connect(name, stand_in)
        self.cluster = Cluster(**{"name": name, **cluster_file(line, "zeebe-first", name), **fields})

    def part(self, component: Component) -> PartHook:
        """Give the hook of one component's part."""
        return PartHook(Part(**self.cluster.part(component)))

    @property
    def exporting(self) -> ExportingHook:
        """The hook of exporting."""
        return ExportingHook(**self.cluster.exporting())

    def web_app(self) -> Component:
        """Give a component that makes snapshots."""
        return next(iter(api.component for api in self.cluster.generation.web_apps))

    def problems(self) -> list[str]:
        """Give what the checks before a backup find."""
        return Inspection(self.cluster).problems()

    def watched(self, component: Component, backup_id: int) -> list[Report]:
        """Give every report of a part until it is complete."""
        hook, seen = self.part(component), list[Report]()

        def look() -> Phase:
            seen.append(hook.status(backup_id))
            return seen[-1].phase

        until(look, lambda phase: phase in {Phase.COMPLETED, Phase.FAILED})
        return seen


@contextmanager
def speakers(*lines: str) -> Iterator[Callable[[str], Speaker]]:
    """Start a stand-in of each line; give what resets and returns the speaker of one."""
    with ExitStack() as stack:
        found = {
            line: Speaker(stack.enter_context(StandIn(line, pace=0.02)), line, f"q{line.replace('.', '')}")
            for line in lines
        }

        def fresh(line: str) -> Speaker:
            found[line].stand_in.reset()
            return found[line]

        yield fresh
