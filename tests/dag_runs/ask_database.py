"""What a cluster file's commands do with the database that a stand-in plays; a dump is a plain JSON file.

Run as ``python -IS ask_database.py HOST PORT ACTION [FILE]``; ACTION is positions, dump, verify or restore.
"""

import http.client
import json
import pathlib
import sys


def main() -> int:
    """Do it; return the exit code."""
    host, port, action, *file = sys.argv[1:]
    try:
        return act(http.client.HTTPConnection(host, int(port), timeout=10), action, *map(pathlib.Path, file))
    except (OSError, ValueError) as error:
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
        return 1


def act(server: http.client.HTTPConnection, action: str, file: pathlib.Path | None = None) -> int:
    """Do one thing."""
    if action == "positions":
        for partition, position in json.loads(ask(server, "GET", "/database/positions")).items():
            sys.stdout.write(f"{partition} {position}\n")
    elif file is not None and action == "dump":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(ask(server, "GET", "/database"))
    elif file is not None and action == "verify":
        sys.stdout.write(f"{len(json.loads(file.read_bytes())['tables'])} tables\n")
    elif file is not None:
        ask(server, "PUT", "/database", file.read_bytes())
    return 0


def ask(server: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> bytes:
    """Send one request."""
    server.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = server.getresponse()
    told = answer.read()
    if answer.status >= 400:
        raise ValueError(told.decode())
    return told


sys.exit(main())
