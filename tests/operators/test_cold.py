"""The steps of a cold backup: each fails without harm, and does its work when it is tried again."""

from pathlib import Path
from typing import Any

import pytest

from camunda_backup.operators.cold import CopyBroker, DumpDatabase, PlanColdBackup
from tests.dag_runs.cold_playing import DATABASE
from tests.stepping import NAME, SPOILED, Bench, Run, refused

ID = 9_999_999_999
LOOKS = [
    ("processes", "GET", "/processes/zeebe$"),
    ("processes", "GET", "/processes/optimize$"),
    ("zeebe", "GET", "/actuator/cluster"),
    ("zeebe", "GET", "/actuator/partitions"),
    ("zeebe", "GET", "/actuator/health"),
    ("zeebe", "GET", r"/actuator/backups"),
    ("operate", "GET", r"/actuator/backups"),
    ("search", "GET", "/_snapshot/backups$"),
    ("search", "POST", "/_snapshot/backups/_verify"),
    ("search", "GET", "/_cat/indices/tasklist"),
]
MEANT = Run(f"cold_back_up_{NAME}", {"dry_run": False, "confirm": NAME})


def plan(bench: Bench) -> PlanColdBackup:
    return PlanColdBackup(task_id="plan", cluster=bench.cluster, location=bench.manifests)


def copy(bench: Bench) -> CopyBroker:
    return CopyBroker(task_id="copy", cluster=bench.cluster, broker="broker-0", backup_id=ID)


def dump(bench: Bench) -> DumpDatabase:
    return DumpDatabase(task_id="dump", cluster=bench.cluster, database=DATABASE, backup_id=ID)


def stop(bench: Bench) -> None:
    """Stop everything."""
    for name in bench.stand_in.truth()["processes"]:
        bench.stand_in.process(name, "stop")
    (bench.home / "connectors").write_text("stopped\n")


def test_what_runs_is_planned_and_nothing_is_changed(bench: Bench) -> None:
    found = plan(bench).execute(MEANT.context())

    assert found["ran"] == [one.value for one in bench.cluster.stop_order]
    assert {"zeebe", "operate", "tasklist", "optimize", "connectors"} == set(found["ran"])
    assert found["versions"] == {"zeebe": "8.6.0", "operate": "8.6.0", "tasklist": "8.6.0", "optimize": "8.6.20"}
    assert found["partitions"] == 2
    assert "will be down" in found["text"]
    assert bench.changes() == []


@pytest.mark.parametrize("look", LOOKS, ids=" ".join)
def test_nothing_is_changed_when_a_look_of_the_plan_fails(bench: Bench, look: tuple[str, str, str]) -> None:
    role, method, path = look
    bench.stand_in.fault(role, SPOILED, method=method, path=path, times=None)

    told = refused(plan(bench), MEANT)

    assert told.startswith(f"{NAME} cannot be backed up cold now; nothing was changed:\n- ")
    assert bench.changes() == []


def test_what_does_not_run_is_known_to_the_plan(bench: Bench) -> None:
    bench.stand_in.process("tasklist", "stop")

    assert "tasklist does not run: start it, or mend it first" in refused(plan(bench), MEANT)


def test_a_location_that_takes_nothing_is_known_to_the_plan(bench: Bench) -> None:
    (bench.home / "a file").touch()
    cold = {**bench.cluster.model_dump(exclude_unset=True)["cold"], "location": str(bench.home / "a file")}
    task = PlanColdBackup(task_id="plan", cluster=bench.with_fields(cold=cold), location=bench.manifests)

    assert "cold.location" in refused(task, MEANT)


def test_a_place_that_keeps_no_manifest_is_known_to_the_plan(bench: Bench) -> None:
    cluster = bench.with_fields(manifests="nowhere://bucket/manifests")

    told = refused(PlanColdBackup(task_id="plan", cluster=cluster, location=bench.manifests), MEANT)

    assert "\n- manifests: " in told


@pytest.mark.parametrize("effect", [SPOILED, {"drop": True}], ids=["500", "dropped"])
def test_a_copy_that_fails_is_made_again(bench: Bench, effect: dict[str, Any]) -> None:
    stop(bench)
    bench.stand_in.fault("processes", effect, path="zeebe/archive")

    refused(copy(bench))
    (made,) = [copy(bench).execute(MEANT.context())["copy"]]

    assert Path(made["file"]).stat().st_size == made["bytes"] > 0


@pytest.mark.parametrize("name", ["connectors", "zeebe"])
def test_nothing_is_copied_while_something_runs(bench: Bench, name: str) -> None:
    stop(bench)
    if name == "zeebe":
        bench.stand_in.process("zeebe", "start")
    else:
        (bench.home / "connectors").write_text("running\n")

    assert f"{name} runs although it was stopped for the cold backup" in refused(copy(bench))


def test_a_database_is_dumped_and_read_again(bench: Bench) -> None:
    made = dump(bench).execute(MEANT.context())["copy"]

    assert Path(made["file"]).read_text() == "users of now\n"


def test_a_database_without_a_dump_spoils_the_set(bench: Bench) -> None:
    (bench.home / DATABASE).write_text("")

    assert "printed nothing" in refused(dump(bench))
