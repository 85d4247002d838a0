"""The demo answers what a run asks a person, from answers recorded from Airflow 3.3.2."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.airflow_client import AirflowClient, AirflowRefusedError
from sandbox.demo.progress import TaskLine
from sandbox.demo.runs import Person
from tests.observing import until

from .recorded import Recorded, serving

TOKEN: dict[str, list[tuple[int, Any]]] = {"POST /auth/token": [(201, {"access_token": "one"})]}
TASK = "/api/v2/dags/restore_x/dagRuns/r/taskInstances/approve/-1/hitlDetails"
QUESTION = {"subject": "Restore x? Its data will be deleted.", "body": "…", "options": ["Approve", "Reject"]}
NOT_YET = (404, {"detail": "Human-in-the-loop detail does not exist for Task Instance with id 01a2"})
ANSWERED = {"responded_by": {"id": "admin", "name": "admin"}, "chosen_options": ["Approve"], "params_input": {}}
ASKING = [TaskLine("plan", "success", 1.0), TaskLine("approve", "awaiting_input", 0.1)]


def person_at(
    server: Recorded, answers: dict[str, str], tell: Callable[[str], None] = print, reading: float = 0
) -> Person:
    return Person(AirflowClient(server.url, "admin", "x", pause=0), ("restore_x", "r"), answers, tell, reading)


def test_a_question_is_answered_once_and_told() -> None:
    answers = {**TOKEN, f"GET {TASK}": [(200, QUESTION)], f"PATCH {TASK}": [(200, ANSWERED)]}
    told: list[str] = []
    with serving(answers) as server:
        person = person_at(server, {"approve": "Approve"}, told.append)
        person.look([TaskLine("approve", "running")])
        assert server.asked(f"PATCH {TASK}") == []
        person.look(ASKING)
        person.look(ASKING)
        assert server.asked(f"PATCH {TASK}") == [{"chosen_options": ["Approve"], "params_input": {}}]
    assert told == [
        "approve asks a person: Restore x? Its data will be deleted.",
        (
            "The demo answers Approve for you; else you would do that at "
            f"{server.url}/dags/restore_x/runs/r/tasks/approve/required_actions"
        ),
    ]


def test_a_question_that_is_not_there_yet_is_answered_later() -> None:
    answers = {**TOKEN, f"GET {TASK}": [NOT_YET, (200, QUESTION)], f"PATCH {TASK}": [(200, ANSWERED)]}
    with serving(answers) as server:
        person = person_at(server, {"approve": "Approve"})
        person.look(ASKING)
        assert server.asked(f"PATCH {TASK}") == []
        person.look(ASKING)
        assert len(server.asked(f"PATCH {TASK}")) == 1


def test_other_questions_are_left_to_people() -> None:
    with serving(TOKEN) as server:
        person_at(server, {"sign_off": "Accept"}).look(ASKING)
        assert server.calls == []


def test_an_option_that_is_not_offered_is_said() -> None:
    wrong = (400, {"detail": "['Yes'] are not valid options"})
    answers = {**TOKEN, f"GET {TASK}": [(200, QUESTION)], f"PATCH {TASK}": [wrong]}
    with serving(answers) as server:
        person = person_at(server, {"approve": "Yes"})
        with pytest.raises(AirflowRefusedError, match=r"400: .*not valid options"):
            person.look(ASKING)


def test_a_question_stays_for_some_time_before_it_is_answered() -> None:
    answers = {**TOKEN, f"GET {TASK}": [(200, QUESTION)], f"PATCH {TASK}": [(200, ANSWERED)]}
    with serving(answers) as server:
        person = person_at(server, {"approve": "Approve"}, reading=1)
        person.look(ASKING)
        assert server.calls == []
        began = time.monotonic()

        def is_answered() -> bool:
            person.look(ASKING)
            return bool(server.asked(f"PATCH {TASK}"))

        until(is_answered)
        assert time.monotonic() - began > 0.7
