"""Airflow's execution API, asked by a function call; ``DAG.test`` takes 15 ms of three threads for each request."""

import asyncio
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any
from uuid import UUID

import httpx
import pytest

NO_TASK = UUID(int=0)


class DirectTransport(httpx.BaseTransport):
    """Answers with Airflow's own routes, in the thread that asks and in the version of today alone."""

    def __init__(self) -> None:
        from airflow.api_fastapi.common.dagbag import create_dag_bag  # noqa: PLC0415 - after the environment is set
        from airflow.api_fastapi.common.exceptions import init_error_handlers  # noqa: PLC0415
        from airflow.api_fastapi.execution_api.routes import execution_api_router  # noqa: PLC0415
        from fastapi import FastAPI  # noqa: PLC0415
        from svcs import Registry  # noqa: PLC0415

        self._app = FastAPI()
        self._app.include_router(execution_api_router)
        init_error_handlers(self._app)
        self._app.state.lifespan_called = True
        self._app.state.svcs_registry = Registry()
        self._create_dag_bag = create_dag_bag
        self._loop = asyncio.new_event_loop()

    def read_dags_again(self) -> None:
        """Forget the DAGs read from the database."""
        self._app.state.dag_bag = self._create_dag_bag()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of a task, or of a trigger whose event loop waits meanwhile."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._answer(request)
        with ThreadPoolExecutor(1) as apart:
            return apart.submit(self._answer, request).result()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        return self._loop.run_until_complete(self._ask(request))

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        body, sent = request.read(), list[MutableMapping[str, Any]]()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        await self._app(self._scope(request), receive, send)
        content = b"".join(message.get("body", b"") for message in sent[1:])
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=content)

    def _scope(self, request: httpx.Request) -> dict[str, Any]:
        from airflow.api_fastapi.execution_api.datamodels.token import TIClaims, TIToken  # noqa: PLC0415

        url, parts = request.url, request.url.path.split("/")
        task = next((UUID(part) for part in parts if len(part) == len(str(NO_TASK)) and part.count("-") == 4), NO_TASK)
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "query_string": url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "server": (url.host, 80),
            "client": None,
            "ti_token": TIToken(id=task, claims=TIClaims(scope="execution")),
        }


@cache
def transport() -> DirectTransport:
    """Return the one of this process."""
    return DirectTransport()


@contextmanager
def asked_directly() -> Iterator[None]:
    """Let the tasks and triggers that ``DAG.test`` runs ask the execution API without a server."""
    from airflow.sdk.execution_time.supervisor import InProcessTestSupervisor  # noqa: PLC0415

    transport().read_dags_again()
    client = InProcessTestSupervisor._Client(base_url=None, token="", dry_run=True, transport=transport())
    client.base_url = "http://in-process.invalid./"

    async def here(call: Callable[..., Any], *arguments: Any, **_: Any) -> Any:
        return call(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InProcessTestSupervisor, "_api_client", lambda *_: client)
        patch.setattr("anyio.to_thread.run_sync", here)
        yield
