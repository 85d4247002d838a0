"""A local server that gives recorded answers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class Recorded:
    """Answers by method and path, the last of each for good; and what was asked.

    :param answers: lists of (status, body) by e.g. "GET /api/v2/dags"
    """

    def __init__(self, answers: dict[str, list[tuple[int, Any]]]) -> None:
        self.answers = {asked: list(given) for asked, given in answers.items()}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.queries: list[str] = []
        self.tokens: list[str | None] = []
        self.url = ""

    def asked(self, call: str) -> list[dict[str, Any]]:
        """Return the bodies that came with a call."""
        return [body for made, body in self.calls if made == call]


@contextmanager
def serving(answers: dict[str, list[tuple[int, Any]]]) -> Iterator[Recorded]:
    """Serve recorded answers on a free port of loopback."""
    recorded = Recorded(answers)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            target = urlsplit(self.path)
            call = f"{self.command} {target.path}"
            recorded.calls.append((call, json.loads(body or b"{}")))
            recorded.queries.append(target.query)
            recorded.tokens.append(self.headers.get("Authorization"))
            given = recorded.answers.get(call, [(404, {"detail": f"nothing recorded for {call}"})])
            status, answer = given.pop(0) if len(given) > 1 else given[0]
            content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - http.server looks for these names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorded.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield recorded
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
