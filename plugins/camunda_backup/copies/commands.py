"""A broker's data, copied, verified and brought back by the cluster file's own commands."""

import logging
import re
from collections.abc import Mapping
from typing import Any

from camunda_backup.clusters import Cluster
from camunda_backup.cold import CommandCopies
from camunda_backup.errors import BackupFailed, Rejected, RestoreFailed
from camunda_backup.runtimes import runtime_of
from camunda_backup.runtimes.command import MAKE_SURE, shell
from camunda_backup.runtimes.shells import Lines, MayRun, TimedOut
from camunda_backup.secrets import harmless
from camunda_backup.states import Component
from camunda_backup.targets import CommandRuntime

log = logging.getLogger(__name__)

# Nothing that a shell takes for more than a word: the reference is put into commands.
SAID = re.compile(r"^(?P<bytes>\d+)(?:\s+(?P<reference>[\w.:/@+=,-]{1,500}))?$", re.ASCII)


class CommandedCopies:
    """Copies that shell commands make; where they are is the commands' own affair.

    :param cluster: the cluster file
    """

    def __init__(self, cluster: Cluster) -> None:
        config = cluster.runtime_config()
        if config is None or cluster.cold is None or not isinstance(cluster.cold.copies, CommandCopies):
            raise Rejected("this needs runtime, and cold.copies of type command, in the cluster file")
        self._cluster = cluster
        self._commands = cluster.cold.copies
        self._runtime = runtime_of(config)
        self._timeout = cluster.cold.timeout.total_seconds()

    def problems(self) -> list[str]:
        """Nothing can be tried without a copy: the runtime's own look at its hosts must do."""
        return []

    def problems_back(self) -> list[str]:
        """Nothing either: verify is run by itself."""
        return []

    def where(self) -> str:
        """Return that the commands know."""
        return "where cold.copies (command) says"

    def take(self, broker: str, backup_id: int) -> dict[str, Any]:
        """Run the take command and believe its last line; a try that failed may leave a part, which nobody takes."""
        if not self._runtime.is_stopped(Component.ZEEBE):
            raise BackupFailed(f"Zeebe is running, so the data of {broker} was left alone; stop it, then start again")
        copy = {"type": "command", "broker": broker, "node_id": self._cluster.node_ids[broker], "backup_id": backup_id}
        return {**copy, **self._told("take", copy)}

    def verify(self, copy: Mapping[str, Any]) -> None:
        """Run the verify command; it must print what the take command printed."""
        if (told := self._told("verify", copy)) != {name: copy[name] for name in told}:
            raise BackupFailed(
                f"{copy['broker']}: its verify command read {_words(told)}, its take command wrote {_words(copy)}"
            )

    def bring_back(self, broker: str, copy: Mapping[str, Any]) -> None:
        """Verify the copy, then run the bring_back command."""
        if not self._runtime.is_stopped(Component.ZEEBE):
            raise RestoreFailed(f"Zeebe is running, so the data of {broker} was left alone; stop it, then clear this")
        try:
            self.verify(copy)
            self._run("bring_back", copy)
        except (BackupFailed, TimedOut) as error:
            raise RestoreFailed(f"{broker} was not restored: {error}") from error

    def _told(self, name: str, copy: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a command's last line says: ``bytes`` and ``reference``."""
        lines = self._run(name, copy)
        said = SAID.match(lines[-1].strip()) if lines else None
        if said is None or lines[-1] != harmless(lines[-1]):
            raise BackupFailed(
                f"{copy['broker']}: the last line of its {name} command's output is not '<bytes> <checksum or name>',"
                " with no blank or quote in the second"
            )
        if not int(said["bytes"]):
            raise BackupFailed(f"{copy['broker']}: its {name} command says that the copy is empty")
        return {"bytes": int(said["bytes"]), "reference": said["reference"]}

    def _run(self, name: str, copy: Mapping[str, Any]) -> tuple[str, ...]:
        """Run a command to its good end; return the lines of its output, without those of its error output."""
        broker = self._broker(copy)
        fields = {**copy, "broker": broker, "reference": copy.get("reference") or ""}
        command: str = getattr(self._commands, name)
        for field in ("broker", "node_id", "backup_id", "reference"):
            command = command.replace(f"{{{field}}}", str(fields[field]))
        printed = Lines(lambda line: log.info("%s: %s", broker, harmless(line)))
        try:
            ended = shell(self._ssh(broker)).pipe(command, self._timeout, printed.feed)
        except MayRun as error:  # another try could meet it
            raise BackupFailed(f"{broker}: its {name} command: {error}; {MAKE_SURE}") from error
        except TimedOut as error:
            raise TimedOut(f"{broker}: its {name} command: {error}; look at it, or raise cold.timeout") from error
        if ended.exit_code:
            told = harmless(ended.last_line)
            raise BackupFailed(f"{broker}: its {name} command ended with exit code {ended.exit_code}: {told:.300}")
        return printed.end()

    def _broker(self, copy: Mapping[str, Any]) -> str:
        """Return what the cluster file calls the broker of a copy; it may have been called otherwise."""
        for broker, node_id in self._cluster.node_ids.items():
            if node_id == int(copy["node_id"]):
                return broker
        raise Rejected(f"the cluster file names no broker with node ID {copy['node_id']}")

    def _ssh(self, name: str) -> str | None:
        runtime = self._cluster.runtime
        brokers = runtime.processes.zeebe if isinstance(runtime, CommandRuntime) else ()
        return next((broker.ssh for broker in brokers if broker.name == name), None)


def _words(told: Mapping[str, Any]) -> str:
    return f"{told['bytes']} bytes {told['reference'] or ''}".strip()
