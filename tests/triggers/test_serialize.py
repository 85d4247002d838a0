"""Every trigger survives its way through Airflow's database with all it was given."""

import importlib
import inspect
import json
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.triggers.base import BaseTrigger

from camunda_backup import triggers
from camunda_backup.hooks.parts import Part
from camunda_backup.states import Component
from camunda_backup.triggers.backup import BackupTrigger
from camunda_backup.waiting import Patience, Wait

# What each trigger is built with. No two values are the same, so that none can stand in for another.
EXAMPLES: dict[type[BaseTrigger], dict[str, Any]] = {
    BackupTrigger: {
        "part": {
            "component": "operate",
            "conn_id": "prod_operate",
            "version": "8.6.0",
            "engine": "opensearch",
            "repository": "backups",
            "records_prefix": "zeebe-record",
            "access": {"kind": "oidc", "issuer": "prod_identity", "audience": "operate-api", "scope": None},
        },
        "backup_id": 1_763_891_943,
        "wait": Wait(Patience(1.5, 2.5, 3.5, 4.5), 100.25, 90.125, 400.5).as_json(),
    },
}


def trigger_classes() -> Iterator[type[BaseTrigger]]:
    """Find every trigger class that the package defines."""
    for info in pkgutil.walk_packages(triggers.__path__, f"{triggers.__name__}."):
        for value in vars(importlib.import_module(info.name)).values():
            if inspect.isclass(value) and issubclass(value, BaseTrigger) and value.__module__ == info.name:
                yield value


TRIGGERS = list(trigger_classes())
EVERY_TRIGGER = pytest.mark.parametrize("trigger", TRIGGERS)


def through_the_database(path: str, kwargs: dict[str, Any]) -> BaseTrigger:
    """Build a trigger again from what was stored of it, as the triggerer does."""
    module, _, name = path.rpartition(".")
    rebuilt: BaseTrigger = getattr(importlib.import_module(module), name)(**json.loads(json.dumps(kwargs)))
    return rebuilt


def test_there_are_triggers() -> None:
    assert TRIGGERS


@EVERY_TRIGGER
def test_every_trigger_has_an_example_here(trigger: type[BaseTrigger]) -> None:
    assert trigger in EXAMPLES, f"give {trigger.__name__} an example in this file"


@EVERY_TRIGGER
def test_every_argument_is_serialized_as_it_was_given(trigger: type[BaseTrigger]) -> None:
    arguments = set(inspect.signature(trigger).parameters)
    assert set(EXAMPLES[trigger]) == arguments
    _, kwargs = trigger(**EXAMPLES[trigger]).serialize()
    assert kwargs == EXAMPLES[trigger]


@EVERY_TRIGGER
def test_a_trigger_comes_back_as_it_was(trigger: type[BaseTrigger]) -> None:
    stored = trigger(**EXAMPLES[trigger]).serialize()
    rebuilt = through_the_database(*stored)
    assert type(rebuilt) is trigger
    assert rebuilt.serialize() == stored


@EVERY_TRIGGER
def test_a_trigger_is_found_where_every_component_of_airflow_can_import_it(trigger: type[BaseTrigger]) -> None:
    path, _ = trigger(**EXAMPLES[trigger]).serialize()
    assert path.startswith("camunda_backup.triggers.")


def test_what_the_backup_trigger_carries_is_a_part_and_a_wait() -> None:
    _, kwargs = BackupTrigger(**EXAMPLES[BackupTrigger]).serialize()
    assert Part(**kwargs["part"]).api.component is Component.OPERATE
    assert Wait.from_json(kwargs["wait"]).as_json() == kwargs["wait"]
