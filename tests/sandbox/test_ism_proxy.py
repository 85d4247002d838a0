"""Tasklist's way to an OpenSearch without the Index State Management plugin."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.loopback import session
from sandbox.programs import Programs, python_program

TEMPLATE = {
    "index_patterns": ["tasklist-*"],
    "template": {
        "settings": {
            "plugins.index_state_management.policy_id": "tasklist",
            "index": {"plugins.index_state_management": {"policy_id": "tasklist"}, "number_of_replicas": 0},
        }
    },
}

SORTED = {"sort": {"source": "doc['dueDate'].value.getMillis()"}}


class Search(ThreadingHTTPServer):
    """Answers every request with what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Echo)
        self.port: int = self.server_address[1]


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        asked = {"method": self.command, "path": self.path, "body": body, "mark": self.headers.get("X-Mark")}
        content = json.dumps(asked).encode()
        self.send_response(418 if "teapot" in self.path else 200)
        self.send_header("Content-Length", "4711" if self.command == "HEAD" else str(len(content)))
        self.send_header("X-Search", "yes")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815 - the base class calls them so

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def search() -> Iterator[Search]:
    with Search() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(search: Search, tmp_path: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ("--port", str(port), "--search-port", str(search.port))
    with Programs(tmp_path) as programs:
        health = f"http://127.0.0.1:{port}/_plugins/_ism/explain"
        programs.start(python_program("ism_proxy", "ism_proxy", arguments, tmp_path, health))
        programs.wait_healthy("ism_proxy", timeout=30)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def client() -> Iterator[requests.Session]:
    with session() as opened:
        yield opened


def test_the_plugins_settings_are_taken_out_of_an_index_template(proxy: str, client: requests.Session) -> None:
    asked = client.put(f"{proxy}/_index_template/tasklist-task_template", json=TEMPLATE).json()
    assert json.loads(asked["body"]) == {
        "index_patterns": ["tasklist-*"],
        "template": {"settings": {"index": {"number_of_replicas": 0}}},
    }


def test_documents_are_left_as_they_are(proxy: str, client: requests.Session) -> None:
    asked = client.put(f"{proxy}/tasklist-task/_doc/1", json=[TEMPLATE, SORTED]).json()
    assert json.loads(asked["body"]) == [TEMPLATE, SORTED]


def test_the_script_that_sorts_tasks_gets_a_word_that_opensearch_3_has(proxy: str, client: requests.Session) -> None:
    asked = client.post(f"{proxy}/tasklist-task/_search?typed_keys=true", json=SORTED).json()
    assert json.loads(asked["body"]) == {"sort": {"source": "doc['dueDate'].value.toInstant().toEpochMilli()"}}


def test_the_plugin_answers_without_being_there(proxy: str, client: requests.Session) -> None:
    answer = client.post(f"{proxy}/_plugins/_ism/add/tasklist-*", json={"policy_id": "tasklist"})
    assert answer.json() == {"updated_indices": 0, "failures": False, "failed_indices": []}


def test_requests_and_answers_pass_as_they_are(proxy: str, client: requests.Session) -> None:
    answer = client.delete(f"{proxy}/teapot?q=1", headers={"X-Mark": "here"})
    assert answer.status_code == 418
    assert answer.headers["X-Search"] == "yes"
    assert answer.json() == {"method": "DELETE", "path": "/teapot?q=1", "body": "", "mark": "here"}


def test_a_chunked_body_arrives_whole(proxy: str, client: requests.Session) -> None:
    asked = client.post(f"{proxy}/_bulk", data=iter([b"one\n", b"two\n"])).json()
    assert asked["body"] == "one\ntwo\n"


def test_head_tells_the_length_that_the_search_engine_told(proxy: str, client: requests.Session) -> None:
    assert client.head(f"{proxy}/tasklist-task").headers["Content-Length"] == "4711"


def test_a_search_engine_that_is_gone_looks_gone(proxy: str, search: Search, client: requests.Session) -> None:
    search.server_close()
    with pytest.raises(requests.ConnectionError):
        client.get(f"{proxy}/_cluster/health")
