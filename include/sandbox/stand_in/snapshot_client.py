"""How the web apps and Optimize of the stand-in talk to their search engine, the stand-in's or a real one."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import aiohttp

from sandbox.stand_in.messages import CALLER
from sandbox.stand_in.outcomes import Plan

OUTCOME = "X-Stand-In-Outcome"
OUTCOME_SECONDS = "X-Stand-In-Outcome-Seconds"
CONNECT_SECONDS = 5
ANSWER_SECONDS = 30
LARGEST_PAGE = 10_000
SCROLL = "1m"


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
        path = f"/{index}/_search?ignore_unavailable=true"
        found: dict[str, Any] = await self._ask("POST", path, json=body, seconds=ANSWER_SECONDS)
        return found

    async def search_all(self, index: str) -> list[dict[str, Any]]:
        """Return all documents of an index as hits, however many; an index that is missing has none."""
        body = {"size": LARGEST_PAGE}
        hits: list[dict[str, Any]] = (await self.search(index, body)).get("hits", {}).get("hits", [])
        if len(hits) < LARGEST_PAGE:
            return hits
        path = f"/{index}/_search?ignore_unavailable=true&scroll={SCROLL}"
        page = await self._ask("POST", path, json=body, seconds=ANSWER_SECONDS)
        hits = []
        while page["hits"]["hits"]:
            hits += page["hits"]["hits"]
            on = {"scroll": SCROLL, "scroll_id": page["_scroll_id"]}
            page = await self._ask("POST", "/_search/scroll", json=on, seconds=ANSWER_SECONDS)
        return hits

    async def bulk(self, lines: Iterable[Any]) -> None:
        """Send the lines of a bulk request, if there are any; a Refused says that one document was not taken."""
        body = "".join(f"{json.dumps(line)}\n" for line in lines)
        if not body:
            return
        headers = {"Content-Type": "application/x-ndjson"}
        told = await self._ask("POST", "/_bulk?refresh=true", data=body, headers=headers, seconds=ANSWER_SECONDS)
        if told["errors"]:
            raise Refused(json.dumps(told["items"])[:1000])

    async def create(self, index: str, identity: str, document: Mapping[str, Any]) -> None:
        """Write a document unless it is there."""
        await self._unless("version_conflict_engine_exception", f"/{index}/_create/{identity}?refresh=true", document)

    async def create_index(self, index: str, body: Mapping[str, Any]) -> None:
        """Make an index unless it is there."""
        await self._unless("resource_already_exists_exception", f"/{index}", body)

    async def put_template(self, name: str, body: Mapping[str, Any]) -> None:
        """Make an index template, in the place of one that has its name."""
        await self._ask("PUT", f"/_index_template/{name}", json=body, seconds=ANSWER_SECONDS)

    async def indices(self, pattern: str) -> set[str]:
        """Return the names of the indices that fit a comma list of patterns."""
        found = await self._ask("GET", f"/_cat/indices/{pattern}?format=json&h=index", seconds=ANSWER_SECONDS)
        return {index["index"] for index in found}

    async def delete_indices(self, pattern: str) -> None:
        """Delete the indices that fit a comma list of patterns."""
        await self._ask("DELETE", f"/{pattern}", seconds=ANSWER_SECONDS)

    async def _unless(self, there: str, path: str, body: Mapping[str, Any]) -> None:
        try:
            await self._ask("PUT", path, json=body, seconds=ANSWER_SECONDS)
        except Refused as refused:
            if there not in str(refused):
                raise

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
        **sent: Any,
    ) -> Any:
        headers = {CALLER: self._role, **(headers or {})}
        timeout = aiohttp.ClientTimeout(total=seconds, connect=CONNECT_SECONDS)
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
