"""Search engines alone, from the distributions that their makers publish for integration tests.

Elasticsearch's holds no more than the server: its snapshot API works, Camunda cannot run on it (no scripts, no
``GET /``). Only tests use them; Elasticsearch comes under the Elastic License 2.0, OpenSearch under Apache 2.0.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from . import fetch, java
from .opensearch import configured, health, node, older_node
from .programs import Program, environment
from .sites import Site

LAUNCHER_HEAP = "128m"
SERVER_OPTIONS = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


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


def elasticsearch(site: Site, distribution: Path) -> Program:
    """Return an Elasticsearch of this distribution as a program, after writing its configuration."""
    home = site.home("search")
    configuration = configured(site, "elasticsearch.yml", {"xpack.security.enabled": False})
    options = (*SERVER_OPTIONS, f"-Djava.io.tmpdir={home / 'tmp'}")
    (configuration / "jvm.options").write_text("\n".join(options) + "\n")
    launcher = java.command(
        "org.elasticsearch.launcher.CliToolLauncher",
        (distribution / "lib" / "*", distribution / "lib" / "cli-launcher" / "*"),
        LAUNCHER_HEAP,
        home,
        (
            "-Dcli.name=server",
            "-Dcli.script=elasticsearch",
            "-Dcli.libs=lib/tools/server-cli",
            f"-Des.path.home={distribution}",
            f"-Des.path.conf={configuration}",
            "-Des.distribution.type=zip",
        ),
    )
    # The launcher finds its own jars from its working folder only.
    return Program("search", _not_as_root(launcher), environment(home), distribution, health(site))


def _not_as_root(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command that root uses: Elasticsearch refuses root, and asks the kernel who that is.

    In a user namespace of its own it is somebody else who owns what root owns outside.
    """
    if os.geteuid() != 0:
        return command
    return ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--", *command)


def _published(project: str, version: str, sha256: str, mib: int) -> fetch.Artifact:
    group = f"org.{project}.distribution.integ-test-zip"
    return fetch.Artifact(group, project, version, "zip", sha256, mib)


ELASTICSEARCH_8 = SearchEngine(
    "elasticsearch",
    _published("elasticsearch", "8.19.0", "14833b2d86c30656901f92049f81fb5777a8e4545413c8656cd1a21b55173033", 210),
    elasticsearch,
)
ELASTICSEARCH_9 = SearchEngine(
    "elasticsearch",
    _published("elasticsearch", "9.2.0", "bf44938a0490ba2a303d39c9cb64b38963dd08c812ce93e10816e878585bcb6b", 215),
    elasticsearch,
)
OPENSEARCH_2 = SearchEngine(
    "opensearch",
    _published("opensearch", "2.19.1", "af7152d8b7f6f1cee09d47276b32b70479fe6dd8cdbb61213f84eb7f8098b261", 105),
    older_node,
)
OPENSEARCH_3 = SearchEngine("opensearch", fetch.OPENSEARCH, node)

ENGINES = {
    f"{engine.name} {engine.version}": engine
    for engine in (ELASTICSEARCH_8, ELASTICSEARCH_9, OPENSEARCH_2, OPENSEARCH_3)
}
