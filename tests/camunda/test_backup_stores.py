"""Zeebe's own backup stores: a broker of the user's own Camunda on versitygw, fake-gcs-server and azurite."""

import json
import shutil
from collections.abc import Iterator

import pytest

from camunda_backup.api.messages import Request
from camunda_backup.errors import CamundaBackupError, Unreachable
from camunda_backup.hooks.parts import Part, PartHook
from camunda_backup.states import Component, Phase
from sandbox import camunda, stores
from sandbox.camunda_home import CLUSTER, distribution
from sandbox.programs import Programs
from sandbox.sites import Site
from sandbox.zeebe_alone import BUCKET, RELEASES
from tests.observing import until
from tests.real.benches import PATIENCE, place
from tests.real.store_users import kept, make_buckets

CONN_ID = "real_zeebe"
BACKUP = 20260101
Place = tuple[Site, Programs]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The three stores; the brokers come and go."""
    home = tmp_path_factory.mktemp("zeebe")
    with place(home) as site, Programs(home / "programs") as programs, pytest.MonkeyPatch.context() as patch:
        connection = {"conn_type": "http", "host": site.url("zeebe_management")}
        patch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(connection))
        stores.install(site.cache, print)
        for program in (stores.s3(site), stores.azurite(site), stores.gcs(site)):
            programs.start(program)
        for name in ("s3", "azurite", "gcs"):
            programs.wait_healthy(name, PATIENCE)
        make_buckets(site, BUCKET)
        yield site, programs


def zeebe(line: str) -> PartHook:
    return PartHook(Part(Component.ZEEBE, CONN_ID, line))


def asked(line: str) -> PartHook:
    """Return the hook once its gateway knows the partitions: 8.5 is healthy before that, and says 502 to everything."""
    hook = zeebe(line)
    until(lambda: knows_partitions(hook), PATIENCE)
    return hook


def knows_partitions(hook: PartHook) -> bool:
    try:
        hook.listed()
    except Unreachable:
        return False
    return True


def ended(hook: PartHook, backup_id: int) -> None:
    until(lambda: hook.status(backup_id).phase is Phase.COMPLETED, PATIENCE)


@pytest.mark.parametrize("store", ("s3", "gcs", "azure") if distribution().line == CLUSTER else ("s3",))
def test_a_backup_reaches_the_store_and_comes_back(running: Place, store: str) -> None:
    site, programs = running
    line = distribution().line
    release = RELEASES[line]
    backup_id = BACKUP + int(line.replace(".", ""))
    shutil.rmtree(camunda.zeebe_data(site), ignore_errors=True)
    programs.start(release.broker(site, store))
    try:
        programs.wait_healthy("zeebe", PATIENCE)
        hook = asked(line)
        hook.start(backup_id)
        ended(hook, backup_id)
        report = hook.status(backup_id)
        assert {piece.version for piece in report.pieces} == {distribution().version}
        assert len(report.pieces) == camunda.PARTITIONS
        assert [told.backup_id for told in hook.listed()] == [backup_id]
        with pytest.raises(CamundaBackupError, match="latest backup has id"):
            hook.start(backup_id)
        assert any(str(backup_id) in name for name in kept(site, store, "", BUCKET))
    finally:
        programs.stop("zeebe")

    shutil.rmtree(camunda.zeebe_data(site))
    restored = programs.run(release.restore(site, store, backup_id), PATIENCE)
    assert (restored.exit_code, "Successfully restored" in restored.output) == (0, True), restored.output[-2000:]
    refused = programs.run(release.restore(site, store, backup_id), PATIENCE)
    assert refused.exit_code != 0, "it restored into a data folder that is not empty"

    programs.start(release.broker(site, store))
    try:
        programs.wait_healthy("zeebe", PATIENCE)
        answer = asked(line).send(Request("DELETE", f"/actuator/backups/{backup_id}"))
        assert answer.status == 204
        until(lambda: not any(str(backup_id) in name for name in kept(site, store, "", BUCKET)), PATIENCE)
    finally:
        programs.stop("zeebe")
