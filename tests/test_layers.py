"""How the code is laid out: imports point down, the domain knows no Airflow, what is there is registered."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import camunda_backup.api
import camunda_backup.storage
from camunda_backup.api.generation import Generation
from camunda_backup.storage.engine import Engine

PROJECT = Path(__file__).parents[1]
PLUGINS, DAGS, SANDBOX = PROJECT / "plugins", PROJECT / "dags", PROJECT / "include" / "sandbox"
PACKAGE = "camunda_backup"
LONGEST_FILE = 300  # lines

# From the bottom up. A module may import what stands below its own line, and its own package.
PURE = (
    ("errors", "states", "orders", "ids", "secrets", "fields"),
    ("releases",),
    ("api", "waiting"),
    ("kubernetes_target", "targets", "cold"),
    ("sections",),
    ("storage", "databases"),
    ("secondary", "version_field"),
    ("ports",),
    ("sets", "cold_sets", "clusters", "restores", "continuity"),
    ("rdbms_clusters",),
    ("cluster_files", "schema", "visual"),
)
AIRFLOW = (
    ("stored",),
    ("leases", "downtimes", "manifests", "links", "runtimes"),
    ("hooks",),
    ("dumps", "look", "triggers"),
    ("copies",),
    ("versions", "agreement"),
    ("inspection", "recovery"),
    ("surveys",),
    ("planning", "rdbms_inspection", "showing", "standing"),
    ("cold_planning", "rdbms_planning"),
    ("operators", "sensors", "ui"),
    ("shapes",),
)
RANKS = {name: rank for rank, names in enumerate((*PURE, *AIRFLOW)) for name in names}


def files(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def module_name(path: Path) -> str:
    """Return the dotted name of a file below plugins/."""
    parts = path.relative_to(PLUGINS).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything that a file imports, wherever in it; relative ones begin with a dot."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{alias.name}" for alias in node.names)


def member(dotted: str) -> str | None:
    """Return the module or sub-package of ours that a dotted name leads into, None for anything else."""
    package, _, rest = dotted.partition(".")
    return rest.partition(".")[0] if package == PACKAGE and rest else None


PACKAGE_FILES = [path for path in files(PLUGINS) if module_name(path).startswith(f"{PACKAGE}.")]
DAG_FILES = {path.stem for path in files(DAGS)}
NEIGHBOURS = DAG_FILES | {path.stem for path in PLUGINS.glob("*.py")}
SPOKEN_BELOW = {"api", "hooks", "requests", "aiohttp", "http", "urllib"}  # HTTP and versions are no DAG file's business


def named(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def mistakes(path: Path) -> Iterator[str]:
    """Yield what is wrong with the imports of a file, and with its length."""
    found = list(imports(path))
    tops = {dotted.partition(".")[0] for dotted in found}
    if path.is_relative_to(SANDBOX):
        if PACKAGE in tops:
            yield f"the sandbox imports {PACKAGE}"
        return
    if "sandbox" in tops:
        yield "what is deployed imports the sandbox"
    if path.is_relative_to(DAGS) or path.parent == PLUGINS:
        yield from (f"it imports {name}, a DAG file or the plugin" for name in sorted(tops & NEIGHBOURS))
    if path.is_relative_to(DAGS):
        yield from (f"a DAG file imports {name}" for name in sorted(SPOKEN_BELOW & {*tops, *map(member, found)}))
    if path in PACKAGE_FILES:
        yield from (f"the package imports {name}, a DAG file" for name in sorted(tops & DAG_FILES))
        yield from upward(member(module_name(path)), found)
    if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE:
        yield f"it has {lines} lines, more than {LONGEST_FILE}"


def upward(own: str | None, found: list[str]) -> Iterator[str]:
    """Yield what is wrong with the imports of a module of the package, by its layers."""
    if own not in RANKS:
        yield f"{own} has no place in the layers; give it one at the top of {Path(__file__).name}"
        return
    for dotted in found:
        other = member(dotted)
        if dotted.startswith("."):
            yield f"write {dotted} in full"
        elif other is not None and other != own and RANKS.get(other, len(RANKS)) >= RANKS[own]:
            yield f"{own} imports {other}, which is not below it"


def test_files_import_only_what_they_may() -> None:
    wrong = [f"{named(path)}: {mistake}" for path in files(PLUGINS, DAGS, SANDBOX) for mistake in mistakes(path)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("path", "text", "mistake"),
    [
        ("include/sandbox/one.py", "import camunda_backup.ids", "the sandbox imports camunda_backup"),
        ("dags/one.py", "from sandbox import ports", "what is deployed imports the sandbox"),
        ("dags/one.py", "import guard", "it imports guard, a DAG file or the plugin"),
        (
            "plugins/one.py",
            "import camunda_backup_plugin",
            "it imports camunda_backup_plugin, a DAG file or the plugin",
        ),
        ("dags/one.py", "import requests", "a DAG file imports requests"),
        ("dags/one.py", "from camunda_backup import hooks", "a DAG file imports hooks"),
        ("dags/one.py", "\n" * (LONGEST_FILE + 1), f"it has {LONGEST_FILE + 1} lines, more than {LONGEST_FILE}"),
    ],
)
def test_each_mistake_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, text: str, mistake: str
) -> None:
    for name, folder in (("PLUGINS", "plugins"), ("DAGS", "dags"), ("SANDBOX", "include/sandbox")):
        monkeypatch.setattr(f"{__name__}.{name}", tmp_path / folder)
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    assert list(mistakes(file)) == [mistake]


@pytest.mark.parametrize(
    ("own", "imported", "mistake"),
    [
        ("hooks", "camunda_backup.operators.base", "hooks imports operators, which is not below it"),
        ("hooks", ".links", "write .links in full"),
        ("new", "camunda_backup.ids", "new has no place in the layers; give it one at the top of test_layers.py"),
    ],
)
def test_each_import_that_points_up_is_seen(own: str, imported: str, mistake: str) -> None:
    assert list(upward(own, [imported, "camunda_backup.errors"])) == [mistake]


def pure_modules() -> list[str]:
    names = {name for layer in PURE for name in layer}
    return [module_name(path) for path in PACKAGE_FILES if member(module_name(path)) in names]


def test_the_domain_imports_no_airflow_not_even_by_way_of_others() -> None:
    script = (
        "import importlib, sys\n"
        f"for name in {pure_modules()!r}: importlib.import_module(name)\n"
        "print(*sorted(name for name in sys.modules if name.partition('.')[0] == 'airflow'))\n"
    )
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script], env={"PYTHONPATH": str(PLUGINS)}, capture_output=True, check=True, text=True
    )
    assert ran.stdout.split() == []


def found_in(package: str, path: Path, kind: type) -> dict[str, list[object]]:
    """Return what each module of a package defines of a kind, by module name."""
    return {
        info.name: [value for value in vars(importlib.import_module(f"{package}.{info.name}")).values()
                    if isinstance(value, kind)]
        for info in pkgutil.iter_modules([str(path)])
    }  # fmt: skip


SHARED_IN_API = {"access", "backups", "continuous", "exporting", "generation", "identity", "messages", "restore_api"}
SHARED_IN_STORAGE = {"engine", "refusals", "repositories", "restoring", "stores"}


def test_every_line_of_camunda_in_api_is_registered() -> None:
    found = found_in("camunda_backup.api", PLUGINS / PACKAGE / "api", Generation)
    lines = {name: generations for name, generations in found.items() if name not in SHARED_IN_API}
    for name, generations in lines.items():
        assert len(generations) == 1, f"api/{name}.py defines {len(generations)} generations, not one"
        assert generations[0] in camunda_backup.api.GENERATIONS, f"register api/{name}.py in api/__init__.py"
    assert len(camunda_backup.api.GENERATIONS) == len(lines)


def test_every_engine_in_storage_is_registered() -> None:
    found = found_in("camunda_backup.storage", PLUGINS / PACKAGE / "storage", Engine)
    engines = {name: kinds for name, kinds in found.items() if name not in SHARED_IN_STORAGE}
    for name, kinds in engines.items():
        assert len(kinds) == 1, f"storage/{name}.py defines {len(kinds)} engines, not one"
        assert camunda_backup.storage.ENGINES.get(name) is kinds[0], (
            f"register storage/{name}.py in storage/__init__.py"
        )
    assert len(camunda_backup.storage.ENGINES) == len(engines)


SHARED_IN_RUNTIMES = {
    "kubernetes_access",
    "kubernetes_api",
    "kubernetes_claims",
    "kubernetes_jobs",
    "kubernetes_objects",
    "kubernetes_ports",
    "kubernetes_restore",
    "kubernetes_volumes",
    "pipes",
    "restore_application",
    "runtime",
    "shells",
    "ssh",
}


def test_every_runtime_is_registered() -> None:
    from camunda_backup import runtimes  # noqa: PLC0415 - beside its test

    found = {info.name for info in pkgutil.iter_modules([str(PLUGINS / PACKAGE / "runtimes")])} - SHARED_IN_RUNTIMES
    assert found == set(runtimes.RUNTIMES), "register it in runtimes/__init__.py under its file's name"


def test_every_link_is_registered_in_the_plugin() -> None:
    from camunda_backup import links  # noqa: PLC0415 - it imports Airflow
    from camunda_backup_plugin import CamundaBackupPlugin  # noqa: PLC0415 - it imports Airflow

    defined = {
        value for value in vars(links).values() if isinstance(value, type) and value.__module__ == links.__name__
    }
    assert {type(link) for link in CamundaBackupPlugin.operator_extra_links} == defined


def test_airflow_does_not_execute_the_package_as_plugin_files() -> None:
    assert f"{PACKAGE}/" in (PLUGINS / ".airflowignore").read_text(encoding="utf-8").splitlines()
