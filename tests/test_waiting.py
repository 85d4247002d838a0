"""When a wait is over. Every scenario runs twice: in one piece, and through JSON after each poll."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from camunda_backup.errors import BackupFailed
from camunda_backup.states import Component, Phase, Piece, Report
from camunda_backup.waiting import LONGEST, SHORTEST, Patience, Wait

T0 = 1_763_891_943.0  # seconds since the epoch
PATIENCE = Patience(grace=60, faults=120, stall=300, deadline=1000)
TENS = range(0, 2000, 10)  # seconds after the wait's begin
STILL_WAITING = "still waiting"
COMPLETE = "complete"

Carry = Callable[[Wait], Wait]


@pytest.fixture(params=["in one piece", "through JSON after each poll"])
def carry(request: pytest.FixtureRequest) -> Carry:
    def through_json(wait: Wait) -> Wait:
        return Wait.from_json(json.loads(json.dumps(wait.as_json())))

    return through_json if "JSON" in request.param else lambda wait: wait


def waiting(give_up_at: float | None = None, not_before: float = T0) -> Wait:
    return Wait(PATIENCE, T0, not_before, give_up_at)


def report(phase: Phase, state: str = "", pieces: tuple[str, ...] = (), started_at: float | None = T0) -> Report:
    began = None if started_at is None else datetime.fromtimestamp(started_at, UTC)
    made = tuple(Piece(f"part {n}", word, word == "SUCCESS", began) for n, word in enumerate(pieces))
    return Report(Component.TASKLIST, 100, phase, state or phase.upper(), made, found=phase is not Phase.FAULT)


NOT_VISIBLE = report(Phase.PENDING, "not visible")
INCOMPLETE = report(Phase.PENDING, "INCOMPLETE", ("SUCCESS",))
RUNNING = report(Phase.RUNNING, "IN_PROGRESS", ("SUCCESS", "IN_PROGRESS"))
FAULT = report(Phase.FAULT, "HTTP 502")
DONE = report(Phase.COMPLETED, "COMPLETED", ("SUCCESS", "SUCCESS"))


def progressing(pieces: int, phase: Phase = Phase.RUNNING) -> Report:
    return report(phase, "IN_PROGRESS", ("SUCCESS",) * pieces)


def outcome(wait: Wait, carry: Carry, polls: Iterable[tuple[float, Report]], delay: float = 0) -> tuple[float, str]:
    """Return when the wait ended (seconds after its begin) and how, or the last poll.

    :param delay: seconds that each report takes to come
    """
    after = 0.0
    for after, told in polls:
        try:
            if wait.settled(told, T0 + after, T0 + after - delay):
                return after, COMPLETE
        except BackupFailed as failure:
            return after, str(failure)
        wait = carry(wait)
    return after, STILL_WAITING


def lasting(told: Report, begin: float, end: float, step: float = 10) -> list[tuple[float, Report]]:
    """The same report from begin to end (seconds after the wait's begin), the end included."""
    polls = [begin + step * number for number in range(int((end - begin) / step) + 1)]
    return [(after, told) for after in dict.fromkeys((*polls, end))]


@pytest.mark.parametrize(
    ("told", "limit", "trouble"),
    [
        (NOT_VISIBLE, PATIENCE.grace, "has been not visible for 60 s"),
        (INCOMPLETE, PATIENCE.grace, "has been INCOMPLETE for 60 s"),
        (FAULT, PATIENCE.faults, "could not be asked (HTTP 502) for 120 s"),
        (RUNNING, PATIENCE.stall, "made no progress for 300 s"),
    ],
    ids=["not visible", "incomplete", "fault", "running"],
)
class TestWhatIsNotFinal:
    def test_is_put_up_with_until_its_limit(self, carry: Carry, told: Report, limit: float, trouble: str) -> None:
        assert outcome(waiting(), carry, lasting(told, 0, limit - 0.1)) == (limit - 0.1, STILL_WAITING)

    def test_fails_at_its_limit_and_says_for_how_long(
        self, carry: Carry, told: Report, limit: float, trouble: str
    ) -> None:
        ended, how = outcome(waiting(), carry, lasting(told, 0, 2000))
        assert (ended, how) == (limit, f"tasklist: backup 100 {trouble}")

    def test_is_no_obstacle_to_completing(self, carry: Carry, told: Report, limit: float, trouble: str) -> None:
        polls = [*lasting(told, 0, limit - 1), (limit, DONE)]
        assert outcome(waiting(), carry, polls) == (limit, COMPLETE)


def test_a_complete_backup_ends_the_wait_at_the_first_poll(carry: Carry) -> None:
    assert outcome(waiting(), carry, [(0, DONE)]) == (0, COMPLETE)


def test_a_failed_backup_fails_at_once_with_the_components_reason(carry: Carry) -> None:
    failed = Report(Component.ZEEBE, 7, Phase.FAILED, "FAILED", reason="Backup on partition 1 failed")
    assert outcome(waiting(), carry, [(0, failed)]) == (0, "zeebe: backup 7 is FAILED: Backup on partition 1 failed")


def test_the_reason_of_what_lasted_too_long_is_told(carry: Carry) -> None:
    told = Report(Component.ZEEBE, 7, Phase.FAULT, "HTTP 500", reason="Connection refused", found=False)
    _, how = outcome(waiting(), carry, lasting(told, 0, 200))
    assert how.endswith("for 120 s: Connection refused")


def test_oscillating_between_in_progress_and_incomplete_is_a_backup_at_work(carry: Carry) -> None:
    polls = [
        (after, report(Phase.PENDING if after % 80 else Phase.RUNNING, pieces=("SUCCESS",) * (after // 80)))
        for after in range(0, 800, 40)
    ]
    assert outcome(waiting(), carry, [*polls, (800, DONE)]) == (800, COMPLETE)


def test_incomplete_between_two_parts_is_no_failure_however_many_parts_there_are(carry: Carry) -> None:
    polls = []
    for part in range(9):
        polls += lasting(progressing(part), 100 * part, 100 * part + 40)
        polls += lasting(progressing(part + 1, Phase.PENDING), 100 * part + 50, 100 * part + 90)
    assert outcome(waiting(), carry, [*polls, (900, DONE)]) == (900, COMPLETE)


def test_incomplete_for_good_fails_a_grace_after_the_last_part(carry: Carry) -> None:
    polls = [*lasting(RUNNING, 0, 200), *lasting(progressing(3, Phase.PENDING), 210, 2000)]
    ended, how = outcome(waiting(), carry, polls)
    assert ended == 210 + PATIENCE.grace
    assert "has been" in how


def test_two_phases_in_turn_without_an_advance_are_no_progress(carry: Carry) -> None:
    polls = [(after, INCOMPLETE if after % 20 else report(Phase.RUNNING, pieces=("SUCCESS",))) for after in TENS]
    ended, how = outcome(waiting(), carry, polls)
    assert ended == PATIENCE.stall
    assert "made no progress for 300 s" in how


def test_grace_begins_anew_when_a_piece_advances(carry: Carry) -> None:
    polls = [*lasting(progressing(1, Phase.PENDING), 0, 50), *lasting(progressing(2, Phase.PENDING), 55, 2000)]
    assert outcome(waiting(), carry, polls)[0] == 55 + PATIENCE.grace


@pytest.mark.parametrize("told", [NOT_VISIBLE, INCOMPLETE, RUNNING, FAULT], ids=lambda told: told.state)
def test_time_in_which_nobody_polled_is_held_against_nobody(carry: Carry, told: Report) -> None:
    polls = [*lasting(told, 0, 50), *lasting(told, 350, 355)]
    assert outcome(waiting(), carry, polls) == (355, STILL_WAITING)


def test_after_a_gap_only_what_is_left_of_the_limit_is_put_up_with(carry: Carry) -> None:
    polls = [*lasting(INCOMPLETE, 0, 50), *lasting(INCOMPLETE, 350, 2000)]
    assert outcome(waiting(), carry, polls)[0] == 350 + PATIENCE.grace - 50


def test_a_component_that_is_slow_to_fail_is_no_gap(carry: Carry) -> None:
    polls = lasting(FAULT, 0, 2000, step=30 + LONGEST)
    ended, how = outcome(waiting(), carry, polls, delay=30)
    assert ended < PATIENCE.faults + 30 + LONGEST
    assert "could not be asked" in how


def test_faults_do_not_use_up_the_grace_of_what_follows(carry: Carry) -> None:
    polls = [*lasting(INCOMPLETE, 0, 20), *lasting(FAULT, 30, 91), (92, INCOMPLETE)]
    assert outcome(waiting(), carry, polls) == (92, STILL_WAITING)


def test_a_backup_that_becomes_visible_late_has_all_its_stall_time(carry: Carry) -> None:
    polls = [*lasting(NOT_VISIBLE, 0, 50), *lasting(RUNNING, 55, 55 + PATIENCE.stall - 1)]
    assert outcome(waiting(), carry, polls)[1] == STILL_WAITING


def test_faults_that_pass_are_forgotten(carry: Carry) -> None:
    polls = []
    for begin in (0, 200, 400, 600):
        polls += [*lasting(progressing(begin), begin, begin + 80), *lasting(FAULT, begin + 90, begin + 190)]
    assert outcome(waiting(), carry, [*polls, (800, DONE)]) == (800, COMPLETE)


def test_a_fault_at_the_first_poll_is_put_up_with(carry: Carry) -> None:
    polls = [*lasting(FAULT, 0, 100), *lasting(RUNNING, 110, 200), (210, DONE)]
    assert outcome(waiting(), carry, polls) == (210, COMPLETE)


def test_a_fault_is_no_progress(carry: Carry) -> None:
    polls = [(after, FAULT if after % 20 else RUNNING) for after in range(0, 1000, 10)]
    ended, how = outcome(waiting(), carry, polls)
    assert ended == PATIENCE.stall
    assert "made no progress" in how


def test_progress_starts_the_stall_time_again(carry: Carry) -> None:
    polls = [*lasting(progressing(1), 0, 290), *lasting(progressing(2), 295, 590), *lasting(progressing(3), 594, 2000)]
    assert outcome(waiting(), carry, polls)[0] == 594 + PATIENCE.stall


def test_a_backup_that_progresses_for_ever_ends_at_the_deadline(carry: Carry) -> None:
    polls = [(after, progressing(after)) for after in range(0, 1200, 50)]
    ended, how = outcome(waiting(), carry, polls)
    assert ended == PATIENCE.deadline
    assert "after 1000 s, the deadline" in how


def test_a_backup_that_completes_late_is_complete(carry: Carry) -> None:
    polls = [(900, progressing(1)), (PATIENCE.deadline + 5, DONE)]
    assert outcome(waiting(), carry, polls)[1] == COMPLETE


def test_the_backup_is_given_up_when_the_pause_ends(carry: Carry) -> None:
    polls = [(after, progressing(after)) for after in range(0, 1000, 50)]
    ended, how = outcome(waiting(give_up_at=T0 + 400), carry, polls)
    assert ended == 400
    assert "so that exporting resumes" in how
    assert "max_pause" in how


def test_the_pause_does_not_end_a_wait_before_its_time(carry: Carry) -> None:
    polls = [(0, RUNNING), (399.9, progressing(5))]
    assert outcome(waiting(give_up_at=T0 + 400), carry, polls)[1] == STILL_WAITING


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.FAULT])
class TestAgeOfABackup:
    def test_a_backup_older_than_the_request_is_never_taken_for_ours(self, carry: Carry, phase: Phase) -> None:
        old = report(phase, pieces=("SUCCESS", "SUCCESS"), started_at=T0 - 1)
        ended, how = outcome(waiting(), carry, [(0, old)])
        assert ended == 0
        assert "older backup with the same ID" in how
        assert "mint task" in how

    def test_a_backup_as_old_as_the_request_is_ours(self, carry: Carry, phase: Phase) -> None:
        _, how = outcome(waiting(), carry, [(0, report(phase, pieces=("SUCCESS",), started_at=T0))])
        assert "older backup" not in how


def test_one_old_piece_among_new_ones_makes_the_backup_an_old_one(carry: Carry) -> None:
    pieces = tuple(
        Piece(f"partition {n}", "COMPLETED", done=True, started_at=datetime.fromtimestamp(T0 + age, UTC))
        for n, age in ((1, 5), (2, -3600))
    )
    stale = Report(Component.ZEEBE, 110, Phase.COMPLETED, "COMPLETED", pieces)
    assert "older backup with the same ID" in outcome(waiting(), carry, [(0, stale)])[1]


def test_an_old_backup_that_shows_up_late_is_found_out_too(carry: Carry) -> None:
    stale = report(Phase.COMPLETED, pieces=("SUCCESS",), started_at=T0 - 86400)
    assert "older backup" in outcome(waiting(), carry, [(0, NOT_VISIBLE), (1, RUNNING), (2, stale)])[1]


def test_progress_is_news_once(carry: Carry) -> None:
    wait, news = waiting(), []
    for told in (NOT_VISIBLE, NOT_VISIBLE, RUNNING, RUNNING, INCOMPLETE, RUNNING):
        news.append(wait.news(told))
        wait = carry(wait)
    assert news == [NOT_VISIBLE.progress, None, RUNNING.progress, None, INCOMPLETE.progress, RUNNING.progress]


def test_a_wait_comes_back_from_json_as_it_was() -> None:
    wait = waiting(give_up_at=T0 + 400, not_before=T0 - 120.5)
    wait.news(RUNNING)
    wait.settled(RUNNING, T0 + 3.25)
    assert Wait.from_json(json.loads(json.dumps(wait.as_json()))) == wait


class TestInterval:
    def test_it_begins_short(self) -> None:
        assert waiting().interval(T0) == SHORTEST

    def test_it_grows_with_the_age_of_the_backup_and_is_capped(self) -> None:
        intervals = [waiting().interval(T0 + age) for age in range(0, 900, 5)]
        assert all(earlier <= later for earlier, later in pairwise(intervals))
        assert len(set(intervals)) > 10
        assert max(intervals) == LONGEST

    @pytest.mark.parametrize("give_up_at", [None, T0 + 30, T0 + 400, T0 + 5000])
    def test_no_poll_comes_later_than_the_end_of_the_wait(self, give_up_at: float | None) -> None:
        wait = waiting(give_up_at=give_up_at)
        end = min(T0 + PATIENCE.deadline, give_up_at or float("inf"))
        for tenth in range(int((end - T0) * 10)):
            now = T0 + tenth / 10
            assert SHORTEST <= wait.interval(now) <= max(SHORTEST, end - now)

    def test_it_stays_positive_after_the_end(self) -> None:
        assert waiting().interval(T0 + PATIENCE.deadline + 1) == SHORTEST

    def test_a_small_backup_is_hardly_slowed_by_polling(self) -> None:
        wait, now = waiting(), T0
        while now < T0 + 4:
            now += wait.interval(now)
        assert now - (T0 + 4) < 0.5
