"""Calls to the web apps and the REST API as a signed-in user or client."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from camunda_backup.api.access import Access, Kind
from camunda_backup.api.identity import Credentials, csrf_header, login_request, read_login
from camunda_backup.api.messages import Answer, Request
from camunda_backup.hooks import signing
from camunda_backup.hooks.http import JsonHook


class AppHook(JsonHook):
    """A web app or the REST API; what leads to a login page is not followed.

    :param conn_id: an Airflow connection of type http; without a login in it, cookie is plain calls
    :param access: see ``Cluster.access``; ``kind`` may be cookie as well
    """

    follows = False

    def __init__(self, conn_id: str, access: Mapping[str, Any]) -> None:
        told = Access.of(access)
        self._logs_in = told.kind == Kind.COOKIE
        self._logged_in = False
        super().__init__(conn_id, replace(told, kind=Kind.NONE).as_json() if self._logs_in else access)

    def send(self, request: Request) -> Answer:
        """Send one request as the signed-in user; after a 401 sign in again, once.

        :raises Rejected, Unreachable: as ``JsonHook.send``; or signing in failed
        """
        endpoint = self.endpoint
        if not self._logs_in or endpoint.login is None:
            return super().send(request)
        user = Credentials(endpoint.login, endpoint.password or "")
        if not self._logged_in:
            self._log_in(user)
        answer = self.exchange(request)
        if answer.status == 401:
            self._log_in(user)
            answer = self.exchange(request)
        who = signing.Credentials(f"the user {user.login}", "it could log in, but its session is not taken")
        return signing.explained(answer, self.http_conn_id, who, request)

    def _log_in(self, user: Credentials) -> None:
        session = self._open()[0]
        session.cookies.clear()
        session.hooks["response"] = [lambda response, **_: session.headers.update(csrf_header(response.headers))]
        read_login(self.http_conn_id, user, self.exchange(login_request(user)))
        self._logged_in = True
