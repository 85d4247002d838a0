"""Which versions belong together: what Camunda publishes side by side does, and nothing else."""

from typing import Any

import pytest

from camunda_backup.releases import Release, fits, made_by
from camunda_backup.states import Component

# As published (release notes and Helm charts, November 2026).
PUBLISHED = [
    {"zeebe": "8.5.24", "operate": "8.5.20", "tasklist": "8.5.22"},
    {"zeebe": "8.6.32", "operate": "8.6.32", "tasklist": "8.6.32", "optimize": "8.6.20"},
    {"zeebe": "8.6.30", "operate": "8.6.30", "tasklist": "8.6.30", "optimize": "8.6.20"},
    {"zeebe": "8.7.21", "operate": "8.7.21", "tasklist": "8.7.21", "optimize": "8.7.14"},
    {"zeebe": "8.8.4", "webapps": "8.8.4", "optimize": "8.8.1"},
    {"zeebe": "8.9.23", "webapps": "8.9.23", "optimize": "8.9.23"},
    {"zeebe": "8.10.6", "webapps": "8.10.6", "optimize": "8.10.6"},
]


@pytest.mark.parametrize("versions", PUBLISHED, ids=lambda one: str(one["zeebe"]))
def test_what_is_published_together_fits_together(versions: dict[str, str]) -> None:
    zeebe = versions["zeebe"]
    brokers = {"broker prod_zeebe_1": zeebe, "broker prod_zeebe_2": zeebe}
    for release in (Release(zeebe), Release(zeebe, versions.get("optimize")), Release(zeebe.rpartition(".")[0])):
        assert list(release.problems({**versions, **brokers})) == []


@pytest.mark.parametrize(
    ("release", "found", "told"),
    [
        (Release("8.6"), {"zeebe": "8.6.2", "operate": "8.6.1"}, "the components run different versions: zeebe 8.6.2"),
        (Release("8.8"), {"zeebe": "8.8.4", "webapps": "8.8.3"}, "the components run different versions"),
        (Release("8.5"), {"zeebe": "8.5.24", "broker b": "8.5.23"}, "the components run different versions"),
        (Release("8.6"), {"broker b": "8.5.9"}, "broker b is Camunda 8.5.9, but the cluster file says 8.6"),
        (Release("8.6.32"), {"operate": "8.6.31"}, "operate is Camunda 8.6.31, but the cluster file says 8.6.32"),
        (Release("8.6.32"), {"optimize": "8.7.3"}, "optimize is Camunda 8.7.3, but the cluster file says 8.6"),
        (
            Release("8.6", "8.6.20"),
            {"optimize": "8.6.19"},
            "optimize is Camunda 8.6.19, but the cluster file says 8.6.20",
        ),
        (Release("8.5.24"), {"tasklist": "8.6.1"}, "tasklist is Camunda 8.6.1, but the cluster file says 8.5"),
    ],
)
def test_what_does_not_is_named(release: Release, found: dict[str, str], told: str) -> None:
    (problem,) = release.problems(found)
    assert problem.startswith(told)


@pytest.mark.parametrize(
    ("actual", "wanted", "expected"),
    [
        ("8.6.0", "8.6.0", True),
        ("8.6.0", "8.6", True),
        ("8.6.10", "8.6", True),
        ("8.6.0-alpha1", "8.6.0-ALPHA1", True),
        ("8.6", "8.6", True),
        ("8.6.1", "8.6.0", False),
        ("8.6.10", "8.6.1", False),
        ("8.60.1", "8.6", False),
        ("8.10.0", "8.1", False),
        ("8.7.0", "8.6", False),
        ("8.6.0-alpha1", "8.6.0", False),
        ("", "8.6", False),
    ],
)
def test_a_version_fits_exactly_or_as_a_patch_of_the_minor_version(actual: str, wanted: str, expected: bool) -> None:
    assert fits(actual, wanted) is expected


def part(component: str, *versions: str | None) -> dict[str, Any]:
    return {"component": component, "pieces": [{"version": version} for version in versions]}


def test_a_hot_set_tells_by_its_parts_who_made_it() -> None:
    parts = [part("zeebe", "8.6.32", "8.6.32"), part("optimize", "8.6.20"), part("records", None)]
    told = made_by({"camunda_versions": ["8.6.20", "8.6.32"], "parts": parts})
    assert told == {Component.ZEEBE: "8.6.32", Component.OPTIMIZE: "8.6.20"}


def test_a_cold_set_names_its_components() -> None:
    named = {"zeebe": "8.6.32", "optimize": "8.6.20"}
    told = made_by({"camunda_versions": [], "component_versions": named, "parts": []})
    assert told == {Component.ZEEBE: "8.6.32", Component.OPTIMIZE: "8.6.20"}


def test_a_cold_set_of_before_tells_one_version_for_all() -> None:
    told = made_by({"camunda_versions": ["8.6.0"], "parts": [part("zeebe"), part("operate")]})
    assert told == {Component.ZEEBE: "8.6.0", Component.OPERATE: "8.6.0"}
