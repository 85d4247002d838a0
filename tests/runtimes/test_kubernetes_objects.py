"""What Kubernetes says of its objects, and what it means; Python alone."""

from typing import Any

import pytest

from camunda_backup.runtimes.kubernetes_access import RIGHTS, missing
from camunda_backup.runtimes.kubernetes_objects import DEPLOYMENT, KEPT, Workload, active, progress

RUNNING: dict[str, Any] = {"conditions": []}
FAILED = {"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "too long"}]}
COMPLETE = {"conditions": [{"type": "Complete", "status": "True"}]}


def workload(replicas: int | None = 2, *, kept: str | None = None, **fields: Any) -> Workload:
    meta = {"name": "operate", "generation": 3, "annotations": {KEPT: kept} if kept is not None else None}
    spec = {"replicas": replicas, "selector": fields.pop("selector", {"matchLabels": {"app": "operate"}})}
    return Workload(DEPLOYMENT, {"metadata": {**meta, **fields.pop("metadata", {})}, "spec": spec, **fields})


def test_count_and_annotation_change_together() -> None:
    assert workload(2).stopped() == {"metadata": {"annotations": {KEPT: "2"}}, "spec": {"replicas": 0}}
    assert Workload.started(2) == {"metadata": {"annotations": {KEPT: None}}, "spec": {"replicas": 2}}


def test_what_was_kept_first_is_not_overwritten_by_who_scaled_back() -> None:
    assert workload(1, kept="3").stopped()["metadata"]["annotations"][KEPT] == "3"


@pytest.mark.parametrize(
    ("kept", "read"), [("3", 3), ("0", None), ("", None), ("-1", None), ("many", None), (None, None)]
)
def test_an_annotation_that_is_no_count_is_none(kept: str | None, read: int | None) -> None:
    assert workload(0, kept=kept).kept == read


@pytest.mark.parametrize(
    ("replicas", "status", "ready"),
    [
        (2, {"observedGeneration": 3, "readyReplicas": 2}, True),
        (2, {"observedGeneration": 2, "readyReplicas": 2}, False),
        (2, {"observedGeneration": 3, "readyReplicas": 1}, False),
        (2, {}, False),
        (0, {"observedGeneration": 3}, False),
    ],
)
def test_ready_is_every_pod_by_a_status_that_is_not_old(replicas: int, status: dict[str, int], ready: bool) -> None:
    assert workload(replicas, status=status).ready is ready


def test_its_pods_are_chosen_as_it_chooses_them() -> None:
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "old", "operator": "DoesNotExist"},
        {"key": "new", "operator": "Exists"},
    ]
    told = workload(selector={"matchLabels": {"app": "operate"}, "matchExpressions": expressions})
    assert told.selector == "app=operate,tier in (a,b),!old,new"


@pytest.mark.parametrize(
    ("meta", "owner"),
    [
        ({"labels": {"argocd.argoproj.io/instance": "camunda"}}, "Argo CD (camunda)"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "camunda:apps"}}, "Argo CD (camunda:apps)"),
        ({"labels": {"helm.toolkit.fluxcd.io/name": "camunda"}}, "Flux (HelmRelease) (camunda)"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}, "Flux (Kustomization) (apps)"),
    ],
)
def test_gitops_controllers_are_known_by_their_labels(meta: dict[str, Any], owner: str) -> None:
    assert workload(metadata=meta).owners([]) == [owner]


def test_autoscalers_are_those_of_this_object() -> None:
    def scaler(name: str, target: str, **labels: str) -> dict[str, Any]:
        reference = {"kind": DEPLOYMENT, "name": target}
        return {"metadata": {"name": name, "labels": labels}, "spec": {"scaleTargetRef": reference}}

    keda = {"scaledobject.keda.sh/name": "queue"}
    scalers = [scaler("busy", "operate"), scaler("other", "tasklist"), scaler("keda-hpa", "operate", **keda)]
    assert workload().owners(scalers) == ["HorizontalPodAutoscaler busy", "KEDA (ScaledObject queue)"]


def pod(state: dict[str, Any] | None, first: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    containers = [] if state is None else [{"name": "restore", "state": state}]
    inits = [] if first is None else [{"name": "empty", "state": first}]
    return {"status": {"containerStatuses": containers, "initContainerStatuses": inits, **status}}


class TestProgress:
    def test_the_restore_applications_exit_code_is_the_end(self) -> None:
        for code in (0, 1, 137):
            assert progress({"status": RUNNING}, pod({"terminated": {"exitCode": code}})).exit_code == code

    def test_it_is_known_even_when_the_job_is_over(self) -> None:
        assert progress({"status": FAILED}, pod({"terminated": {"exitCode": 1}})).exit_code == 1

    def test_a_job_that_is_over_without_one_says_why(self) -> None:
        for one in (None, pod({"running": {}}), pod({"waiting": {"reason": "PodInitializing"}})):
            assert progress({"status": FAILED}, one).trouble == "the Job is over: DeadlineExceeded too long"

    def test_a_volume_that_could_not_be_emptied_is_told(self) -> None:
        told = progress({"status": RUNNING}, pod(None, {"terminated": {"exitCode": 2, "reason": "Error"}}))
        assert told.trouble == "its container empty ended with exit code 2 Error"

    @pytest.mark.parametrize(
        ("one", "why"),
        [
            (None, "its pod is not there yet"),
            (pod({"waiting": {"reason": "PodInitializing"}}, {"running": {}}), "container empty runs first"),
            (
                pod({"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}),
                "container restore waits: ImagePullBackOff no such image",
            ),
            (
                pod(None, conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                                       "message": "0/2 nodes"}]),
                "its pod has no node: Unschedulable 0/2 nodes",
            ),
            (pod(None, phase="Pending"), "its pod is Pending"),
        ],
    )  # fmt: skip
    def test_what_it_waits_for_is_told(self, one: dict[str, Any] | None, why: str) -> None:
        told = progress({"status": RUNNING}, one)
        assert (told.started, told.trouble, told.waits_for) == (False, "", why)


@pytest.mark.parametrize(("status", "is_active"), [(RUNNING, True), ({}, True), (FAILED, False), (COMPLETE, False)])
def test_a_job_is_active_until_it_is_over_or_deleted(status: dict[str, Any], is_active: bool) -> None:
    assert active({"metadata": {}, "status": status}) is is_active
    assert not active({"metadata": {"deletionTimestamp": "now"}, "status": status})


def test_every_verb_is_asked_for_by_itself() -> None:
    asked: list[dict[str, Any]] = []

    def refuse(review: dict[str, Any]) -> bool:
        asked.append(review["spec"]["resourceAttributes"])
        return False

    refused = missing("camunda", refuse)
    assert len(asked) == len(refused) == sum(len(right.verbs) for right in RIGHTS)
    assert {"namespace": "camunda", "group": "", "resource": "pods", "subresource": "log", "verb": "get"} in asked
    assert (
        "it may not patch deployments in namespace camunda, which is needed to stop and start what they run"
        in (refused[3].partition(";")[0])
    )
