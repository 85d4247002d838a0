"""`python -m sandbox part`: look at, stop, start, empty, archive or restore one part of a sandbox that runs.

This is what a cluster file's commands call. The address of the sandbox comes from SANDBOX_PROCESSES.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from typing import Any, BinaryIO

import requests

from sandbox.errors import SandboxError
from sandbox.loopback import session
from sandbox.process_control import ADDRESS

from .output import say

ACTIONS = ("state", "stop", "start", "empty", "restore", "has-backup", "archive", "unarchive")
WITH_BACKUP = ("restore", "has-backup")
TIMEOUT = 900.0  # seconds; longer than a restore takes
CHUNK = 1 << 20  # bytes
IN_THE_WAY = 2  # exit code


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("name", help="the part, e.g. operate")
    parser.add_argument("--backup-id", type=int, help=f"for {' and '.join(WITH_BACKUP)}")


def run(options: argparse.Namespace) -> int:
    """Do it; return the exit code: that of the restore application, 1 for a backup that is not there, 2 for trouble."""
    try:
        return _run(options.action, options.name, options.backup_id)
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        return IN_THE_WAY


def _run(action: str, name: str, backup_id: int | None) -> int:
    if action in WITH_BACKUP and backup_id is None:
        raise SandboxError(f"Say which backup: --backup-id with {action}.")
    if action == "state":
        say(_call("GET", f"/processes/{name}")["state"])
    elif action == "has-backup":
        return 0 if _call("GET", f"/processes/{name}/backups/{backup_id}")["exists"] else 1
    elif action == "restore":
        ended = _call("POST", f"/processes/{name}/restore", {"backup_id": backup_id})
        say(ended["output"].rstrip())
        code = int(ended["exit_code"])
        return code if code >= 0 else 128 - code  # as a shell tells of a signal
    elif action == "archive":
        _ask("GET", f"/processes/{name}/archive", output=sys.stdout.buffer)
    elif action == "unarchive":
        with tempfile.TemporaryFile() as whole:
            shutil.copyfileobj(sys.stdin.buffer, whole)
            whole.seek(0)
            _ask("POST", f"/processes/{name}/archive", data=whole)
    else:
        _call("POST", f"/processes/{name}/{action}")
    return 0


def _call(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the sandbox; return what it tells.

    :raises SandboxError: it cannot be asked, or refused
    """
    content = _ask(method, path, json=body)
    return json.loads(content) if content else None


def _ask(method: str, path: str, *, output: BinaryIO | None = None, **sent: Any) -> bytes:
    """Ask the sandbox; return its answer.

    :param output: where a long answer goes as it comes
    :raises SandboxError: it cannot be asked, or refused
    """
    address = os.environ.get(ADDRESS)
    if not address:
        raise SandboxError(f"{ADDRESS} is not set; it is the address at which the sandbox controls its processes.")
    try:
        with (
            session() as direct,
            direct.request(method, f"{address}{path}", timeout=TIMEOUT, stream=True, **sent) as response,
        ):
            if not response.ok:
                raise SandboxError(response.json()["message"])
            if output is None:
                return response.content
            for chunk in response.iter_content(CHUNK):
                output.write(chunk)
            output.flush()
            return b""
    except requests.RequestException as error:
        raise SandboxError(
            f"The sandbox cannot be asked at {address}: {type(error).__name__}. Is it running?"
        ) from error
