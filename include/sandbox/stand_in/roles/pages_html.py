"""The pages that a browser sees of Operate, Tasklist and Optimize: small ones of our own, marked as a stand-in's.

As with the real ones, a page is an empty shell at first, its script asks for what to show, and without a session that
is a login form. Names and ``data-testid`` of what matters are those of the real pages (recorded from Camunda 8.6.0;
Optimize's from its source).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from sandbox.stand_in.engine.indices import Document
from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.routes import Handler, Routes
from sandbox.stand_in.world import World

if TYPE_CHECKING:
    from sandbox.stand_in.provider import Provider

HTML = "text/html;charset=UTF-8"
USER = "demo"
CONTENT = "/stand-in/content"
View = Callable[[World], Awaitable[str]]

SHELL = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} (stand-in)</title><style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 0; color: #222 }}
header {{ background: repeating-linear-gradient(45deg, #ffe9b8 0 16px, #fff3d6 16px 32px); padding: 14px 24px }}
main {{ padding: 24px }} td, th {{ padding: 4px 24px 4px 0; text-align: left }} [role=alert] {{ color: #b00020 }}
</style></head><body><header><b>Stand-in for {title} {version}</b>: this page is not Camunda's.</header>
<main id="root"></main><script>
const root = document.getElementById("root");
async function show() {{
  root.innerHTML = await (await fetch("{content}" + location.pathname)).text();
  root.querySelector("form")?.addEventListener("submit", logIn);
}}
async function logIn(event) {{
  event.preventDefault();
  const answer = await fetch("/api/login", {{method: "POST", body: new URLSearchParams(new FormData(event.target))}});
  if (answer.ok) await show();
  else root.querySelector("[role=alert]").textContent = "Username and Password do not match";
}}
show();
</script></body></html>"""

LOGIN = """<form><h1>Log in</h1><p role="alert"></p>
<p><label>Username <input name="username" autocomplete="username"></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>
<p><button type="submit">Login</button></p></form>"""

ERROR = """<!doctype html><html lang="en"><head><title>Error (stand-in)</title></head><body>
<h1>Whitelabel Error Page</h1>
<p>This application has no explicit mapping for /error, so you are seeing this as a fallback.</p>
<p>There was an unexpected error (type=Internal Server Error, status=500).</p></body></html>"""


class HtmlPages:
    """The pages of one app, behind a login.

    :param cookie: name of the session's cookie
    :param title: the app's name
    :param views: what each path shows
    """

    def __init__(self, world: World, role: str, cookie: str, title: str, views: Mapping[str, View]) -> None:
        self._world, self._role, self._cookie, self._title, self._views = world, role, cookie, title, views

    def add_to(self, routes: Routes) -> None:
        """Add every page and what its script asks for."""
        for path, view in self._views.items():
            routes.add("GET", path, self._page)
            routes.add("GET", f"{CONTENT}{path}", self._content(view))

    async def _page(self, call: Call) -> Reply:
        if self._world.provider and not self._has_session(call):
            return self._world.provider.login(call)
        if self._state == "error":
            return Reply(500, ERROR, HTML)
        shell = SHELL.format(title=self._title, version=escape(self._world.version(self._role)), content=CONTENT)
        return Reply(200, shell, HTML)

    def _content(self, view: View) -> Handler:
        async def content(call: Call) -> Reply:
            if self._state == "blank":
                return Reply(200, "", HTML)
            if self._state == "login" or not self._has_session(call):
                return Reply(401, LOGIN, HTML)
            return Reply(200, await view(self._world), HTML)

        return content

    def _has_session(self, call: Call) -> bool:
        return session(self._cookie) in call.headers.get("Cookie", "")

    @property
    def _state(self) -> str:
        """Return what the app's pages are instead of right; the role of 8.8 and later has all apps' pages."""
        pages = self._world.conditions.pages
        return pages.get(self._role) or pages.get(self._title.lower(), "")


def login(cookie: str, refuse: Callable[[Call], Reply]) -> Handler:
    """Make the login of an app, which takes user name and password in the query or as a form."""

    async def log_in(call: Call) -> Reply:
        form = {name: values[0] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}
        given = {**form, **call.query}
        if (given.get("username"), given.get("password")) != (USER, USER):
            return refuse(call)
        return Reply(204, headers=begun(cookie))

    return log_in


def come_back(provider: "Provider", cookie: str, refuse: Callable[[Call], Reply]) -> Handler:
    """Make what takes a browser that comes back from the identity provider."""

    async def take(call: Call) -> Reply:
        if await provider.redeems(call):
            return Reply(302, headers={"Location": "/", **begun(cookie)})
        return refuse(call)

    return take


def session(cookie: str) -> str:
    """Give the cookie of everybody's session."""
    return f"{cookie}=stand-in"


def begun(cookie: str) -> dict[str, str]:
    """Give the header that begins a session."""
    return {"Set-Cookie": f"{session(cookie)}; Path=/; HttpOnly; SameSite=Lax"}


async def operate_dashboard(world: World) -> str:
    """Show how many instances run, in all and of each process."""
    running = [d for d in await _found(world, "operate-list-view-8.3.0_") if d.get("state") == "ACTIVE"]
    names = [str(d.get("processName") or d.get("bpmnProcessId")) for d in running]
    rows = "".join(
        f"<li>{escape(name)} - {names.count(name)} Instances in 1 Version</li>" for name in sorted(set(names))
    )
    by_name = rows and f'<ul data-testid="instances-by-process">{rows}</ul>'
    return (
        f'<div data-testid="metric-panel"><h1 data-testid="total-instances-link">{len(running)} Running Process'
        f" Instances in total</h1></div><h2>Process Instances by Name</h2>{by_name or 'Start by deploying a process'}"
    )


async def operate_processes(world: World) -> str:
    """List the instances."""
    found = [d for d in await _found(world, "operate-list-view-8.3.0_") if d.get("bpmnProcessId")]
    rows = "".join(
        f'<tr><td data-testid="cell-processName">{escape(str(d.get("processName") or d["bpmnProcessId"]))}</td>'
        f"<td>{d['key']}</td><td>{escape(str(d['state']))}</td></tr>"
        for d in sorted(found, key=lambda d: int(d["key"]), reverse=True)
    )
    heading = f"<h1>Process Instances - {len(found)} results</h1>"
    return heading + (f"<table>{rows}</table>" if rows else "There are no Instances matching this filter set")


async def tasklist_tasks(world: World) -> str:
    """List the open tasks."""
    found = [d for d in await _found(world, world.line.tasks_index) if d.get("state") == "CREATED"]
    rows = "".join(
        f'<li data-testid="task-{d["key"]}">{escape(str(d["elementName"]))}, {escape(str(d["processName"]))}</li>'
        for d in found
    )
    return f"<h1>All open tasks</h1>{f'<ul>{rows}</ul>' if rows else 'No tasks found'}"


async def optimize_collections(_world: World) -> str:
    """Show the list of collections, which has none."""
    return '<div class="EntityList"><h1>Collections</h1><p>The stand-in keeps no reports.</p></div>'


async def _found(world: World, index: str) -> Iterable[Document]:
    return (await world.storage.documents(index)).values()


OPERATE: dict[str, View] = {"/operate": operate_dashboard, "/operate/processes": operate_processes}
TASKLIST: dict[str, View] = {"/tasklist": tasklist_tasks}
OWN_PORT: dict[str, dict[str, View]] = {
    "operate": {**OPERATE, "/": operate_dashboard, "/processes": operate_processes},
    "tasklist": {**TASKLIST, "/": tasklist_tasks},
}


def web_apps(world: World, role: str, cookie: str) -> list[HtmlPages]:
    """Return the pages of Operate or Tasklist on its own port, or of both on the port of 8.8 and later."""
    if role in OWN_PORT:
        return [HtmlPages(world, role, cookie, role.capitalize(), OWN_PORT[role])]
    return [
        HtmlPages(world, role, cookie, title, views) for title, views in (("Operate", OPERATE), ("Tasklist", TASKLIST))
    ]


def optimize_web(world: World, routes: Routes) -> Routes:
    """Fill the routes of Optimize's web port."""
    cookie = "X-Optimize-Authorization"
    routes.add("POST", "/api/login", login(cookie, lambda _: Reply(401, "")))
    HtmlPages(world, "optimize", cookie, "Optimize", {"/": optimize_collections}).add_to(routes)
    return routes
