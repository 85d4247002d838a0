"""Search engines alone, from the distributions that OpenSearch's makers publish for integration tests.

Only tests use them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from . import fetch
from .opensearch import node, older_node
from .programs import Program
from .sites import Site


@dataclass(frozen=True, slots=True)
class SearchEngine:
    """One version of a search engine.

    :param name: as in a cluster file
    :param artifact: its distribution
    :param run: says how it is run from its unpacked distribution
    """

    name: Literal["elasticsearch", "opensearch"]
    artifact: fetch.Artifact
    run: Callable[[Site, Path], Program]

    @property
    def version(self) -> str:
        """Its version."""
        return self.artifact.version

    @property
    def artifacts(self) -> tuple[fetch.Artifact, ...]:
        """All that must be fetched to run it."""
        return (self.artifact, fetch.ICU, fetch.ICU_LOCALES)

    def program(self, site: Site) -> Program:
        """Return it as a program, after writing its configuration."""
        return self.run(site, fetch.home(self.artifact, site.cache))


OPENSEARCH_2 = SearchEngine(
    "opensearch",
    fetch.Artifact(
        "org.opensearch.distribution.integ-test-zip",
        "opensearch",
        "2.19.1",
        "zip",
        "af7152d8b7f6f1cee09d47276b32b70479fe6dd8cdbb61213f84eb7f8098b261",
        105,
    ),
    older_node,
)
OPENSEARCH_3 = SearchEngine("opensearch", fetch.OPENSEARCH, node)

ENGINES = (OPENSEARCH_2, OPENSEARCH_3)
