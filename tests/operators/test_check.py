"""The check before a backup: every problem in one list, one sentence each, and nothing changed."""

import re
from pathlib import Path
from typing import Any

import pytest

from camunda_backup.operators.check import CheckCluster
from tests.stand_in import until
from tests.stepping import NAME, SPOILED, Bench, Run, refused

# Every distinct request of the check.
LOOKS = [
    ("zeebe", "GET", r"/actuator/health$"),
    ("zeebe", "GET", r"/actuator/info$"),
    ("zeebe", "GET", r"/actuator/cluster$"),
    ("zeebe", "GET", r"/actuator/partitions$"),
    ("zeebe", "GET", r"/actuator/exporters$"),
    ("zeebe", "GET", r"/actuator/configprops$"),
    ("zeebe", "GET", r"/actuator/backups$"),
    *(
        (app, "GET", path)
        for app in ("operate", "tasklist", "optimize")
        for path in (r"/actuator/health$", r"/actuator/info$", r"/actuator/configprops$", r"/actuator/backups$")
    ),
    ("search", "GET", r"^/$"),
    ("search", "GET", r"/_cluster/health$"),
    ("search", "GET", r"/_cat/indices"),
    ("search", "GET", r"/_snapshot/backups$"),
    ("search", "POST", r"/_snapshot/backups/_verify$"),
]
APPS = ("operate", "tasklist", "optimize")
# An answer is enough of these, whatever it is: what cannot be told is not held against the cluster.
INFORMS = {
    ("zeebe", r"/actuator/exporters$"),
    *((app, r"/actuator/configprops$") for app in ("zeebe", *APPS)),
    *((app, r"/actuator/info$") for app in ("zeebe", *APPS)),
    *((app, r"/actuator/health$") for app in APPS),
    ("search", r"/_cluster/health$"),
}


def check(bench: Bench) -> CheckCluster:
    return CheckCluster(task_id="check", cluster=bench.cluster)


def test_a_cluster_that_is_well_passes_and_tells_its_versions(bench: Bench) -> None:
    versions = check(bench).execute(Run().context())

    assert versions == {"zeebe": "8.6.0", "operate": "8.6.0", "tasklist": "8.6.0", "optimize": "8.6.20"}
    assert bench.changes() == []


def test_the_list_of_looks_is_complete(bench: Bench) -> None:
    check(bench).execute(Run().context())

    for entry in bench.stand_in.journal():
        path = entry["path"].partition("?")[0]
        assert any(entry["role"] == look[0] and re.search(look[2], path) for look in LOOKS), entry
    for role, method, path in LOOKS:
        assert any(e["method"] == method and re.search(path, e["path"]) for e in bench.stand_in.journal(role)), path


@pytest.mark.parametrize("look", LOOKS, ids=" ".join)
def test_a_look_that_fails_is_told_and_nothing_is_changed(bench: Bench, look: tuple[str, str, str]) -> None:
    role, method, path = look
    bench.stand_in.fault(role, SPOILED, method=method, path=path, times=None)

    if (role, path) in INFORMS:
        check(bench).execute(Run().context())
    else:
        assert refused(check(bench)).startswith(f"{NAME} cannot be backed up now; nothing was changed:\n- ")
    assert bench.changes() == []
    assert bench.exporting == {"EXPORTING"}


@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        ({"version": {"operate": "8.5.3"}}, "operate is Camunda 8.5.3, but the cluster file says 8.6"),
        ({"version": {"tasklist": "8.6.4"}}, "the components run different versions"),
        ({"unhealthy_partitions": [2]}, "Zeebe is not healthy"),
        ({"pending_change": True}, "the cluster is being changed"),
        ({"backup_store": "none"}, "Zeebe has no backup store"),
        ({"repository": {"operate": None}}, "No backup repository configured"),
        ({"repository": {"tasklist": "other"}}, "tasklist is configured for snapshot repository 'other'"),
        ({"repository_broken": True}, "does not verify"),
        (
            {"index_prefix": {"operate": "acme"}},
            "operate is configured with the index prefix 'acme', the cluster file says 'operate'",
        ),
        (
            {"stores": {"0": {"store": "FILESYSTEM", "filesystem": {"basePath": "backups"}}}},
            "Zeebe's backup store and snapshot repository backups have one place, fs:backups",
        ),
    ],
)
def test_each_condition_is_one_sentence(bench: Bench, conditions: dict[str, Any], sentence: str) -> None:
    bench.stand_in.conditions(**conditions)

    assert sentence in refused(check(bench))
    assert bench.changes() == []


@pytest.mark.parametrize("location", ["nowhere://bucket/manifests", "{}/file"])
def test_a_place_that_keeps_no_manifest_is_known(bench: Bench, location: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where a folder should be")
    cluster = bench.with_fields(manifests=location.format(tmp_path))

    assert "\n- manifests: " in refused(CheckCluster(task_id="check", cluster=cluster))


@pytest.mark.parametrize("role", ["zeebe", "operate", "tasklist", "optimize", "search"])
def test_a_component_that_does_not_answer_is_named_once_with_its_connection(bench: Bench, role: str) -> None:
    bench.stand_in.kill(role)

    assert refused(check(bench)).count(f"({NAME}_{role}): no connection") == 1


def test_a_backup_that_is_being_made_is_waited_for(bench: Bench) -> None:
    bench.stand_in.outcome("zeebe", "STUCK")
    bench.stand_in.ask("zeebe_management", "/actuator/backups", "POST", json={"backupId": 9_999_999_999})
    until(lambda: bench.stand_in.ask("zeebe_management", "/actuator/backups").json(), bool)  # nobody tells it at once

    assert "zeebe: backup 9999999999 is IN_PROGRESS; wait for it" in refused(check(bench))


def test_refused_credentials_are_told_with_their_connection(bench: Bench) -> None:
    answer = {"status": 401, "body": {"message": "Unauthorized"}}
    bench.stand_in.fault("operate", answer, path="/actuator/health", times=None)

    assert f"connection {NAME}_operate: /actuator/health answers HTTP 401" in refused(check(bench))


def test_a_prefix_without_indices_is_named_with_its_field(bench: Bench) -> None:
    bench.stand_in.reset()  # no work was done: the exporter has written nothing

    told = refused(check(bench))

    assert "no index begins with 'zeebe-record'; correct secondary_storage.index_prefixes.records" in told


def test_another_job_of_the_cluster_excludes_it(bench: Bench) -> None:
    told = refused(check(bench), Run(running={f"restore_{NAME}"}))

    assert f"restore_{NAME} is running; only one job of a cluster may run at a time" in told


def test_an_answer_that_is_no_json_is_a_sentence(bench: Bench) -> None:
    page = {"status": 200, "body": "<html>Welcome</html>", "content_type": "text/html"}
    bench.stand_in.fault("zeebe", page, path="/actuator/cluster", times=None)

    assert "an answer could not be read" in refused(check(bench))
