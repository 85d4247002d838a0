"""Which Camunda version is spoken to how. An unknown one is an error, never a guess."""

from collections import Counter
from dataclasses import replace

import pytest

from camunda_backup.api import GENERATIONS, generation
from camunda_backup.api.generation import Count, Generation
from camunda_backup.errors import ClusterFileError
from camunda_backup.states import Component, Phase

LINES = [line for one in GENERATIONS for line in one.lines]
EVERY_GENERATION = pytest.mark.parametrize("one", GENERATIONS, ids=lambda one: "-".join(one.lines))
PREFIXES = {"operate": "eu-operate", "tasklist": "eu-tasklist", "optimize": "eu-optimize", "records": "eu-records"}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("patch", ["", ".0", ".12", ".0-alpha1"])
def test_each_patch_of_a_line_is_spoken_to_as_the_line(line: str, patch: str) -> None:
    assert line in generation(f"{line}{patch}").lines


def test_a_line_belongs_to_one_generation() -> None:
    assert max(Counter(LINES).values()) == 1


@pytest.mark.parametrize(
    "version", ["8.4", "8.40", "8.60", "8.1", "9.0", "7.21", "8", "", "v8.6", "8.6x", "latest", "08.6"]
)
def test_an_unknown_version_is_an_error_that_names_the_known_lines(version: str) -> None:
    with pytest.raises(ClusterFileError) as caught:
        generation(version)
    assert repr(version) in str(caught.value)
    assert ", ".join(LINES) in str(caught.value)


@pytest.mark.parametrize(
    ("line", "component", "path"),
    [
        *((line, component, "/actuator/backups") for line in ("8.5", "8.6", "8.7")
          for component in (Component.ZEEBE, Component.OPERATE, Component.TASKLIST, Component.OPTIMIZE)),
        *((line, component, path) for line in ("8.8", "8.9")
          for component, path in ((Component.ZEEBE, "/actuator/backupRuntime"),
                                  (Component.WEB_APPS, "/actuator/backupHistory"),
                                  (Component.OPTIMIZE, "/actuator/backups"))),
        ("8.10", Component.ZEEBE, "/v2/backups/runtime"),
        ("8.10", Component.WEB_APPS, "/v2/backups/history"),
        ("8.10", Component.OPTIMIZE, "/actuator/backups"),
    ],
)  # fmt: skip
def test_each_component_is_asked_at_its_endpoint(line: str, component: Component, path: str) -> None:
    api = generation(line).backup_api(component)
    assert (api.component, api.path) == (component, path)


def test_the_actuator_of_8_10_is_that_of_8_9_and_only_8_10_has_the_choice() -> None:
    before, fallback = generation("8.9"), generation("8.10", "actuator")
    assert (fallback.zeebe, fallback.web_apps) == (before.zeebe, before.web_apps)
    assert replace(fallback.exporting, patience=None) == before.exporting  # a change of the cluster on every way
    assert not fallback.over_rest
    assert generation("8.10", "rest") is generation("8.10")
    assert [one.lines for one in GENERATIONS if one.actuator] == [("8.10",)]


@pytest.mark.parametrize(
    ("version", "known"),
    [("8.5.0", False), ("8.5.0-alpha1", False), ("8.5.1", True), ("8.5.10", True), ("8.5", True), ("8.10.0", True)],
)
def test_the_soft_pause_is_known_from_8_5_1(version: str, known: bool) -> None:
    assert generation(version).soft_pauses(version) is known


@pytest.mark.parametrize(
    ("line", "component"),
    [("8.6", Component.WEB_APPS), ("8.8", Component.OPERATE), ("8.8", Component.TASKLIST), ("8.6", Component.RECORDS)],
)
def test_a_component_that_a_generation_does_not_have_is_an_error(line: str, component: Component) -> None:
    with pytest.raises(KeyError):
        generation(line).backup_api(component)


@EVERY_GENERATION
def test_a_finished_piece_of_every_component_has_a_word(one: Generation) -> None:
    assert one.zeebe.done == "COMPLETED"
    assert {api.done for api in (*one.web_apps, one.optimize)} == {"SUCCESS"}


@EVERY_GENERATION
def test_every_component_can_complete_fail_and_be_at_work(one: Generation) -> None:
    for api in (one.zeebe, *one.web_apps, one.optimize):
        assert {Phase.COMPLETED, Phase.FAILED, Phase.RUNNING, Phase.PENDING} <= set(api.words.values())


@EVERY_GENERATION
def test_nothing_but_completed_counts_as_complete(one: Generation) -> None:
    words = {w for api in (one.zeebe, *one.web_apps) for w, phase in api.words.items() if phase is Phase.COMPLETED}
    assert words == {"COMPLETED"}
    optimize = {word for word, phase in one.optimize.words.items() if phase is Phase.COMPLETED}
    assert optimize == {"COMPLETED", "COMPLETE"}  # the source's word and the manual's


@pytest.mark.parametrize(
    ("line", "needed"), [("8.5", True), ("8.6", True), ("8.7", True), ("8.8", False), ("8.9", False)]
)
def test_the_records_belong_to_the_set_where_the_applications_read_them(line: str, needed: bool) -> None:
    assert generation(line).apps_read_records is needed


def test_generations_that_can_make_ids_themselves_are_asked() -> None:
    assert generation("8.6").generated_ids is None
    asked = generation("8.8").generated_ids
    assert asked is not None
    assert (asked.method, asked.path) == ("GET", "/actuator/backupRuntime/state")


@EVERY_GENERATION
def test_every_count_has_a_name_of_its_own_and_asks_below_a_prefix(one: Generation) -> None:
    assert len({count.name for count in one.counts}) == len(one.counts)
    for count in one.counts:
        request = count.request(PREFIXES)
        assert request.method == "POST"
        assert request.path.startswith(f"/eu-{count.app}-")
        assert request.path.endswith("/_count")


def test_a_count_asks_for_its_documents_and_forgives_missing_indices() -> None:
    request = Count("all", "operate", "process-8.*", {"match_all": {}}).request({"operate": "op"})
    assert request.path == "/op-process-8.*/_count"
    assert request.query == {"ignore_unavailable": "true"}
    assert request.body == {"query": {"match_all": {}}}
