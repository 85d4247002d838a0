"""Whether users and clients can sign in: the identity provider, or the web apps' own login."""

import time
from collections.abc import Mapping
from typing import Any

from airflow.sdk import Context

from camunda_backup.api import generation
from camunda_backup.api.access import Access
from camunda_backup.api.identity import let_in, wants_sign_in
from camunda_backup.api.messages import Request
from camunda_backup.errors import Rejected, Unreachable
from camunda_backup.hooks.apps import AppHook
from camunda_backup.hooks.issuers import NOBODY, IssuerHook
from camunda_backup.operators.step import TimedStep

SHORTEST, LONGEST, GROWTH = 0.5, 10.0, 0.2  # seconds, seconds, share of the time waited so far


class CheckIdentity(TimedStep):
    """Sign in, and see that who does not is refused.

    With an identity provider: its discovery, a token, and a call with that token to every component. Without one: the
    same calls with the users of the connections. Returns ``issuer`` (None without a provider), ``signed_in`` (the
    components that took the call) and ``anonymous`` (those that take it without any sign-in).

    :param access: see ``Cluster.access``
    :param conn_ids: connections to the components, by their fields in the cluster file
    :param deadline: seconds in which they must answer; they may be starting
    """

    def __init__(
        self, *, access: Mapping[str, Any], conn_ids: Mapping[str, str], version: str, deadline: float, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.access = access
        self.conn_ids = conn_ids
        self.version = version
        self.deadline = deadline

    def step(self, context: Context) -> dict[str, Any]:
        """Check; raises Rejected when somebody who should sign in cannot."""
        began = time.monotonic()
        told = ""
        while True:
            try:
                return self._check()
            except Unreachable as error:
                waited = time.monotonic() - began
                if waited >= self.deadline:
                    raise Unreachable(f"nobody could sign in for {self.deadline:.0f} s: {error}") from error
                if str(error) != told:
                    told = str(error)
                    self.log.info("Not yet: %s", told)
                time.sleep(min(LONGEST, max(SHORTEST, waited * GROWTH), max(0.0, self.deadline - waited)))

    def _check(self) -> dict[str, Any]:
        calls = generation(self.version).signed_calls
        missing = sorted(calls.keys() - self.conn_ids.keys())
        if missing:
            raise Rejected(f"the cluster file has no connections.{' and no connections.'.join(missing)} to sign in at")
        access = Access.of(self.access)
        issuer = _vouching(access.issuer, access) if access.issuer else None
        for name, call in calls.items():
            self._signed(self.conn_ids[name], call)
        anonymous = [_component(name) for name, call in calls.items() if self._anonymous(self.conn_ids[name], call)]
        if anonymous:
            self.log.warning("%s: no sign-in is needed, everybody may read", ", ".join(anonymous))
        signed_in = [_component(name) for name in calls]
        self.log.info("Signed in at %s%s", ", ".join(signed_in), f" with a token of {issuer}" if issuer else "")
        return {"issuer": issuer, "signed_in": signed_in, "anonymous": anonymous}

    def _signed(self, conn_id: str, call: Request) -> None:
        answer = AppHook(conn_id, self.access).send(call)
        if let_in(answer):
            return
        if wants_sign_in(answer):
            asked = f"the token of {self.access['issuer']}" if self.access["issuer"] else "the login"
            raise Rejected(f"connection {conn_id}: {call.path} does not take {asked}: {answer}")
        raise answer.failure(f"connection {conn_id}: {call.path} gives no data")

    def _anonymous(self, conn_id: str, call: Request) -> bool:
        """Return whether somebody without credentials gets data."""
        answer = AppHook(conn_id, NOBODY.as_json()).send(call)
        if let_in(answer) or wants_sign_in(answer):
            return let_in(answer)
        raise answer.failure(f"connection {conn_id}: {call.path} does not refuse who is not signed in")


def _vouching(conn_id: str, access: Access) -> str:
    """Return the provider's name for itself, once it has given a token."""
    hook = IssuerHook(conn_id)
    issuer = hook.provider().issuer
    hook.value(access)
    return issuer


def _component(name: str) -> str:
    return name.removesuffix("_web")
