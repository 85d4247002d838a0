"""The search API v2 of 8.8 and later, over the indices."""

from collections.abc import Mapping
from typing import Any

from sandbox.stand_in.engine.indices import Document
from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.routes import Handler
from sandbox.stand_in.world import World

Fields = Mapping[str, str]
PROCESS: Fields = {
    "processDefinitionKey": "id",
    "processDefinitionId": "bpmnProcessId",
    "name": "name",
    "version": "version",
    "tenantId": "tenantId",
}
INSTANCE: Fields = {
    "processInstanceKey": "id",
    "processDefinitionId": "bpmnProcessId",
    "processDefinitionVersion": "processVersion",
    "processDefinitionKey": "processDefinitionKey",
    "state": "state",
    "startDate": "startDate",
    "endDate": "endDate",
    "hasIncident": "incident",
    "tenantId": "tenantId",
}
TASK: Fields = {
    "userTaskKey": "id",
    "state": "state",
    "elementId": "flowNodeBpmnId",
    "processInstanceKey": "processInstanceId",
    "processDefinitionKey": "processDefinitionId",
    "creationDate": "creationTime",
    "completionDate": "completionTime",
    "tenantId": "tenantId",
}
DECISION: Fields = {
    "decisionDefinitionKey": "id",
    "decisionDefinitionId": "decisionId",
    "name": "name",
    "version": "version",
    "tenantId": "tenantId",
}
DECISION_INSTANCE: Fields = {
    "decisionEvaluationInstanceKey": "id",
    "state": "state",
    "decisionDefinitionId": "decisionId",
    "processInstanceKey": "processInstanceKey",
    "tenantId": "tenantId",
}
INSTANCE_STATES = {"CANCELED": "TERMINATED"}
NO_CURSORS = {"startCursor": None, "endCursor": None}


def searches(world: World) -> dict[str, Handler]:
    """All searches by what they look for."""
    tables = {
        "process-definitions": ("operate-process-8.3.0_", PROCESS),
        "process-instances": ("operate-list-view-8.3.0_", INSTANCE),
        "decision-definitions": ("operate-decision-8.3.0_", DECISION),
        "decision-instances": ("operate-decision-instance-8.3.0_", DECISION_INSTANCE),
        "user-tasks": (world.line.tasks_index, TASK),
        "incidents": ("operate-incident-8.3.1_", {"incidentKey": "id", "state": "state"}),
    }
    return {name: search(world, index, fields) for name, (index, fields) in tables.items()}


def search(world: World, index: str, fields: Fields) -> Handler:
    """Make one search: filter by equality, page by ``page.from`` and ``page.limit``."""

    async def answer(call: Call) -> Reply:
        body = call.json() or {}
        hidden = fields is TASK  # 8.8 and later show no user task that a job worker has
        wanted, page = body.get("filter") or {}, body.get("page") or {}
        found = [
            item(document, fields)
            for document in (await world.storage.documents(index)).values()
            if not (hidden and document.get("implementation") == "JOB_WORKER")
        ]
        found = [f for f in found if all(str(f.get(k)) == str(v) for k, v in wanted.items())]
        first = int(page.get("from", 0))
        shown = found[first : first + int(page.get("limit", 100))]
        cursors = {
            "startCursor": str(first) if shown else None,
            "endCursor": str(first + len(shown)) if shown else None,
        }
        return Reply(200, {"items": shown, "page": {"totalItems": len(found), "hasMoreTotalItems": False, **cursors}})

    return answer


def item(document: Document, fields: Fields) -> dict[str, Any]:
    """One found thing with the API's names; keys are text."""
    found: dict[str, Any] = {}
    for name, source in fields.items():
        value = document.get(source)
        if fields is INSTANCE and name == "state":
            value = INSTANCE_STATES.get(str(value), value)
        found[name] = str(value) if name.endswith("Key") and value is not None else value
    return found
