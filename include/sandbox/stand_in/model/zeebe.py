"""Zeebe: partitions with a record log, process instances, and the exporting phase of every replica."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from sandbox.stand_in.model.clock import millis
from sandbox.stand_in.model.definitions import Definition, attribute, described, requirements, user_task

KEYS_PER_PARTITION = 1 << 51
DEPLOYMENT_PARTITION = 1


class Phase(StrEnum):
    """Exporting phase of a partition's replica, with Zeebe's words."""

    EXPORTING = "EXPORTING"
    PAUSED = "PAUSED"
    SOFT_PAUSED = "SOFT_PAUSED"


class Rejected(Exception):
    """Zeebe rejects a command."""


class Unroutable(Exception):
    """The key belongs to no partition."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the log. Positions of a partition count from 1 without gaps.

    :param rejected: a rejected command; exporters pass it, but no index holds it
    """

    partition: int
    position: int
    key: int
    value_type: str
    intent: str
    value: dict[str, Any]
    timestamp: int
    rejected: bool = False


@dataclass(slots=True)
class Partition:
    """A partition's log.

    :param written: last position that is in the search engine's record indices
    :param acknowledged: last position the exporter reported back; a soft pause freezes it
    """

    number: int
    records: list[Record] = field(default_factory=list)
    written: int = 0
    acknowledged: int = 0
    keys: int = 0

    @property
    def last_position(self) -> int:
        """Position of the newest record."""
        return len(self.records)

    def next_key(self) -> int:
        """Mint a key; it tells the partition."""
        self.keys += 1
        return self.number * KEYS_PER_PARTITION + self.keys

    def append(self, key: int, value_type: str, intent: str, value: dict[str, Any], *, rejected: bool = False) -> None:
        """Write a record to the log."""
        position = self.last_position + 1
        self.records.append(Record(self.number, position, key, value_type, intent, value, millis(), rejected))


@dataclass(slots=True)
class Instance:
    """A process instance, waiting at its user task if the process has one."""

    key: int
    partition: int
    process: Definition
    task: int | None
    state: str = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Copy of a partition's state, as a backup holds it; the deployments are those of the whole cluster."""

    records: tuple[Record, ...] = ()
    acknowledged: int = 0
    keys: int = 0
    instances: tuple[Instance, ...] = ()
    processes: Mapping[str, Definition] = field(default_factory=dict)
    decisions: Mapping[str, Definition] = field(default_factory=dict)


class Zeebe:
    """A Zeebe cluster. Process instances go to the partitions in turn and wait at their first user task."""

    def __init__(self, brokers: int, partitions: int) -> None:
        self.brokers = brokers
        self.replication = min(brokers, 3)
        self.partitions = {n: Partition(n) for n in range(1, partitions + 1)}
        self.phases = {(b, n): Phase.EXPORTING for n in self.partitions for b in self.replicas(n)}
        self.processes: dict[str, Definition] = {}
        self.decisions: dict[str, Definition] = {}
        self.instances: dict[int, Instance] = {}
        self.commands_since_restore: Counter[int] | None = None
        self._tasks: dict[int, Instance] = {}
        self._started = 0

    def checkpoint(self, number: int) -> Checkpoint:
        """Copy a partition's state."""
        partition = self.partitions[number]
        own = tuple(replace(i) for i in self.instances.values() if i.partition == number)
        positions = {"acknowledged": partition.acknowledged, "keys": partition.keys}
        return Checkpoint(
            tuple(partition.records),
            instances=own,
            processes=dict(self.processes),
            decisions=dict(self.decisions),
            **positions,
        )

    def load(self, checkpoints: Mapping[int, Checkpoint]) -> None:
        """Go on from checkpoints, or empty without them.

        Exporters begin after what they had acknowledged; a pause of exporting is no part of a backup.
        """
        for number, partition in self.partitions.items():
            held = checkpoints.get(number, Checkpoint())
            partition.records, partition.keys = list(held.records), held.keys
            partition.acknowledged = partition.written = held.acknowledged
        deployed = checkpoints.get(DEPLOYMENT_PARTITION, Checkpoint())
        self.processes, self.decisions = dict(deployed.processes), dict(deployed.decisions)
        copies = [replace(i) for held in checkpoints.values() for i in held.instances]
        self.instances = {i.key: i for i in copies}
        self._tasks = {i.task: i for i in copies if i.task is not None}
        self.commands_since_restore = Counter() if checkpoints else None
        self.set_phase(Phase.EXPORTING)

    def replicas(self, partition: int) -> list[int]:
        """Brokers that hold a partition, the leader first."""
        return [(partition - 1 + i) % self.brokers for i in range(self.replication)]

    def phase(self, partition: int) -> Phase:
        """Exporting phase of a partition's leader."""
        return self.phases[self.replicas(partition)[0], partition]

    def set_phase(self, phase: Phase, only: int | None = None) -> None:
        """Pause or resume exporting of one partition or of all, on every replica."""
        for broker, partition in self.phases:
            if only in {None, partition}:
                self.phases[broker, partition] = phase

    def deploy(self, name: str, text: str) -> list[tuple[str, Definition]]:
        """Deploy a resource; an unchanged one keeps its version. Returns (kind, definition) of all in it."""
        if not name.endswith((".bpmn", ".dmn", ".xml")):
            raise Rejected(
                "Command 'CREATE' rejected with code 'INVALID_ARGUMENT': Expected to deploy new resources, but "
                f"encountered the following errors:\n\n'{name}': unknown resource type"
            )
        deployed = [
            ("processDefinition", self._define(self.processes, found, name, text, "PROCESS"))
            for found in re.finditer(r"<(?:\w+:)?process\s[^>]*>", text)
        ]
        deployed += [
            ("decisionDefinition", self._define(self.decisions, found, name, text, "DECISION"))
            for found in re.finditer(r"<(?:\w+:)?decision\s[^>]*>", text)
        ]
        return deployed

    def _define(
        self, known: dict[str, Definition], tag: re.Match[str], resource: str, text: str, kind: str
    ) -> Definition:
        identity = attribute(tag[0], "id") or resource
        last = known.get(identity)
        if last is not None and last.text == text:
            return last
        partition = self.partitions[DEPLOYMENT_PARTITION]
        definition = known[identity] = Definition(
            key=partition.next_key(),
            id=identity,
            name=attribute(tag[0], "name") or identity,
            version=last.version + 1 if last else 1,
            resource=resource,
            text=text,
            calls=tuple(re.findall(r'calledDecision\s+decisionId="([^"]+)"', text)),
            user_task=user_task(text),
            requirements=requirements(text, partition.next_key()) if kind == "DECISION" else {},
        )
        value = {"id": identity, "name": definition.name, "version": definition.version, "resource": text}
        value |= definition.requirements
        partition.append(definition.key, kind, "CREATED", value)
        return definition

    @property
    def next_partition(self) -> int:
        """Partition the next process instance goes to."""
        return self._started % len(self.partitions) + 1

    def start(self, process: Definition, variables: dict[str, Any]) -> Instance:
        """Start a process instance."""
        partition = self.partitions[self.next_partition]
        self._started += 1
        key = partition.next_key()
        named = {**process.named, "processInstanceKey": key}
        partition.append(
            partition.next_key(), "PROCESS_INSTANCE_CREATION", "CREATED", {**named, "variables": variables}
        )
        partition.append(key, "PROCESS_INSTANCE", "ELEMENT_ACTIVATED", {**named, "processName": process.name})
        for called in process.calls:
            if decision := self.decisions.get(called):
                decided = {"decisionKey": decision.key, "decisionVersion": decision.version}
                value = {**named, "decisionId": called, "decisionName": decision.name, **decided}
                partition.append(partition.next_key(), "DECISION_EVALUATION", "EVALUATED", value)
        task = partition.next_key() if process.user_task else None
        instance = self.instances[key] = Instance(key, partition.number, process, task)
        if task is None or process.user_task is None:
            self._end(instance, "COMPLETED")
        else:
            self._tasks[task] = instance
            partition.append(
                task, "USER_TASK", "CREATED", {**named, "processName": process.name, **described(process.user_task)}
            )
        return instance

    def complete(self, task: int) -> None:
        """Complete a user task, and with it its instance."""
        partition = self._routed(task)
        instance = self._tasks.get(task)
        if instance is None or instance.state != "ACTIVE":
            partition.append(task, "USER_TASK", "COMPLETE", {}, rejected=True)
            raise Rejected(
                "Command 'COMPLETE' rejected with code 'NOT_FOUND': Expected to complete user task with key "
                f"'{task}', but no such user task was found"
            )
        self._task(instance, "COMPLETED")
        self._end(instance, "COMPLETED")

    def cancel(self, key: int) -> None:
        """Cancel a process instance."""
        partition = self._routed(key)
        instance = self.instances.get(key)
        if instance is None or instance.state != "ACTIVE":
            partition.append(key, "PROCESS_INSTANCE", "CANCEL", {}, rejected=True)
            raise Rejected(
                "Command 'CANCEL' rejected with code 'NOT_FOUND': Expected to cancel a process instance with key "
                f"'{key}', but no such process was found"
            )
        self._task(instance, "CANCELED")
        self._end(instance, "CANCELED")

    def _routed(self, key: int) -> Partition:
        if key // KEYS_PER_PARTITION not in self.partitions:
            raise Unroutable
        return self.partitions[key // KEYS_PER_PARTITION]

    def _task(self, instance: Instance, intent: str) -> None:
        if instance.task is not None:
            value = {**instance.process.named, "processInstanceKey": instance.key}
            self.partitions[instance.partition].append(instance.task, "USER_TASK", intent, value)

    def _end(self, instance: Instance, state: str) -> None:
        instance.state = state
        intent = "ELEMENT_COMPLETED" if state == "COMPLETED" else "ELEMENT_TERMINATED"
        value = {**instance.process.named, "processInstanceKey": instance.key}
        self.partitions[instance.partition].append(instance.key, "PROCESS_INSTANCE", intent, value)
