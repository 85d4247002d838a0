"""Judging what a browser shows: the page that was wanted, or what else in one sentence."""

import re
from dataclasses import dataclass

# Whole lines that stand where the content should be. A process may be named like them, but has a line of its own
# nowhere on the pages that are looked at (texts recorded from Camunda 8.6.0, Optimize's from its source).
ERROR_LINES = re.compile(
    r"^\s*(Whitelabel Error Page|Data could not be fetched|Something went wrong\.?|Optimize could not be loaded.*)\s*$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a browser shows.

    :param failure: why there is no page at all
    :param status: HTTP status of the page
    :param text: what a person can read
    :param login: what became of logging in, when it shows a login page
    :param missing: what it should show and does not, in words
    :param final: whether to look again would be of no use
    """

    failure: str | None = None
    status: int | None = None
    title: str = ""
    text: str = ""
    login: str | None = None
    missing: tuple[str, ...] = ()
    final: bool = False


def problem(sight: Sight) -> str | None:
    """Return what is wrong, as a sentence that lacks its subject; None when the page is the one wanted."""
    error = ERROR_LINES.search(sight.text)
    status = sight.status or 0
    findings = (
        (sight.failure, f"cannot be reached: {sight.failure}"),
        (status >= 400, f"is an error page: HTTP {status}"),
        (sight.login, f"is a login page: {sight.login}"),
        (error, f"is an error page: {error and error[1]}"),
        (sight.missing and not sight.text.strip(), "is a blank page"),
        (sight.missing, f"does not show {' and '.join(sight.missing)}; its title is {sight.title!r}"),
    )
    return next((sentence for found, sentence in findings if found), None)
