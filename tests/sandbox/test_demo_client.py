"""The caller of Airflow's REST API, against answers recorded from Airflow 3.3.2."""

from typing import Any

import pytest

from sandbox.airflow_client import AirflowClient, AirflowRefusedError
from sandbox.errors import SandboxError

from .recorded import Recorded, serving

TOKEN = {"POST /auth/token": [(201, {"access_token": "one"}), (201, {"access_token": "two"})]}
RUNS = "/api/v2/dags/back_up_x/dagRuns"


def client(server: Recorded) -> AirflowClient:
    return AirflowClient(server.url, "admin", "secret", pause=0)


def test_logs_in_once_and_shows_the_token() -> None:
    with serving({**TOKEN, "GET /api/v2/monitor/health": [(200, {})]}) as server:
        caller = client(server)
        caller.health()
        caller.health()
        assert server.asked("POST /auth/token") == [{"username": "admin", "password": "secret"}]
        assert server.tokens[-1] == "Bearer one"


def test_logs_in_again_when_the_token_has_run_out() -> None:
    refused = (401, {"detail": "Invalid JWT token"})
    with serving({**TOKEN, "GET /api/v2/monitor/health": [refused, (200, {"metadatabase": {}})]}) as server:
        assert client(server).health() == {"metadatabase": {}}
        assert server.tokens[-1] == "Bearer two"


def test_a_wrong_password_is_said() -> None:
    with (
        serving({"POST /auth/token": [(401, {"detail": "Invalid credentials"})]}) as server,
        pytest.raises(AirflowRefusedError, match="401: log-in: Invalid credentials"),
    ):
        client(server).health()


def test_asks_again_when_the_database_was_locked() -> None:
    with serving(
        {**TOKEN, f"GET {RUNS}/r": [(500, {"detail": "Database error"}), (200, {"state": "running"})]}
    ) as server:
        assert client(server).run("back_up_x", "r")["state"] == "running"


def test_gives_up_when_the_fault_lasts() -> None:
    with (
        serving({**TOKEN, f"GET {RUNS}/r": [(500, {"detail": "Database error"})]}) as server,
        pytest.raises(AirflowRefusedError, match="500: Database error") as refused,
    ):
        client(server).run("back_up_x", "r")
    assert refused.value.status == 500


def test_nobody_there_is_one_sentence() -> None:
    with serving({}) as server:
        gone = client(server)
    with pytest.raises(SandboxError, match="Airflow does not answer at http"):
        gone.health()


def test_triggers_under_an_id_of_its_own() -> None:
    with serving({**TOKEN, f"POST {RUNS}": [(200, {"dag_run_id": "ignored"})]}) as server:
        run_id = client(server).trigger("back_up_x", {"cluster": "x"})
        assert server.asked(f"POST {RUNS}") == [{"dag_run_id": run_id, "logical_date": None, "conf": {"cluster": "x"}}]


def test_a_trigger_whose_answer_was_lost_finds_its_own_run() -> None:
    conflict = (409, {"detail": {"reason": "Unique constraint violation"}})
    with serving({**TOKEN, f"POST {RUNS}": [(500, {"detail": "Database error"}), conflict]}) as server:
        run_id = client(server).trigger("back_up_x")
        assert [body["dag_run_id"] for body in server.asked(f"POST {RUNS}")] == [run_id, run_id]


def test_a_conflict_at_first_is_no_success() -> None:
    with (
        serving({**TOKEN, f"POST {RUNS}": [(409, {"detail": "conflict"})]}) as server,
        pytest.raises(AirflowRefusedError, match="409: conflict"),
    ):
        client(server).trigger("back_up_x")


def test_a_dag_that_is_not_parsed_yet_is_none() -> None:
    with serving(
        {**TOKEN, "GET /api/v2/dags/guard": [(404, {"detail": "not found"}), (200, {"dag_id": "guard"})]}
    ) as server:
        assert client(server).dag("guard") is None
        assert client(server).dag("guard") == {"dag_id": "guard"}


def test_reads_every_page() -> None:
    first = {"task_instances": [{"task_id": str(number)} for number in range(100)], "total_entries": 101}
    second = {"task_instances": [{"task_id": "100"}], "total_entries": 101}
    with serving({**TOKEN, f"GET {RUNS}/r/taskInstances": [(200, first), (200, second)]}) as server:
        assert len(client(server).task_instances("back_up_x", "r")) == 101
        assert server.queries[-2:] == ["limit=100&offset=0", "limit=100&offset=100"]


def test_waits_for_the_end_of_a_run() -> None:
    states: list[tuple[int, Any]] = [(200, {"state": state}) for state in ("queued", "running", "failed")]
    looks: list[int] = []
    with serving({**TOKEN, f"GET {RUNS}/r": states}) as server:
        state = client(server).wait_run("back_up_x", "r", interval=0, watch=lambda: looks.append(1))
    assert state == "failed"
    assert len(looks) == 3


def test_a_run_that_does_not_end_is_said() -> None:
    with (
        serving({**TOKEN, f"GET {RUNS}/r": [(200, {"state": "running"})]}) as server,
        pytest.raises(SandboxError, match="still running after 0 s"),
    ):
        client(server).wait_run("back_up_x", "r", timeout=0, interval=0)


def test_an_answer_that_is_no_json_is_shown() -> None:
    with (
        serving({**TOKEN, f"GET {RUNS}/r": [(403, "<html>Forbidden</html>")]}) as server,
        pytest.raises(AirflowRefusedError, match="403: <html>Forbidden"),
    ):
        client(server).run("back_up_x", "r")
