"""The two orders that restore consistently, and the only pause each is safe under."""

import dataclasses
from typing import Any

import pytest

from camunda_backup.orders import ORDERS, Order, PauseMode, Stage

EVERY_ORDER = pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)


def place(order: Order, stage: Stage) -> int:
    return next(number for number, step in enumerate(order.steps) if stage in step)


def test_there_are_the_two_orders_that_were_seen_to_restore() -> None:
    assert set(ORDERS) == {"zeebe-first", "secondary-first"}


def test_zeebe_first_has_the_hard_pause() -> None:
    assert ORDERS["zeebe-first"].pause is PauseMode.HARD


def test_secondary_first_has_the_soft_pause() -> None:
    assert ORDERS["secondary-first"].pause is PauseMode.SOFT


@EVERY_ORDER
def test_the_pause_is_hard_wherever_zeebe_comes_before_anything_else(order: Order) -> None:
    zeebe = place(order, Stage.ZEEBE)
    something_later = any(place(order, stage) > zeebe for stage in Stage)
    assert (order.pause is PauseMode.HARD) == something_later


@EVERY_ORDER
def test_an_order_has_every_stage_once(order: Order) -> None:
    assert sorted(stage for step in order.steps for stage in step) == sorted(Stage)


@EVERY_ORDER
def test_zeebe_is_backed_up_alone(order: Order) -> None:
    assert order.steps[place(order, Stage.ZEEBE)] == (Stage.ZEEBE,)


@EVERY_ORDER
def test_the_records_are_taken_after_what_was_imported_from_them(order: Order) -> None:
    assert place(order, Stage.RECORDS) > max(place(order, Stage.WEB_APPS), place(order, Stage.OPTIMIZE))


@EVERY_ORDER
@pytest.mark.parametrize("change", [{"pause": PauseMode.SOFT}, {"steps": ()}])
def test_an_order_cannot_be_given_another_pause_or_sequence(order: Order, change: dict[str, Any]) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(order, *next(iter(change.items())))
