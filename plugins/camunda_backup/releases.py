"""Which versions of Camunda's components belong together. Nothing else in the project decides that.

Zeebe, Operate and Tasklist share a patch number from 8.6 on. Optimize counts its own patches up to 8.8, and on 8.5
every component does: Camunda publishes Optimize 8.6.20 beside Zeebe 8.6.32, and Operate 8.5.20 beside Zeebe 8.5.24
(release notes and Helm charts, November 2026). So a part is held against the version of the component that made it,
never against that of another one; the minor version is the same for all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from camunda_backup.states import Component

ORCHESTRATION = frozenset({Component.ZEEBE, Component.OPERATE, Component.TASKLIST, Component.WEB_APPS})
ALONE = frozenset({Component.ZEEBE})
PATCHES_OF_THEIR_OWN = ("8.5",)  # lines on which every component counts its own patches

BROKER = "broker "  # what the name of a further Zeebe process begins with


@dataclass(frozen=True, slots=True)
class Release:
    """What a cluster file says of the versions of its components.

    :param version: of the orchestration cluster (Zeebe, Operate, Tasklist): ``8.6``, or exact as ``8.6.32``
    :param optimize_version: of Optimize, exact; None: any patch of the same line
    """

    version: str
    optimize_version: str | None = None

    @property
    def line(self) -> str:
        """The minor version, which all components share."""
        return line_of(self.version)

    @property
    def together(self) -> frozenset[Component]:
        """The components that have Zeebe's patch number."""
        return ALONE if self.line in PATCHES_OF_THEIR_OWN else ORCHESTRATION

    def wanted(self, component: Component) -> str:
        """Return the version that a component should be of: exact, or a line whose patches all fit."""
        if component is Component.OPTIMIZE and self.optimize_version:
            return self.optimize_version
        return self.version if component in self.together else self.line

    def problems(self, found: Mapping[str, str]) -> Iterator[str]:
        """Yield what does not fit the cluster file, or does not fit together.

        :param found: the version of each process: of a component by its name, of a further broker by ``broker …``
        """
        for name, version in found.items():
            wanted = self.wanted(component_of(name))
            if not fits(version, wanted):
                yield f"{name} is Camunda {version}, but the cluster file says {wanted}"
        alike = {name: version for name, version in found.items() if component_of(name) in self.together}
        if len(set(alike.values())) > 1:
            told = ", ".join(f"{name} {version}" for name, version in alike.items())
            yield f"the components run different versions: {told}; finish the upgrade first"


def line_of(version: str) -> str:
    """Return the minor version of a version, as ``8.6``."""
    return ".".join(version.split(".")[:2])


def fits(actual: str, wanted: str) -> bool:
    """Return whether a version is the wanted one: exactly, or any patch of a wanted line."""
    return actual.lower() == wanted.lower() or (wanted.count(".") == 1 and actual.startswith(f"{wanted}."))


def component_of(name: str) -> Component:
    """Return the component that a process belongs to."""
    return Component.ZEEBE if name.startswith(BROKER) else Component(name)


def by_component(found: Mapping[str, str]) -> dict[str, str]:
    """Return the version of each component, less the further brokers, which are of Zeebe's."""
    return {name: version for name, version in found.items() if not name.startswith(BROKER)}


def made_by(manifest: Mapping[str, Any]) -> dict[Component, str]:
    """Return the version that made each component's part of a set.

    A cold set names its components; of a hot one each part tells, in the names of its snapshots or as Zeebe's
    ``brokerVersion``. A cold set of an earlier release of this project tells one version for all.
    """
    if named := manifest.get("component_versions"):
        return {Component(name): str(version) for name, version in named.items()}
    told = {
        Component(part["component"]): str(piece["version"])
        for part in manifest["parts"]
        for piece in part["pieces"]
        if piece.get("version")
    }
    if not told and len(manifest["camunda_versions"]) == 1:
        return {Component(part["component"]): str(manifest["camunda_versions"][0]) for part in manifest["parts"]}
    return told
