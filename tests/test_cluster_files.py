"""Reading cluster files: each mistake is one sentence, no secret stands in it, and the other clusters stay."""

import copy
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from camunda_backup.api import GENERATIONS
from camunda_backup.cluster_files import folder, read_cluster, read_clusters, require_all_valid
from camunda_backup.errors import ClusterFileError

PROJECT = Path(__file__).parents[1]
GOOD: dict[str, Any] = {
    "version": "8.6.0",
    "connections": {"zeebe": "prod_zeebe", "operate": "prod_operate", "tasklist": "prod_tasklist"},
    "secondary_storage": {"engine": "opensearch", "connection": "prod_search"},
    "repository": {"name": "backups", "type": "fs", "settings": {"location": "backups"}},
}
GONE = object()


def changed(**changes: Any) -> dict[str, Any]:
    """Return a good cluster file's data with some fields set or removed; ``a__b`` is field ``b`` of ``a``."""
    data = copy.deepcopy(GOOD)
    for path, value in changes.items():
        *outer, last = path.split("__")
        node = data
        for step in outer:
            node = node.setdefault(step, {})
        if value is GONE:
            del node[last]
        else:
            node[last] = value
    return data


def put(where: Path, data: object, name: str = "prod.yaml") -> Path:
    path = where / name
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data), encoding="utf-8")
    return path


def mistakes(path: Path) -> list[str]:
    with pytest.raises(ClusterFileError) as caught:
        read_cluster(path)
    return str(caught.value).split("\n")


def test_a_good_file_becomes_a_cluster_named_after_it(tmp_path: Path) -> None:
    cluster = read_cluster(put(tmp_path, GOOD, "eu_west-1.yaml"))
    assert (cluster.name, cluster.version, cluster.order) == ("eu_west-1", "8.6.0", "zeebe-first")


@pytest.mark.parametrize("path", sorted((PROJECT / "include").rglob("clusters/*.yaml")), ids=lambda path: path.name)
def test_the_cluster_files_of_this_project_are_good(path: Path) -> None:
    assert read_cluster(path).name == path.stem


KNOWN = "known lines are " + ", ".join(line for generation in GENERATIONS for line in generation.lines)
UNFIT = "does not fit; see cluster.schema.json for what does"
NO_FIELD = "there is no such field; see cluster.schema.json for those there are"
DURATION = "write a number and a unit, such as 90s, 30m, 26h or 7d"
CRON = "write five cron fields, e.g. 0 2 * * * for two o'clock every night"
ZONE = "write an IANA time zone, e.g. Europe/Berlin"
MISTAKES: dict[str, tuple[dict[str, Any], str, str]] = {
    "no version": ({"version": GONE}, "version", "it is missing"),
    "version 8.10 without quotes": (
        {"version": 8.10},
        "version",
        'write it in quotes, "8.1": 8.10 without them is 8.1',
    ),
    "version too old": ({"version": "8.4"}, "version", KNOWN),
    "version too new": ({"version": "9.9.0"}, "version", KNOWN),
    "version that begins like a known one": ({"version": "8.66"}, "version", KNOWN),
    "version with words behind it": (
        {"version": "8.6.0 oops"},
        "version",
        f"'8.6.0 oops' {UNFIT}",
    ),
    "no index prefix": (
        {"secondary_storage__index_prefixes__records": ""},
        "secondary_storage.index_prefixes.records",
        f"'' {UNFIT}",
    ),
    "index prefix that fits every index": (
        {"secondary_storage__index_prefixes__records": "*"},
        "secondary_storage.index_prefixes.records",
        f"'*' {UNFIT}",
    ),
    "unknown repository type": (
        {"repository__type": "url"},
        "repository",
        "type must be one of 'fs', 's3', 'azure', 'gcs'",
    ),
    "unknown order": (
        {"order": "zeebe_first"},
        "order",
        "write 'zeebe-first' or 'secondary-first' instead of 'zeebe_first'",
    ),
    "pause set by itself": ({"pause": "soft"}, "pause", NO_FIELD),
    "misspelt field": ({"limits__max_pauze": "10m"}, "limits.max_pauze", NO_FIELD),
    "no connections": ({"connections": GONE}, "connections", "it is missing"),
    "no Zeebe": ({"connections__zeebe": GONE}, "connections.zeebe", "it is missing"),
    "unknown engine": (
        {"secondary_storage__engine": "solr"},
        "secondary_storage.engine",
        "write 'elasticsearch' or 'opensearch' instead of 'solr'",
    ),
    "no engine": ({"secondary_storage__engine": GONE}, "secondary_storage.engine", "it is missing"),
    "no repository": ({"repository": GONE}, "repository", "it is missing"),
    "four cron fields": ({"schedule": {"cron": "0 2 * *"}}, "schedule.cron", CRON),
    "six cron fields": ({"schedule": {"cron": "0 0 2 * * *"}}, "schedule.cron", CRON),
    "impossible hour": ({"schedule": {"cron": "0 25 * * *"}}, "schedule.cron", CRON),
    "cron preset": ({"schedule": {"cron": "@daily"}}, "schedule.cron", CRON),
    "unknown time zone": (
        {"schedule": {"cron": "0 2 * * *", "timezone": "Europe/Berln"}},
        "schedule.timezone",
        ZONE,
    ),
    "time zone that is a path": (
        {"schedule": {"cron": "0 2 * * *", "timezone": "../../etc/hosts"}},
        "schedule.timezone",
        ZONE,
    ),
    "duration of more than a lifetime": ({"limits__max_pause": "99999999999999d"}, "limits.max_pause", DURATION),
    "duration of nothing": ({"limits__max_pause": "0s"}, "limits.max_pause", DURATION),
    "duration without a unit": ({"limits__max_pause": 600}, "limits.max_pause", DURATION),
    "duration in words": ({"limits__stall": "half an hour"}, "limits.stall", DURATION),
    "rpo without a unit": ({"guard__rpo": "26"}, "guard.rpo", DURATION),
    "unknown ID scheme": (
        {"id_scheme": "unix"},
        "id_scheme",
        "Input should be 'seconds', 'milliseconds' or 'datetime', not 'unix'",
    ),
    "name that is not the file's": (
        {"name": "staging"},
        "name",
        "leave it out; the file's name is the cluster's name",
    ),
}


@pytest.mark.parametrize(("changes", "field", "advice"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence_with_file_field_and_advice(
    tmp_path: Path, changes: dict[str, Any], field: str, advice: str
) -> None:
    assert mistakes(put(tmp_path, changed(**changes))) == [f"prod.yaml: {field}: {advice}"]


@pytest.mark.parametrize(
    ("version", "changes", "sentence"),
    [
        (
            "8.6",
            {"connections__operate": GONE},
            "connections.operate is missing: Camunda 8.6 backs up operate by itself",
        ),
        (
            "8.7.1",
            {"connections__tasklist": GONE},
            "connections.tasklist is missing: Camunda 8.7.1 backs up tasklist by itself",
        ),
        (
            "8.8",
            {"connections__tasklist": GONE},
            "connections.operate must go: Camunda 8.8 backs up operate through connections.zeebe",
        ),
        (
            "8.9.0",
            {"connections__operate": GONE},
            "connections.tasklist must go: Camunda 8.9.0 backs up tasklist through connections.zeebe",
        ),
    ],
)
def test_connections_that_do_not_fit_the_version_are_named(
    tmp_path: Path, version: str, changes: dict[str, Any], sentence: str
) -> None:
    assert mistakes(put(tmp_path, changed(version=version, **changes))) == [f"prod.yaml: {sentence}"]


@pytest.mark.parametrize("text", ["", "- a\n- list\n", "only text", "42"])
def test_what_is_no_mapping_is_told_what_to_write(tmp_path: Path, text: str) -> None:
    told = mistakes(put(tmp_path, text))
    assert told == ["prod.yaml: write fields such as version, connections and repository"]


@pytest.mark.parametrize(
    "text",
    ["version: [", "a: b: c", "\tversion: 1", "version: !!python/object/apply:os.getcwd []"],
    ids=["open bracket", "two colons", "tab", "code"],
)
def test_broken_yaml_is_one_sentence_with_the_line(tmp_path: Path, text: str) -> None:
    (told,) = mistakes(put(tmp_path, text))
    assert told.startswith("prod.yaml: it is no readable YAML in line 1: ")


def test_a_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "prod.yaml"
    path.write_bytes(b"\xff\xfe\x00v")
    assert mistakes(path) == ["prod.yaml: it cannot be read: UnicodeDecodeError"]


@pytest.mark.parametrize("value", ["2026-13-45", "!!int many", "!!bool maybe", "!!timestamp now"])
def test_a_value_that_is_none_of_its_kind_is_one_sentence(tmp_path: Path, value: str) -> None:
    (told,) = mistakes(put(tmp_path, f"version: {value}"))
    assert told.startswith("prod.yaml: it cannot be read: ")


@pytest.mark.parametrize("text", ["x: &a [*a]", "x: &a {b: *a}"])
def test_a_file_that_contains_itself_is_one_sentence(tmp_path: Path, text: str) -> None:
    assert mistakes(put(tmp_path, text)) == ["prod.yaml: it contains itself; write it without aliases"]


def test_a_file_that_is_nested_too_deeply_is_one_sentence(tmp_path: Path) -> None:
    assert mistakes(put(tmp_path, "x: " + "[" * 3000 + "]" * 3000)) == ["prod.yaml: it cannot be read: RecursionError"]


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    data = changed(version="8.4", secondary_storage__engine="solr", limits__max_pause=5, colour="blue")
    fields = [line.split(": ")[1] for line in mistakes(put(tmp_path, data))]
    assert sorted(fields) == ["colour", "limits.max_pause", "secondary_storage.engine", "version"]


SECRET = "hunter2-let-me-in"


@pytest.mark.parametrize(
    "place",
    [
        "password",
        "connections__password",
        "connections__zeebe__password",
        "secondary_storage__api_key",
        "secondary_storage__apiKey",
        "repository__settings__access_key",
        "repository__settings__secret_key",
        "repository__settings__sas_token",
        "repository__settings__account_key",
        "repository__settings__client_secret",
        "links__token",
        "guard__credentials",
    ],
)
def test_a_secret_is_refused_by_its_place_and_never_shown(tmp_path: Path, place: str) -> None:
    outer, _, last = place.rpartition("__")
    data = changed(**{outer: {last: SECRET}} if outer == "connections__zeebe" else {place: SECRET})
    (told,) = mistakes(put(tmp_path, data))
    assert told.startswith(f"prod.yaml: {place.replace('__', '.')}: a secret must not stand in a cluster file")
    assert "Airflow connection" in told
    assert SECRET not in told


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("links__operate", f"https://admin:{SECRET}@operate.example"),
        ("manifests", f"s3://key:{SECRET}@bucket/path"),
        ("repository__settings__location", f"AccountName=a;AccountKey={SECRET}"),
        ("owner", f"-----BEGIN PRIVATE KEY----- {SECRET}"),
        ("manifests", f"https://store.example/manifests?sv=1&sig={SECRET}"),
    ],
)
def test_a_secret_in_a_value_is_refused_and_never_shown(tmp_path: Path, place: str, value: str) -> None:
    (told,) = mistakes(put(tmp_path, changed(**{place: value})))
    assert f"{place.replace('__', '.')}: a secret must not stand" in told
    assert SECRET not in told


@pytest.mark.parametrize(
    "text",
    [
        f"password: {SECRET}: x",
        f"password: *{SECRET}",
        f"password: !{SECRET} x",
        f"password: !<{SECRET}'> x",
        f"password: !!int {SECRET}",
        f'password: "{SECRET}',
        f"password: [{SECRET}",
        f"password: |{SECRET}",
    ],
)
def test_broken_yaml_is_told_without_what_stands_in_it(tmp_path: Path, text: str) -> None:
    (told,) = mistakes(put(tmp_path, text))
    assert SECRET not in told


@pytest.mark.parametrize(
    "place",
    ["order", "owner", "connections__zeebe", "limits__stall", "links__operate", "repository__type"],
)
def test_a_mapping_in_the_place_of_a_word_is_not_shown(tmp_path: Path, place: str) -> None:
    (told,) = mistakes(put(tmp_path, changed(**{place: {"harmless": SECRET}})))
    assert SECRET not in told


def test_while_a_secret_stands_in_it_nothing_else_of_the_file_is_shown(tmp_path: Path) -> None:
    told = mistakes(put(tmp_path, changed(password=SECRET, version="8.4")))
    assert len(told) == 1


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder of two good files, two wrong ones, and files that are none."""
    put(tmp_path, GOOD, "alpha.yaml")
    put(tmp_path, changed(version="8.4", order="none"), "bravo.yaml")
    put(tmp_path, changed(password=SECRET), "charlie.yml")
    put(tmp_path, changed(order="secondary-first"), "delta.yml")
    put(tmp_path, "not: [a cluster", "README.md")
    put(tmp_path, "{}", "cluster.schema.json")
    return tmp_path


def test_a_wrong_file_leaves_the_other_clusters_usable(mixed: Path) -> None:
    clusters, found = read_clusters(mixed)
    assert [cluster.name for cluster in clusters] == ["alpha", "delta"]
    assert [text.split(":")[0] for text in found] == ["bravo.yaml", "charlie.yml"]


def test_every_mistake_of_every_file_becomes_one_import_error(mixed: Path) -> None:
    with pytest.raises(ClusterFileError) as caught:
        require_all_valid(mixed)
    assert [line.split(": ")[:2] for line in str(caught.value).split("\n")] == [
        ["bravo.yaml", "version"],
        ["bravo.yaml", "order"],
        ["charlie.yml", "password"],
    ]


def test_good_files_are_no_error(tmp_path: Path) -> None:
    put(tmp_path, GOOD)
    require_all_valid(tmp_path)


def test_of_two_files_for_one_cluster_one_is_refused(tmp_path: Path) -> None:
    put(tmp_path, GOOD, "alpha.yaml")
    put(tmp_path, changed(order="secondary-first"), "alpha.yml")
    clusters, found = read_clusters(tmp_path)
    assert [(cluster.name, cluster.order) for cluster in clusters] == [("alpha", "zeebe-first")]
    assert found == ["alpha.yml: there is a alpha.yaml already; keep one of them"]


def test_a_folder_that_does_not_exist_is_one_sentence_with_its_variable(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert read_clusters(gone) == ([], [f"{gone}: there is no such folder; correct CAMUNDA_BACKUP_CLUSTERS"])


@pytest.fixture
def from_environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | None], None]:
    """Name the folder by the environment variable, or remove the variable."""

    def name(where: Path | None) -> None:
        if where is None:
            monkeypatch.delenv("CAMUNDA_BACKUP_CLUSTERS")
        else:
            monkeypatch.setenv("CAMUNDA_BACKUP_CLUSTERS", str(where))

    return name


def test_the_folder_is_named_by_the_environment(mixed: Path, from_environment: Callable[[Path | None], None]) -> None:
    from_environment(mixed)
    assert folder() == mixed
    assert len(read_clusters()[0]) == 2


def test_without_the_variable_the_folder_is_the_projects_own(
    from_environment: Callable[[Path | None], None],
) -> None:
    from_environment(None)
    assert folder() == PROJECT / "include" / "clusters"


def test_mistakes_become_an_import_error_of_the_dag_file_that_has_no_dag(
    mixed: Path, from_environment: Callable[[Path | None], None]
) -> None:
    from_environment(mixed)
    with pytest.raises(ClusterFileError, match=r"bravo\.yaml: version"):
        runpy.run_path(str(PROJECT / "dags" / "cluster_files.py"))
