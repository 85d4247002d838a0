"""How a cluster file says what its components run on, and what of it travels to the tasks."""

import json
from datetime import timedelta
from typing import Any

import pydantic
import pytest

from camunda_backup.clusters import Cluster
from camunda_backup.runtimes import RUNTIMES
from camunda_backup.targets import CommandRuntime

BROKER = {
    "name": "broker-0",
    "state": "systemctl is-active zeebe",
    "stop": "systemctl stop zeebe",
    "start": "systemctl start zeebe",
    "empty": "find /var/lib/zeebe -mindepth 1 -delete",
    "restore": "restore --backupId={backup_id}",
}
RUNTIME = {"type": "command", "timeout": "90s", "processes": {"zeebe": [{**BROKER, "ssh": "zeebe_host"}]}}
CONNECTIONS = {"zeebe": "z", "operate": "o", "tasklist": "t", "operate_web": "ow", "tasklist_web": "tw"}


def cluster(version: str = "8.6", connections: dict[str, str] = CONNECTIONS, **fields: Any) -> Cluster:
    return Cluster(
        name="prod",
        version=version,
        connections=connections,
        secondary_storage={"engine": "opensearch", "connection": "s"},
        repository={"name": "backups", "type": "fs", "settings": {"location": "backups"}},
        **fields,
    )


def test_a_runtime_travels_as_json_with_its_durations_in_seconds() -> None:
    told = json.loads(json.dumps(cluster(runtime=RUNTIME).runtime_config()))
    assert (told["timeout"], told["restore_timeout"]) == (90, 7200)
    assert CommandRuntime.from_json(told) == CommandRuntime(**RUNTIME)
    assert CommandRuntime.from_json(told).timeout == timedelta(seconds=90)


def test_without_a_runtime_there_is_none_to_travel() -> None:
    assert cluster().runtime_config() is None


def test_every_type_of_runtime_that_a_cluster_file_may_name_is_registered() -> None:
    assert set(RUNTIMES) == {"command"} == {CommandRuntime(**RUNTIME).type}


@pytest.mark.parametrize(
    ("processes", "told"),
    [
        ({"zeebe": []}, "at least 1 item"),
        ({"zeebe": [BROKER, BROKER]}, "give every broker a name of its own"),
        ({"zeebe": [{**BROKER, "restore": "restore"}]}, "match pattern '.{backup_id"),
        ({"zeebe": [{**BROKER, "has_backup": "true"}]}, "match pattern '.{backup_id"),
        ({"zeebe": [{**BROKER, "name": ""}]}, "match pattern"),
        ({"zeebe": [BROKER], "connectors": [BROKER]}, "Extra inputs"),
    ],
)
def test_a_runtime_that_cannot_work_is_refused(processes: dict[str, Any], told: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=told):
        cluster(runtime={**RUNTIME, "processes": processes})


@pytest.mark.parametrize(
    ("version", "connections", "kind", "conn_ids"),
    [
        ("8.6", CONNECTIONS, "cookie", {"operate_web": "ow", "tasklist_web": "tw"}),
        ("8.6", {"zeebe": "z", "operate": "o", "tasklist": "t"}, "cookie", {}),
        ("8.8", {"zeebe": "z", "rest": "r"}, "basic", {"rest": "r"}),
    ],
)
def test_without_an_identity_provider_users_sign_in_as_their_generation_does(
    version: str, connections: dict[str, str], kind: str, conn_ids: dict[str, str]
) -> None:
    told = cluster(version, connections).sign_ins()
    assert told == {
        "access": {"kind": kind, "issuer": None, "audience": None, "scope": None},
        "conn_ids": conn_ids,
        "version": version,
    }


@pytest.mark.parametrize("version", ["8.6", "8.8"])
def test_with_one_everybody_shows_its_token(version: str) -> None:
    connections = CONNECTIONS if version == "8.6" else {"zeebe": "z", "rest": "r"}
    told = cluster(version, connections, identity={"issuer": "id", "audience": "operate-api"})
    wanted = {"kind": "oidc", "issuer": "id", "audience": "operate-api", "scope": None}
    assert (told.access(), told.rest_access()) == (wanted, wanted)
