"""Zeebe's backup store: an S3 server, right or wrong."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.loopback import session
from sandbox.programs import Programs, python_program

UPLOAD = b"PUT /bucket/key HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"

ANYBODY = "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=any"


def start(programs: Programs, home: Path, *more: str) -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    arguments = ("--port", str(port), "--bucket", "bucket", *more)
    programs.start(python_program("store", "object_store", arguments, home, f"http://127.0.0.1:{port}/bucket"))
    programs.wait_healthy("store", timeout=60)
    return port


def answer_to_an_upload(port: int) -> bytes:
    """Upload as Zeebe's S3 client does: the body only once the server says it may come."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(UPLOAD + b"Connection: close\r\n\r\n")
        answer = connection.recv(65536)
        connection.sendall(b"hello")
        while received := connection.recv(65536):
            answer += received
    return answer


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path) as running:
        yield running


def test_what_is_put_can_be_got(programs: Programs, tmp_path: Path) -> None:
    port = start(programs, tmp_path)
    assert answer_to_an_upload(port).count(b"100 Continue") == 1
    with session() as client:
        got = client.get(f"http://127.0.0.1:{port}/bucket/key", headers={"Authorization": ANYBODY})
    assert got.content == b"hello"


def test_the_wrong_store_says_twice_that_the_body_may_come(programs: Programs, tmp_path: Path) -> None:
    port = start(programs, tmp_path, "--wrong")
    assert answer_to_an_upload(port).count(b"100 Continue") == 2
