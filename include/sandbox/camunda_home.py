"""The Camunda distribution of the user's own, which `CAMUNDA_HOME` names: nothing of Camunda is fetched or built.

Camunda's programs come under the vendor's own terms; who has them can run the sandbox's cluster with them.
"""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from .errors import SandboxError

VARIABLE = "CAMUNDA_HOME"
CLUSTER, ZEEBE_ALONE = "8.6", "8.5"
"""The line whose distribution holds a whole cluster, and the one of which there is Zeebe alone."""

LINES = (CLUSTER, ZEEBE_ALONE)
BROKER = re.compile(r"zeebe-broker-(?P<version>(?P<line>\d+\.\d+)\.\d+\S*)\.jar")


@dataclass(frozen=True, slots=True)
class Distribution:
    """An unpacked distribution.

    :param home: its folder
    :param version: that of its broker, e.g. `8.6.0`
    :param line: the version's first two numbers
    """

    home: Path
    version: str
    line: str


def distribution(*lines: str) -> Distribution:
    """Return the distribution that `CAMUNDA_HOME` names.

    :param lines: which ones will do; default: all that the sandbox has settings for
    :raises SandboxError: none is named, it is none, or it is of another line
    """
    named = os.environ.get(VARIABLE)
    if not named:
        raise SandboxError(
            f"{VARIABLE} is not set: nothing of Camunda is fetched here, so name the folder of an unpacked Camunda "
            f"{_either(lines or LINES)} distribution of your own."
        )
    home = Path(named).resolve()
    if not home.is_dir():
        raise SandboxError(f"{VARIABLE} is {named}, which is no folder; unpack a Camunda distribution and name that.")
    found = [match for jar in home.glob("lib/*.jar") if (match := BROKER.fullmatch(jar.name))]
    if len(found) != 1 or not (home / "config").is_dir():
        raise SandboxError(
            f"{VARIABLE} is {named}, which is no unpacked Camunda distribution: it must hold a folder config and one "
            "lib/zeebe-broker-*.jar."
        )
    version, line = found[0]["version"], found[0]["line"]
    if line not in (lines or LINES):
        raise SandboxError(
            f"{VARIABLE} is {named}, which holds Camunda {version}; there are settings for {_either(lines or LINES)}."
        )
    return Distribution(home, version, line)


def main() -> None:
    """Print the version, or why there is none."""
    try:
        print(distribution().version)
    except SandboxError as error:
        sys.exit(str(error))


def _either(lines: tuple[str, ...]) -> str:
    return " or ".join(lines)


if __name__ == "__main__":
    main()
