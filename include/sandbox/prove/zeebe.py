"""Commands to Zeebe over the REST API of Camunda 8.6 (paths and answers recorded from 8.6.0)."""

import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import requests

from sandbox.errors import SandboxError
from sandbox.loopback import session
from sandbox.workload import PROCESS

from .ledger import PARTITION_BITS

TIMEOUT = 20.0  # Zeebe's gateway itself gives up after 15 seconds
TRANSIENT = frozenset({429, 500, 502, 503, 504})
RETRY_INTERVAL = 0.5
NO_SUCH = 404


@dataclass(frozen=True, slots=True)
class Answer:
    """What Zeebe said to a command.

    :param status: HTTP status
    :param body: JSON, or nothing
    :param tries: how often it was sent; an earlier one may have been carried out though its answer was lost
    """

    status: int
    body: Any
    tries: int

    @property
    def ok(self) -> bool:
        """Whether it was carried out."""
        return self.status < 300


class Zeebe:
    """One caller, for one thread.

    :param url: of the REST API
    :param patience: for how long a command without a clear answer is sent again, in seconds
    :param timeout: of one answer, in seconds
    """

    def __init__(self, url: str, patience: float = 0.0, timeout: float = TIMEOUT) -> None:
        self._url = url
        self._patience = patience
        self._timeout = timeout
        self._session = session()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def start(self) -> int:
        """Start a process instance whose variable `revision` is 0; return its key.

        :raises SandboxError: it was not acknowledged
        """
        body = {"processDefinitionId": PROCESS, "variables": {"amount": 700, "revision": 0}}
        answer = self._send("POST", "process-instances", body)
        if not answer.ok:
            raise SandboxError(f"Zeebe answered {answer.status} to the start of a process instance: {answer.body}")
        return int(answer.body["processInstanceKey"])

    def complete(self, task: int, padding: int = 0) -> Answer:
        """Complete a user task by its key, with a variable of so many bytes if any."""
        body = {"variables": {"padding": "x" * padding}} if padding else {}
        return self._send("POST", f"user-tasks/{task}/completion", body)

    def cancel(self, instance: int) -> Answer:
        """Cancel a process instance by its key."""
        return self._send("POST", f"process-instances/{instance}/cancellation", {})

    def change(self, instance: int, revision: int) -> Answer:
        """Give an instance's variable `revision` a new value."""
        body = {"variables": {"revision": revision}, "local": False}
        return self._send("PUT", f"element-instances/{instance}/variables", body)

    def knows_not(self, partition: int, padding: int = 0) -> bool:
        """Ask a partition for a user task that cannot be there; return whether it looked for it and said so.

        :param partition: its number
        :param padding: how large the command is to be, in bytes
        """
        try:
            return self.complete(partition << PARTITION_BITS, padding).status == NO_SUCH
        except SandboxError:
            return False

    def _send(self, method: str, path: str, body: dict[str, Any]) -> Answer:
        """Send a command until it has a clear answer.

        :raises SandboxError: nobody answers
        """
        deadline, tries = time.monotonic() + self._patience, 0
        while True:
            tries += 1
            try:
                response = self._session.request(method, f"{self._url}/v2/{path}", json=body, timeout=self._timeout)
            except requests.RequestException as error:
                if time.monotonic() > deadline:
                    raise SandboxError(f"Zeebe does not answer at {self._url}: {type(error).__name__}") from error
            else:
                if response.status_code not in TRANSIENT or time.monotonic() > deadline:
                    return Answer(response.status_code, response.json() if response.content else None, tries)
            time.sleep(RETRY_INTERVAL)
