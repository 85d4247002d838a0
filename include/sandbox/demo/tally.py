"""What a cluster shows, in numbers: asked of the web apps, the search engine and Zeebe, not of Airflow."""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import requests

from sandbox.errors import SandboxError
from sandbox.loopback import TIMEOUT, session
from sandbox.workload import Workload

Tally = dict[str, int | None]
"""Numbers by what is counted; None where nobody answers any more."""

T = TypeVar("T")

LOOK_INTERVAL = 0.5
INDICES = "operate-*,tasklist-*,optimize-*,zeebe-record*"
INSTANCES = {"ACTIVE": "active", "COMPLETED": "completed", "CANCELED": "canceled"}
TASKS = {"CREATED": "open", "COMPLETED": "completed"}


def tally(urls: Mapping[str, str]) -> Tally:
    """Count what the cluster shows right now.

    :param urls: its addresses by the names of `ports.py`
    """
    with Workload(urls) as work:
        found: Tally = {
            "process definitions": _told(work.count_process_definitions),
            "decision definitions": _told(work.count_decision_definitions),
        }
        instances, tasks = _told(work.count_in_operate), _told(work.count_in_tasklist)
    for state, name in INSTANCES.items():
        found[f"process instances {name}"] = None if instances is None else instances[state]
    for state, name in TASKS.items():
        found[f"user tasks {name}"] = None if tasks is None else tasks[state]
    found["partitions of Zeebe"] = _told(lambda: _partitions(urls["zeebe_rest"]))
    found["indices of Camunda"] = _told(lambda: _indices(urls["search"]))
    return found


def tally_that_shows(urls: Mapping[str, str], wanted: Mapping[str, int | None], patience: float) -> Tally:
    """Count until what is wanted is shown, since web apps show everything a little later; return the last count.

    :param wanted: some of the numbers
    :param patience: in seconds; what is there then is returned
    """
    deadline = time.monotonic() + patience
    while True:
        found = tally(urls)
        if all(found[name] == number for name, number in wanted.items()) or time.monotonic() > deadline:
            return found
        time.sleep(LOOK_INTERVAL)


def _told(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except (SandboxError, requests.RequestException):
        return None


def _partitions(zeebe: str) -> int:
    brokers = _get(f"{zeebe}/v2/topology")["brokers"]
    return len({partition["partitionId"] for broker in brokers for partition in broker["partitions"]})


def _indices(search: str) -> int:
    return len(_get(f"{search}/_cat/indices/{INDICES}?format=json&h=index"))


def _get(address: str) -> Any:
    with session() as direct:
        response = direct.get(address, timeout=TIMEOUT)
    response.raise_for_status()
    return response.json()
