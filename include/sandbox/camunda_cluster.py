"""A cluster of the user's own Camunda 8.6 with OpenSearch on this machine; only Optimize is a stand-in."""

import shutil
import tarfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from . import camunda, camunda_home, fetch, ports, zeebe_backups
from .errors import SandboxError
from .loopback import TIMEOUT, session
from .parts import PARTS
from .preflight import Needs
from .process_control import ProcessControl
from .programs import POLL_INTERVAL, Ended, Programs
from .sites import BackupStore, Site

Report = Callable[[str], None]

START_PATIENCE = 240.0  # from one part to the next
RESTORE_PATIENCE = 600.0
MEMORY_MIB = 2560
DATA_MIB = 1024
CONTROL = "processes"
LOST_IN_A_DISASTER = ("optimize", "tasklist", "operate", "zeebe")
INDICES = "operate-*,tasklist-*,optimize-*,zeebe-record*"


class CamundaCluster:
    """Zeebe (two partitions), Operate, Tasklist, a stand-in for Optimize, OpenSearch, and Zeebe's backup store.

    Every `start` begins with an empty cluster; a part that is stopped and started by itself keeps its data,
    except for the backup store, which lives in memory. All parts end with the process that started them.

    :param home: the folder for data and logs
    :param base_port: see `ports.py`
    :param backup_store: `s3` works, with `s3-wrong` Zeebe's backups become FAILED, with `none` Zeebe has no store
    :param repository: the snapshot repository that Operate and Tasklist are told to use
    :raises SandboxError: `CAMUNDA_HOME` names no distribution for it, see `camunda_home.py`
    """

    def __init__(
        self, home: Path, base_port: int, *, backup_store: BackupStore = "s3", repository: str = "backups"
    ) -> None:
        self.distribution = camunda_home.distribution(camunda_home.CLUSTER)
        self.home = home.resolve()
        self.repository = repository
        self.parts = tuple(name for name in PARTS if name != "store" or backup_store != "none")
        servers = (server for name in self.parts for server in PARTS[name].servers)
        self.urls = ports.urls(base_port, (*servers, CONTROL))
        self._site = Site(self.home / "data", fetch.cache_folder(), base_port, backup_store, repository)
        self._programs: Programs | None = None
        self._control = ProcessControl(ports.port(base_port, CONTROL), self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def version(self) -> str:
        """Its exact version."""
        return self.distribution.version

    @property
    def programs(self) -> Programs:
        """The running parts; further programs may be started beside them and end with them.

        :raises SandboxError: the cluster is not started
        """
        if self._programs is None:
            raise SandboxError("The cluster is not started.")
        return self._programs

    @property
    def site(self) -> Site:
        """Where and how it runs, for who runs its parts in another way."""
        return self._site

    @property
    def processes(self) -> str:
        """The address at which its parts are controlled, see `process_control.py`."""
        return self.urls[CONTROL]

    def needs(self) -> Needs:
        """Return what a start takes, for `preflight.problems`."""
        cache = self._site.cache
        names = (name for part in self.parts for name in PARTS[part].servers + PARTS[part].inner)
        unpacking = sum(artifact.mib for artifact in fetch.missing(fetch.ARTIFACTS, cache))
        context = fetch.maven(lambda _: None)
        downloads = fetch.to_download(fetch.ARTIFACTS, cache, context)
        return Needs(
            ports={name: ports.port(self._site.base_port, name) for name in (*names, CONTROL)},
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
        self._control.open()
        shutil.rmtree(self._site.data, ignore_errors=True)
        began = progressed = time.monotonic()
        waiting, starting, up = list(self.parts), set[str](), set[str]()
        while waiting or starting:
            for name in [name for name in waiting if up.issuperset(self._after(name))]:
                self.start_part(name)
                waiting.remove(name)
                starting.add(name)
            for name in [name for name in starting if self.programs.is_healthy(name)]:
                starting.remove(name)
                up.add(name)
                progressed = time.monotonic()
                report(f"{name} is up after {progressed - began:.0f} s")
            if time.monotonic() - progressed > START_PATIENCE:
                raise SandboxError(f"Nothing more is up after {START_PATIENCE:.0f} s: {', '.join(starting)} not yet.")
            time.sleep(POLL_INTERVAL)

    def stop(self) -> None:
        """Stop every part; harmless when nothing runs."""
        self._control.close()
        if self._programs is not None:
            self._programs.close()
            self._programs = None

    def start_part(self, name: str, *, backup_store: BackupStore | None = None, repository: str | None = None) -> None:
        """Start one part with the data it has, without waiting for it.

        :param name: the part
        :param backup_store: another kind of backup store than the cluster's, for `store` or `zeebe`
        :param repository: another snapshot repository than the cluster's, for `operate` or `tasklist`
        """
        site = replace(
            self._site,
            backup_store=backup_store or self._site.backup_store,
            repository=repository or self._site.repository,
        )
        self.programs.start(PARTS[name].program(site))

    def stop_part(self, name: str) -> None:
        """Stop one part in an orderly way."""
        self.programs.stop(name)

    def kill_part(self, name: str) -> None:
        """End one part as a crash would."""
        self.programs.kill(name)

    def freeze_part(self, name: str) -> None:
        """Let one part hang: it takes connections and answers nothing."""
        self.programs.freeze(name)

    def thaw_part(self, name: str) -> None:
        """Let a frozen part go on."""
        self.programs.thaw(name)

    def is_running(self, name: str) -> bool:
        """Return whether one part's process is there, frozen or not."""
        return self._programs is not None and self._programs.is_running(name)

    def has_crashed(self, name: str) -> bool:
        """Return whether one part has ended by itself."""
        return self._programs is not None and self._programs.has_crashed(name)

    def pid(self, name: str) -> int:
        """Return the process ID of a running part."""
        return self.programs.pid(name)

    def seconds(self, name: str) -> float | None:
        """Return how long a part took to its first good answer, in seconds; None before that."""
        return self.programs.seconds(name)

    def log_path(self, name: str) -> Path:
        """Return the log of one part."""
        return self.home / "logs" / f"{name}.log"

    def wait_healthy(self, name: str, timeout: float) -> None:
        """Wait until one part is ready for work.

        :param timeout: seconds from now
        :raises SandboxError: it ended, or did not answer in time
        """
        self.programs.wait_healthy(name, timeout)

    def register_repository(self) -> None:
        """Register the snapshot repository, as a cluster's owner does before the first backup.

        :raises SandboxError: OpenSearch refused it
        """
        definition = {"type": "fs", "settings": {"location": self.repository}}
        with session() as direct:
            address = f"{self.urls['search']}/_snapshot/{self.repository}"
            response = direct.put(address, json=definition, timeout=TIMEOUT)
        if not response.ok:
            raise SandboxError(f"OpenSearch refused the repository {self.repository}: {response.text}")

    def empty_zeebe(self) -> None:
        """Remove everything from Zeebe's data folder.

        :raises BusyError: Zeebe runs, or is being restored
        """
        data = camunda.zeebe_data(self._site)
        with self.programs.kept_ended("zeebe", camunda.RESTORE):
            if data.exists():
                shutil.rmtree(data)
            data.mkdir(parents=True)

    def restore_zeebe(self, backup_id: int) -> Ended:
        """Run Zeebe's restore application: it fills an empty data folder from the backup store.

        :param backup_id: Zeebe's backup
        :raises BusyError: Zeebe runs, or is being restored
        """
        return self.programs.run(camunda.restore(self._site, backup_id), RESTORE_PATIENCE)

    def holds_backup(self, backup_id: int) -> bool:
        """Return whether the backup store itself holds a complete backup of every partition.

        :raises SandboxError: the store does not answer, or there is none
        """
        if "store" not in self.parts:
            raise SandboxError("Zeebe has no backup store.")
        return zeebe_backups.is_complete(self.urls["store"], backup_id)

    def archive_zeebe(self, output: BinaryIO) -> None:
        """Write Zeebe's data folder as a tar archive, hard and symbolic links kept.

        :raises BusyError: Zeebe runs, or is being restored
        """
        with (
            self.programs.kept_ended("zeebe", camunda.RESTORE),
            tarfile.open(fileobj=output, mode="w|") as archive,
        ):
            archive.add(camunda.zeebe_data(self._site), ".")

    def unarchive_zeebe(self, source: BinaryIO) -> None:
        """Fill Zeebe's empty data folder from such an archive.

        :raises BusyError: Zeebe runs, or is being restored
        :raises SandboxError: the folder is not empty, or this is no archive
        """
        data = camunda.zeebe_data(self._site)
        with self.programs.kept_ended("zeebe", camunda.RESTORE):
            data.mkdir(parents=True, exist_ok=True)
            if any(data.iterdir()):
                raise SandboxError("Zeebe's data folder is not empty.")
            try:
                with tarfile.open(fileobj=source, mode="r|*") as archive:
                    archive.extractall(data, filter="tar")
            except tarfile.TarError as error:
                raise SandboxError(f"This is no archive: {error}.") from error

    def destroy(self, report: Report) -> None:
        """Lose Zeebe's data, every index of Camunda's, and the processes that used them; all backups stay.

        :param report: is told what is gone
        :raises SandboxError: OpenSearch refused to delete the indices
        """
        for name in LOST_IN_A_DISASTER:
            if self.is_running(name):
                self.kill_part(name)
        report("Optimize, Tasklist, Operate and Zeebe are killed")
        self.empty_zeebe()
        report("Zeebe's data folder is gone")
        with session() as direct:
            listed = direct.get(f"{self.urls['search']}/_cat/indices/{INDICES}?format=json&h=index", timeout=TIMEOUT)
            deleted = direct.delete(f"{self.urls['search']}/{INDICES}", timeout=TIMEOUT)
        if not (listed.ok and deleted.ok):
            raise SandboxError(f"OpenSearch refused to delete {INDICES}: {deleted.text}")
        report(f"{len(listed.json())} indices are deleted")

    def _after(self, name: str) -> set[str]:
        return set(PARTS[name].after).intersection(self.parts)
