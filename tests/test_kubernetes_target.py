"""How a cluster file says what runs on Kubernetes, and what the Helm chart's defaults make of it."""

import json
from pathlib import Path
from typing import Any

import pydantic
import pytest
import yaml

from camunda_backup.cluster_files import read_cluster
from camunda_backup.errors import ClusterFileError
from camunda_backup.kubernetes_target import KubernetesRuntime

PROJECT = Path(__file__).parents[1]
SHORT: dict[str, Any] = {"type": "kubernetes", "connection": "kubernetes_prod", "namespace": "camunda", "brokers": 3}
LABEL = "app.kubernetes.io/component"


def filled(version: str = "8.6", **fields: Any) -> KubernetesRuntime:
    return KubernetesRuntime(**{**SHORT, **fields}).of_version(version)


def test_it_travels_as_json_with_its_durations_in_seconds() -> None:
    told = json.loads(json.dumps(filled(timeout="90s").as_json()))
    assert (told["timeout"], told["restore_timeout"]) == (90, 7200)
    assert KubernetesRuntime.from_json(told) == filled(timeout="90s")


@pytest.mark.parametrize(
    ("version", "operate", "importer", "program"),
    [
        ("8.5.1", f"{LABEL}=operate", "", "/usr/local/zeebe/bin/restore"),
        ("8.7", f"{LABEL}=operate", "", "/usr/local/zeebe/bin/restore"),
        ("8.8", "", f"{LABEL}=orchestration-importer", "/usr/local/camunda/bin/restore"),
        ("8.10.2", "", f"{LABEL}=orchestration-importer", "/usr/local/camunda/bin/restore"),
    ],
)
def test_what_is_left_out_is_as_the_helm_chart_makes_it(
    version: str, operate: str, importer: str, program: str
) -> None:
    told = filled(version)
    assert told.components.zeebe == f"{LABEL}=zeebe-broker"
    assert (told.components.operate, told.components.importer, told.restore.program) == (operate, importer, program)


def test_everything_can_be_written_out() -> None:
    told = filled(
        release="blue",
        components={"zeebe": "app=zeebe"},
        restore={"program": "/opt/restore", "node_id": ["NODE"], "environment": {"X": "1"}, "volume": "disk"},
    )
    assert told.components.zeebe == "app=zeebe"
    assert told.components.operate == f"{LABEL}=operate,app.kubernetes.io/instance=blue"
    assert (told.restore.program, told.restore.node_id, told.restore.environment) == (
        "/opt/restore", ("NODE",), {"X": "1"}
    )  # fmt: skip


@pytest.mark.parametrize(
    "mistake",
    [{"brokers": 0}, {"namespace": "Camunda"}, {"components": {"zeebe": "a b"}}, {"restore": {"program": "restore"}}],
)
def test_what_cannot_work_is_refused(mistake: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        filled(**mistake)


def written(folder: Path, runtime: dict[str, Any]) -> Path:
    data = yaml.safe_load((PROJECT / "include/sandbox/clusters/embedded.yaml").read_text(encoding="utf-8"))
    file = folder / "prod.yaml"
    file.write_text(yaml.safe_dump({**data, "runtime": runtime}), encoding="utf-8")
    return file


def test_tasks_are_made_for_as_many_brokers_as_the_file_says(tmp_path: Path) -> None:
    cluster = read_cluster(written(tmp_path, SHORT))
    assert cluster.broker_names == ("broker-0", "broker-1", "broker-2")
    config = cluster.runtime_config()
    assert config is not None
    assert config["components"]["gateway"] == f"{LABEL}=zeebe-gateway"


@pytest.mark.parametrize(
    ("runtime", "told"),
    [
        ({**SHORT, "brokers": "many"}, "prod.yaml: runtime.brokers: "),
        ({**SHORT, "pods": 3}, "prod.yaml: runtime.pods: there is no such field"),
        ({**SHORT, "type": "nomad"}, "prod.yaml: runtime: type must be one of 'command', 'kubernetes'"),
    ],
)
def test_mistakes_name_the_field(tmp_path: Path, runtime: dict[str, Any], told: str) -> None:
    with pytest.raises(ClusterFileError) as caught:
        read_cluster(written(tmp_path, runtime))
    assert str(caught.value).startswith(told)


def test_the_documented_runtime_can_be_used(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    shown = yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])["runtime"]
    assert read_cluster(written(tmp_path, shown)).broker_names[-1] == "broker-2"
