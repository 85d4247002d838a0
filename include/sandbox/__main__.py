"""`python -m sandbox COMMAND`: the sandbox as a program."""

import argparse
import importlib
import signal
import sys
from types import FrameType

from .errors import SandboxError

# Only the module of the chosen command is imported: the Python packages of the others may not be installed.
COMMANDS = {
    "demo": "start a cluster and an Airflow, and let the one back up and restore the other",
    "prove": "restore under load in every order, and count what does not fit together",
    "up": "start the embedded cluster and stay until Ctrl-C",
    "part": "look at, stop, start, empty or restore one part of a sandbox that runs",
    "kubernetes": "start a Kubernetes control plane without containers and stay until Ctrl-C",
    "fetch": "fetch what the sandbox runs, and start nothing",
}


def main(arguments: list[str]) -> int:
    """Run one command.

    :param arguments: the command's name and its own arguments
    :returns: the exit code: 0 done, 1 something was in the way, 128 + n ended by signal n
    """
    summaries = "\n".join(f"  {name:12}{summary}" for name, summary in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description=f"Camunda 8 on this machine alone.\n\ncommands:\n{summaries}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the command's own (try --help)")
    chosen = parser.parse_args(arguments)
    module = importlib.import_module(f"sandbox.commands.{chosen.command}")
    command = argparse.ArgumentParser(prog=f"{parser.prog} {chosen.command}", description=COMMANDS[chosen.command])
    module.add_arguments(command)
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _leave)
    try:
        return int(module.run(command.parse_args(chosen.arguments)))
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _leave(signal_number: int, _frame: FrameType | None) -> None:
    """End the program in an orderly way: everything started is stopped on the way out."""
    raise SystemExit(128 + signal_number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
