"""The restore DAG, whole, against the stand-in: both generations, and the people who decide."""

from typing import Any

import pytest

from tests.dag_runs.restoring import People, require_order

YES = {"approve": "Approve", "sign_off": "Accept"}


def shown(cluster: Any) -> dict[str, str]:
    """Give the state of each instance in the secondary storage."""
    found = cluster.stand_in.ask("search", "/operate-list-view-*/_search", "POST", json={"size": 1000}).json()
    return {hit["_id"]: hit["_source"]["state"] for hit in found["hits"]["hits"]}


def confirmed(cluster: Any, **conf: Any) -> dict[str, Any]:
    """Give the conf of a run that restores."""
    return {"dry_run": False, "confirm": cluster.name, **conf}


@pytest.mark.parametrize("disaster", [True, False], ids=["from a disaster", "from a running cluster"])
def test_a_restore_brings_back_what_was_backed_up(restorable: Any, restore: Any, api: Any, disaster: bool) -> None:
    stand_in, before, records = restorable.stand_in, shown(restorable), restorable.stand_in.written()
    stand_in.work(3)
    if disaster:
        stand_in.disaster()
    if restorable.line == "8.8":
        stand_in.conditions(sign_in="bearer")

    with People(api, YES).at_work() as people:
        done = restore(f"restore_{restorable.name}", **confirmed(restorable))

    assert done.state == "success", done.errors
    truth = stand_in.truth()
    assert truth["instances"] == {"ACTIVE": 2, "CANCELED": 1, "COMPLETED": 1}
    assert set(truth["processes"].values()) == {"running"}
    assert stand_in.written() == records
    assert shown(restorable) == before
    require_order(stand_in.journal(), truth["crash_loops"])
    assert done.tasks["keep_stopped"] == "skipped"
    ((backup_id, manifest),) = restorable.manifests().items()
    report = done.results("report")
    assert report["backup_id"] == backup_id
    assert report["counts"]["backup"] == manifest["counts"]
    assert report["counts"]["restored"] == manifest["counts"]
    assert 0 < report["recovery_seconds"]["healthy"] <= report["recovery_seconds"]["verified"]
    assert [report[answer]["by"] for answer in ("approved", "signed_off")] == ["on call", "on call"]
    assert f"Backup **{backup_id}**" in people.asked["approve"]["body"]
