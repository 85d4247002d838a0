"""The calls on which the stand-in is held against the real cluster."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

BACKUPS = "/actuator/backups"
EXPORTING = "/actuator/exporting"
HEALTH = "/actuator/health"
SEARCHES = ("process-definitions", "decision-definitions", "decision-instances", "incidents")
TIMEOUT = 60
WORD = re.compile(r"[A-Z][A-Z_]+")
OWN_KEY = re.compile(r"\d+|[\w-]{22}|stand-in")
LATER = {"snapshotId", "processedPositionInSnapshot"}  # empty until Zeebe has made a snapshot of its own
WORDY_FIELDS = {"type", "error", "title", "acknowledged"}
MESSAGES = {"message", "detail", "failureReason"}
SHOWN_OF_A_MESSAGE = 30


@dataclass(frozen=True)
class Ask:
    """One request; ``{id}`` in path and body is the backup ID of the moment, ``{text}`` the same as a string.

    :param json: whether a body given as text claims to be JSON
    """

    door: str
    method: str
    path: str
    body: Any = None
    json: bool = True

    def __str__(self) -> str:
        return f"{self.door} {self.method} {self.path} {'' if self.body is None else self.body}".strip()


class Client:
    """Sessions with the ports of one cluster."""

    def __init__(self, urls: Mapping[str, str], backup_id: int) -> None:
        self.urls, self.backup_id = urls, backup_id
        self._sessions: dict[str, requests.Session] = {}

    def send(self, ask: Ask) -> requests.Response:
        """Send a request, with the cookies its port gave before."""
        session = self._sessions.setdefault(ask.door, requests.Session())
        url = self.urls[ask.door] + ask.path.replace("{id}", str(self.backup_id))
        if ask.body is None or isinstance(ask.body, str):
            headers = {"Content-Type": "application/json"} if ask.json and ask.body is not None else {}
            return session.request(ask.method, url, data=ask.body, headers=headers, timeout=TIMEOUT)
        return session.request(ask.method, url, json=self._filled(ask.body), timeout=TIMEOUT)

    def answer(self, ask: Ask) -> tuple[int, str, Any]:
        """Status, media type and shape of an answer."""
        response = self.send(ask)
        if not response.content:
            return response.status_code, "", None
        media_type = response.headers.get("Content-Type", "").partition(";")[0]
        return response.status_code, media_type, shape(response.json())

    def asking(self, ask: Ask) -> Callable[[], tuple[int, str]]:
        """Make a function that sends a request and gives status and text."""

        def look() -> tuple[int, str]:
            response = self.send(ask)
            return response.status_code, response.text

        return look

    def close(self) -> None:
        """Let the connections go."""
        for session in self._sessions.values():
            session.close()

    def _filled(self, body: Any) -> Any:
        if isinstance(body, dict):
            return {key: self._filled(value) for key, value in body.items()}
        fillings = {"{id}": self.backup_id, "{text}": str(self.backup_id)}
        return fillings.get(body, body) if isinstance(body, str) else body


def shape(value: Any, name: str = "") -> Any:
    """Keys and kinds of a JSON value; known words stay, and of messages the beginning without numbers and names.

    A list is as wide as its elements; a map whose keys are numbers or IDs counts as a list.
    """
    if isinstance(value, Mapping):
        if value and all(OWN_KEY.fullmatch(str(key)) for key in value):
            return shape(list(value.values()))
        return {key: shape(value[key], key) for key in sorted(value) if key not in LATER}
    if isinstance(value, list):
        return sorted({repr(shape(item)) for item in value})
    if isinstance(value, str) and name in MESSAGES:
        return re.sub(r"\[.*?\]|\d+", "…", value)[:SHOWN_OF_A_MESSAGE]
    if isinstance(value, str):
        return value if WORD.fullmatch(value) or name in WORDY_FIELDS else "text"
    return "null" if value is None else {bool: "boolean", int: "number", float: "number"}[type(value)]


def zeebe(method: str, path: str, body: Any = None) -> Ask:
    """Ask Zeebe's management port."""
    return Ask("zeebe_management", method, path, body)


def search(method: str, path: str, body: Any = None) -> Ask:
    """Ask the search engine."""
    return Ask("search", method, path, body)


def rest(method: str, path: str, body: Any = None) -> Ask:
    """Ask Zeebe's REST API."""
    return Ask("zeebe_rest", method, path, body)


WRONG_BODIES = [{"backupId": -3}, {"backupId": "abc"}, {}, "not json"]
WRONG_CALLS = [
    ("GET", f"{BACKUPS}/99999", None),
    ("GET", f"{BACKUPS}/abc", None),
    ("GET", f"{BACKUPS}/-1", None),
    ("GET", f"{BACKUPS}/1*", None),
    ("DELETE", f"{BACKUPS}/abc", None),
    ("DELETE", f"{BACKUPS}/99999", None),
    ("PUT", f"{BACKUPS}/13", None),
    ("POST", f"{BACKUPS}/13", None),
    ("PUT", BACKUPS, None),
    ("POST", BACKUPS, None),
    *[("POST", BACKUPS, body) for body in WRONG_BODIES],
]
COUNT_INSTANCES = {"query": {"term": {"joinRelation": "processInstance"}}}

IDLE = [
    *[zeebe("GET", f"{HEALTH}{group}") for group in ("", "/readiness", "/startup", "/status", "/liveness")],
    *[zeebe("GET", f"/actuator/{n}") for n in ("partitions", "cluster", "exporters", "nonsense", "env", "exporting")],
    zeebe("GET", "/actuator/configprops/nonsense"),
    zeebe("GET", f"{EXPORTING}/pause"),
    zeebe("POST", f"{EXPORTING}/pause?soft=maybe"),
    zeebe("POST", BACKUPS, {"backupId": 0}),
    *[
        Ask(f"{app}_management", method, path, body)
        for app in ("zeebe", "operate", "tasklist")
        for method, path, body in WRONG_CALLS
    ],
    *[Ask(f"{app}_management", "POST", BACKUPS, "{}", json=False) for app in ("zeebe", "tasklist")],
    *[
        Ask(f"{app}_management", "GET", path)
        for app in ("operate", "tasklist")
        for path in (HEALTH, f"{HEALTH}/readiness", f"{HEALTH}/liveness", f"{HEALTH}/nonsense", "/actuator/env")
    ],
    rest("GET", "/v2/topology"),
    rest("GET", "/v1/topology"),
    rest("GET", "/v2/nonsense"),
    rest("GET", "/v2/status"),
    rest("GET", "/v2/deployments"),
    rest("POST", "/v2/deployments"),
    rest("POST", "/v2/process-instances"),
    rest("POST", "/v2/process-instances", "x"),
    rest("POST", "/v2/process-instances", {}),
    rest("POST", "/v2/process-instances", {"processDefinitionId": "nosuch"}),
    rest("POST", "/v2/process-instances", {"processDefinitionId": "approve_invoice"}),
    *[
        rest("POST", path, {})
        for key in ("1", "2251799813999999")
        for path in (f"/v2/user-tasks/{key}/completion", f"/v2/process-instances/{key}/cancellation")
    ],
    *[Ask("operate_web", "POST", f"/v1/{name}/search", {"size": 1}) for name in SEARCHES],
    *[
        Ask("operate_web", "POST", "/v1/process-instances/search", {"filter": {"state": state}, "size": 1})
        for state in ("ACTIVE", "COMPLETED")
    ],
    Ask("operate_web", "POST", "/v1/process-instances/search", {"filter": {"state": "NONE"}}),
    Ask("operate_web", "POST", "/v1/nonsense/search", {}),
    *[Ask("tasklist_web", "POST", "/v1/tasks/search", {"pageSize": 1, "state": s}) for s in ("CREATED", "COMPLETED")],
    Ask("operate_web", "POST", "/api/login?username=demo&password=wrong"),
    Ask("tasklist_web", "POST", "/api/login?username=demo&password=wrong"),
    search("GET", "/"),
    search("GET", "/_cluster/health"),
    search("HEAD", "/nosuch"),
    search("GET", "/nosuch"),
    search("GET", "/nosuch/_count"),
    search("GET", "/nosuch*/_count"),
    search("GET", "/_cat/indices/nosuch?format=json"),
    search("GET", "/_cat/indices/nosuch*?format=json"),
    search("GET", "/_cat/indices/operate-p*?format=json"),
    search("GET", "/_cat/indices/operate-p*?format=json&h=index,docs.count"),
    search("POST", "/_cat/indices"),
    search("GET", "/operate-process-8.3.0_/_doc/nosuch"),
    search("POST", "/operate-process-8.3.0_/_refresh"),
    search("POST", "/operate-process-8.3.0_/_count", {"query": {"match_all": {}}}),
    search("POST", "/operate-list-view-8.3.0_/_count", COUNT_INSTANCES),
    search("DELETE", "/nosuch"),
    search("DELETE", "/nosuch*"),
    search("GET", "/_index_template/nosuch"),
    search("GET", "/_index_template/nosuch*"),
    search("GET", "/_nonsense"),
]

SNAPSHOT = "/_snapshot/backups/same_answers_{id}"
TWO_INDICES = {"indices": "same-answers-*", "feature_states": ["none"]}
PAUSES = [
    zeebe("POST", f"{EXPORTING}/resume"),
    zeebe("POST", f"{EXPORTING}/pause"),
    zeebe("GET", "/actuator/partitions"),
    zeebe("POST", f"{EXPORTING}/pause"),
    zeebe("POST", f"{EXPORTING}/resume"),
    zeebe("POST", f"{EXPORTING}/pause?soft=true"),
    zeebe("GET", "/actuator/partitions"),
    zeebe("POST", f"{EXPORTING}/resume"),
    zeebe("GET", "/actuator/partitions"),
]
SNAPSHOTS = [
    search("PUT", "/same-answers-1/_doc/1?refresh=true", {"a": 1}),
    search("PUT", "/same-answers-2/_doc/1", {"a": 2}),
    search("PUT", "/same-answers-1/_doc/1?refresh=true", {"a": 3}),
    search("GET", "/same-answers-1/_doc/1"),
    search("DELETE", "/same-answers-2/_doc/nosuch"),
    search("PUT", "/same-answers-1"),
    search("GET", "/_snapshot/backups"),
    search("POST", "/_snapshot/backups/_verify"),
    search("GET", "/_snapshot/nosuch"),
    search("GET", "/_snapshot/nosuch/_all"),
    search("POST", "/_snapshot/nosuch/_verify"),
    search("DELETE", "/_snapshot/nosuch"),
    search("DELETE", "/_snapshot/nosuch/nosuch"),
    search("PUT", "/_snapshot/nosuch/s1", {}),
    search("PUT", "/_snapshot/backups/Bad_Name", {}),
    search("PUT", "/_snapshot/bad", {"type": "nope", "settings": {"location": "x"}}),
    search("PUT", "/_snapshot/bad", {"settings": {"location": "x"}}),
    search("PUT", "/_snapshot/bad", {"type": "fs", "settings": {"location": "/nonexistent/x"}}),
    search("GET", "/_snapshot/backups/nosuch"),
    search("GET", "/_snapshot/backups/nosuch*"),
    search("GET", "/_snapshot/backups/nosuch/_status"),
    search("DELETE", "/_snapshot/backups/nosuch"),
    search("POST", "/_snapshot/backups/nosuch/_restore", {}),
    search("POST", "/_snapshot/nosuch/s1/_restore", {}),
    search("PUT", f"{SNAPSHOT}_missing", {"indices": "missing", "ignore_unavailable": False}),
    search("PUT", f"{SNAPSHOT}?wait_for_completion=true", TWO_INDICES),
    search("PUT", SNAPSHOT, TWO_INDICES),
    search("PUT", f"{SNAPSHOT}_empty?wait_for_completion=true", {"indices": "nothing*"}),
    search("GET", SNAPSHOT),
    search("GET", f"{SNAPSHOT}*"),
    search("GET", f"{SNAPSHOT},nosuch?ignore_unavailable=true"),
    search("GET", f"{SNAPSHOT}/_status"),
    search("GET", "/_snapshot/_status"),
    search("POST", f"{SNAPSHOT}/_restore?wait_for_completion=true", {"indices": "same-answers-1"}),
    search("DELETE", "/same-answers-1"),
    search("POST", f"{SNAPSHOT}/_restore?wait_for_completion=true", {"indices": "same-answers-1"}),
    search("POST", "/same-answers-1/_count", {"query": {"match_all": {}}}),
    search("DELETE", f"{SNAPSHOT}_empty"),
    search("DELETE", SNAPSHOT),
    search("GET", SNAPSHOT),
    search("DELETE", "/same-answers-1"),
    search("DELETE", "/same-answers-2"),
]
JOURNEYS = {"pauses": PAUSES, "snapshots": SNAPSHOTS}
