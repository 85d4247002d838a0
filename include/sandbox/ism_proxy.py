"""A proxy that lets Tasklist 8.6 use an OpenSearch 3 without its Index State Management plugin (ISM).

Tasklist puts a setting of that plugin into its index templates and dies when OpenSearch does not know it
(recorded from Tasklist 8.6.0, with index life cycles switched off). The proxy takes the setting out, answers
the plugin's own addresses itself, and forwards everything else. Run as `python -m sandbox.ism_proxy`.

Tasklist's own pages sort tasks by a script with a word that OpenSearch 3 no longer has; the proxy puts in the
word that OpenSearch 2 and 3 have both. Without it the page shows grey boxes for ever.
"""

import argparse
import json
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .ports import HOST

PLUGIN_PATH = "/_plugins/_ism/"
PLUGIN_SETTING = "index_state_management"
OLD_WORD, NEW_WORD = b".value.getMillis()", b".value.toInstant().toEpochMilli()"
PLUGIN_ANSWER = b'{"updated_indices":0,"failures":false,"failed_indices":[]}'
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


def without_plugin(settings: Json) -> Json:
    """Return settings without those of the plugin, dotted or nested.

    :param settings: parsed JSON
    """
    if isinstance(settings, list):
        return [without_plugin(entry) for entry in settings]
    if isinstance(settings, dict):
        return {key: without_plugin(value) for key, value in settings.items() if PLUGIN_SETTING not in key}
    return settings


class Handler(BaseHTTPRequestHandler):
    """Forwards one request."""

    protocol_version = "HTTP/1.1"
    search_port: int

    def forward(self) -> None:
        """Send the request on, and its answer back."""
        body = self._body()
        if self.path.startswith(PLUGIN_PATH):
            self._answer(HTTPStatus.OK, [("Content-Type", "application/json")], PLUGIN_ANSWER)
            return
        if self.path.startswith("/_index_template/") and PLUGIN_SETTING.encode() in body:
            body = json.dumps(without_plugin(json.loads(body))).encode()
        if self.path.partition("?")[0].endswith("/_search"):
            body = body.replace(OLD_WORD, NEW_WORD)
        connection = HTTPConnection(HOST, self.search_port, timeout=300)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        try:
            connection.request(self.command, self.path, body or None, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException):
            self.close_connection = True  # as if OpenSearch itself had gone
            return
        finally:
            connection.close()
        kept = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
        self._answer(response.status, kept, content, length=response.getheader("Content-Length"))

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = forward  # noqa: N815 - the base class calls them so

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so in the base class
        """Log nothing: OpenSearch has its own log."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, length: str | None = None) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        to_head = self.command == "HEAD"  # has no body, and tells the length of that of a GET
        self.send_header("Content-Length", length if to_head and length else str(len(body)))
        self.end_headers()
        if not to_head:
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Takes as many connections at once as Tasklist makes."""

    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser(description="Tasklist's way to an OpenSearch without ISM")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--search-port", type=int, required=True)
    options = parser.parse_args()
    Handler.search_port = options.search_port
    Server((HOST, options.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
