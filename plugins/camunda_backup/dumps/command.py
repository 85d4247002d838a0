"""Any database, dumped and brought back by the shell commands of a cluster file."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from camunda_backup.dumps.files import DumpFile
from camunda_backup.errors import BackupFailed, CamundaBackupError, Rejected, RestoreFailed
from camunda_backup.runtimes.command import MAKE_SURE, shell
from camunda_backup.runtimes.shells import Ended, MayRun, Tell, TimedOut
from camunda_backup.secrets import harmless

log = logging.getLogger(__name__)

POSITION = re.compile(r"^\s*(?P<partition>\d+)[\s|,;]+(?P<position>-?\d+)\s*$")


class CommandDatabase:
    """One database that shell commands dump.

    :param config: see ``RdbmsCluster.dump_config``
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self._timeout: float = config["timeout"]

    def problems(self) -> list[str]:
        """Ask the database for its exported positions."""
        try:
            self._positions()
        except CamundaBackupError as error:
            return [str(error)]
        return []

    def take(self, backup_id: int) -> dict[str, Any]:
        """Run the dump command between two looks at the exported positions: the dump's lie between them."""
        file = self._config["file"].replace("{backup_id}", str(backup_id))
        dump = {"type": "command", "file": file, "backup_id": backup_id}
        before = self._positions()
        self._must("dump", dump, BackupFailed)
        after = self._positions()
        exported = {str(number): {"least": before.get(number, one), "most": one} for number, one in after.items()}
        return {**dump, **self._measured(dump), "exported": exported}

    def verify(self, dump: Mapping[str, Any]) -> dict[str, Any]:
        """Run the verify command; where the worker sees the file, its checksum must be the one that was written."""
        if "sha256" in dump and self._measured(dump)["sha256"] != dump["sha256"]:
            raise BackupFailed(f"the dump {dump['file']} is not the one that was written: its checksum is another")
        self._must("verify", dump, BackupFailed)
        return dict(dump)

    def obstacles(self, dump: Mapping[str, Any]) -> list[str]:
        """Verify the dump; what the restore command needs only shows when it runs."""
        try:
            self.verify(dump)
        except CamundaBackupError as error:
            return [str(error)]
        return []

    def restore(self, dump: Mapping[str, Any]) -> dict[int, int]:
        """Run the restore command; the positions in the database must then be those of the dump."""
        self.verify(dump)
        self._must("restore", dump, RestoreFailed)
        there = self._positions()
        for number, one in dump["exported"].items():
            position = there.get(int(number))
            if position is None or not one["least"] <= position <= one["most"]:
                raise RestoreFailed(
                    f"the restored database has exported position {position} for partition {number}, the dump"
                    f" {one['least']} to {one['most']}"
                )
        return there

    def _measured(self, dump: Mapping[str, Any]) -> dict[str, Any]:
        """Return the file's size and checksum; nothing where it is on another host, or no single file."""
        if self._config["ssh"] is not None or Path(dump["file"]).is_dir():
            return {}
        return DumpFile(dump["file"]).measure()

    def _positions(self) -> dict[int, int]:
        ended = self._run("positions", {})
        rows = [POSITION.match(line) for line in ended.lines]
        if ended.exit_code or not all(rows) or not rows:
            raise Rejected(
                f"{_failure('positions', ended)}; it should print a line 'partition position' for each row of"
                " EXPORTER_POSITION and nothing else"
            )
        return {int(row["partition"]): int(row["position"]) for row in rows if row}

    def _must(self, name: str, dump: Mapping[str, Any], error: type[CamundaBackupError]) -> None:
        try:
            ended = self._run(name, dump, lambda line: log.info("%s: %s", name, harmless(line)))
        except MayRun as trouble:  # another try could meet it
            raise error(f"the database's {name} command: {trouble}; {MAKE_SURE}") from trouble
        except TimedOut as trouble:
            if error is RestoreFailed:
                raise RestoreFailed(str(trouble)) from trouble
            raise
        if ended.exit_code:
            raise error(_failure(name, ended))

    def _run(self, name: str, dump: Mapping[str, Any], tell: Tell | None = None) -> Ended:
        command: str = self._config[name]
        for placeholder in ("file", "backup_id"):
            command = command.replace(f"{{{placeholder}}}", str(dump.get(placeholder, "")))
        try:
            return shell(self._config["ssh"]).run(command, self._timeout, tell, tied=True)
        except TimedOut as error:
            raise TimedOut(
                f"the database's {name} command: {error}; raise timeout of secondary_storage.dump"
            ) from error


def _failure(name: str, ended: Ended) -> str:
    """Return what became of a command, without its text, which may hold a secret."""
    return f"the database's {name} command ended with exit code {ended.exit_code}: {harmless(ended.last_line):.300}"
