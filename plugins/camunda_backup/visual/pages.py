"""What to look at in each generation of Camunda, and how to tell that it is there.

Operate's and Tasklist's pages are recorded from Camunda 8.6.0 in a browser; those of 8.8 and later, and Optimize's,
are known from Camunda's published browser tests. Selectors are CSS, with Playwright's ``:text("…")``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from camunda_backup.api.generation import Generation
from camunda_backup.clusters import AnyCluster
from camunda_backup.states import Component


@dataclass(frozen=True, slots=True)
class LoginForm:
    """A form to log in with.

    :param owner: whose it is, for sentences
    :param where: tells that it is this form; the other selectors are in it
    :param refusal: what it shows after a wrong password; None when its answer's code tells that
    """

    owner: str
    where: str
    username: str
    password: str
    submit: str
    refusal: str | None = None


# First Keycloak's of Camunda Identity, which keeps these names in every theme; then the one of the apps themselves.
LOGIN_FORMS = (
    LoginForm(
        "Keycloak",
        "form#kc-form-login",
        "#username",
        "#password",
        "#kc-login",
        "#input-error, #input-error-username, .alert-error, .pf-m-danger",
    ),
    LoginForm(
        "the app",
        "form:has(input[name=password])",
        "input[name=username]",
        "input[name=password]",
        "[type=submit]",
    ),
)
ANY_LOGIN = "input[type=password]"


@dataclass(frozen=True, slots=True)
class Page:
    """One page to take a picture of.

    :param name: the picture's file name, without ``.png``
    :param app: whose page it is
    :param title: for people
    :param connection: the field of the cluster file's ``connections`` that leads to its server
    :param path: of the page on that server
    :param wanted: what must be there, in words, and the selector of it
    """

    name: str
    app: str
    title: str
    connection: str
    path: str
    wanted: Mapping[str, str]


def _operate(connection: str, dashboard: str, processes: str) -> tuple[Page, Page]:
    every_state = "active=true&incidents=true&completed=true&canceled=true"  # it lists none unless it is asked to
    return (
        Page(
            "operate-dashboard",
            "Operate",
            "Operate: dashboard",
            connection,
            dashboard,
            {
                "the number of instances": '[data-testid="total-instances-link"]',
                "the processes": '[data-testid="instances-by-process"], :text("Start by deploying a process")',
            },
        ),
        Page(
            "operate-processes",
            "Operate",
            "Operate: process instances",
            connection,
            f"{processes}?{every_state}",
            {
                "the list of instances": '[data-testid="cell-processName"],'
                ' :text("There are no Instances matching this filter set")'
            },
        ),
    )


def _tasklist(connection: str, path: str) -> Page:
    wanted = '[data-testid^="task-"], :text("No tasks found"), :text("There are no tasks matching your filter")'
    return Page("tasklist", "Tasklist", "Tasklist: open tasks", connection, path, {"the list of tasks": wanted})


OPTIMIZE = Page(
    "optimize",
    "Optimize",
    "Optimize: collections",
    "optimize_web",
    "/#/collections",
    {"the list of collections": ".EntityList, .NoDataNotice"},
)
SEPARATE_APPS = (*_operate("operate_web", "/", "/processes"), _tasklist("tasklist_web", "/"), OPTIMIZE)
ONE_APPLICATION = (*_operate("rest", "/operate", "/operate/processes"), _tasklist("rest", "/tasklist"), OPTIMIZE)


def pages_of(generation: Generation) -> tuple[Page, ...]:
    """Return the pages of a generation: Operate and Tasklist are one application where they are backed up as one."""
    together = any(api.component is Component.WEB_APPS for api in generation.web_apps)
    return ONE_APPLICATION if together else SEPARATE_APPS


def pages(cluster: AnyCluster) -> tuple[Page, ...]:
    """Return the pages of a cluster's generation, without Optimize's where the cluster has none."""
    return tuple(page for page in pages_of(cluster.generation) if page is not OPTIMIZE or cluster.connections.optimize)
