"""Camunda's generations: one file and one line here for each. An unknown version is an error, never a guess."""

import re
from importlib import import_module

from camunda_backup.api.generation import Generation
from camunda_backup.errors import ClusterFileError

FILES = (
    "line_8_5",
    "line_8_8",
    "line_8_10",
)
GENERATIONS: tuple[Generation, ...] = tuple(import_module(f"{__name__}.{file}").GENERATION for file in FILES)


def generation(version: str, management_api: str | None = None) -> Generation:
    """Return the generation of a Camunda version.

    :param version: ``8.6`` or ``8.6.0``
    :param management_api: as in the cluster file
    :raises ClusterFileError: no generation is known for it
    """
    minor = re.match(r"\d+\.\d+(?=\.|$)", version)
    for candidate in GENERATIONS:
        if minor and minor[0] in candidate.lines:
            return candidate.actuator if management_api == "actuator" and candidate.actuator else candidate
    known = ", ".join(line for candidate in GENERATIONS for line in candidate.lines)
    raise ClusterFileError(f"Camunda version {version!r} is not known; the known lines are {known}")
