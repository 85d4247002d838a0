"""An archive on its way over HTTP: it is never held in memory as a whole."""

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import BinaryIO


class Outgoing:
    """Sends what is written to it in chunks; the answer begins with the first, so that a refusal can come before.

    :param handler: of the call that is answered
    """

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._handler = handler
        self.begun = False

    def write(self, data: bytes) -> int:
        """Send one chunk."""
        if not self.begun:
            self.begun = True
            self._handler.send_response_only(HTTPStatus.OK)
            self._handler.send_header("Content-Type", "application/x-tar")
            self._handler.send_header("Transfer-Encoding", "chunked")
            self._handler.end_headers()
        if data:
            self._handler.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        return len(data)

    def end(self) -> None:
        """Say that this was all of it."""
        self._handler.wfile.write(b"0\r\n\r\n")


class Incoming:
    """Reads a request's body and nothing after it.

    :param body: where it comes from
    :param size: bytes
    """

    def __init__(self, body: BinaryIO, size: int) -> None:
        self._body, self._left = body, size

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, none at the end."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._body.read(wanted)
        self._left -= len(data)
        return data
