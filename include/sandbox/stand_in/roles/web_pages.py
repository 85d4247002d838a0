"""Operate's and Tasklist's login and search APIs v1, over the indices."""

from collections.abc import Callable
from typing import Any

from sandbox.stand_in.answers.entry import WebApp
from sandbox.stand_in.engine.indices import Document
from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.roles.pages_html import come_back, login, web_apps
from sandbox.stand_in.roles.sign_in import signed_in
from sandbox.stand_in.roles.spring import Spring
from sandbox.stand_in.roles.v2_searches import searches
from sandbox.stand_in.routes import Handler, Routes
from sandbox.stand_in.world import World

LARGEST_PAGE = 1000
INSTANCE = (
    "key",
    "processVersion",
    "bpmnProcessId",
    "startDate",
    "endDate",
    "state",
    "incident",
    "processDefinitionKey",
    "tenantId",
)
PROCESS = ("key", "name", "version", "bpmnProcessId", "tenantId")
DECISION = (
    "id",
    "key",
    "decisionId",
    "name",
    "version",
    "decisionRequirementsId",
    "decisionRequirementsKey",
    "decisionRequirementsName",
    "decisionRequirementsVersion",
    "tenantId",
)
DECISION_INSTANCE = (
    "id",
    "key",
    "state",
    "evaluationDate",
    "processDefinitionKey",
    "processInstanceKey",
    "decisionId",
    "decisionDefinitionId",
    "decisionName",
    "decisionVersion",
    "decisionType",
    "result",
    "tenantId",
)
OPERATE_SEARCHES: dict[str, tuple[str, tuple[str, ...]]] = {
    "process-instances": ("operate-list-view-8.3.0_", INSTANCE),
    "process-definitions": ("operate-process-8.3.0_", PROCESS),
    "decision-definitions": ("operate-decision-8.3.0_", DECISION),
    "decision-instances": ("operate-decision-instance-8.3.0_", DECISION_INSTANCE),
    "incidents": ("operate-incident-8.3.1_", ("key", "state")),
}


class WebPages:
    """The web port of Operate or Tasklist."""

    def __init__(self, world: World, app: WebApp) -> None:
        self._world, self._role = world, app.role
        self._cookie = f"{app.role.upper()}-SESSION"
        self._login_needed, self._pretty = app.login, app.pretty
        self._spring = Spring(world, app.role, pretty=app.pretty)

    def routes(self) -> Routes:
        """All paths of the web port."""
        routes = self._spring.routes()
        routes.add("POST", "/api/login", login(self._cookie, self._refuse))
        if provider := self._world.provider:
            routes.add("GET", provider.callback, come_back(provider, self._cookie, self._refuse))
        for pages in web_apps(self._world, self._role, self._cookie):
            pages.add_to(routes)
        if self._role != "tasklist":
            for name, (index, fields) in OPERATE_SEARCHES.items():
                routes.add("POST", f"/v1/{name}/search", self._guarded(operate_search(self._world, index, fields)))
        if self._role != "operate":
            routes.add("POST", "/v1/tasks/search", self._guarded(task_search(self._world, pretty=self._pretty)))
        if self._world.line.unified:
            for name, handler in searches(self._world).items():
                routes.add("POST", f"/v2/{name}/search", self._guarded(handler))
        return routes

    def _refuse(self, call: Call) -> Reply:
        return self._spring.give(f"{self._role}.unauthorized", call)

    def _guarded(self, handler: Handler) -> Handler:
        cookie = self._cookie if self._login_needed else None
        return signed_in(self._world, handler, self._refuse, cookie)


def operate_search(world: World, index: str, fields: tuple[str, ...]) -> Handler:
    """Make Operate's v1 search over one index: filter by equality, newest page by ``searchAfter``."""

    async def search(call: Call) -> Reply:
        body = call.json() or {}
        wanted = {k: v for k, v in (body.get("filter") or {}).items() if v is not None}
        there = (await world.storage.documents(index)).values()
        found = [d for d in there if all(str(d.get(k)) == str(v) for k, v in wanted.items())]
        found.sort(key=lambda d: int(d["key"]))
        page = after(found, body.get("searchAfter"), lambda d: [str(d["key"])])[: page_size(body, "size")]
        items = [{k: d[k] for k in fields if d.get(k) is not None} for d in page]
        last = [str(page[-1]["key"])] if page else []
        return Reply(200, {"items": items, "sortValues": last, "total": len(found)})

    return search


def task_search(world: World, *, pretty: bool) -> Handler:
    """Make Tasklist's v1 search."""

    async def search(call: Call) -> Reply:
        body = call.json() or {}
        there = (await world.storage.documents(world.line.tasks_index)).values()
        found = [d for d in there if body.get("state") in {None, d["state"]}]
        found.sort(key=lambda d: (str(d["creationTime"]), int(d["key"])), reverse=True)
        page = after(found, body.get("searchAfter"), task_place)[: page_size(body, "pageSize")]
        return Reply(200, [task(d, first=d is found[0]) for d in page], pretty=pretty)

    return search


def task_place(document: Document) -> list[str]:
    """Sort values of a task."""
    return [str(document["creationTime"]), str(document["key"])]


def task(document: Document, *, first: bool) -> dict[str, Any]:
    """Form of a task in Tasklist's answers."""
    return {
        "id": document["id"],
        "name": document["elementName"],
        "taskDefinitionId": document["flowNodeBpmnId"],
        "processName": document["processName"],
        "creationDate": document["creationTime"],
        "completionDate": document["completionTime"],
        "assignee": None,
        "taskState": document["state"],
        "sortValues": task_place(document),
        "isFirst": first,
        "formKey": None,
        "formId": None,
        "formVersion": None,
        "isFormEmbedded": None,
        "processDefinitionKey": document["processDefinitionId"],
        "processInstanceKey": document["processInstanceId"],
        "tenantId": document["tenantId"],
        "dueDate": None,
        "followUpDate": None,
        "candidateGroups": document["candidateGroups"],
        "candidateUsers": None,
        "variables": None if document["state"] == "COMPLETED" else [],
        "context": None,
        "implementation": document["implementation"],
        "priority": 50,
    }


def after(found: list[Document], place: Any, of: Callable[[Document], list[str]]) -> list[Document]:
    """Give the documents after the one whose sort values are given."""
    if not place:
        return found
    places = [of(d) for d in found]
    return found[places.index([str(p) for p in place]) + 1 :] if [str(p) for p in place] in places else []


def page_size(body: dict[str, Any], name: str) -> int:
    """Size of a page, 1,000 at most."""
    return min(int(body.get(name) or (10 if name == "size" else 50)), LARGEST_PAGE)
