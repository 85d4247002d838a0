"""Zeebe's REST API: deploy, start, complete, cancel."""

from email import message_from_bytes
from typing import Any

from sandbox.stand_in.messages import JSON, Call, Reply
from sandbox.stand_in.model.definitions import Definition
from sandbox.stand_in.model.documents import TENANT
from sandbox.stand_in.model.zeebe import KEYS_PER_PARTITION, Rejected, Unroutable
from sandbox.stand_in.roles.sign_in import signed_in
from sandbox.stand_in.roles.spring import Spring
from sandbox.stand_in.roles.zeebe_recovery import ZeebeRecovery
from sandbox.stand_in.routes import Handler, Routes
from sandbox.stand_in.world import World

TENANT_ID = {"tenantId": TENANT}


class ZeebeRest:
    """The gateway's REST API /v2."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._spring = Spring(world, "zeebe")

    def routes(self) -> Routes:
        """All paths of the REST API."""
        routes = self._spring.routes()

        def add(method: str, path: str, handler: Handler) -> None:
            routes.add(method, path, signed_in(self._world, handler, self._refuse))

        add("GET", "/v[12]/topology", self._topology)
        if self._world.line.unified:
            routes.add("GET", "/v2/status", self._status)
        if self._world.line.restore_api:
            recovery = ZeebeRecovery(self._world)
            add("PATCH", "/v2/mode", recovery.change_mode)
            add("POST", "/v2/restore", recovery.restore)
            add("GET", "/v2/restore", recovery.status)
        add("POST", "/v2/deployments", self._deploy)
        add("POST", "/v2/process-instances", self._guarded(self._start))
        add("POST", "/v2/process-instances/{key}/cancellation", self._guarded(self._cancel))
        tasks = "/v2/user-tasks" if self._world.line.unified else "/v[12]/user-tasks"
        add("POST", f"{tasks}/{{key}}/completion", self._guarded(self._complete))
        return routes

    def _refuse(self, call: Call) -> Reply:
        return self._spring.give("zeebe.rest.unauthorized", call)

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(call: Call) -> Reply:
            try:
                if not self._world.works("zeebe"):
                    up = self._world.processes.healthy("zeebe")
                    return self._spring.give("zeebe.rest.recovering" if up else "zeebe.rest.unroutable", call)
                if self._swallowed(call):
                    await self._world.pace.parts()
                    return self._spring.give("zeebe.rest.swallowed", call)
                return await handler(call)
            except Unroutable:
                return self._spring.give("zeebe.rest.unroutable", call)
            except Rejected as rejected:
                return self._spring.give("zeebe.rest.rejected", call, reason=str(rejected))
            except ValueError:
                return self._spring.give("zeebe.rest.unreadable", call)
            finally:
                self._world.exporter.notice()

        return guarded

    def _swallowed(self, call: Call) -> bool:
        """Whether the partition lets the command time out, as real ones did after a restore while health was green."""
        zeebe = self._world.zeebe
        if zeebe.commands_since_restore is None:
            return False
        key = call.parts.get("key")
        partition = int(key) // KEYS_PER_PARTITION if key else zeebe.next_partition
        zeebe.commands_since_restore[partition] += 1
        return zeebe.commands_since_restore[partition] <= self._world.conditions.swallowed.get(str(partition), 0)

    async def _topology(self, _call: Call) -> Reply:
        zeebe, conditions, version = self._world.zeebe, self._world.conditions, self._world.version("zeebe")
        brokers = []
        for broker in range(zeebe.brokers):
            if broker in conditions.missing_brokers or not self._world.processes.healthy("zeebe"):
                continue
            partitions = [self._copy(broker, n) for n in zeebe.partitions if broker in zeebe.replicas(n)]
            place = {"nodeId": broker, "host": "127.0.0.1", "port": 26501 + broker}
            brokers.append({**place, "partitions": partitions, "version": version})
        sizes = {"clusterSize": zeebe.brokers, "partitionsCount": len(zeebe.partitions)}
        sizes["replicationFactor"] = zeebe.replication
        return Reply(200, {"brokers": brokers, **sizes, "gatewayVersion": version})

    def _copy(self, broker: int, number: int) -> dict[str, Any]:
        recovering = number in self._world.recovery.recovering
        role = "leader" if self._world.zeebe.replicas(number)[0] == broker else "follower"
        sick = number in self._world.conditions.unhealthy_partitions
        copy = {
            "partitionId": number,
            "role": "inactive" if recovering else role,
            "health": "unhealthy" if sick else "healthy",
        }
        state = {"state": "recovering" if recovering else "active"}
        return {**copy, **(state if self._world.line.restore_api else {})}

    async def _status(self, _call: Call) -> Reply:
        return Reply(204)

    async def _deploy(self, call: Call) -> Reply:
        if call.content_type != "multipart/form-data":
            return self._spring.error(call, 415)
        deployed: list[tuple[str, Definition]] = []
        try:
            for name, text in uploaded(call):
                deployed += self._world.zeebe.deploy(name, text)
        except Rejected as rejected:
            return self._spring.give("zeebe.rest.invalid", call, reason=str(rejected))
        self._world.exporter.notice()
        key = self._world.zeebe.partitions[1].next_key()
        deployments = [{kind: self._definition(kind, d)} for kind, d in deployed]
        return Reply(200, {"deploymentKey": self._key(key), "deployments": deployments, **TENANT_ID})

    def _definition(self, kind: str, definition: Definition) -> dict[str, Any]:
        if kind == "decisionDefinition":
            named: dict[str, Any] = {
                "decisionDefinitionId": definition.id,
                "name": definition.name,
                "version": definition.version,
                "decisionDefinitionKey": self._key(definition.key),
            }
            return {**named, **TENANT_ID}
        named = {
            "processDefinitionId": definition.id,
            "processDefinitionVersion": definition.version,
            "processDefinitionKey": self._key(definition.key),
            "resourceName": definition.resource,
        }
        return {**named, **TENANT_ID}

    async def _start(self, call: Call) -> Reply:
        if call.content_type != JSON:
            return self._spring.error(call, 415)
        body = call.json() or {}
        wanted = body.get("processDefinitionId") or body.get("processDefinitionKey")
        if wanted is None:
            return self._spring.give("zeebe.rest.no_process_named", call)
        process = next((d for d in self._world.zeebe.processes.values() if str(wanted) in {d.id, str(d.key)}), None)
        if process is None:
            return self._spring.give("zeebe.rest.no_process", call, process=wanted)
        variables = body.get("variables") or {}
        instance = self._world.zeebe.start(process, variables)
        started = {
            "processDefinitionKey": self._key(process.key),
            "processDefinitionId": process.id,
            "processDefinitionVersion": process.version,
            "processInstanceKey": self._key(instance.key),
        }
        return Reply(200, {**started, **TENANT_ID, "variables": {}})

    async def _complete(self, call: Call) -> Reply:
        self._world.zeebe.complete(int(call.parts["key"]))
        return Reply(204)

    async def _cancel(self, call: Call) -> Reply:
        self._world.zeebe.cancel(int(call.parts["key"]))
        return Reply(204)

    def _key(self, key: int) -> int | str:
        return str(key) if self._world.line.unified else key


def uploaded(call: Call) -> list[tuple[str, str]]:
    """Names and texts of the files in a multipart request."""
    message = message_from_bytes(b"Content-Type: " + call.headers["Content-Type"].encode() + b"\r\n\r\n" + call.body)
    files = []
    for part in message.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            files.append((part.get_filename() or "resource", content.decode(errors="replace")))
    return files
