"""Telling the page that was wanted from everything else."""

import pytest

from camunda_backup.visual.sights import Sight, problem

TASKS = Sight(status=200, title="Tasklist", text="Tasklist\nTasks\nProcesses\nAll open tasks")
NO_TASKS = Sight(status=200, title="Tasklist", text="Tasklist\nTasks\nProcesses", missing=("the list of tasks",))
SPRING = Sight(status=404, title="", text="Whitelabel Error Page\nThis application has no …", missing=("it",))
NOT_FETCHED = "Data could not be fetched"
DASHBOARD = "Operate\nDashboard\nProcess Instances by Name\n{}\nRefresh the page to try again"


@pytest.mark.parametrize(
    ("sight", "wrong"),
    [
        (TASKS, None),
        (NO_TASKS, "does not show the list of tasks; its title is 'Tasklist'"),
        (SPRING, "is an error page: HTTP 404"),
        (Sight(failure="nothing listens there"), "cannot be reached: nothing listens there"),
        (Sight(status=200, missing=("it",), text=" \n "), "is a blank page"),
        (Sight(status=200, login="it came again", missing=("it",), text="Log in"), "is a login page: it came again"),
        (Sight(status=200, text=DASHBOARD.format(NOT_FETCHED)), f"is an error page: {NOT_FETCHED}"),
        (Sight(status=200, text=DASHBOARD.format(f"A process called {NOT_FETCHED}")), None),
        (Sight(status=200, missing=("one", "two"), title="T", text="x"), "does not show one and two; its title is 'T'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence(sight: Sight, wrong: str | None) -> None:
    assert problem(sight) == wrong
