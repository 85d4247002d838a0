"""Zeebe's management port: health, topology, exporting."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sandbox.stand_in.answers.entry import ACTUATOR
from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.model.clock import zulu
from sandbox.stand_in.roles.exporting_control import ExportingControl
from sandbox.stand_in.roles.spring import Bean, Spring
from sandbox.stand_in.roles.zeebe_backups import ZeebeBackupRole
from sandbox.stand_in.roles.zeebe_recovery import ZeebeRecovery
from sandbox.stand_in.routes import Routes
from sandbox.stand_in.world import World

BEAN = "zeebe.broker-io.camunda.application.commons.configuration.BrokerBasedConfiguration$BrokerBasedProperties"


class ZeebeManagement:
    """The actuator of one broker; the gateway's calls are answered by each of them."""

    def __init__(self, world: World, broker: int, more_beans: Mapping[str, Bean] = MappingProxyType({})) -> None:
        """Take a broker; ``more_beans`` is the configuration of web apps that are part of the same process."""
        self._world, self._broker, self._more_beans = world, broker, more_beans
        self._spring = Spring(world, "zeebe")

    def routes(self) -> Routes:
        """All paths of the management port."""
        routes = self._spring.routes()
        groups = {
            "": ["brokerReady", "brokerStartup", "brokerStatus"],
            "readiness": ["brokerReady"],
            "startup": [],
            "status": [],
        }
        beans = {BEAN: Bean("zeebe.broker", self._properties), **self._more_beans}
        self._spring.add_actuator(routes, groups, beans, troubled=self._troubled)
        routes.add("GET", "/actuator/partitions", self._partitions)
        routes.add("GET", "/actuator/cluster", self._cluster)
        if self._world.line.restore_api:
            routes.add("DELETE", "/actuator/cluster/changes/{id}", ZeebeRecovery(self._world).cancel)
        routes.add("GET", "/actuator/exporters", self._exporters)
        routes.add("POST", "/actuator/exporting/{operation}", self._exporting)
        ZeebeBackupRole(self._world, self._world.line.zeebe_backups).add_to(routes)
        return routes

    def _properties(self) -> dict[str, Any]:
        conditions = self._world.conditions
        store: dict[str, Any] = {"store": "NONE" if conditions.backup_store == "none" else "S3"}
        store |= {"s3": {"bucketName": "zeebe", "compression": "none"}, **conditions.stores.get(str(self._broker), {})}
        engine = self._world.engine.name
        exporter = {"args": {"url": self._world.search_url, "index": {}, "bulk": {"size": "1"}}}
        cluster = {"partitionsCount": len(self._world.zeebe.partitions), "clusterSize": self._world.zeebe.brokers}
        return {"data": {"backup": store}, "cluster": cluster, "exporters": {engine: exporter}}

    def _troubled(self) -> tuple[str, ...]:
        if not self._world.processes.healthy("zeebe"):
            return ("brokerReady", "brokerStartup", "brokerStatus", "startup", "status")
        return ("brokerStatus", "status") if self._world.conditions.unhealthy_partitions else ()

    async def _partitions(self, _call: Call) -> Reply:
        zeebe = self._world.zeebe
        up = self._world.works("zeebe")
        local = [n for n in zeebe.partitions if up and self._broker in zeebe.replicas(n)]
        return Reply(200, {str(n): self._partition(n) for n in local}, ACTUATOR)

    def _partition(self, number: int) -> dict[str, Any]:
        zeebe, partition = self._world.zeebe, self._world.zeebe.partitions[number]
        leads = zeebe.replicas(number)[0] == self._broker
        described: dict[str, Any] = {
            "role": "LEADER" if leads else "FOLLOWER",
            "processedPosition": partition.last_position if leads else None,
            "snapshotId": None,
            "processedPositionInSnapshot": None,
            "streamProcessorPhase": "PROCESSING" if leads else None,
            "exporterPhase": zeebe.phases[self._broker, number] if leads else None,
            "exportedPosition": partition.acknowledged if leads else None,
        }
        clock = {"instant": zulu(), "modificationType": "None", "modification": {}}
        described["clock"] = clock if leads else None
        if self._world.line.unified:
            sick = number in self._world.conditions.unhealthy_partitions
            described["health"] = {"id": f"Partition-{number}", "status": "UNHEALTHY" if sick else "HEALTHY"}
        return described

    async def _cluster(self, _call: Call) -> Reply:
        zeebe = self._world.zeebe
        exporter = {"id": self._world.engine.name, "state": "ENABLED"}
        brokers = [
            {
                "id": broker,
                "state": "ACTIVE",
                "version": 0,
                "lastUpdatedAt": "0000-01-01T00:00:00Z",
                "partitions": [
                    {
                        "id": n,
                        "state": "RECOVERING" if n in self._world.recovery.recovering else "ACTIVE",
                        "priority": zeebe.replication - zeebe.replicas(n).index(broker),
                        "config": {"exporting": {"exporters": [exporter]}},
                    }
                    for n in zeebe.partitions
                    if broker in zeebe.replicas(n)
                ],
            }
            for broker in range(zeebe.brokers)
        ]
        body: dict[str, Any] = {"version": 1, "brokers": brokers}
        recovery = self._world.recovery
        if recovery.last:
            body["lastChange"] = recovery.last.described()
        if recovery.pending:
            body["pendingChange"] = {**recovery.pending.described(), "completed": [], "pending": []}
        if self._world.conditions.pending_change:
            change = {"id": 2, "status": "IN_PROGRESS", "startedAt": zulu(), "completed": [], "pending": []}
            body["pendingChange"] = change
        return Reply(200, body)

    async def _exporters(self, _call: Call) -> Reply:
        names = [self._world.engine.name, *(["camundaexporter"] if self._world.line.unified else [])]
        return Reply(200, [{"exporterId": name, "status": "ENABLED"} for name in names])

    async def _exporting(self, call: Call) -> Reply:
        operation, soft = call.parts["operation"], call.query.get("soft", "false").lower()
        if soft not in {"true", "false"}:
            return self._spring.error(call, 400)
        try:
            lacking = await ExportingControl(self._world).change(operation, soft=soft == "true")
        except KeyError:
            return self._spring.give("zeebe.exporting.unknown", call, operation=operation)
        if lacking:
            return self._spring.give("zeebe.exporting.incomplete", call, **lacking)
        return self._spring.give("zeebe.exporting.done", call)
