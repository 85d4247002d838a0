"""A host whose processes are files: each holds what its process says of itself. Commands really run."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from camunda_backup.runtimes import runtime_of
from camunda_backup.runtimes.runtime import Runtime
from camunda_backup.targets import CommandRuntime
from tests.observing import exists
from tests.runtimes.ssh_server import PASSWORD, USER, SshServer, serving

CONN_ID = "camunda_host"


@dataclass(frozen=True)
class Host:
    """A folder with one file per process, and a journal of the commands that changed something.

    :param ssh: the SSH connection through which commands run, or None
    """

    folder: Path
    ssh: str | None

    def process(self, name: str, **commands: str) -> dict[str, Any]:
        """Return a process whose commands read and write its file."""
        file, journal = self.folder / name, self.folder / "journal"
        file.write_text("running")
        return {
            "ssh": self.ssh,
            "state": f"cat {file}",
            "stop": f"echo stop {name} >> {journal}; echo stopped > {file}",
            "start": f"echo start {name} >> {journal}; echo running > {file}",
            **commands,
        }

    def broker(self, name: str, **commands: str) -> dict[str, Any]:
        """Return a broker that has data; its restore application does nothing but say that it worked."""
        data = self.folder / f"{name}-data"
        data.mkdir()
        (data / ".topology.meta").write_text("old")
        (data / "partitions").mkdir()
        return self.process(name) | {
            "name": name,
            "empty": f"find {data} -mindepth 1 -delete",
            "restore": f"touch {data}/restored; echo Successfully restored broker from backup {{backup_id}}",
            **commands,
        }

    def data(self, name: str) -> set[str]:
        """Return what lies in a broker's data directory."""
        return {path.name for path in (self.folder / f"{name}-data").iterdir()}

    def says(self, name: str, word: str) -> None:
        """Let a process say a word of itself."""
        (self.folder / name).write_text(word)

    def journal(self) -> list[str]:
        """Return what was done, in order."""
        journal = self.folder / "journal"
        return journal.read_text().splitlines() if journal.exists() else []

    @staticmethod
    def runtime(timeout: str = "30s", restore_timeout: str = "30s", **processes: Any) -> Runtime:
        """Return the runtime of a cluster file with these processes, by way of JSON."""
        told = CommandRuntime(type="command", timeout=timeout, restore_timeout=restore_timeout, processes=processes)
        return runtime_of(json.loads(json.dumps(told.as_json())))


def goes_on(pid: Path) -> bool:
    """Return whether the process whose ID stands in a file is there; on a busy machine it may never have begun."""
    known = pid.read_text(encoding="utf-8") if pid.exists() else ""
    return bool(known.strip()) and exists(int(known))


@pytest.fixture
def ssh_server() -> Iterator[SshServer]:
    """An SSH server that runs commands on this machine."""
    with serving(SshServer()) as server:
        yield server


@pytest.fixture
def ssh_connection(ssh_server: SshServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Define the connection to it from its fields in Airflow's JSON form."""

    def define(**fields: Any) -> str:
        told = {
            "conn_type": "ssh",
            "host": "127.0.0.1",
            "port": ssh_server.port,
            "login": USER,
            "password": PASSWORD,
            "extra": {"host_key": ssh_server.host_key, "look_for_keys": False},
            **fields,
        }
        monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(told))
        return CONN_ID

    return define


@pytest.fixture(params=["local", "ssh"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    """The same host twice: the worker itself, and another one over SSH."""
    ssh = request.getfixturevalue("ssh_connection")() if request.param == "ssh" else None
    return Host(tmp_path, ssh)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What was logged from INFO on."""
    caplog.set_level(logging.INFO)
    return caplog
