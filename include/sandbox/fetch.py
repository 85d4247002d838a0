"""Fetches the Maven artifacts that the sandbox runs.

They are unpacked once per user, into a cache that all clones of the project share.
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from jgo.maven import MavenContext, PythonResolver

from .errors import SandboxError

Report = Callable[[str], None]
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Artifact:
    """A Maven artifact.

    :param sha256: what its content must hash to
    :param mib: what downloading and unpacking it takes on the disk, in MiB
    """

    group: str
    name: str
    version: str
    packaging: str
    sha256: str
    mib: int

    @property
    def file_name(self) -> str:
        """The name of the file that is fetched."""
        return f"{self.name}-{self.version}.{self.packaging}"


OPENSEARCH = Artifact(
    "org.opensearch.distribution.integ-test-zip",
    "opensearch",
    "3.8.0",
    "zip",
    "196c3cf4602c394f2e40e6174ccbf2a924eae37246f08fa6bbb6b75f9fd5ff1f",
    360,
)
ICU = Artifact(
    "com.ibm.icu", "icu4j", "76.1", "jar", "732cdf18121b1642899da1f5e37e52cc7f48e3ec07fa737105d4603976781b33", 30
)
ICU_LOCALES = Artifact(
    "com.ibm.icu",
    "icu4j-localespi",
    "76.1",
    "jar",
    "b2929ac1773b48f0a358323ca286e9758c790062759997723d0577a6468024cf",
    1,
)
ARTIFACTS = (OPENSEARCH, ICU, ICU_LOCALES)

"""What the demo fetches, and under which licence."""


def cache_folder() -> Path:
    """Return where unpacked artifacts are kept for this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "camunda-backup-sandbox"


def maven(report: Report) -> MavenContext:
    """Return Maven as its settings on this machine have it, with its usual local repository.

    :param report: is told how far a download is
    """

    @contextmanager
    def progress(file_name: str, size: int) -> Iterator[Callable[[int], None]]:
        done = 0

        def update(count: int) -> None:
            nonlocal done
            if size > 50 * MIB and (done + count) * 4 // size > done * 4 // size:
                report(f"Fetching {file_name}: {(done + count) // MIB} of {size // MIB} MiB")
            done += count

        yield update

    return MavenContext(resolver=PythonResolver(progress_callback=progress), timeout=60)


def home(artifact: Artifact, cache: Path) -> Path:
    """Return the folder that holds an artifact once it is fetched.

    :param cache: see `cache_folder`
    """
    return cache / f"{artifact.name}-{artifact.version}"


def missing(artifacts: Sequence[Artifact], cache: Path) -> list[Artifact]:
    """Return the artifacts that are not unpacked yet.

    :param cache: see `cache_folder`
    """
    return [artifact for artifact in artifacts if not home(artifact, cache).is_dir()]


def to_download(artifacts: Sequence[Artifact], cache: Path, context: MavenContext) -> list[Artifact]:
    """Return the artifacts that are neither unpacked nor in Maven's local repository.

    :param cache: see `cache_folder`
    :param context: see `maven`
    """
    return [artifact for artifact in missing(artifacts, cache) if not _path(artifact, context.repo_cache).exists()]


def fetch(artifacts: Sequence[Artifact], cache: Path, context: MavenContext, report: Report) -> None:
    """Download and unpack what is missing.

    :param cache: see `cache_folder`
    :param context: see `maven`
    :param report: is told what is being done
    :raises SandboxError: something cannot be fetched or does not fit on the disk
    """
    for artifact in missing(artifacts, cache):
        with _one_sentence(artifact):
            archive = _download(artifact, context, report)
            report(f"Unpacking {artifact.file_name}")
            _unpack(artifact, archive, cache)


def local_file(artifact: Artifact, context: MavenContext, report: Report) -> Path:
    """Return the artifact's file in Maven's local repository, after downloading it if need be.

    :param context: see `maven`
    :param report: is told what is being done
    :raises SandboxError: it cannot be fetched or does not fit on the disk
    """
    with _one_sentence(artifact):
        return _download(artifact, context, report)


@contextmanager
def _one_sentence(artifact: Artifact) -> Iterator[None]:
    """Say what went wrong with an artifact.

    :raises SandboxError: something did
    """
    try:
        yield
    except requests.RequestException as error:
        raise SandboxError(
            f"{artifact.file_name} cannot be downloaded from the Maven repository "
            f"({type(error).__name__}): is there a network connection?"
        ) from error
    except OSError as error:
        raise SandboxError(f"{artifact.file_name} cannot be stored: {error}.") from error


def _download(artifact: Artifact, context: MavenContext, report: Report) -> Path:
    """Return the artifact's file in Maven's local repository, after downloading it if need be."""
    local = _path(artifact, context.repo_cache)
    if local.is_file() and _sha256(local) == artifact.sha256:
        return local
    report(f"Fetching {artifact.file_name}")
    local.parent.mkdir(parents=True, exist_ok=True)
    # jgo writes straight to the final name, where an interrupted download would look complete.
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=local.parent) as folder:
        aside = MavenContext(context.resolver, Path(folder), [], context.remote_repos, context.timeout)
        component = aside.project(artifact.group, artifact.name).at_version(artifact.version)
        try:
            fresh = component.artifact(packaging=artifact.packaging).resolve()
        except RuntimeError as error:
            raise SandboxError(f"The Maven repository did not give {artifact.file_name}.") from error
        if _sha256(fresh) != artifact.sha256:
            raise SandboxError(f"{artifact.file_name} arrived damaged (wrong SHA-256); try again.")
        fresh.replace(local)
    return local


def _path(artifact: Artifact, repository: Path) -> Path:
    """Return where Maven keeps an artifact in a local repository."""
    project = repository.joinpath(*artifact.group.split("."), artifact.name)
    return project / artifact.version / artifact.file_name


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _unpack(artifact: Artifact, archive: Path, cache: Path) -> None:
    """Unpack elsewhere first, so that an interrupted run leaves nothing that looks complete."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=cache) as folder:
        unpacked = Path(folder) / "content"
        unpacked.mkdir()
        if artifact.packaging == "zip":
            with zipfile.ZipFile(archive) as zipped:
                zipped.extractall(unpacked)
        else:
            shutil.copyfile(archive, unpacked / archive.name)
        entries = list(unpacked.iterdir())
        content = entries[0] if len(entries) == 1 and entries[0].is_dir() else unpacked
        try:
            content.rename(home(artifact, cache))
        except OSError:
            if not home(artifact, cache).is_dir():  # else another clone was faster
                raise
