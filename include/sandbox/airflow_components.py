"""Airflow's components as forks of one process: `python -P airflow_components.py LOGS [--migrate] COMPONENT...`.

Each component is the plain `airflow` command. Started one by one they would import the same modules four times over,
which takes most of the start-up time and of the memory; forks share both.

The program leads a session, ends when its components have ended, and leaves no process of its session behind:
with 0 after SIGTERM, with 1 when a component ended by itself.
"""

import argparse
import gc
import importlib
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]

COMPONENTS = {
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "api-server": ["api-server", "--workers", "1"],
}
GRACE = 6  # seconds; shorter than the keeper's, which knows nothing of the tasks' process groups
_SHARED = (
    "airflow.executors.local_executor",
    "airflow.providers.http.hooks.http",
    "airflow.api_fastapi.core_api.routes.public",
    "airflow.api_fastapi.core_api.routes.ui",
)


def main() -> int:
    """Fork the components and wait for them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", type=Path, help="folder of the components' logs")
    parser.add_argument("components", nargs="+", choices=COMPONENTS)
    parser.add_argument("--migrate", action="store_true", help="make the database first")
    options = parser.parse_args()

    for component in options.components:
        importlib.import_module(f"airflow.cli.commands.{component.replace('-', '_')}_command")
    for module in _SHARED:
        importlib.import_module(module)
    gc.freeze()  # a collection in a fork would touch, and so copy, every shared page

    if options.migrate:
        _, status = os.waitpid(_fork(["db", "migrate"], options.logs / "migrate.log"), 0)
        if status:
            print("airflow db migrate failed", flush=True)
            return 1
    return _wait({_fork(COMPONENTS[name], options.logs / f"{name}.log"): name for name in options.components})


def end_session(leader: int) -> None:
    """Kill every process of a session but its leader: each task of Airflow leads a process group of its own.

    :param leader: the session's ID, which is its leader's process ID
    """
    for pid in psutil.pids():
        with suppress(ProcessLookupError, PermissionError):
            if pid != leader and os.getsid(pid) == leader:
                os.kill(pid, signal.SIGKILL)


def _fork(command: list[str], log: Path) -> int:
    """Run an `airflow` command in a fork.

    :returns: the fork's process ID
    """
    pid = os.fork()
    if pid:
        return pid
    output = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["airflow", *command]
    sys.exit(importlib.import_module("airflow.__main__").main())


def _wait(running: dict[int, str]) -> int:
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for pid in running:
            os.kill(pid, signal.SIGTERM)
        signal.alarm(GRACE)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGALRM, lambda *_: end_session(os.getsid(0)))
    crashed = False
    while running:
        pid, status = os.wait()
        name = running.pop(pid, None)
        if name and not stopping:
            print(f"airflow {name} ended with {os.waitstatus_to_exitcode(status)}", flush=True)
            crashed = True
            stop()
    end_session(os.getsid(0))
    return int(crashed)


if __name__ == "__main__":
    sys.exit(main())
