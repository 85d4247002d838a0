"""Looking at what other processes do, and waiting for it."""

import time
from collections.abc import Callable

import psutil  # type: ignore[import-untyped]


def until(condition: Callable[[], bool], seconds: float = 60.0, pause: float = 0.2) -> None:
    """Wait for a condition; fail when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come true within {seconds} s"
        time.sleep(pause)


def exists(pid: int) -> bool:
    """Return whether a process is there and not a zombie that nobody has buried yet."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def listening_addresses(pid: int) -> set[str]:
    """Return the addresses, without their ports, that a process listens on."""
    connections = psutil.Process(pid).net_connections(kind="tcp")
    return {connection.laddr.ip for connection in connections if connection.status == psutil.CONN_LISTEN}
