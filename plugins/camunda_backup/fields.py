"""The kinds of value that a cluster file is made of."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}  # seconds


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"([1-9]\d{0,6})\s*([smhd])", str(value))
    if not match:
        raise ValueError("write a number and a unit, such as 90s, 30m, 26h or 7d")
    return timedelta(seconds=int(match[1]) * UNITS[match[2]])


def written(value: timedelta) -> str:
    """Return a duration as it is written in a cluster file."""
    seconds = int(value.total_seconds())
    unit, size = next((unit, size) for unit, size in UNITS.items() if seconds % size == 0)
    return f"{seconds // size}{unit}"


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration, json_schema_input_type=Annotated[str, Field(pattern=r"^[1-9]\d{0,6}\s*[smhd]$")]),
]
ConnectionId = Annotated[
    str, Field(min_length=1, pattern=r"^[\w.-]+$", description="an Airflow connection of type http")
]
RoleArn = Annotated[
    str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$", description="a role of AWS IAM")
]
Prefix = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", description="lower case, no wildcard")]


class Model(BaseModel):
    """Fields of a cluster file; one that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)
