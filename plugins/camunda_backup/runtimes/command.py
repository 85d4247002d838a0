"""Components that shell commands stop and start: systemd, docker compose, or whatever has a command line."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from camunda_backup.errors import BackupFailed, CamundaBackupError, Rejected, RestoreFailed, Unreachable
from camunda_backup.runtimes.pipes import LocalPipingShell, PipingShell, Sink
from camunda_backup.runtimes.restore_application import read_restore
from camunda_backup.runtimes.shells import Ended, MayRun, NoConnection, Tell, TimedOut
from camunda_backup.secrets import harmless
from camunda_backup.states import Runs
from camunda_backup.targets import Broker, CommandRuntime, Process

log = logging.getLogger(__name__)

ZEEBE = "zeebe"
RUNNING = {"running", "active", "up", "true", "started"}
MAKE_SURE = "see on its host that nothing of it runs any more, then clear this"
STOPPED = {"stopped", "inactive", "failed", "false", "exited", "dead", "down"}


@dataclass(frozen=True, slots=True)
class _Unit:
    """One process with the name that messages call it by."""

    name: str
    process: Process


class Commands:
    """The commands of a cluster file.

    :param config: see ``CommandRuntime.as_json``
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        told = CommandRuntime.from_json(config)
        self._processes = told.processes
        self._timeout = told.timeout.total_seconds()
        self._restore_timeout = told.restore_timeout.total_seconds()

    def problems(self, components: Sequence[Runs]) -> list[str]:
        """Ask every process for its state and return what cannot be told."""
        found: list[str] = []
        silent: set[str | None] = set()
        for component in components:
            try:
                units = self._units(component)
            except CamundaBackupError as error:
                found.append(str(error))
                continue
            for unit in units:
                if unit.process.ssh in silent:
                    continue
                try:
                    self._running(unit)
                except NoConnection as error:
                    silent.add(unit.process.ssh)
                    found.append(str(error))
                except CamundaBackupError as error:
                    found.append(str(error))
        return list(dict.fromkeys(found))

    def brokers(self) -> tuple[str, ...]:
        """Return the names of Zeebe's brokers."""
        return tuple(broker.name for broker in self._processes.zeebe)

    def stop(self, component: Runs) -> dict[str, Any]:
        """Run the stop commands; a process that says it is stopped may answer them as it likes."""
        for unit in reversed(self._units(component)):
            ended = self._run(unit, "stop", unit.process.stop)
            if ended.exit_code != 0 and self._running(unit):
                raise Rejected(_failure(unit, "stop", ended))
            log.info("%s was asked to stop", unit.name)
        return {}

    def start(self, component: Runs, stopped: Mapping[str, Any]) -> None:
        """Run the start commands of the processes that do not run."""
        for unit in self._units(component):
            if self._running(unit):
                log.info("%s is running", unit.name)
                continue
            ended = self._run(unit, "start", unit.process.start)
            if ended.exit_code != 0:
                raise Rejected(_failure(unit, "start", ended))
            log.info("%s was asked to start", unit.name)

    def is_stopped(self, component: Runs) -> bool:
        """Return whether every process of a component says that it is stopped."""
        return not any(self._running(unit) for unit in self._units(component))

    def is_started(self, component: Runs) -> bool:
        """Return whether every process of a component says that it is running."""
        return all(self._running(unit) for unit in self._units(component))

    def has_backup(self, broker: str, backup_id: int) -> bool | None:
        """Return what the exit code of the broker's has_backup says, 0 or 1."""
        told = self._broker(broker)
        if told.has_backup is None:
            return None
        unit = _Unit(broker, told)
        ended = self._run(unit, "has_backup", _about(told.has_backup, backup_id))
        if ended.exit_code not in {0, 1}:
            raise Unreachable(_failure(unit, "has_backup", ended))
        return ended.exit_code == 0

    def restore_zeebe(self, broker: str, backup_id: int | None) -> str:
        """Run the broker's empty and restore commands; what they print goes to the log as it comes."""
        told = self._broker(broker)
        unit = _Unit(broker, told)
        if self._running(unit):
            raise RestoreFailed(f"{broker} is running, so nothing was removed from it; stop it, then restore again")
        self._empty(unit, told)

        def tell(line: str) -> None:
            log.info("%s: %s", broker, harmless(line))

        command = _about(told.restore, backup_id)
        try:
            ended = self._run(unit, "restore", command, tell, timeout=self._restore_timeout, tied=True)
        except MayRun as error:
            raise RestoreFailed(f"{error}; {MAKE_SURE}") from error
        except TimedOut as error:
            raise RestoreFailed(f"{error}; look at its output above, or raise runtime.restore_timeout") from error
        return read_restore(broker, backup_id, ended)

    def without_archives(self) -> list[str]:
        """Return the brokers whose data cannot be archived and brought back: a command for it is missing."""
        return [broker.name for broker in self._processes.zeebe if not (broker.archive and broker.unarchive)]

    def archive(self, broker: str, timeout: float, sink: Sink) -> None:
        """Run the broker's archive command and hand on what it prints."""
        told = self._broker(broker)
        unit = self._stopped_unit(told, BackupFailed)
        ended = self._pipe(unit, "archive", told.archive, timeout, sink)
        if ended.exit_code != 0:
            raise BackupFailed(_failure(unit, "archive", ended))

    def unarchive(self, broker: str, timeout: float, source: Iterable[bytes]) -> None:
        """Run the broker's empty command, then give its unarchive command the archive to read."""
        told = self._broker(broker)
        unit = self._stopped_unit(told, RestoreFailed)
        self._empty(unit, told)
        try:
            ended = self._pipe(unit, "unarchive", told.unarchive, timeout, source=source)
        except MayRun as error:
            raise RestoreFailed(f"{error}; {MAKE_SURE}") from error
        except TimedOut as error:
            raise RestoreFailed(str(error)) from error
        if ended.exit_code != 0:
            raise RestoreFailed(_failure(unit, "unarchive", ended))

    def _empty(self, unit: _Unit, broker: Broker) -> None:
        """Remove a broker's data; no end of it is a guess: it must never meet what is put there next."""
        try:
            ended = self._run(unit, "empty", broker.empty, tied=True)
        except MayRun as error:
            raise RestoreFailed(f"{error}; {MAKE_SURE}") from error
        except TimedOut as error:
            raise RestoreFailed(
                f"{error}, with a part of the data removed; clear this, or raise runtime.timeout"
            ) from error
        if ended.exit_code != 0:
            raise RestoreFailed(_failure(unit, "empty", ended))

    def _stopped_unit(self, broker: Broker, error: type[CamundaBackupError]) -> _Unit:
        unit = _Unit(broker.name, broker)
        if self._running(unit):
            raise error(f"{unit.name} is running, so its data was left alone; stop it, then start again")
        return unit

    def _pipe(
        self,
        unit: _Unit,
        name: str,
        command: str | None,
        timeout: float,
        sink: Sink = len,
        *,
        source: Iterable[bytes] | None = None,
    ) -> Ended:
        if command is None:
            raise Rejected(f"{unit.name} has no {name} command in the cluster file; add it to runtime.processes.zeebe")
        try:
            return shell(unit.process.ssh).pipe(command, timeout, sink, source)
        except NoConnection:
            raise
        except TimedOut as error:
            raise TimedOut(f"{unit.name}: its {name} command: {error}; look at it, or raise cold.timeout") from error
        except Unreachable as error:
            raise type(error)(f"{unit.name}: its {name} command: {error}") from error

    def _units(self, component: Runs) -> list[_Unit]:
        """Return the processes of a component in the order in which they start.

        :raises Rejected: the cluster file names none
        """
        if component == ZEEBE:
            brokers = [_Unit(broker.name, broker) for broker in self._processes.zeebe]
            return [*brokers, *_numbered("gateway", self._processes.gateway)]
        processes = getattr(self._processes, component.value, ())
        if not processes:
            raise Rejected(f"the cluster file says of no process that it is {component}; add it to runtime.processes")
        return list(_numbered(component.value, processes))

    def _broker(self, name: str) -> Broker:
        for broker in self._processes.zeebe:
            if broker.name == name:
                return broker
        raise Rejected(f"the cluster file names no broker {name!r}; it names {', '.join(self.brokers())}")

    def _running(self, unit: _Unit) -> bool:
        """Return what a process says of itself.

        After an exit code the word must stand alone, as systemctl prints it: an error message may end with one, too.

        :raises Unreachable: it says neither
        """
        ended = self._run(unit, "state", unit.process.state)
        words = ended.last_line.lower().split() if ended.lines else []
        word = words[-1] if words and (ended.exit_code == 0 or len(words) == 1) else ""
        if word not in RUNNING | STOPPED:
            raise Unreachable(f"{_failure(unit, 'state', ended)}; it should print running or stopped")
        return word in RUNNING

    def _run(
        self,
        unit: _Unit,
        name: str,
        command: str,
        tell: Tell | None = None,
        *,
        timeout: float | None = None,
        tied: bool = False,
    ) -> Ended:
        try:
            return shell(unit.process.ssh).run(command, timeout or self._timeout, tell, tied=tied)
        except NoConnection:
            raise
        except Unreachable as error:
            raise type(error)(f"{unit.name}: its {name} command: {error}") from error


def shell(ssh: str | None) -> PipingShell:
    """Return where a command of a cluster file runs: on the worker, or through an SSH connection.

    :raises Rejected: the SSH provider is not installed
    """
    if ssh is None:
        return LocalPipingShell()
    try:
        from camunda_backup.runtimes.ssh import SshShell  # noqa: PLC0415 - the provider is optional
    except ImportError as error:
        raise Rejected(
            f"the cluster file names the SSH connection {ssh}, but apache-airflow-providers-ssh is not installed;"
            " install requirements-extras.txt on the workers"
        ) from error
    return SshShell(ssh)


def _numbered(name: str, processes: Sequence[Process]) -> Iterator[_Unit]:
    for number, process in enumerate(processes, 1):
        yield _Unit(name if len(processes) == 1 else f"{name} {number}", process)


def _about(command: str, backup_id: int | None) -> str:
    if backup_id is None:
        return command.replace("{arguments}", "")
    return command.replace("{arguments}", f"--backupId={backup_id}").replace("{backup_id}", str(backup_id))


def _failure(unit: _Unit, name: str, ended: Ended) -> str:
    """Return what became of a command, without its text, which may hold a secret."""
    return f"{unit.name}: its {name} command ended with exit code {ended.exit_code}: {harmless(ended.last_line):.300}"
