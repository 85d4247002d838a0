"""Camunda's version as a cluster file writes it."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from camunda_backup.api import GENERATIONS


def _quoted(value: object) -> object:
    if isinstance(value, float):
        raise ValueError(f'write it in quotes, "{value}": 8.10 without them is 8.1')  # noqa: TRY004 - pydantic's way
    return value


def _known(value: str) -> str:
    if not any(value == line or value.startswith(f"{line}.") for one in GENERATIONS for line in one.lines):
        raise ValueError(f"known lines are {', '.join(line for one in GENERATIONS for line in one.lines)}")
    return value


Version = Annotated[
    str,
    Field(pattern=r"^\d+\.\d+(\.\d+(-[\w.]+)?)?$"),
    BeforeValidator(_quoted),
    AfterValidator(_known),
]
ExactVersion = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+(-[\w.]+)?$"), BeforeValidator(_quoted)]
