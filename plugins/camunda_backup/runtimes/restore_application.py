"""What Zeebe's restore application prints, and what it means. All recorded from Camunda 8.6.0."""

import re

from camunda_backup.errors import RestoreFailed
from camunda_backup.runtimes.shells import Ended
from camunda_backup.secrets import harmless

SUCCESS = "Successfully restored broker from backup"

CAUSES = (
    (
        r"DirectoryNotEmptyException|is not empty\. Aborting restore",
        "its data directory was not empty: let the broker's empty command remove everything in it, hidden files too",
    ),
    (
        r"BackupNotFoundException",
        "its backup store holds no completed backup {backup_id}; is it the store in which the backup was made?",
    ),
    (
        r"Expected backup to have (?P<wanted>\d+) partitions, but has (?P<held>\d+)",
        "it is configured for {wanted} partitions, but the backup has {held}: set its partition count to {held}",
    ),
    (
        r"exported position",
        "no range of its backups covers the exported positions in the database: look for a gap, or take another dump",
    ),
    (
        r"No backup store configured",
        "it has no backup store: let the restore command run with the broker's own configuration",
    ),
    (
        r"placeholder 'backupId'",
        "it was given no backup ID: let the restore command pass --backupId={{backup_id}}",
    ),
    (
        r"Connection refused|ConnectException|UnknownHostException",
        "its backup store does not answer: let it run, or correct its address in the broker's configuration",
    ),
)
FRAME = re.compile(r"\s+at ")
TROUBLE = re.compile(r"(Exception|Error)\b")
SHOWN = 3  # lines


def read_restore(broker: str, backup_id: int | None, ended: Ended) -> str:
    """Return the line with which the restore application says that it worked.

    :param backup_id: None: it was to choose by the exported positions in the database
    :param ended: how it ended
    :raises RestoreFailed: it did not work; the text says why and what to do
    """
    done = next((line for line in ended.lines if SUCCESS in line), None)
    if ended.exit_code == 0 and done:
        return done.strip()
    trouble = f"{broker} was not restored" + ("" if backup_id is None else f" from backup {backup_id}")
    told = [line for line in reversed(ended.lines) if not FRAME.match(line)]  # the last one is the root of all
    for pattern, cause in CAUSES:
        for line in told:
            if found := re.search(pattern, line):
                advice = cause.format(backup_id="that fits" if backup_id is None else backup_id, **found.groupdict())
                raise RestoreFailed(f"{trouble}: {advice} ({harmless(line.strip()):.300})")
    if ended.exit_code == 0:
        raise RestoreFailed(f'{trouble}: the restore command ended well, but did not print "{SUCCESS}"{_end(ended)}')
    raise RestoreFailed(f"{trouble}: the restore command ended with exit code {ended.exit_code}{_end(ended)}")


def _end(ended: Ended) -> str:
    lines = [line for line in ended.lines if TROUBLE.search(line) and not FRAME.match(line)] or ended.lines
    return "".join(f"\n{harmless(line):.500}" for line in lines[-SHOWN:])
