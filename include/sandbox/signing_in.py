"""Sessions with the servers of a cluster."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import requests

from .loopback import session

LOGIN = {"username": "demo", "password": "demo"}
TIMEOUT = 60.0


class Sessions:
    """A caller's sessions, signed in where a server is a web app; for one thread.

    Each server has its own, since cookies do not tell ports apart.

    :param urls: the cluster's addresses by the names of `ports.py`
    """

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._sessions: dict[str, requests.Session] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for opened in self._sessions.values():
            opened.close()

    def session(self, server: str) -> requests.Session:
        """Return the session with a server.

        :raises requests.RequestException: it does not let the user in
        """
        if server not in self._sessions:
            opened = session()
            if server.endswith("_web"):
                opened.post(f"{self._urls[server]}/api/login", params=LOGIN, timeout=TIMEOUT).raise_for_status()
            self._sessions[server] = opened
        return self._sessions[server]
