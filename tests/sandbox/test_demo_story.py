"""Starting things side by side."""

import threading

import pytest

from sandbox.demo.story import start_together
from sandbox.errors import SandboxError


def test_waits_until_all_are_up() -> None:
    up: list[str] = []
    start_together(lambda: up.append("cluster"), lambda: up.append("airflow"))
    assert sorted(up) == ["airflow", "cluster"]


def test_the_first_failure_ends_the_waiting() -> None:
    slow = threading.Event()

    def fail() -> None:
        raise SandboxError("the cluster does not start")

    def start_slowly() -> None:
        slow.wait()

    with pytest.raises(SandboxError, match="the cluster does not start"):
        start_together(start_slowly, fail)
    assert not slow.is_set()
    slow.set()
