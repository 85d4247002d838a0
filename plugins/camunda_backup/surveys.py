"""What is looked at before a restore, and the plan that comes of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from camunda_backup.clusters import AnyCluster
from camunda_backup.look import Look, told
from camunda_backup.releases import made_by
from camunda_backup.restores import Plan, Step
from camunda_backup.runtimes.runtime import Runtime
from camunda_backup.states import Component, Report
from camunda_backup.storage.engine import Snapshot


@dataclass
class Survey:
    """What is there, and what a manifest says should come back.

    :param manifest: of the set to restore
    :param runtime: stops and starts the components; None when there is nothing to stop
    :param cancels: whether a restore that is still going on will be cancelled
    :param look: the same look that a backup takes, for the checks they share
    :param running: whether each component's process runs
    :param reports: what each component says of its part of the set
    :param copies: from what the brokers' data comes, in a cold backup
    """

    cluster: AnyCluster
    manifest: Mapping[str, Any]
    runtime: Runtime | None
    look: Look
    cancels: bool = False
    running: dict[Component, bool] = field(default_factory=dict)
    reports: dict[Component, Report] = field(default_factory=dict)
    snapshots: tuple[Snapshot, ...] = ()
    steps: list[Step] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)

    @property
    def backup_id(self) -> int:
        """The set's ID."""
        return int(self.manifest["backup_id"])

    @property
    def brokers(self) -> tuple[str, ...]:
        """The brokers that are stopped and restored one by one; none where the running cluster restores itself."""
        alone = Component.ZEEBE in self.cluster.processes
        return self.runtime.brokers() if alone and self.runtime else ()

    def problems(self, checks: Sequence[Callable[[Self], Iterable[str]]]) -> list[str]:
        """Run every check; return every reason against the restore, each once."""
        return list(dict.fromkeys(problem for check in checks for problem in told(check(self))))

    def plan(self) -> Plan:
        """Return what the restore will do; call :meth:`problems` before."""
        manifest = self.manifest
        return Plan(
            self.cluster.name,
            self.backup_id,
            str(manifest["created_at"]),
            tuple(manifest["camunda_versions"]),
            int(manifest["partitions"]),
            {component.value: self._word(report) for component, report in self.reports.items()},
            {component.value: runs for component, runs in self.running.items()},
            self.brokers,
            tuple(self.steps),
            dict(manifest["counts"]),
            tuple(self.warnings),
            copies=tuple(self.copies),
            made_by={component.value: version for component, version in made_by(manifest).items()},
        )

    def _word(self, report: Report) -> str:
        word = report.progress.removeprefix(f"{report.component}: ")
        return f"{word} when it was recorded" if self.speechless(report.component) else word

    def speechless(self, component: Component) -> bool:
        """Return whether a component cannot speak for itself; the records' word is the search engine's."""
        return component is not Component.RECORDS and self.stopped(component)

    def stopped(self, component: Component) -> bool:
        """Return whether a component's process does not run; on 8.8 the web apps run inside Zeebe's."""
        own = component if component in self.cluster.processes else Component.ZEEBE
        return not self.running.get(own, True)


Check = Callable[[Survey], Iterable[str]]
