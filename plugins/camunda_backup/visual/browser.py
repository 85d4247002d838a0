"""Looking at pages with the system's Chromium, driven by Playwright, an optional extra."""

import importlib.util
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from camunda_backup.errors import RestoreFailed
from camunda_backup.visual.pages import ANY_LOGIN, LOGIN_FORMS, LoginForm, Page
from camunda_backup.visual.sights import Sight, problem

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Response
    from playwright.sync_api import Page as Tab

USUAL_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--disable-remote-fonts",  # Camunda's pages fetch them from the internet, and a picture would wait for them
    "--disable-dev-shm-usage",  # containers have little of it
)
LONGEST_FOLDER = 60  # characters; the path of a socket in it has room for 107
SIZE = (1440, 900)  # pixels
GLANCE = (5.0, 30.0)  # seconds, at least and at most, that a page has to show what is wanted before it is loaded again
PAUSE = 2.0  # seconds until then
LOGINS = 3  # tries; more may lock the user out


@dataclass(slots=True)
class Site:
    """A server with pages, and who looks at them.

    :param connection: the Airflow connection's ID, for sentences
    :param trusted: false accepts any certificate
    :param logins: tries so far
    :param given_up: why there is no use in another
    """

    connection: str
    base_url: str
    username: str | None
    password: str | None = field(repr=False)
    trusted: bool = True
    logins: int = 0
    given_up: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """What was seen in the place of a page.

    :param png: None when nothing could be seen
    :param problem: why it is not the picture wanted, a sentence that lacks its subject
    """

    page: Page
    png: bytes | None
    problem: str | None


def program(named: str | None) -> str | None:
    """Return the path of Chromium, None when it is not there.

    :param named: the cluster file's ``visual_check.browser``
    """
    return next(filter(None, map(shutil.which, [named] if named else USUAL_NAMES)), None)


def lacking(named: str | None) -> str | None:
    """Return what must be installed before pictures can be taken here, None when nothing is missing.

    :param named: the cluster file's ``visual_check.browser``
    """
    if importlib.util.find_spec("playwright") is None:
        return "the worker lacks the Python package playwright: pip install -r requirements-extras.txt"
    if program(named) is None:
        browser = f"{named}, which visual_check.browser names" if named else "Chromium"
        return f"the worker lacks {browser}: install it (on Debian: apt-get install chromium)"
    return None


def take_pictures(wanted: Sequence[tuple[Page, Site]], named: str | None, patience: float) -> Iterator[Picture]:
    """Yield a picture of each page, in order; one that is not the picture wanted says why.

    :param wanted: pages with their servers; pages of one server stand together
    :param named: the cluster file's ``visual_check.browser``
    :param patience: seconds for all pages together; each is looked at once at least
    :raises RestoreFailed: the browser does not start
    """
    if not wanted:
        return
    from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415 - an optional extra

    deadline = time.monotonic() + patience
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=program(named),
                args=list(ARGUMENTS),
                env=_environment(),
                chromium_sandbox=os.geteuid() != 0,
            )
        except Error as error:
            raise RestoreFailed(_no_start(str(error))) from None
        try:
            for site, visits in groupby(wanted, key=lambda one: one[1]):
                context = _opened(browser, site)
                for page, _ in visits:
                    yield _picture(context, page, site, deadline)
                context.close()
        except Error as error:
            raise RestoreFailed(
                f"the pictures could not be taken: Chromium ended: {str(error).splitlines()[0]}"
            ) from None
        browser.close()


def _environment() -> dict[str, str | float | bool]:
    """Return the worker's environment without Airflow's secrets, and with a folder short enough for a socket."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    temporary = tempfile.gettempdir()
    return {**own, "TMPDIR": temporary if len(temporary) <= LONGEST_FOLDER else "/tmp"}  # noqa: S108 - it makes its own


def _opened(browser: "Browser", site: Site) -> "BrowserContext":
    return browser.new_context(
        viewport={"width": SIZE[0], "height": SIZE[1]}, locale="en-US", ignore_https_errors=not site.trusted
    )


def _picture(context: "BrowserContext", page: Page, site: Site, deadline: float) -> Picture:
    """Look until the page is the one wanted, or nothing can be hoped for."""
    while True:
        tab = context.new_page()
        least, most = GLANCE
        tab.set_default_timeout(1000 * min(most, max(least, deadline - time.monotonic())))
        sight = _look(tab, page, site)
        wrong = problem(sight)
        if wrong is None or sight.final or time.monotonic() + PAUSE >= deadline:
            png = _taken(tab)
            tab.close()
            return Picture(page, png, wrong)
        tab.close()
        time.sleep(PAUSE)


def _look(tab: "Tab", page: Page, site: Site) -> Sight:
    """Open a page, log in where that is asked for, and wait for what is wanted."""
    from playwright.sync_api import Error  # noqa: PLC0415 - an optional extra

    address = f"{site.base_url.rstrip('/')}{page.path}"
    try:
        response = _open(tab, address, page)
        if _shows(tab, ANY_LOGIN):
            if wrong := _log_in(tab, site):
                return Sight(login=wrong, final=site.given_up is not None)
            response = _open(tab, address, page)
        return _seen(tab, page, site, response)
    except Error as error:
        return Sight(failure=_no_page(str(error)))


def _open(tab: "Tab", address: str, page: Page) -> "Response | None":
    """Load a page, and wait until it shows what is wanted or a login."""
    response = tab.goto(address, wait_until="domcontentloaded")
    if response is None:  # an address with a fragment that is open already is not loaded: the login would still stand
        response = tab.reload(wait_until="domcontentloaded")
    if response is None or response.ok:
        for selector in page.wanted.values():
            if not _await(tab, f"{selector}, {ANY_LOGIN}"):
                break
    return response


def _seen(tab: "Tab", page: Page, site: Site, response: "Response | None") -> Sight:
    again = f"it came again after the login as {site.username}" if _shows(tab, ANY_LOGIN) else None
    return Sight(
        status=response.status if response else None,
        title=tab.title(),
        text=tab.locator("body").inner_text(),
        login=again,
        missing=tuple(words for words, selector in page.wanted.items() if not _shows(tab, selector)),
    )


def _log_in(tab: "Tab", site: Site) -> str | None:
    """Log in; return why that did not work."""
    from playwright.sync_api import TimeoutError as OutOfTime  # noqa: PLC0415 - an optional extra

    form = next((form for form in LOGIN_FORMS if _shows(tab, form.where)), None)
    if form is None:
        site.given_up = f"its form is of a kind that is not known ({tab.title()})"
    elif not site.username or not site.password:
        site.given_up = f"connection {site.connection} has no login and password"
    elif site.logins == LOGINS:
        site.given_up = f"it came again after {LOGINS} logins as {site.username}"
    if form is None or site.given_up:
        return site.given_up
    site.logins += 1
    try:
        if _refused(tab, form, site):
            site.given_up = f"{form.owner} refuses the user {site.username} of connection {site.connection}"
    except OutOfTime:
        return f"{form.owner} did not answer the login as {site.username}"
    return site.given_up


def _refused(tab: "Tab", form: LoginForm, site: Site) -> bool:
    """Fill in and send a login form, and wait for what comes of it."""
    tab.locator(form.username).fill(site.username or "")
    tab.locator(form.password).fill(site.password or "")
    with tab.expect_response(lambda answer: answer.request.method == "POST" and "login" in answer.url) as answered:
        tab.locator(form.submit).first.click()
    if form.refusal is None:
        return answered.value.status in {401, 403}
    _await(tab, f"{form.refusal}, body:not(:has({form.where}))")
    return _shows(tab, form.refusal)


def _shows(tab: "Tab", selector: str) -> bool:
    return tab.locator(selector).filter(visible=True).count() > 0


def _await(tab: "Tab", selector: str) -> bool:
    """Wait until something is visible, no longer than the tab's timeout; return whether it is."""
    from playwright.sync_api import TimeoutError as OutOfTime  # noqa: PLC0415 - an optional extra

    try:
        tab.locator(selector).filter(visible=True).first.wait_for()
    except OutOfTime:
        return False
    return True


def _taken(tab: "Tab") -> bytes | None:
    from playwright.sync_api import Error  # noqa: PLC0415 - an optional extra

    try:
        return tab.screenshot(animations="disabled")
    except Error:
        return None


def _no_page(message: str) -> str:
    """Return why a page could not be opened, without the rest of Playwright's message."""
    if found := re.search(r"net::(ERR_[A-Z0-9_]+)", message):
        name = found[1]
        if name.startswith("ERR_CERT"):
            return f"the browser does not trust its certificate ({name}); add your CA to the browser's own store"
        return "nothing listens there" if name == "ERR_CONNECTION_REFUSED" else name
    return "no answer in time" if "Timeout" in message else message.splitlines()[0]


def _no_start(message: str) -> str:
    if "No usable sandbox" in message:
        return (
            "Chromium does not start without its sandbox, which this worker does not allow: allow unprivileged user "
            "namespaces there, or name a script that calls it with --no-sandbox as visual_check.browser"
        )
    fatal = re.search(r"FATAL:\S+\] (.+)", message)
    return f"Chromium does not start: {fatal[1] if fatal else message.splitlines()[0]}"
