"""The control plane as one program, built with Go from its published modules once for each set of them."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.fetch import cache_folder

SOURCE = Path(__file__).parent
PINNED = ("go.mod", "main.go")
PROGRAM = "kubernetes"
NODE_STAGES = (
    "node/fast/node-initialize",
    "node/heartbeat-with-lease/node-heartbeat-with-lease",
    "pod/fast/pod-ready",
)
STAGES = "stages.yaml"
BUILD_PATIENCE = 2400.0  # seconds; about 280 on two cores when nothing is cached
STAMP = "k8s.io/component-base/version"


def build(report: Callable[[str], None]) -> Path:
    """Return the folder with the program and with kwok's own stages; build them if they are not there.

    :param report: is told what is being done
    :raises SandboxError: it cannot be built
    """
    pinned = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in PINNED)).hexdigest()[:12]
    folder = cache_folder() / f"{PROGRAM}-{pinned}"
    if folder.is_dir():
        return folder
    report("Building Kubernetes with Go; this takes some minutes, once")
    version = _version("k8s.io/kubernetes")
    stamps = {"gitVersion": f"v{version}", "gitMajor": "1", "gitMinor": version.split(".")[1], "gitTreeState": "clean"}
    linked = " ".join(["-s", "-w", *(f"-X {STAMP}.{name}={value}" for name, value in stamps.items())])
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}")
    unfinished.mkdir(parents=True, exist_ok=True)
    try:
        _go("build", "-trimpath", f"-ldflags={linked}", "-o", str(unfinished / PROGRAM), ".")
        module = Path(
            json.loads(_go("mod", "download", "-json", f"sigs.k8s.io/kwok@v{_version('sigs.k8s.io/kwok')}"))["Dir"]
        )
        stages = [(module / "kustomize" / "stage" / f"{name}.yaml").read_text(encoding="utf-8") for name in NODE_STAGES]
        (unfinished / STAGES).write_text("\n---\n".join(stages), encoding="utf-8")
        unfinished.rename(folder)
    except OSError as error:
        if not folder.is_dir():  # else another clone was faster
            raise SandboxError(f"Kubernetes cannot be stored in {folder}: {error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _version(module: str) -> str:
    found = re.search(
        rf"^\s*{re.escape(module)} v(\S+)$", (SOURCE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE
    )
    if found is None:
        raise SandboxError(f"{SOURCE / 'go.mod'} does not require {module}.")
    return found[1]


def _go(*arguments: str) -> str:
    tool = shutil.which("go")
    if tool is None:
        raise SandboxError("Kubernetes is built with Go: install Go 1.26 or newer and put go on the PATH.")
    ran = subprocess.run(
        [tool, *arguments],
        cwd=SOURCE,
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=BUILD_PATIENCE,
        check=False,
    )
    if ran.returncode:
        raise SandboxError(f"Kubernetes could not be built from its Go modules: {ran.stderr[-2000:]}")
    return ran.stdout
