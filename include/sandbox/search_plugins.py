"""OpenSearch 3.8 with its plugins for S3, Azure and GCS (Apache License 2.0).

Maven has each plugin as a jar among the jars it needs, not as a package to install: the lists in `jars` pin what its
POM resolves to, less what OpenSearch itself brings.
"""

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from . import fetch, java
from .opensearch import configured, node
from .programs import Program, environment
from .sites import Site

JARS = Path(__file__).parent / "jars"
LINKED = ("agent", "bin", "lib", "modules")
KEYSTORE_HEAP = "128m"
FROM_A_FILE = 'values=$1; shift; exec "$@" <"$values"'
PLUGINS = {
    "s3": "S3RepositoryPlugin",
    "azure": "AzureRepositoryPlugin",
    "gcs": "GoogleCloudStoragePlugin",
}
DESCRIPTOR = """\
name=repository-{kind}
description=Snapshot repositories of type {kind}
version={version}
opensearch.version={version}
java.version=21
classname=org.opensearch.repositories.{kind}.{plugin}
"""


def distribution(cache: Path) -> Path:
    """Return the folder of OpenSearch with its plugins, once it is assembled."""
    return cache / f"opensearch-{fetch.OPENSEARCH.version}-with-stores"


def assemble(cache: Path, report: fetch.Report) -> Path:
    """Fetch what is missing and put OpenSearch and its plugins together, once per user.

    :param cache: see `fetch.cache_folder`
    :param report: is told what is being done
    :returns: the assembled distribution
    :raises SandboxError: something cannot be fetched or does not fit on the disk
    """
    maven = fetch.maven(report)
    fetch.fetch((fetch.OPENSEARCH, fetch.ICU, fetch.ICU_LOCALES), cache, maven, report)
    done = distribution(cache)
    if done.is_dir():
        return done
    with tempfile.TemporaryDirectory(prefix=".assemble-", dir=cache) as folder:
        assembled = Path(folder) / "opensearch"
        assembled.mkdir()
        for name in LINKED:
            (assembled / name).symlink_to(fetch.home(fetch.OPENSEARCH, cache) / name)
        for kind, plugin in PLUGINS.items():
            report(f"Assembling OpenSearch's plugin for {kind}")
            home = assembled / "plugins" / f"repository-{kind}"
            home.mkdir(parents=True)
            described = DESCRIPTOR.format(kind=kind, plugin=plugin, version=fetch.OPENSEARCH.version)
            (home / "plugin-descriptor.properties").write_text(described)
            for jar in jars(kind):
                shutil.copy(fetch.local_file(jar, maven, report), home)
        try:
            assembled.rename(done)
        except OSError:
            if not done.is_dir():  # else another clone was faster
                raise
    return done


def jars(kind: str) -> list[fetch.Artifact]:
    """Return the jars of one plugin.

    :param kind: the repository type
    """
    lines = (JARS / f"repository-{kind}-{fetch.OPENSEARCH.version}.txt").read_text().splitlines()
    pinned = (re.split("[: ]", line) for line in lines)
    return [fetch.Artifact(group, name, version, "jar", sha256, 1) for group, name, version, sha256 in pinned]


def opensearch(site: Site, settings: Mapping[str, str | bool | list[str]]) -> Program:
    """Return OpenSearch with its plugins as a program, after writing its configuration.

    :param settings: the clients of the stores, without their secrets
    """
    return node(site, distribution(site.cache), settings)


def keystore(site: Site, secrets: Mapping[str, str]) -> tuple[Program, ...]:
    """Return the programs that put secrets into OpenSearch's keystore; run each to its end before OpenSearch starts.

    :param secrets: values by the names of the settings; they go through a file that only this user may read
    """
    home, place = site.home("search"), distribution(site.cache)
    configuration = configured(site, "opensearch.yml", {})
    class_path = (place / "lib" / "*", place / "lib" / "tools" / "keystore-cli" / "*")
    options = (f"-Dopensearch.path.home={place}", f"-Dopensearch.path.conf={configuration}")
    main_class = "org.opensearch.tools.cli.keystore.KeyStoreCli"
    command = java.command(main_class, class_path, KEYSTORE_HEAP, home, options)
    values = configuration / "secrets"
    values.touch(mode=0o600)
    values.write_text("\n".join([*secrets.values(), ""]))
    adding = ("/bin/sh", "-c", FROM_A_FILE, "keystore", str(values), *command, "add", "--stdin", *secrets)
    return tuple(
        Program("keystore", words, environment(home), home, health="") for words in ((*command, "create"), adding)
    )
