"""The part of ``ask_process.sh`` that passes data on: archives, and what the restore application says.

Run as ``python -IS ask_process.py HOST PORT ACTION NAME [BACKUP_ID]``.
"""

import json
import socket
import sys


def main() -> int:
    """Ask the stand-in's control port; return the exit code."""
    host, port, action, name, *backup = sys.argv[1:]
    if action == "archive":
        status, content = send(host, port, "GET", f"/processes/{name}/archive")
        if status == 200:
            sys.stdout.buffer.write(content)
            return 0
    elif action == "unarchive":
        status, content = send(host, port, "POST", f"/processes/{name}/archive", sys.stdin.buffer.read())
    else:
        sent = f'{{"backup_id": {backup[0]}}}' if backup else ""
        status, content = send(host, port, "POST", f"/processes/{name}/{action}", sent.encode())
    told = json.loads(content or b"{}")
    passes_data = action in {"archive", "unarchive"}
    (sys.stderr if passes_data else sys.stdout).write(str(told.get("output") or told.get("message") or ""))
    return 2 if status >= 400 else int(str(told.get("exit_code", 0)))


def send(host: str, port: str, method: str, path: str, sent: bytes = b"") -> tuple[int, bytes]:
    """Send one request over a connection of its own."""
    head = f"{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {len(sent)}\r\n\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + sent)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    if not answer:
        return 502, b'{"message": "the stand-in gave no answer"}'
    top, _, body = answer.partition(b"\r\n\r\n")
    return int(top.split()[1]), body


sys.exit(main())
