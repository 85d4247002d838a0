"""Which documents a record becomes, with the index names and fields of the real ones."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.stand_in.model.clock import web_app_time
from sandbox.stand_in.model.zeebe import Record

TENANT = "<default>"
RECORD_TYPES = {
    "PROCESS": "process",
    "DECISION": "decision",
    "DECISION_EVALUATION": "decision-evaluation",
    "PROCESS_INSTANCE": "process-instance",
    "PROCESS_INSTANCE_CREATION": "process-instance-creation",
    "USER_TASK": "user-task",
}
INSTANCE_STATES = {
    "ELEMENT_ACTIVATED": "ACTIVE",
    "ELEMENT_COMPLETED": "COMPLETED",
    "ELEMENT_TERMINATED": "CANCELED",
}


@dataclass(frozen=True, slots=True)
class Change:
    """Fields to set in one document; a document that is missing is made of them."""

    index: str
    id: str
    fields: dict[str, Any]


def exported(record: Record, version: str) -> Change:
    """Give the document the exporter writes; its index carries version and day."""
    day = datetime.fromtimestamp(record.timestamp / 1000, UTC).strftime("%Y-%m-%d")
    return Change(
        f"zeebe-record_{RECORD_TYPES[record.value_type]}_{version}_{day}",
        f"{record.partition}-{record.position}",
        {
            "partitionId": record.partition,
            "value": record.value,
            "position": record.position,
            "timestamp": record.timestamp,
            "valueType": record.value_type,
            "brokerVersion": version,
            "intent": record.intent,
            "recordType": "EVENT",
            "key": record.key,
            "sequence": sequence(record),
        },
    )


def sequence(record: Record) -> int:
    """Sequence number of a record among those of its type; here its position, with the partition before it."""
    return record.partition * (1 << 51) + record.position


def operate(record: Record) -> list[Change]:
    """Documents of Operate."""
    common = {"id": str(record.key), "key": record.key, "tenantId": TENANT}
    value = record.value
    match record.value_type:
        case "PROCESS":
            fields = {**common, "partitionId": 0, "name": value["name"], "version": value["version"]}
            return [
                Change(
                    "operate-process-8.3.0_",
                    str(record.key),
                    {**fields, "bpmnProcessId": value["id"], "bpmnXml": value["resource"]},
                )
            ]
        case "DECISION":
            fields = {**common, "partitionId": 0, "decisionId": value["id"], "name": value["name"]}
            fields |= {k: v for k, v in value.items() if k.startswith("decisionRequirements")}
            return [Change("operate-decision-8.3.0_", str(record.key), {**fields, "version": value["version"]})]
        case "DECISION_EVALUATION":
            return [Change("operate-decision-instance-8.3.0_", f"{record.key}-1", {**common, **evaluation(record)})]
        case "PROCESS_INSTANCE":
            return [Change("operate-list-view-8.3.0_", str(record.key), {**common, **list_view(record)})]
        case "USER_TASK" if record.intent == "CREATED":
            fields = {**common, "partitionId": record.partition, "userTaskKey": record.key}
            fields |= {k: value[k] for k in ("elementId", "bpmnProcessId", "processInstanceKey")}
            return [Change("operate-user-task-8.5.0_", str(record.key), fields)]
        case _:
            return []


def evaluation(record: Record) -> dict[str, Any]:
    """Fields of an evaluated decision."""
    named = ("bpmnProcessId", "processDefinitionKey", "processInstanceKey")
    decided = ("decisionId", "decisionName", "decisionVersion")
    return {
        "id": f"{record.key}-1",
        "partitionId": record.partition,
        "state": "EVALUATED",
        "evaluationDate": web_app_time(record.timestamp),
        "decisionDefinitionId": str(record.value["decisionKey"]),
        "decisionType": "DECISION_TABLE",
        "result": '"stand-in"',
        **{k: record.value[k] for k in (*named, *decided)},
    }


def list_view(record: Record) -> dict[str, Any]:
    """Fields of a process instance in Operate's list view."""
    state = INSTANCE_STATES[record.intent]
    fields = {
        "partitionId": record.partition,
        "processInstanceKey": record.key,
        "processDefinitionKey": record.value["processDefinitionKey"],
        "bpmnProcessId": record.value["bpmnProcessId"],
        "processVersion": record.value["version"],
        "state": state,
        "incident": False,
        "treePath": f"PI_{record.key}",
        "joinRelation": {"name": "processInstance", "parent": None},
        "position": record.position,
    }
    if state == "ACTIVE":
        fields |= {"processName": record.value["processName"], "startDate": web_app_time(record.timestamp)}
        return {**fields, "endDate": None}
    return {**fields, "endDate": web_app_time(record.timestamp)}


def tasklist(record: Record, tasks_index: str) -> list[Change]:
    """Documents of Tasklist."""
    if record.value_type == "PROCESS":
        fields = {"id": str(record.key), "key": record.key, "bpmnProcessId": record.value["id"]}
        return [Change("tasklist-process-8.4.0_", str(record.key), {**fields, "name": record.value["name"]})]
    if record.value_type != "USER_TASK":
        return []
    fields = {
        "id": str(record.key),
        "key": record.key,
        "state": record.intent,
        "partitionId": record.partition,
        "bpmnProcessId": record.value["bpmnProcessId"],
        "processDefinitionId": str(record.value["processDefinitionKey"]),
        "processInstanceId": str(record.value["processInstanceKey"]),
        "tenantId": TENANT,
    }
    if record.intent == "CREATED":
        fields |= {"flowNodeBpmnId": record.value["elementId"], "creationTime": web_app_time(record.timestamp)}
        fields |= {k: record.value[k] for k in ("elementName", "processName", "implementation")}
        fields["candidateGroups"] = record.value["candidateGroupsList"] or None
        return [Change(tasks_index, str(record.key), {**fields, "completionTime": None})]
    return [Change(tasks_index, str(record.key), {**fields, "completionTime": web_app_time(record.timestamp)})]


def optimize(record: Record) -> list[Change]:
    """Documents of Optimize."""
    if record.value_type == "PROCESS":
        fields = {"id": str(record.key), "key": record.value["id"], "version": str(record.value["version"])}
        return [Change("optimize-process-definition_v6", str(record.key), fields)]
    if record.value_type != "PROCESS_INSTANCE":
        return []
    process = record.value["bpmnProcessId"]
    fields = {"processInstanceId": str(record.key), "processDefinitionKey": process}
    fields["state"] = INSTANCE_STATES[record.intent]
    return [Change(f"optimize-process-instance-{process.lower()}_v8", str(record.key), fields)]
