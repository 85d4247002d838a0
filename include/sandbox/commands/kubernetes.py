"""`python -m sandbox kubernetes`: start a Kubernetes control plane and stay until Ctrl-C."""

import argparse
import time
from pathlib import Path

from sandbox.kubernetes.control_plane import COMPONENTS, DEFAULT_BASE, ControlPlane

from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("--ports", type=int, default=DEFAULT_BASE, help="base port (default %(default)s)")
    parser.add_argument("--home", type=Path, default=Path(".sandbox"), help="folder for data and logs")
    parser.add_argument("--exit", action="store_true", help="stop again once it is ready")


def run(options: argparse.Namespace) -> int:
    """Start it, say where it is, and stop it when told to.

    :raises SandboxError: it cannot be built, or does not start
    """
    with ControlPlane(options.home.resolve() / "kubernetes", options.ports) as plane:
        plane.start(say)
        say(f"Kubernetes is ready at {plane.server}: {', '.join(reversed(COMPONENTS))}")
        say(f"kubectl --kubeconfig {plane.kubeconfig_path} get nodes")
        while not options.exit:
            time.sleep(1)
    return 0
