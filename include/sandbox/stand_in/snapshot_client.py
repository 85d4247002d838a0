"""How the web apps and Optimize of the stand-in talk to their search engine, the stand-in's or a real one."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from sandbox.stand_in.messages import CALLER
from sandbox.stand_in.model.documents import Change
from sandbox.stand_in.outcomes import Plan

OUTCOME = "X-Stand-In-Outcome"
OUTCOME_SECONDS = "X-Stand-In-Outcome-Seconds"


class Unreachable(Exception):
    """The search engine does not answer."""


class NoRepository(Exception):
    """The repository is not registered."""


class Refused(Exception):
    """The search engine answers with an error."""


class SnapshotClient:
    """Snapshots over HTTP, in the name of one role."""

    def __init__(self, role: str, url: str) -> None:
        self._role, self._url = role, url

    async def take(
        self, repository: str, name: str, indices: Sequence[str], metadata: Mapping[str, Any], plan: Plan
    ) -> None:
        """Take one snapshot and wait for its end; a stand-in search engine is told how it shall end."""
        body = {
            "indices": ",".join(indices),
            "ignore_unavailable": True,
            "include_global_state": True,
            "feature_states": ["none"],
            "metadata": metadata,
        }
        headers = {OUTCOME: plan.outcome.value}
        if plan.seconds is not None:
            headers[OUTCOME_SECONDS] = str(plan.seconds)
        path = f"/_snapshot/{repository}/{name}?wait_for_completion=true"
        await self._ask("PUT", path, json=body, headers=headers)

    async def find(self, repository: str, pattern: str) -> list[dict[str, Any]]:
        """Find snapshots by a name pattern."""
        answer = await self._ask("GET", f"/_snapshot/{repository}/{pattern}")
        found: list[dict[str, Any]] = answer.get("snapshots", [])
        return found

    async def delete(self, repository: str, names: Sequence[str]) -> None:
        """Delete snapshots."""
        for name in names:
            await self._ask("DELETE", f"/_snapshot/{repository}/{name}")

    async def search(self, index: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Search documents; an index that is missing has none."""
        found: dict[str, Any] = await self._ask("POST", f"/{index}/_search?ignore_unavailable=true", json=body)
        return found

    async def update(self, changes: Sequence[Change]) -> None:
        """Set fields of documents; those that are missing are made."""
        lines: list[Any] = []
        for change in changes:
            lines += [{"update": {"_index": change.index, "_id": change.id}}]
            lines += [{"doc": change.fields, "doc_as_upsert": True}]
        body = "".join(f"{json.dumps(line)}\n" for line in lines)
        await self._ask("POST", "/_bulk?refresh=true", data=body, headers={"Content-Type": "application/x-ndjson"})

    async def create(self, index: str, identity: str, document: Mapping[str, Any]) -> None:
        """Write a document unless it is there."""
        try:
            await self._ask("PUT", f"/{index}/_create/{identity}?refresh=true", json=document)
        except Refused as refused:
            if "version_conflict_engine_exception" not in str(refused):
                raise

    async def _ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **sent: Any) -> Any:
        headers = {CALLER: self._role, **(headers or {})}
        timeout = aiohttp.ClientTimeout(total=None, connect=5)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.request(method, self._url + path, headers=headers, **sent) as answer,
            ):
                if answer.status < 400:
                    return await answer.json(content_type=None)
                text = await answer.text()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(str(error)) from error
        if "repository_missing_exception" in text:
            raise NoRepository(text)
        if status == 404 and method == "GET":
            return {}
        raise Refused(text)
