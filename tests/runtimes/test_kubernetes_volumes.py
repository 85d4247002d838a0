"""Volume snapshots and the claims made from them, as manifests; Python alone."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from camunda_backup.cold import Cold
from camunda_backup.runtimes.kubernetes_volumes import (
    CLAIM,
    STOP,
    claim_from,
    error_of,
    kept,
    quantity,
    snapshot_name,
    stop_of,
    users,
    volume_snapshot,
    waits_unused,
)

CLAIMED: dict[str, Any] = {
    "metadata": {
        "name": "data-camunda-zeebe-2",
        "uid": "1",
        "labels": {"app": "zeebe"},
        "annotations": {
            "pv.kubernetes.io/bind-completed": "yes",
            "volume.kubernetes.io/selected-node": "gone",
            "owner": "team",
        },
        "finalizers": ["kubernetes.io/pvc-protection"],
    },
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "fast",
        "volumeMode": "Filesystem",
        "volumeName": "pvc-1",
        "dataSource": {"kind": "VolumeSnapshot", "name": "older"},
        "resources": {"requests": {"storage": "10Gi"}},
    },
}
GI = 2**30


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("10Gi", 10 * GI),
        ("1.5Ki", 1536),
        ("2G", 2_000_000_000),
        ("5k", 5000),
        ("1E", 10**18),
        ("1e9", 10**9),
        ("1048576", 1048576),
        (7, 7),
        ("1000m", 1),
        ("", 0),
        (None, 0),
        ("many", 0),
    ],
)
def test_quantities_are_bytes(told: object, read: int) -> None:
    assert quantity(told) == read


def test_a_snapshot_says_whose_it_is_and_how_its_claim_was() -> None:
    told = volume_snapshot(CLAIMED, "camunda-zeebe-2", 42, cluster="prod", stop="uid/7", class_name="retain")
    assert told["metadata"]["name"] == "camunda-zeebe-2-cold-42"
    assert told["metadata"]["labels"] == {
        "camunda-backup/broker": "camunda-zeebe-2",
        "camunda-backup/backup": "42",
        "camunda-backup/cluster": "prod",
    }
    assert told["metadata"]["annotations"] == {CLAIM: kept(CLAIMED), STOP: "uid/7"}
    assert told["spec"]["source"] == {"persistentVolumeClaimName": "data-camunda-zeebe-2"}


def test_a_snapshots_name_stays_short_and_keeps_its_end() -> None:
    assert len(snapshot_name("x" * 80, 42)) == 63
    assert snapshot_name("x" * 80, 42).endswith("x-cold-42")


def test_every_scaling_makes_another_stop() -> None:
    assert stop_of({"metadata": {"uid": "u", "generation": 4}}) != stop_of({"metadata": {"uid": "u", "generation": 6}})


def test_a_claim_comes_back_as_it_was_with_the_snapshot_as_its_source() -> None:
    told = claim_from(kept(CLAIMED), "data-camunda-zeebe-2", "snap", 5 * GI)
    assert told["metadata"] == {
        "name": "data-camunda-zeebe-2",
        "labels": {"app": "zeebe"},
        "annotations": {"owner": "team"},
    }
    assert told["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "fast",
        "volumeMode": "Filesystem",
        "resources": {"requests": {"storage": "10Gi"}},
        "dataSource": {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "snap"},
    }


def test_a_claim_grows_with_what_the_snapshot_needs() -> None:
    told = claim_from(kept(CLAIMED), "data", "snap", 11 * GI)
    assert told["spec"]["resources"]["requests"]["storage"] == str(11 * GI)


def test_what_is_kept_is_the_same_for_a_claim_that_was_made_again() -> None:
    again = claim_from(kept(CLAIMED), "data-camunda-zeebe-2", "snap", 0)
    assert json.loads(kept(again)) == json.loads(kept(CLAIMED))


def test_only_a_claim_of_this_snapshot_that_has_no_volume_is_unused() -> None:
    fresh = claim_from(kept(CLAIMED), "data", "snap", 0)
    assert waits_unused(fresh, "snap")
    assert not waits_unused(fresh, "other")
    assert not waits_unused({**fresh, "spec": {**fresh["spec"], "volumeName": "pvc-2"}}, "snap")
    assert not waits_unused({**fresh, "metadata": {**fresh["metadata"], "deletionTimestamp": "now"}}, "snap")


def test_pods_that_have_ended_hold_a_claim_as_well() -> None:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data-0"}}
    ended = {"metadata": {"name": "a"}, "spec": {"volumes": [volume]}, "status": {"phase": "Succeeded"}}
    other = {"metadata": {"name": "b"}, "spec": {"volumes": [{"name": "tmp", "emptyDir": {}}]}}
    assert users("data-0", [ended, other, {"metadata": {"name": "c"}, "spec": {}}]) == ["a"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({}, ""),
        ({"error": None}, ""),
        ({"error": {"message": "quota"}}, "quota"),
        ({"error": {"time": "now"}}, "it does not say what"),
    ],
)
def test_an_error_is_what_the_driver_says(status: dict[str, Any], said: str) -> None:
    assert error_of({"status": status}) == said


SNAPSHOTS = {"type": "volume_snapshot", "volume_snapshot_class": "retain"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"copies": {"type": "volume_snapshot"}}, "volume_snapshot_class"),
        ({"copies": SNAPSHOTS, "databases": [{"name": "a", "dump": "x"}]}, "location is missing"),
    ],
)
def test_a_cluster_file_says_what_its_copies_need(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Cold(**fields)


def test_volume_snapshots_need_no_location() -> None:
    assert Cold.model_validate({"copies": SNAPSHOTS}).location is None
