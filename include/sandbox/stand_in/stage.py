"""Which roles a line has, on which ports, and who plays them."""

from typing import Any

from sandbox import ports
from sandbox.stand_in.answers.entry import WebApp
from sandbox.stand_in.control import Control
from sandbox.stand_in.doors import Door
from sandbox.stand_in.roles.issuer import Issuer
from sandbox.stand_in.roles.optimize import Optimize
from sandbox.stand_in.roles.pages_html import optimize_web
from sandbox.stand_in.roles.processes import ProcessRole
from sandbox.stand_in.roles.rest_management import RestManagement
from sandbox.stand_in.roles.search import SearchRole
from sandbox.stand_in.roles.spring import Bean, Spring
from sandbox.stand_in.roles.web_app_backups import WebAppBackups
from sandbox.stand_in.roles.web_pages import WebPages
from sandbox.stand_in.roles.zeebe_management import ZeebeManagement
from sandbox.stand_in.roles.zeebe_rest import ZeebeRest
from sandbox.stand_in.routes import Routes
from sandbox.stand_in.world import World

MOST_BROKERS = 3
ZEEBE_DOOR = "zeebe_management"
NO_CONTEXT = ("optimize", "search", "issuer")


def all_roles(world: World) -> dict[str, dict[str, Routes]]:
    """Routes of every role by port and role, for a whole cluster."""
    shared = [app for app in world.line.web_apps if app.doors[1] == ZEEBE_DOOR]
    beans = {app.properties[1]: configuration(world, app) for app in shared}
    doors: dict[str, dict[str, Routes]] = {
        **({} if world.real_search else {"search": {"search": SearchRole(world).routes()}}),
        "zeebe_rest": {"zeebe": ZeebeRest(world).routes()},
        ZEEBE_DOOR: {"zeebe": ZeebeManagement(world, 0, beans).routes()},
        **only_optimize(world),
    }
    for broker in range(1, world.zeebe.brokers):
        doors[f"broker_{broker}_management"] = {"zeebe": ZeebeManagement(world, broker, beans).routes()}
    if world.client_secret is not None:
        doors["issuer"] = {"issuer": Issuer(world, world.client_secret).routes()}
    rest = RestManagement(world) if world.line.rest_management else None
    if rest:
        rest.add_zeebe(doors["zeebe_rest"]["zeebe"])
    for app in world.line.web_apps:
        web, management = app.doors
        running: set[int] = set()
        pages = doors.setdefault(web, {})[app.role] = WebPages(world, app).routes()
        if rest:
            rest.add_history(pages, app, running)
        own = pages if management == web else Spring(world, app.role, pretty=app.pretty).routes()
        doors.setdefault(management, {})[app.role] = own
        add_management(world, app, own, running)
    return doors


def add_management(world: World, app: WebApp, routes: Routes, running: set[int]) -> None:
    """Add what a web app's management port answers; before 8.6 that is its web port."""
    spring = Spring(world, app.role, pretty=app.pretty)
    check = "indicesCheck" if app.role == "operate" else "searchEngineCheck"
    groups = {
        "": [check, "livenessState", "readinessState"],
        "liveness": [],
        "readiness": [check, "readinessState"],
    }

    def troubled() -> tuple[str, ...]:
        return () if world.search_answers else (check,)

    beans = {app.properties[1]: configuration(world, app)}
    spring.add_actuator(routes, groups, beans, troubled=troubled, trouble_seconds=app.trouble_seconds)
    WebAppBackups(world, app, running).add_to(routes)


def configuration(world: World, app: WebApp) -> Bean:
    """Configuration of a web app."""
    prefix, _, section = app.properties

    def properties() -> dict[str, Any]:
        name = world.repository(app.role)
        engine = {
            "url": world.search_url,
            "indexPrefix": world.conditions.index_prefix.get(app.role, prefix.rpartition(".")[2]),
        }
        backup = {} if name is None else {"repositoryName": name}
        return {"version": world.version(app.role), "backup": backup, section: engine}

    return Bean(prefix, properties)


def only_optimize(world: World) -> dict[str, dict[str, Routes]]:
    """Routes of Optimize alone, which may stand beside a real cluster."""
    return {
        "optimize_web": {"optimize": optimize_web(world, Spring(world, "optimize").routes())},
        "optimize_management": {"optimize": Optimize(world).routes()},
    }


async def open_doors(world: World, roles: dict[str, dict[str, Routes]], base: int) -> dict[str, Door]:
    """Open every port and the control port; ``base`` 0 takes free ones. Returns the doors by name."""
    paths = {name: "" if name.startswith(NO_CONTEXT) else world.context_path for name in roles}
    doors = {name: Door(name, world, routes, context_path=paths[name]) for name, routes in roles.items()}
    processes = ProcessRole(world, dict(doors))
    own = {"control": Control(world, dict(doors), processes).routes(), "processes": processes.routes()}
    control = Door("control", world, own, unrecorded="control")
    for name, door in {**doors, "control": control}.items():
        await door.open(ports.port(base, name) if base else 0)
    return {**doors, "control": control}
