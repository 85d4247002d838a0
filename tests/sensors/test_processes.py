"""Stopping, starting and waiting: believed is what is seen, and what fails once is asked again."""

from typing import Any

import pytest

from camunda_backup.operators.restoring import StartComponent
from camunda_backup.sensors.processes import StopComponent, WaitHealthy
from camunda_backup.states import Companion, Component
from tests.stepping import LOST, SPOILED, Bench, Run, refused

KINDS = [Component.ZEEBE, Component.OPERATE, Component.OPTIMIZE]


def stop(bench: Bench, component: Component | Companion) -> StopComponent:
    return StopComponent(task_id=f"stop_{component}", cluster=bench.cluster, component=component)


def start(bench: Bench, component: Component | Companion) -> StartComponent:
    return StartComponent(task_id=f"start_{component}", cluster=bench.cluster, component=component, stopped=None)


def wait(bench: Bench, component: Component | Companion) -> WaitHealthy:
    return WaitHealthy(task_id=f"wait_{component}", cluster=bench.cluster, component=component, partitions=2)


@pytest.mark.parametrize("component", [*KINDS, Companion.CONNECTORS])
def test_one_that_is_stopped_is_started_again_and_gets_well(bench: Bench, component: Component | Companion) -> None:
    stop(bench, component).execute(Run().context())
    start(bench, component).execute(Run().context())
    wait(bench, component).execute(Run().context())

    assert bench.processes == {"running"}
    assert (bench.home / "connectors").read_text() == "running\n"


@pytest.mark.parametrize("effect", [SPOILED, LOST], ids=["500", "done without an answer"])
@pytest.mark.parametrize("component", KINDS)
def test_a_stop_that_fails_once_is_tried_again(bench: Bench, component: Component, effect: dict[str, Any]) -> None:
    bench.stand_in.fault("processes", effect, method="POST", path=f"{component}/stop")

    if effect is SPOILED:
        assert f"{component if component != 'zeebe' else 'broker-0'}: its stop command" in refused(
            stop(bench, component)
        )
    stop(bench, component).execute(Run().context())

    assert bench.stand_in.truth()["processes"][component] == "stopped"


@pytest.mark.parametrize("effect", [SPOILED, LOST], ids=["500", "done without an answer"])
@pytest.mark.parametrize("component", KINDS)
def test_a_start_that_fails_once_is_tried_again(bench: Bench, component: Component, effect: dict[str, Any]) -> None:
    stop(bench, component).execute(Run().context())
    bench.stand_in.fault("processes", effect, method="POST", path=f"{component}/start")

    assert "its start command ended with exit code" in refused(start(bench, component))
    start(bench, component).execute(Run().context())
    wait(bench, component).execute(Run().context())

    assert bench.processes == {"running"}


def test_one_that_refuses_to_stop_is_given_up(bench: Bench) -> None:
    bench.stand_in.conditions(stays_running=["operate"])

    assert "given up after 2 s: operate still runs" in refused(stop(bench, Component.OPERATE))


@pytest.mark.parametrize(
    ("fault", "component"),
    [
        (("zeebe", "/actuator/health$"), Component.ZEEBE),
        (("zeebe", "/actuator/partitions"), Component.ZEEBE),
        (("operate", "/actuator/health/readiness"), Component.OPERATE),
    ],
)
def test_one_that_gets_well_late_is_waited_for(bench: Bench, fault: tuple[str, str], component: Component) -> None:
    role, path = fault
    bench.stand_in.fault(role, {"status": 503}, method="GET", path=path, times=2)

    wait(bench, component).execute(Run().context())


def test_one_that_never_gets_well_is_given_up(bench: Bench) -> None:
    bench.stand_in.fault("operate", {"status": 503}, method="GET", path="/actuator/health/readiness", times=None)

    assert "operate is not ready" in refused(wait(bench, Component.OPERATE))


def test_one_that_is_gone_is_told_before_the_deadline(bench: Bench) -> None:
    bench.stand_in.process("operate", "stop")

    assert refused(wait(bench, Component.OPERATE)) == "operate does not run (any more); its own log says why"


def test_a_zeebe_of_another_size_is_not_well(bench: Bench) -> None:
    task = WaitHealthy(task_id="wait", cluster=bench.cluster, component=Component.ZEEBE, partitions=3)
    task.deadline = 1

    assert "Zeebe has 2 partitions, the backup 3" in refused(task)


def test_no_web_app_is_started_while_zeebe_is_not_well(bench: Bench) -> None:
    stop(bench, Component.OPERATE).execute(Run().context())
    bench.stand_in.conditions(unhealthy_partitions=[1])

    assert "Zeebe is not healthy" in refused(start(bench, Component.OPERATE))
    assert bench.stand_in.truth()["processes"]["operate"] == "stopped"
