"""How a cluster file says what its components run on, and what of it travels to the tasks."""

import json
from datetime import timedelta
from typing import Any

import pydantic
import pytest

from camunda_backup.clusters import Cluster
from camunda_backup.runtimes import RUNTIMES
from camunda_backup.states import Component
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
        repository={"name": "backups", "type": "fs", "settings": {"location": "backups"}},
        **{"secondary_storage": {"engine": "opensearch", "connection": "s"}, **fields},
    )


def test_a_runtime_travels_as_json_with_its_durations_in_seconds() -> None:
    told = json.loads(json.dumps(cluster(runtime=RUNTIME).runtime_config()))
    assert (told["timeout"], told["restore_timeout"]) == (90, 7200)
    assert CommandRuntime.from_json(told) == CommandRuntime(**RUNTIME)
    assert CommandRuntime.from_json(told).timeout == timedelta(seconds=90)


def test_without_a_runtime_there_is_none_to_travel() -> None:
    assert cluster().runtime_config() is None


def test_every_type_of_runtime_that_a_cluster_file_may_name_is_registered() -> None:
    assert set(RUNTIMES) == {"command", "kubernetes"}


@pytest.mark.parametrize(
    ("processes", "told"),
    [
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
        ("8.8", {"zeebe": "z", "rest": "r"}, "connection", {"rest": "r"}),
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


def told_at(one: Cluster, conn_id: str) -> tuple[str, str | None]:
    """Return kind and audience of what is shown to a management port or the search engine."""
    access = one.access_at(conn_id)
    return access["kind"], access["audience"]


IDENTITY = {"issuer": "id", "audience": "camunda", "scope": "read"}


def test_by_default_management_ports_are_signed_in_to_as_their_connections_say() -> None:
    one = cluster("8.6", CONNECTIONS, identity=IDENTITY)
    assert told_at(one, "z") == ("connection", None)
    assert one.part(Component.RECORDS)["access"]["kind"] == "connection"


def test_management_ports_take_tokens_and_one_of_them_another_or_none() -> None:
    ports = {"operate": {"sign_in": "oidc", "audience": "operate-api"}, "tasklist": {"sign_in": "basic"}}
    one = cluster("8.6", CONNECTIONS, identity=IDENTITY, management={"sign_in": "oidc", "ports": ports})
    oidc = {"kind": "oidc", "issuer": "id", "audience": "camunda", "scope": "read"}
    assert one.exporting()["access"] == one.exporting()["broker_access"] == oidc
    assert one.part(Component.ZEEBE)["access"] == oidc
    assert one.part(Component.OPERATE)["access"] == {**oidc, "audience": "operate-api"}
    assert one.part(Component.TASKLIST)["access"]["kind"] == "basic"
    assert [told_at(one, conn_id) for conn_id in ("z", "o", "t")] == [
        ("oidc", "camunda"),
        ("oidc", "operate-api"),
        ("basic", None),
    ]


def test_from_8_8_the_web_apps_part_is_made_where_zeebe_is_signed_in_to() -> None:
    management = {"ports": {"zeebe": {"sign_in": "oidc"}}}
    one = cluster("8.8", {"zeebe": "z", "rest": "r"}, identity=IDENTITY, management=management)
    assert one.part(Component.WEB_APPS)["access"] == one.rest_access()


def test_the_search_engine_is_signed_in_to_in_a_way_of_its_own() -> None:
    storage = {"engine": "opensearch", "connection": "s", "sign_in": "oidc", "scope": "snapshots"}
    one = cluster("8.6", CONNECTIONS, identity=IDENTITY, secondary_storage=storage)
    wanted = {"kind": "oidc", "issuer": "id", "audience": "camunda", "scope": "snapshots"}
    assert wanted == one.storage()["access"] == one.part(Component.RECORDS)["access"] == one.access_at("s")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"management": {"sign_in": "oidc"}}, "sign_in: oidc needs identity.issuer"),
        ({"management": {"ports": {"zeebe": {"sign_in": "oidc"}}}}, "sign_in: oidc needs identity.issuer"),
        (
            {"secondary_storage": {"engine": "opensearch", "connection": "s", "sign_in": "oidc"}},
            "sign_in: oidc needs identity.issuer",
        ),
        ({"identity": IDENTITY, "management": {"audience": "camunda"}}, "write sign_in: oidc, or leave them out"),
        ({"management": {"sign_in": "kerberos"}}, "connection"),
        ({"management": {"ports": {"rest": {"sign_in": "oidc"}}}}, "zeebe"),
    ],
)
def test_a_sign_in_that_cannot_work_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=told):
        cluster("8.6", CONNECTIONS, **fields)
