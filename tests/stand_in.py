"""A stand-in cluster for tests: started as a program of its own, spoken to over the network."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar
from urllib.parse import urlsplit

import requests

from sandbox.demo.clusters import CONNECTIONS

PROJECT = Path(__file__).parent.parent


PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="definitions" targetNamespace="http://example.org/demo">
  <bpmn:process id="demo" name="Demo" isExecutable="true">
    <bpmn:startEvent id="start"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="approve"/>
    <bpmn:userTask id="approve" name="Approve">
      <bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements>
      <bpmn:incoming>f1</bpmn:incoming><bpmn:outgoing>f2</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:sequenceFlow id="f2" sourceRef="approve" targetRef="end"/>
    <bpmn:endEvent id="end"><bpmn:incoming>f2</bpmn:incoming></bpmn:endEvent>
  </bpmn:process>
</bpmn:definitions>
"""
Found = TypeVar("Found")


def until(look: Callable[[], Found], wanted: Callable[[Found], bool], seconds: float = 10) -> Found:
    """Look again and again until what is found is what is wanted; fail with the last find."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if wanted(found):
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not reached in {seconds} s; last seen: {found!r}")
        time.sleep(0.005)


class StandIn:
    """A running stand-in. It dies with the test process, also when that one is killed.

    :param line: line of Camunda to play, e.g. ``8.6``
    :param pace: seconds one part of a backup takes
    :param options: more words for its command line
    """

    urls: dict[str, str]
    _spoiled: ClassVar[set["StandIn"]] = set()
    _unfired: ClassVar[list[str]] = []

    def __init__(self, line: str = "8.6", *options: str, pace: float = 0.05) -> None:
        words = ["--line", line, "--ports", "0", "--pace", str(pace), "--until-stdin-closes", *options]
        if "--only" not in options:
            words.append("--repository")
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "sandbox.stand_in", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(PROJECT / "include")},
            text=True,
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        if not ready:
            self.close()
            raise RuntimeError("the stand-in did not start; its error output says why")
        self.urls = json.loads(ready)["ready"]
        self._http = requests.Session()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @classmethod
    def unfired_faults(cls) -> list[str]:
        """Give the faults that spoiled no request in any stand-in, and forget them; for the end of a test."""
        for stand_in in list(cls._spoiled):
            stand_in._note_unfired()
        found = list(cls._unfired)
        cls._unfired.clear()
        return found

    @property
    def pid(self) -> int:
        """Its process ID."""
        return self._process.pid

    def connections(self, cluster: str) -> dict[str, dict[str, Any]]:
        """Airflow connections to its roles, by connection ID, in Airflow's JSON form."""
        found = {}
        for name, door in CONNECTIONS.items():
            address = self.urls.get(door) or self.urls.get(door.replace("_management", "_web"))  # one port on 8.5
            if address:
                url = urlsplit(address)
                found[f"{cluster}_{name}"] = {
                    "conn_type": "http",
                    "schema": url.scheme,
                    **({"host": address} if url.path else {"host": url.hostname, "port": url.port}),
                    **({"login": "demo", "password": "demo"} if name == "rest" or name.endswith("_web") else {}),
                }
        return found

    def ask(self, door: str, path: str, method: str = "GET", **sent: Any) -> requests.Response:
        """Send a request to one of its ports, e.g. ``ask("search", "/_cluster/health")``."""
        return self._http.request(method, self.urls[door] + path, timeout=sent.pop("timeout", 20), **sent)

    def work(self, instances: int) -> list[int]:
        """Deploy a process with a user task and start instances of it; give their keys once they are searchable."""
        resource = {"resources": ("demo.bpmn", PROCESS, "text/xml")}
        self.ask("zeebe_rest", "/v2/deployments", "POST", files=resource).raise_for_status()
        started = [
            self.ask("zeebe_rest", "/v2/process-instances", "POST", json={"processDefinitionId": "demo"}).json()
            for _ in range(instances)
        ]
        until(lambda: self.count("zeebe-record*"), lambda found: found == self.written())
        return [int(instance["processInstanceKey"]) for instance in started]

    def count(self, index: str, query: Mapping[str, Any] | None = None) -> int:
        """Count documents."""
        path = f"/{index}/_count?ignore_unavailable=true"
        return int(self.ask("search", path, "POST", json={"query": query or {"match_all": {}}}).json()["count"])

    def written(self) -> int:
        """Number of records in Zeebe's log that the search engine gets."""
        return sum(partition["events"] for partition in self.truth()["partitions"].values())

    def fault(
        self,
        role: str,
        effect: Mapping[str, Any],
        *,
        method: str = ".*",
        path: str = "",
        skip: int = 0,
        times: int | None = 1,
        caller: str = "client",
        may_rest: bool = False,
    ) -> None:
        """Spoil the next requests that fit; a test in which there is none fails.

        :param effect: ``{"status": 500, "body": …}``, ``{"envelope": 500}``, ``{"hang": seconds}``, ``{"drop": True}``
            or ``{"act_then": <one of these>}``
        :param method: regular expression for the whole method
        :param path: regular expression found anywhere in path and query
        :param skip: fitting requests to let pass first
        :param times: requests to spoil, None for all
        :param caller: ``client``, or ``any`` to include the stand-in's own requests
        :param may_rest: let the test pass all the same when no request fits
        """
        wanted = {"role": role, "effect": effect, "method": method, "path": path, "skip": skip, "times": times}
        self._control("/faults", {**wanted, "from": caller, "may_rest": may_rest})
        self._spoiled.add(self)

    def outcome(self, role: str, outcome: str, *, seconds: float | None = None, times: int | None = 1) -> None:
        """Decide how the next backups of a role end."""
        self._control("/outcomes", {"role": role, "outcome": outcome, "for": seconds, "times": times})

    def conditions(self, **conditions: Any) -> None:
        """Put it into a state of affairs, e.g. ``backup_store="none"``."""
        self._control("/conditions", conditions)

    def pace(self, seconds_per_part: float) -> None:
        """Change how fast backups advance."""
        self._control("/pace", {"seconds_per_part": seconds_per_part})

    def exporting(self, phase: str, partition: int | None = None) -> None:
        """Pause or resume exporting behind everybody's back."""
        self._control("/exporting", {"phase": phase, "partition": partition})

    def plant(self, **backups: list[int]) -> None:
        """Put finished backups of another day there, e.g. ``plant(zeebe=[41], optimize=[41])``."""
        self._control("/backups", backups)

    def kill(self, role: str) -> None:
        """Refuse connections to a role."""
        self._control("/kill-role", {"role": role})

    def revive(self, role: str) -> None:
        """Take connections to a role again."""
        self._control("/revive-role", {"role": role})

    def process(self, name: str, action: str = "", **sent: Any) -> Any:
        """Ask for the state of a process, or stop, start, empty or restore it; fail with the reason of a refusal.

        :param action: ``stop``, ``start``, ``empty`` or ``restore``; none asks for the state
        :param sent: what goes with it, e.g. ``backup_id=10``
        """
        path = f"/processes/{name}" + (f"/{action}" if action else "")
        answer = self.ask("control", path, "POST" if action else "GET", json=sent or None)
        if not answer.ok:
            raise ValueError(answer.json()["message"])
        return answer.json() if answer.content else None

    def healthy(self, name: str) -> bool:
        """Whether a process says on its management port that it is well."""
        try:
            door = f"{name}_management" if f"{name}_management" in self.urls else f"{name}_web"
            return self.ask(door, "/actuator/health").ok
        except requests.ConnectionError:
            return False

    def start(self, name: str) -> None:
        """Start a process and wait until it is healthy."""
        self.process(name, "start")
        until(lambda: self.healthy(name), bool)

    def disaster(self) -> None:
        """End all processes; Zeebe's data and all indices are gone."""
        self._control("/disaster", {})

    def keep(self, name: str = "work") -> None:
        """Remember the cluster's data under a name, for ``reset``."""
        self._control("/keep", {"as": name})

    def reset(self, *, repository: bool = True, kept: str = "") -> None:
        """Begin again without faults, outcomes, conditions and journal.

        :param kept: with the data there were when they were kept as this, not with an empty cluster
        """
        self._note_unfired()
        self._control("/reset", {"repository": repository, "kept": kept})

    def journal(self, role: str | None = None, *, caller: str = "client") -> list[dict[str, Any]]:
        """Give the requests received so far, in order of arrival."""
        entries: list[dict[str, Any]] = self._look("/journal")
        return [e for e in entries if role in {None, e["role"]} and caller in {"any", e["from"]}]

    def truth(self) -> dict[str, Any]:
        """Give what the model knows: exporting phases, positions, instances, backups, snapshots, processes."""
        found: dict[str, Any] = self._look("/truth")
        return found

    def close(self) -> None:
        """Stop it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._note_unfired()
        self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        if hasattr(self, "_http"):
            self._http.close()

    def _note_unfired(self) -> None:
        if self in self._spoiled:
            self._spoiled.remove(self)
            self._unfired.extend(self._look("/faults/unfired"))

    def _control(self, path: str, body: Mapping[str, Any]) -> None:
        answer = self._http.post(self.urls["control"] + path, json=body, timeout=10)
        if answer.status_code != 204:
            raise ValueError(answer.json()["message"])

    def _look(self, path: str) -> Any:
        answer = self._http.get(self.urls["control"] + path, timeout=10)
        answer.raise_for_status()
        return answer.json()
