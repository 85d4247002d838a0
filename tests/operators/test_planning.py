"""The plan of a restore: what can be known to go wrong is known before anything is changed."""

from typing import Any

import pytest

from camunda_backup.operators.planning import PlanRestore
from tests.stepping import NAME, SPOILED, Bench, Run, refused

LOOKS = [
    ("processes", "GET", "/processes/zeebe$"),
    ("processes", "GET", "/processes/optimize$"),
    ("zeebe", "GET", "/actuator/cluster"),
    ("zeebe", "GET", r"/actuator/backups/\d+"),
    ("operate", "GET", r"/actuator/backups/\d+"),
    ("tasklist", "GET", r"/actuator/backups/\d+"),
    ("optimize", "GET", r"/actuator/backups/\d+"),
    ("search", "GET", "/_snapshot/backups$"),
    ("search", "POST", "/_snapshot/backups/_verify"),
    ("search", "GET", r"/_snapshot/backups/camunda_\*"),
    ("search", "GET", "/_status"),
    ("search", "GET", "/_cat/indices/tasklist"),
    ("search", "GET", "/_index_template"),
    ("search", "GET", "/_plugins/_ism/policies"),
]
MEANT = {"backup_id": None, "dry_run": False, "confirm": NAME}


def planned(**params: Any) -> Run:
    return Run(f"restore_{NAME}", {**MEANT, **params})


def plan(bench: Bench) -> PlanRestore:
    return PlanRestore(task_id="plan", cluster=bench.cluster, location=bench.manifests)


def test_the_newest_set_is_planned_and_nothing_is_changed(bench: Bench) -> None:
    found = plan(bench).execute(planned().context())

    assert found["manifest"]["cluster"] == NAME
    assert str(found["manifest"]["backup_id"]) in found["text"]
    assert bench.changes() == []


@pytest.mark.parametrize("effect", [SPOILED, {"drop": True}], ids=["500", "dropped"])
@pytest.mark.parametrize("look", LOOKS, ids=" ".join)
def test_nothing_is_changed_when_a_look_fails(bench: Bench, look: tuple[str, str, str], effect: dict[str, Any]) -> None:
    role, method, path = look
    bench.stand_in.fault(role, effect, method=method, path=path, times=None)

    assert refused(plan(bench), planned()).startswith(f"{NAME} cannot be restored so; nothing was changed:\n- ")
    assert bench.changes() == []


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"version": {"operate": "8.6.1"}}, "operate is Camunda 8.6.1, but its part of the backup was made by 8.6.0"),
        ({"repository_broken": True}, "repository backups does not verify"),
        ({"templates_missing": ["operate-list-view-8.3.0_template"]}, "1 index templates are missing"),
        ({"repository": {"tasklist": "elsewhere"}}, "elsewhere"),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
)
def test_what_the_plan_can_know(bench: Bench, conditions: dict[str, Any], said: str) -> None:
    bench.stand_in.conditions(**conditions)

    assert said in refused(plan(bench), planned())


@pytest.mark.parametrize("part", ["camunda_tasklist_{id}_8.6.0_part_3_of_6", "camunda_zeebe_records_backup_{id}"])
def test_a_set_that_lost_a_snapshot_is_refused(bench: Bench, part: str) -> None:
    backup_id = plan(bench).execute(planned().context())["manifest"]["backup_id"]
    snapshot = part.format(id=backup_id)
    bench.stand_in.ask("search", f"/_snapshot/backups/{snapshot}", "DELETE").raise_for_status()

    assert f"snapshot {snapshot} is not in the repository any more" in refused(plan(bench), planned())


@pytest.mark.parametrize("role", ["search", "zeebe", "operate"])
def test_what_does_not_answer_is_known_to_the_plan(bench: Bench, role: str) -> None:
    bench.stand_in.kill(role)

    assert f"({NAME}_{role}): no connection" in refused(plan(bench), planned())


def test_an_empty_backup_store_is_known_although_zeebe_is_gone(bench: Bench) -> None:
    backup_id = plan(bench).execute(planned().context())["manifest"]["backup_id"]
    bench.stand_in.ask("zeebe_management", f"/actuator/backups/{backup_id}", "DELETE").raise_for_status()
    bench.stand_in.disaster()

    told = refused(plan(bench), planned())

    assert f"broker-0: Zeebe's backup store does not hold backup {backup_id}" in told


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"confirm": ""}, f"confirm must be the cluster's name, {NAME}"),
        ({"confirm": "production"}, f"confirm must be the cluster's name, {NAME}"),
        ({"backup_id": 5}, "there is no complete backup 5"),
    ],
)
def test_a_run_that_is_not_meant_so_is_refused(bench: Bench, params: dict[str, Any], said: str) -> None:
    assert said in refused(plan(bench), planned(**params))


def test_another_job_of_the_cluster_excludes_it(bench: Bench) -> None:
    run = planned()
    run.running.add(f"back_up_{NAME}")

    assert f"back_up_{NAME} is running" in refused(plan(bench), run)


def test_a_cluster_file_that_does_not_say_how_components_stop_is_refused(bench: Bench) -> None:
    cluster = bench.with_fields(runtime=None, cold=None)

    task = PlanRestore(task_id="plan", cluster=cluster, location=bench.manifests)

    assert "runtime is missing in the cluster file" in refused(task, planned())
