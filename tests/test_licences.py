"""Everything that the repository can fetch is on the one list of it, under a licence that lets anybody use it."""

import ast
import importlib.metadata
import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sandbox.fetch import ARTIFACTS
from sandbox.licences import DEMO, FETCHED, Source

PROJECT = Path(__file__).parents[1]
OPEN = {
    *("Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "Unlicense", "Unicode-3.0", "PostgreSQL"),
    *("GPL-2.0 with the Classpath Exception", "LGPL-2.1", "CDDL-1.1"),
}
REFUSED = {
    "Camunda's programs": r"\bio\.camunda[.:]",
    "Elasticsearch": r"\borg\.elasticsearch\b|\bgithub\.com/elastic/elasticsearch\b",
    "MinIO's server": r"\bgithub\.com/minio/minio\b(?!-)",
    "Camunda's schemas": r"@camunda/camunda-api-zod-schemas",
}
"""What must never be fetched: it comes under its vendor's own terms, or the AGPL."""

CLOSED = re.compile(r"AGPL|Affero|SSPL|Server Side Public|Elastic|Business Source|BUSL|Commons Clause|Proprietary")
GO_PROGRAM = re.compile(r"(?:github\.com|go\.[a-z]+\.[a-z]+|k8s\.io|sigs\.k8s\.io|golang\.org)/[\w./-]+")
NPM_PACKAGE = re.compile(r"(?P<name>(?:@[\w-]+/)?[\w.-]+)@")
Found = tuple[Source, str]


def tracked(*patterns: str) -> list[Path]:
    told = subprocess.run(  # noqa: S603 - git, with our own arguments
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],  # noqa: S607
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for line in told.stdout.splitlines() if (path := PROJECT / line).is_file()]


@cache
def trees(word: str) -> list[ast.Module]:
    """The Python files with a word that can fetch something; test_fetch.py fetches from a server of its own."""
    files = {path: path.read_text("utf-8") for path in tracked("*.py")}
    apart = {"test_fetch.py", Path(__file__).name, "licences.py"}
    return [ast.parse(text) for path, text in files.items() if path.name not in apart and re.search(word, text)]


def texts(node: ast.AST) -> Iterator[str]:
    """The literal texts below a node; of one with fillings, what stands before the first."""
    for one in ast.walk(node):
        if isinstance(one, ast.JoinedStr):
            yield from (str(part.value) for part in one.values[:1] if isinstance(part, ast.Constant))
        elif isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def maven() -> Iterator[str]:
    for tree in trees("Artifact"):
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] == "Artifact":
                group, name = call.args[:2]
                if isinstance(group, ast.Constant) and isinstance(name, ast.Constant):
                    yield f"{group.value!s}:{name.value!s}"
                else:  # search_plugins.py, which reads them from the lists below
                    assert (ast.unparse(group), ast.unparse(name)) == ("group", "name")
    for path in tracked("include/sandbox/jars/*.txt"):
        for line in path.read_text().splitlines():
            yield ":".join(line.split(":")[:2])


def go() -> Iterator[str]:
    for path in tracked("*go.mod"):
        for line in path.read_text().splitlines():
            words = line.removeprefix("require ").removeprefix("tool ").split()
            if words and GO_PROGRAM.fullmatch(words[0]) and not line.endswith("// indirect") and "=>" not in line:
                yield words[0]
    for tree in trees(""):  # a name may stand in pieces in the source
        yield from (name for text in texts(tree) if GO_PROGRAM.fullmatch(name := text.partition("@")[0]))
    for path in tracked("Makefile", ".ci/*"):
        yield from GO_PROGRAM.findall(path.read_text())


def npm() -> Iterator[str]:
    for tree in trees("npm"):
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and {"npm", "install"} <= set(texts(function)):
                yield from (match["name"] for text in texts(function) if (match := NPM_PACKAGE.fullmatch(text)))


def pypi() -> Iterator[str]:
    for path in tracked("requirements*.txt"):
        lines = (line for line in path.read_text().splitlines() if line and not line.startswith(("#", "-")))
        yield from (re.split(r"[\[=<>~ ]", line)[0] for line in lines)
    for path in tracked("Makefile", "docker-compose.yaml", ".ci/*"):
        for line in path.read_text().splitlines():
            _, installing, rest = line.partition("pip install ")
            yield from re.findall(r"([\w.-]+)==", rest if installing else "")


def debian() -> Iterator[str]:
    for path in tracked("Makefile", ".ci/*"):
        for rest in re.findall(r"apt-get install (-.*?);", path.read_text()):
            yield from (word for word in rest.split() if not word.startswith("-"))


SOURCES = {Source.MAVEN: maven, Source.GO: go, Source.NPM: npm, Source.PYPI: pypi, Source.DEBIAN: debian}
CAN_FETCH: set[Found] = {(source, name) for source, names in SOURCES.items() for name in names()}


def covers(coordinate: str, source: Source, name: str) -> bool:
    """Whether a coordinate names it; a Go program is named by its module."""
    return fnmatchcase(name, coordinate) or (source is Source.GO and name.startswith(f"{coordinate}/"))


def licences(source: Source, name: str) -> list[str]:
    return [
        one.licence
        for one in FETCHED
        for coordinate in one.coordinates
        if one.source is source and covers(coordinate, source, name)
    ]


@pytest.mark.parametrize(("source", "name"), sorted(CAN_FETCH))
def test_what_can_be_fetched_is_on_the_list_once(source: Source, name: str) -> None:
    assert len(licences(source, name)) == 1, f"{name} ({source}) is not on the list in include/sandbox/licences.py"


def test_the_list_names_nothing_that_is_not_fetched() -> None:
    idle = [
        coordinate
        for one in FETCHED
        for coordinate in one.coordinates
        if not any(covers(coordinate, source, name) for source, name in CAN_FETCH if source is one.source)
    ]
    assert idle == []


def test_what_the_demo_fetches_is_named_with_its_version() -> None:
    named = " ".join(one.part for one in DEMO)
    assert [artifact.name for artifact in ARTIFACTS if artifact.version not in named] == []


def test_every_licence_lets_anybody_use_it() -> None:
    assert {word for one in FETCHED for word in re.split(r"; | or ", one.licence)} <= OPEN


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_named_nowhere(what: str) -> None:
    """Neither on the list, nor among what other parts bring along."""
    refused = re.compile(REFUSED[what])
    pinned = tracked("*go.mod", "*go.sum", "*.lock", "requirements*.txt", "include/sandbox/jars/*", "Makefile", ".ci/*")
    named = [name for _, name in CAN_FETCH if refused.search(f"{name}:")]
    named += [
        f"{path.name}: {line}" for path in pinned for line in path.read_text().splitlines() if refused.search(line)
    ]
    assert named == []


@pytest.mark.parametrize(
    "name",
    [
        *("io.camunda:anything", "io.camunda.operate:x", "org.elasticsearch.distribution.zip:elasticsearch"),
        *("github.com/minio/minio", "github.com/minio/minio/cmd", "@camunda/camunda-api-zod-schemas"),
    ],
)
def test_the_refused_are_recognised(name: str) -> None:
    assert any(re.search(pattern, f"{name}:") for pattern in REFUSED.values())


def test_a_client_library_is_not_refused() -> None:
    assert not any(re.search(pattern, "github.com/minio/minio-go/v7 v7.0.0") for pattern in REFUSED.values())


def test_no_locked_python_package_is_closed() -> None:
    lines = (line for lock in tracked("*.lock") for line in lock.read_text().splitlines())
    locked = {line.split("==")[0] for line in lines if "==" in line}
    told = {one.name.lower().replace("_", "-"): one.metadata.json for one in importlib.metadata.distributions()}
    known = {name: told[name] for name in locked if name in told}
    assert len(known) > 100
    assert {name for name, fields in known.items() if CLOSED.search(licence_in(fields))} == set()


def licence_in(fields: dict[str, Any]) -> str:
    """What a package's metadata says of its licence, without the licence's own text."""
    classifiers = [one for one in fields.get("classifier", []) if one.startswith("License")]
    return " ".join([fields.get("license_expression") or fields.get("license", "")[:80], *classifiers])
