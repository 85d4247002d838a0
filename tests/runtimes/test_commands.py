"""Commands really run, on the worker and over SSH, and what they say is never assumed."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from camunda_backup.errors import ClusterFileError, Rejected, RestoreFailed, Unreachable
from camunda_backup.runtimes import runtime_of
from camunda_backup.runtimes.runtime import Runtime
from camunda_backup.states import Component
from tests.observing import exists, until
from tests.runtimes.conftest import Host, goes_on

ZEEBE, OPERATE, TASKLIST = Component.ZEEBE, Component.OPERATE, Component.TASKLIST


def whole(host: Host) -> Runtime:
    """Return a cluster of two brokers, a gateway and one Operate."""
    brokers = [host.broker("broker-0"), host.broker("broker-1")]
    return host.runtime(zeebe=brokers, gateway=[host.process("gateway")], operate=[host.process("operate")])


def one(host: Host, **commands: str) -> Runtime:
    """Return a cluster whose Operate has these commands."""
    return host.runtime(zeebe=[host.broker("broker-0")], operate=[host.process("operate", **commands)])


def stopped(host: Host, timeout: str = "30s", **commands: str) -> Runtime:
    """Return a cluster of one broker, which is stopped, with these commands."""
    runtime = host.runtime(timeout, zeebe=[host.broker("broker-0", **commands)], restore_timeout="2s")
    host.says("broker-0", "stopped")
    return runtime


def told_by(error: type[Exception], call: Callable[..., object], *arguments: object) -> str:
    """Return what a call's error says."""
    with pytest.raises(error) as caught:
        call(*arguments)
    return str(caught.value)


class TestStoppingAndStarting:
    def test_gateways_stop_before_brokers_and_start_after_them(self, host: Host) -> None:
        runtime = whole(host)
        told = runtime.stop(ZEEBE)
        runtime.start(ZEEBE, told)
        assert host.journal() == [
            "stop gateway", "stop broker-1", "stop broker-0", "start broker-0", "start broker-1", "start gateway"
        ]  # fmt: skip

    def test_both_are_safe_to_repeat(self, host: Host) -> None:
        runtime = whole(host)
        for _ in range(2):
            runtime.stop(OPERATE)
        for _ in range(2):
            runtime.start(OPERATE, {})
        assert host.journal() == ["stop operate", "stop operate", "start operate"]
        assert runtime.is_started(OPERATE)

    def test_only_what_all_processes_say_counts(self, host: Host) -> None:
        runtime = whole(host)
        assert (runtime.is_started(ZEEBE), runtime.is_stopped(ZEEBE)) == (True, False)
        host.says("broker-1", "stopped")
        assert (runtime.is_started(ZEEBE), runtime.is_stopped(ZEEBE)) == (False, False)
        runtime.stop(ZEEBE)
        assert (runtime.is_started(ZEEBE), runtime.is_stopped(ZEEBE)) == (False, True)

    def test_a_stop_that_fails_is_told_with_its_last_line(self, host: Host) -> None:
        runtime = one(host, stop="exec >&2; echo asking; echo no such unit; exit 5")
        told = told_by(Rejected, runtime.stop, OPERATE)
        assert told == "operate: its stop command ended with exit code 5: no such unit"

    def test_a_stop_that_fails_because_it_is_stopped_is_no_failure(self, host: Host) -> None:
        runtime = one(host, stop="exit 5")
        host.says("operate", "stopped")
        assert runtime.stop(OPERATE) == {}

    def test_a_start_that_fails_is_told(self, host: Host) -> None:
        runtime = one(host, start="exit 3")
        host.says("operate", "stopped")
        told = told_by(Rejected, runtime.start, OPERATE, {})
        assert told == "operate: its start command ended with exit code 3: it printed nothing"

    def test_what_a_start_leaves_running_is_neither_waited_for_nor_ended(self, host: Host) -> None:
        pid = host.folder / "pid"
        runtime = one(host, start=f"sleep 300 & echo $! > {pid}")
        host.says("operate", "stopped")
        runtime.start(OPERATE, {})
        left = int(pid.read_text())
        try:
            assert exists(left)
        finally:
            os.kill(left, signal.SIGKILL)

    def test_no_secret_in_an_output_is_told(self, host: Host) -> None:
        runtime = one(host, stop="echo login failed with --password hunter2-let-me-in; exit 1")
        told = told_by(Rejected, runtime.stop, OPERATE)
        assert told.endswith("exit code 1: (a line that looks like it holds a secret)")

    def test_several_processes_of_a_component_are_numbered(self, host: Host) -> None:
        processes = [host.process("operate-a"), host.process("operate-b", stop="exit 1")]
        runtime = host.runtime(zeebe=[host.broker("broker-0")], operate=processes)
        told = told_by(Rejected, runtime.stop, OPERATE)
        assert told.startswith("operate 2: its stop command")

    def test_a_component_without_a_process_is_refused(self, host: Host) -> None:
        told = told_by(Rejected, whole(host).stop, TASKLIST)
        assert told == "the cluster file says of no process that it is tasklist; add it to runtime.processes"


class TestState:
    @pytest.mark.parametrize(
        "word", ["running", "active", "up", "true", "started", "Running", "zeebe is ACTIVE", "true\n"]
    )
    def test_these_words_mean_that_it_runs(self, host: Host, word: str) -> None:
        runtime = one(host)
        host.says("operate", word)
        assert runtime.is_started(OPERATE)

    @pytest.mark.parametrize(
        "word", ["stopped", "inactive", "failed", "false", "exited", "dead", "down", "Exited", "first\nit is down\n"]
    )
    def test_these_words_mean_that_it_is_stopped(self, host: Host, word: str) -> None:
        runtime = one(host)
        host.says("operate", word)
        assert runtime.is_stopped(OPERATE)

    def test_an_exit_code_beside_the_word_alone_is_put_up_with(self, host: Host) -> None:
        assert one(host, state="echo inactive; exit 3").is_stopped(OPERATE)  # as systemctl is-active does

    @pytest.mark.parametrize(
        ("command", "end"),
        [
            ("echo restarting", "exit code 0: restarting"),
            ("echo running since 10:15", "exit code 0: running since 10:15"),
            ("true", "exit code 0: it printed nothing"),
            ("echo the connection is down >&2; exit 1", "exit code 1: the connection is down"),
            ("exec /no/such/command", "exit code 127: "),
        ],
    )
    def test_anything_else_is_no_answer(self, host: Host, command: str, end: str) -> None:
        runtime = one(host, state=command)
        for ask in (runtime.is_started, runtime.is_stopped):
            told = told_by(Unreachable, ask, OPERATE)
            assert told.startswith(f"operate: its state command ended with {end}")

    def test_no_answer_in_time_is_none(self, host: Host) -> None:
        runtime = host.runtime(zeebe=[host.broker("broker-0", state="sleep 300")], timeout="1s")
        told = told_by(Unreachable, runtime.is_stopped, ZEEBE)
        assert told.startswith("broker-0: its state command: it did not end within 1 s")


class TestProblems:
    def test_there_are_none_when_every_process_answers(self, host: Host) -> None:
        assert whole(host).problems((ZEEBE, OPERATE)) == []
        assert host.journal() == []

    def test_all_are_told_at_once(self, host: Host) -> None:
        runtime = whole(host)
        host.says("broker-1", "restarting")
        host.says("operate", "")
        assert runtime.problems((ZEEBE, OPERATE, TASKLIST)) == [
            "broker-1: its state command ended with exit code 0: restarting; it should print running or stopped",
            "operate: its state command ended with exit code 0: it printed nothing; it should print running or stopped",
            "the cluster file says of no process that it is tasklist; add it to runtime.processes",
        ]


class TestRestore:
    def test_data_is_removed_before_the_restore(self, host: Host) -> None:
        assert stopped(host).restore_zeebe("broker-0", 42) == "Successfully restored broker from backup 42"
        assert host.data("broker-0") == {"restored"}

    def test_a_broker_that_runs_loses_nothing(self, host: Host) -> None:
        runtime = whole(host)
        told = told_by(RestoreFailed, runtime.restore_zeebe, "broker-1", 42)
        assert told.startswith("broker-1 is running, so nothing was removed from it")
        assert host.data("broker-1") == {".topology.meta", "partitions"}

    def test_a_broker_of_which_nothing_is_known_loses_nothing(self, host: Host) -> None:
        runtime = whole(host)
        host.says("broker-1", "restarting")
        with pytest.raises(Unreachable):
            runtime.restore_zeebe("broker-1", 42)
        assert host.data("broker-1") == {".topology.meta", "partitions"}

    def test_without_removing_nothing_is_restored(self, host: Host) -> None:
        runtime = stopped(host, empty="echo permission denied; exit 1")
        told = told_by(RestoreFailed, runtime.restore_zeebe, "broker-0", 42)
        assert told.startswith("broker-0: its empty command ended with exit code 1: permission denied")
        assert "restored" not in host.data("broker-0")

    def test_what_it_prints_is_logged_while_it_runs(self, host: Host, logged: pytest.LogCaptureFixture) -> None:
        go_on = host.folder / "go-on"
        command = f"echo restoring {{backup_id}}; while [ ! -e {go_on} ]; do sleep 0.02; done; echo password=hunter2"
        runtime = stopped(host, restore=command)

        def let_go_on(record: logging.LogRecord) -> bool:
            if "restoring" in record.getMessage():
                go_on.touch()
            return True

        logged.handler.addFilter(let_go_on)
        told = told_by(RestoreFailed, runtime.restore_zeebe, "broker-0", 42)
        assert "ended well, but did not print" in told
        lines = [record.getMessage() for record in logged.records if record.name == "camunda_backup.runtimes.command"]
        assert lines == ["broker-0: restoring 42", "broker-0: (a line that looks like it holds a secret)"]

    @pytest.mark.parametrize("deaf", ["HUP", "HUP TERM"])
    def test_one_that_takes_too_long_is_gone_when_that_is_told(self, host: Host, deaf: str) -> None:
        pid = host.folder / "pid"
        command = f"trap '' {deaf}; sleep 300 & echo $! > {pid}; wait; : {{backup_id}}"
        told = told_by(RestoreFailed, stopped(host, restore=command).restore_zeebe, "broker-0", 42)
        assert not goes_on(pid)
        assert told == (
            "broker-0: its restore command: it did not end within 2 s and was ended; look at its output above, or raise"
            " runtime.restore_timeout"
        )

    def test_what_removes_data_is_gone_before_anybody_can_restore_again(self, host: Host) -> None:
        pid = host.folder / "pid"
        runtime = stopped(host, timeout="2s", empty=f"trap '' HUP; echo $$ > {pid}; while :; do sleep 0.1; done")
        told = told_by(RestoreFailed, runtime.restore_zeebe, "broker-0", 42)
        assert not goes_on(pid)
        assert told == (
            "broker-0: its empty command: it did not end within 2 s and was ended, with a part of the data removed;"
            " clear this, or raise runtime.timeout"
        )

    def test_an_unknown_broker_is_refused(self, host: Host) -> None:
        told = told_by(Rejected, whole(host).restore_zeebe, "broker-7", 42)
        assert told.startswith("the cluster file names no broker 'broker-7'; it names broker-0, broker-1")


class TestBackups:
    @pytest.mark.parametrize(("code", "held"), [(0, True), (1, False)])
    def test_the_exit_code_says_whether_there_is_one(self, host: Host, code: int, held: bool) -> None:
        runtime = stopped(host, has_backup=f"test {{backup_id}} = 42 && exit {code}; exit 9")
        assert runtime.has_backup("broker-0", 42) is held

    def test_any_other_exit_code_is_no_answer(self, host: Host) -> None:
        runtime = stopped(host, has_backup="echo store is down {backup_id}; exit 2")
        told = told_by(Unreachable, runtime.has_backup, "broker-0", 42)
        assert told.startswith("broker-0: its has_backup command ended with exit code 2: store is down 42")

    def test_without_a_command_nobody_knows(self, host: Host) -> None:
        assert stopped(host).has_backup("broker-0", 42) is None

    def test_brokers_are_told_by_name(self, host: Host) -> None:
        assert whole(host).brokers() == ("broker-0", "broker-1")


def test_an_unknown_type_of_runtime_is_refused() -> None:
    told = told_by(ClusterFileError, runtime_of, {"type": "abacus"})
    assert told.startswith("runtime.type 'abacus' is not known; known are command")


def test_a_command_does_not_outlive_a_worker_that_is_killed(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    run = "import sys; from camunda_backup.runtimes.shells import *; LocalShell().run(sys.argv[1], 300, tied=True)"
    environment = {**os.environ, "PYTHONPATH": "plugins"}
    command = [sys.executable, "-c", run, f"echo $$ > {pid}; sleep 300"]
    with subprocess.Popen(command, env=environment) as worker:  # noqa: S603 - our own Python
        until(lambda: goes_on(pid), pause=0.02)
        worker.kill()
    until(lambda: not goes_on(pid), pause=0.02)
