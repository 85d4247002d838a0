"""The embedded cluster of open parts: OpenSearch and an S3 store, and before them a stand-in for Camunda 8.6."""

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from . import fetch, ports
from .errors import SandboxError
from .loopback import TIMEOUT, answers, session
from .opensearch import opensearch
from .preflight import Needs
from .programs import POLL_INTERVAL, Program, Programs, python_program
from .sites import BackupStore, Site

Report = Callable[[str], None]

LINE, VERSION = "8.6", "8.6.0"
BUCKET = "zeebe-backups"
REPOSITORY = "backups"
INDICES = "operate-*,tasklist-*,optimize-*,zeebe-record*"
START_PATIENCE = 240.0
CONTROL_TIMEOUT = 60.0  # seconds; a stop waits for what is being written
MEMORY_MIB = 896  # 432 were seen, of which the heap of OpenSearch may still grow
DATA_MIB = 256
CONTROL = "control"

PROGRAMS = ("search", "store", "stand_in")
PLAYED = {
    "zeebe": "zeebe_management",
    "operate": "operate_management",
    "tasklist": "tasklist_management",
    "optimize": "optimize_management",
}
"""What the stand-in plays, and where each says how it is."""

SERVERS = (
    "zeebe_rest",
    "zeebe_management",
    "operate_web",
    "operate_management",
    "tasklist_web",
    "tasklist_management",
    "optimize_web",
    "optimize_management",
    "search",
    "store",
    CONTROL,
)


class OpenCluster:
    """OpenSearch, Zeebe's backup store, and one stand-in that plays Zeebe (two partitions) and the web apps.

    All records and documents are in OpenSearch, Zeebe's backups in the store; Zeebe's own data end with the stand-in.
    Every `start` begins with an empty cluster. OpenSearch keeps its data when it is stopped and started by itself, the
    store does not. All parts end with the process that started them.

    :param home: the folder for data and logs
    :param base_port: see `ports.py`
    """

    parts = PROGRAMS

    version = VERSION

    def __init__(self, home: Path, base_port: int) -> None:
        self.home = home.resolve()
        self.urls = ports.urls(base_port, SERVERS)
        self._site = Site(self.home / "data", fetch.cache_folder(), base_port, "s3", REPOSITORY)
        self._programs: Programs | None = None
        self._frozen: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def programs(self) -> Programs:
        """The running programs; further ones may be started beside them and end with them.

        :raises SandboxError: the cluster is not started
        """
        if self._programs is None:
            raise SandboxError("The embedded cluster is not started.")
        return self._programs

    @property
    def processes(self) -> str:
        """The address at which its parts are controlled: the stand-in's own, see `process_control.py`."""
        return self.urls[CONTROL]

    def needs(self) -> Needs:
        """Return what a start takes, for `preflight.problems`."""
        cache, context = self._site.cache, fetch.maven(lambda _: None)
        unpacking = sum(artifact.mib for artifact in fetch.missing(fetch.ARTIFACTS, cache))
        downloads = fetch.to_download(fetch.ARTIFACTS, cache, context)
        return Needs(
            ports={name: ports.port(self._site.base_port, name) for name in (*SERVERS, "search_transport")},
            memory_mib=MEMORY_MIB,
            disk_mib={self.home: DATA_MIB, cache: unpacking},
            java=True,
            download_from=tuple(context.remote_repos.values()) if downloads else (),
        )

    def fetch(self, report: Report) -> None:
        """Download and unpack what is not there yet.

        :param report: is told what is being done
        :raises SandboxError: see `fetch.fetch`
        """
        fetch.fetch(fetch.ARTIFACTS, self._site.cache, fetch.maven(report), report)

    def start(self, report: Report) -> None:
        """Start an empty cluster and wait until every part is healthy.

        :param report: is told of each part that is up
        :raises SandboxError: a part ended or did not answer in time, or another sandbox uses the folder
        """
        self._programs = Programs(self.home)
        shutil.rmtree(self._site.data, ignore_errors=True)
        for name in PROGRAMS:  # side by side: the stand-in waits for OpenSearch by itself
            self.start_part(name)
        for name in PROGRAMS:
            self.wait_healthy(name, START_PATIENCE)
            report(f"{name} is up after {self.seconds(name):.0f} s")

    def stop(self) -> None:
        """Stop every part; harmless when nothing runs."""
        if self._programs is not None:
            self._programs.close()
            self._programs = None

    def start_part(self, name: str, *, backup_store: BackupStore = "s3") -> None:
        """Start one part with the data it has, without waiting for it.

        :param name: a program, or something that the stand-in plays
        :param backup_store: for `store`: `s3-wrong` gives wrong answers to uploads; the stand-in's client would forgive
            them, so it is told to take them as Zeebe does
        """
        if name in PLAYED:
            self._tell(f"/processes/{name}/start")
            return
        self.programs.start(getattr(self, f"_{name}")(backup_store))
        if name == "store" and self.is_running("stand_in"):
            self._tell("/conditions", {"backup_store": "wrong" if backup_store == "s3-wrong" else "ready"})

    def stop_part(self, name: str) -> None:
        """Stop one part in an orderly way."""
        if name in PLAYED:
            self._tell(f"/processes/{name}/stop")
        else:
            self.programs.stop(name)

    def kill_part(self, name: str) -> None:
        """End one part as a crash would."""
        if name in PLAYED:
            self.stop_part(name)
        else:
            self.programs.kill(name)

    def freeze_part(self, name: str) -> None:
        """Let one part hang: it takes connections and answers nothing."""
        if name in PLAYED:
            self._freeze([*self._frozen, name])
        else:
            self.programs.freeze(name)

    def thaw_part(self, name: str) -> None:
        """Let a frozen part go on."""
        if name in PLAYED:
            self._freeze([one for one in self._frozen if one != name])
        else:
            self.programs.thaw(name)

    def is_running(self, name: str) -> bool:
        """Return whether one part is there, frozen or not."""
        if name in PLAYED:
            return self.is_running("stand_in") and self._ask("GET", f"/processes/{name}")["state"] == "running"
        return self._programs is not None and self._programs.is_running(name)

    def pid(self, name: str) -> int:
        """Return the process ID of a running program."""
        return self.programs.pid(name)

    def seconds(self, name: str) -> float | None:
        """Return how long a program took to its first good answer, in seconds; None before that."""
        return self.programs.seconds(name)

    def log_path(self, name: str) -> Path:
        """Return the log of one program."""
        return self.home / "logs" / f"{name}.log"

    def wait_healthy(self, name: str, timeout: float) -> None:
        """Wait until one part is ready for work.

        :param timeout: seconds from now
        :raises SandboxError: it ended, or did not answer in time
        """
        if name not in PLAYED:
            self.programs.wait_healthy(name, timeout)
            return
        deadline = time.monotonic() + timeout
        while not answers(self._health(name)):
            if time.monotonic() > deadline:
                raise SandboxError(f"{name} is not up after {timeout:.0f} s; see {self.log_path('stand_in')}.")
            time.sleep(POLL_INTERVAL)

    def register_repository(self) -> None:
        """Register the snapshot repository, as a cluster's owner does before the first backup.

        :raises SandboxError: OpenSearch refused it
        """
        definition = {"type": "fs", "settings": {"location": REPOSITORY}}
        with session() as direct:
            address = f"{self.urls['search']}/_snapshot/{REPOSITORY}"
            response = direct.put(address, json=definition, timeout=TIMEOUT)
        if not response.ok:
            raise SandboxError(f"OpenSearch refused the repository {REPOSITORY}: {response.text}")

    def destroy(self, report: Report) -> None:
        """Lose Zeebe's data, every index of Camunda's, and the processes that used them; all backups stay.

        :param report: is told what is gone
        :raises SandboxError: the stand-in refused
        """
        before = self._count_indices()
        self._tell("/disaster")
        report("Optimize, Tasklist, Operate and Zeebe are killed")
        report("Zeebe's data is gone")
        report(f"{before - self._count_indices()} indices are deleted")

    def _count_indices(self) -> int:
        with session() as direct:
            listed = direct.get(f"{self.urls['search']}/_cat/indices/{INDICES}?format=json&h=index", timeout=TIMEOUT)
        if not listed.ok:
            raise SandboxError(f"OpenSearch refused to list {INDICES}: {listed.text}")
        return len(listed.json())

    def _health(self, name: str) -> str:
        group = "status" if name == "zeebe" else "readiness"
        return f"{self.urls[PLAYED[name]]}/actuator/health/{group}"

    def _freeze(self, names: list[str]) -> None:
        self._frozen = names
        self._tell("/conditions", {"frozen": names})

    def _tell(self, path: str, body: dict[str, Any] | None = None) -> None:
        self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the stand-in's control port.

        :raises SandboxError: it cannot be asked, or refused
        """
        try:
            with session() as direct:
                response = direct.request(method, f"{self.processes}{path}", json=body, timeout=CONTROL_TIMEOUT)
        except requests.RequestException as error:
            raise SandboxError(f"The stand-in does not answer {method} {path}: {type(error).__name__}.") from error
        if not response.ok:
            raise SandboxError(f"The stand-in refused {method} {path}: {response.text}")
        return response.json() if response.content else None

    def _search(self, _backup_store: BackupStore) -> Program:
        ready = f"{self.urls['search']}/_cluster/health?wait_for_status=yellow&timeout=1s"  # its shards, too
        return replace(opensearch(self._site), health=ready)

    def _store(self, backup_store: BackupStore) -> Program:
        wrong = ("--wrong",) if backup_store == "s3-wrong" else ()
        arguments = ("--port", self._site.port("store"), "--bucket", BUCKET, *wrong)
        health = f"{self.urls['store']}/{BUCKET}"
        return python_program("store", "object_store", arguments, self._site.home("store"), health)

    def _stand_in(self, _backup_store: BackupStore) -> Program:
        arguments = ("--line", LINE, "--ports", str(self._site.base_port), "--search", self.urls["search"])
        stored = ("--store", self.urls["store"], "--bucket", BUCKET)
        home = self._site.home("stand_in")
        return python_program("stand_in", "stand_in", (*arguments, *stored), home, self._health("operate"))
