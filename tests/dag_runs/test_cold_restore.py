"""The cold restore, whole, against the stand-in: the same tasks as the hot one, with the brokers' data from copies."""

from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import pytest

from tests.dag_runs.cold_playing import at_work
from tests.dag_runs.playing import LINES
from tests.dag_runs.restoring import YES, People, changes, confirmed, destroys, require_order, shown

BROKEN = {"status": 500, "body": {"message": "spoiled"}}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders with what the first cold backup of each line wrote."""
    return {line: tmp_path_factory.mktemp("kept") for line in LINES}


@pytest.fixture
def backed_up(stopping: Any, run_cold: Any, kept: dict[str, Path]) -> Any:
    """A cluster of each line, with one cold backup."""
    return _backed_up(stopping, run_cold, kept[stopping.line])


@pytest.fixture
def backed_up_8_6(stopping_8_6: Any, run_cold: Any, kept: dict[str, Path]) -> Any:
    """A cluster of 8.6 with one cold backup."""
    return _backed_up(stopping_8_6, run_cold, kept["8.6"])


def _backed_up(cluster: Any, run_cold: Any, kept: Path) -> Any:
    """Back up once for all tests, which begin with the cluster and the files as they were after it."""
    written = {"copies": cluster.home / "copies", "manifests": cluster.manifest_folder}
    if not list(kept.iterdir()):
        rmtree(written["copies"], ignore_errors=True)
        done = run_cold(f"cold_back_up_{cluster.name}", **confirmed(cluster, approve=False))
        assert done.state == "success", done.errors
        cluster.stand_in.keep("backed up")
        for name, folder in written.items():
            copytree(folder, kept / name)
    at_work(cluster, "backed up")
    for name, folder in written.items():
        rmtree(folder)
        copytree(kept / name, folder)
    return cluster


@pytest.fixture
def attempt(run_cold: Any, api: Any) -> Any:
    """Restore with people who say yes; what must never happen is looked for after each run."""

    def run(cluster: Any, before: Any = None, **conf: Any) -> Any:
        since = len(cluster.stand_in.journal())
        with People(api, YES, before).at_work():
            done = run_cold(f"cold_restore_{cluster.name}", **confirmed(cluster, **conf))
        require_order(cluster, done, since)
        return done

    return run


def since_backup(cluster: Any) -> list[str]:
    """Give what was changed after the backup."""
    return changes(cluster.stand_in.journal())


def archive(cluster: Any) -> Path:
    """Give the file of the broker's data."""
    ((_, manifest),) = cluster.manifests().items()
    return Path(manifest["copies"][0]["file"])


@pytest.mark.parametrize("disaster", [True, False], ids=["from a disaster", "from a running cluster"])
def test_a_cold_restore_brings_back_what_was_backed_up(backed_up: Any, attempt: Any, disaster: bool) -> None:
    stand_in, before, records = backed_up.stand_in, shown(backed_up), backed_up.stand_in.written()
    stand_in.work(3)
    (backed_up.home / "keycloak").write_text("users of later\n")
    if disaster:
        stand_in.disaster()

    done = attempt(backed_up)

    assert done.state == "success", done.errors
    assert stand_in.truth()["instances"] == {"ACTIVE": 2, "CANCELED": 1, "COMPLETED": 1}
    assert (shown(backed_up), stand_in.written()) == (before, records)
    assert set(backed_up.processes.values()) == {"running"}
    assert (backed_up.home / "keycloak").read_text() == "users of now\n"
    ((backup_id, manifest),) = backed_up.manifests().items()
    report = done.results("report")
    assert report["backup_id"] == backup_id
    assert report["counts"]["restored"] == manifest["counts"]


def test_the_plan_names_the_copies(backed_up: Any, run_cold: Any) -> None:
    done = run_cold(f"cold_restore_{backed_up.name}")

    assert done.state == "success", done.errors
    ((_, manifest),) = backed_up.manifests().items()
    (copy,) = manifest["copies"]
    told = copy["file"] if copy["type"] == "archive" else copy["reference"]
    assert f"from a cold copy: broker-0 (node 0): {told}, " in done.results("plan")["text"]
    assert since_backup(backed_up) == []


@pytest.mark.faults
@pytest.mark.parametrize("damage", ["gone", "shorter", "changed"])
def test_a_damaged_copy_is_refused_before_anything_changes(backed_up_8_6: Any, attempt: Any, damage: str) -> None:
    file = archive(backed_up_8_6)
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-512] if damage == "shorter" else content[:600] + b"x" + content[601:])

    done = attempt(backed_up_8_6)

    assert done.tasks["plan"] == "failed"
    assert "broker-0: " in done.errors
    assert since_backup(backed_up_8_6) == []


def test_a_set_that_lost_a_snapshot_is_refused(backed_up_8_6: Any, attempt: Any) -> None:
    (backup_id,) = backed_up_8_6.manifests()
    name = f"camunda_cold_tasklist_{backup_id}"
    backed_up_8_6.stand_in.ask("search", f"/_snapshot/backups/{name}", "DELETE").raise_for_status()

    done = attempt(backed_up_8_6)

    assert f"tasklist: snapshot {name} is not in the repository any more" in done.errors


def test_a_hot_restore_takes_no_cold_backup_and_a_cold_one_no_hot_one(
    backed_up_8_6: Any, attempt: Any, run_cold: Any
) -> None:
    (cold,) = backed_up_8_6.manifests()
    assert run_cold(f"back_up_{backed_up_8_6.name}").state == "success"
    hot = max(backed_up_8_6.manifests())
    assert hot > cold

    wrong = attempt(backed_up_8_6, backup_id=hot)
    right = run_cold(f"restore_{backed_up_8_6.name}")
    newest = run_cold(f"cold_restore_{backed_up_8_6.name}")
    named = run_cold(f"restore_{backed_up_8_6.name}", backup_id=cold)

    assert f"backup {hot} is a hot one; restore it with restore_{backed_up_8_6.name}" in wrong.errors
    assert f"backup {cold} is a cold one; restore it with cold_restore_{backed_up_8_6.name}" in named.errors
    assert right.results("plan")["backup_id"] == hot
    assert newest.results("plan")["backup_id"] == cold


def test_without_a_cold_backup_there_is_nothing_to_restore(stopping_8_6: Any, run_cold: Any) -> None:
    done = run_cold(f"cold_restore_{stopping_8_6.name}")

    assert "there is no complete cold backup" in done.errors


@pytest.mark.faults
@pytest.mark.parametrize(
    ("method", "path", "task"),
    [
        ("POST", "/processes/zeebe/archive", "restore_zeebe_broker-0"),
        ("POST", "/processes/zeebe/empty", "restore_zeebe_broker-0"),
    ],
)
def test_data_that_does_not_come_back_keeps_everything_stopped(
    backed_up_8_6: Any, attempt: Any, method: str, path: str, task: str
) -> None:
    backed_up_8_6.stand_in.fault("processes", BROKEN, method=method, path=path)

    done = attempt(backed_up_8_6)

    assert done.tasks[task] == "failed"
    assert set(backed_up_8_6.stand_in.truth()["processes"].values()) == {"stopped"}
    assert not any(destroys(e) and e["role"] == "search" for e in backed_up_8_6.stand_in.journal())
    assert "stays stopped rather than half-started" in done.log

    again = attempt(backed_up_8_6)

    assert again.state == "success", again.errors
    assert set(backed_up_8_6.processes.values()) == {"running"}
