"""Artifacts are fetched once, whole, and as expected; here from a Maven repository on this machine."""

import hashlib
import http.server
import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from jgo.maven import MavenContext, PythonResolver

from sandbox.errors import SandboxError
from sandbox.fetch import Artifact, fetch, home, missing, to_download

CONTENT = b"made for a test\n"


def zipped() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("thing-1.0/lib/thing.txt", CONTENT)
    return archive.getvalue()


PACKED = {"zip": zipped(), "jar": CONTENT}
UNPACKED = {"zip": "lib/thing.txt", "jar": "thing-1.0.jar"}


def thing(packaging: str) -> Artifact:
    return Artifact("org.example", "thing", "1.0", packaging, hashlib.sha256(PACKED[packaging]).hexdigest(), 1)


class Repository(http.server.ThreadingHTTPServer):
    """A Maven repository with one artifact; it notes what it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), partial(Files, directory=str(folder)))
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.folder = folder

    def offer(self, artifact: Artifact, content: bytes) -> None:
        """Put an artifact where Maven looks for it."""
        path = self.folder / "org" / "example" / "thing" / "1.0" / artifact.file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class Files(http.server.SimpleHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    with Repository(tmp_path / "remote") as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def maven(repository: Repository, tmp_path: Path) -> MavenContext:
    return MavenContext(PythonResolver(), tmp_path / "local", [], {"here": repository.url}, timeout=5)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def ignore(_: str) -> None:
    pass


@pytest.mark.parametrize("packaging", PACKED)
def test_an_artifact_is_fetched_and_unpacked(
    packaging: str, repository: Repository, maven: MavenContext, cache: Path
) -> None:
    artifact = thing(packaging)
    repository.offer(artifact, PACKED[packaging])
    assert to_download([artifact], cache, maven) == [artifact]
    fetch([artifact], cache, maven, ignore)
    assert (home(artifact, cache) / UNPACKED[packaging]).read_bytes() == CONTENT
    assert missing([artifact], cache) == []
    assert [path.name for path in cache.iterdir()] == ["thing-1.0"]


def test_a_second_time_nothing_is_asked_for(repository: Repository, maven: MavenContext, cache: Path) -> None:
    artifact = thing("zip")
    repository.offer(artifact, PACKED["zip"])
    fetch([artifact], cache, maven, ignore)
    asked = list(repository.asked)
    told: list[str] = []
    fetch([artifact], cache, maven, told.append)
    assert (repository.asked, told) == (asked, [])


def test_a_second_clone_unpacks_what_maven_has(repository: Repository, maven: MavenContext, tmp_path: Path) -> None:
    artifact = thing("zip")
    repository.offer(artifact, PACKED["zip"])
    fetch([artifact], tmp_path / "cache", maven, ignore)
    asked = list(repository.asked)
    assert to_download([artifact], tmp_path / "other", maven) == []
    fetch([artifact], tmp_path / "other", maven, ignore)
    assert repository.asked == asked


def test_an_interrupted_download_is_done_again(
    repository: Repository, maven: MavenContext, cache: Path, tmp_path: Path
) -> None:
    artifact = thing("zip")
    repository.offer(artifact, PACKED["zip"])
    half = tmp_path / "local" / "org" / "example" / "thing" / "1.0" / artifact.file_name
    half.parent.mkdir(parents=True)
    half.write_bytes(PACKED["zip"][:20])
    fetch([artifact], cache, maven, ignore)
    assert missing([artifact], cache) == []


def test_a_damaged_artifact_is_refused_and_not_kept(
    repository: Repository, maven: MavenContext, cache: Path, tmp_path: Path
) -> None:
    artifact = thing("zip")
    repository.offer(artifact, PACKED["zip"] + b"more")
    with pytest.raises(SandboxError, match=r"thing-1\.0\.zip arrived damaged"):
        fetch([artifact], cache, maven, ignore)
    assert missing([artifact], cache) == [artifact]
    assert not list((tmp_path / "local").rglob("*.zip"))


def test_an_artifact_the_repository_has_not_is_one_sentence(maven: MavenContext, cache: Path) -> None:
    with pytest.raises(SandboxError, match=r"The Maven repository did not give thing-1\.0\.zip"):
        fetch([thing("zip")], cache, maven, ignore)


def test_no_network_is_one_sentence(cache: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
    maven = MavenContext(PythonResolver(), tmp_path / "local", [], {"nowhere": nowhere}, timeout=5)
    with pytest.raises(SandboxError, match=r"thing-1\.0\.zip cannot be downloaded .* is there a network connection\?"):
        fetch([thing("zip")], cache, maven, ignore)


def test_clones_that_fetch_at_the_same_time_do_not_hinder_each_other(
    repository: Repository, maven: MavenContext, cache: Path
) -> None:
    artifact = thing("zip")
    repository.offer(artifact, PACKED["zip"])
    with ThreadPoolExecutor(8) as clones:
        for done in [clones.submit(fetch, [artifact], cache, maven, ignore) for _ in range(8)]:
            done.result()
    assert [path.name for path in cache.iterdir()] == ["thing-1.0"]


def test_no_room_is_one_sentence(repository: Repository, maven: MavenContext, tmp_path: Path) -> None:
    artifact = thing("zip")
    repository.offer(artifact, PACKED["zip"])
    (tmp_path / "cache").write_text("a file is in the way")
    with pytest.raises(SandboxError, match=r"thing-1\.0\.zip cannot be stored"):
        fetch([artifact], tmp_path / "cache", maven, ignore)
