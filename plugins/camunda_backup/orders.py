"""The two orders in which a backup set is consistent, each with the only exporter pause it is safe under.

After a restore the secondary storage may lag Zeebe, because exporters replay, but never lead it.
"""

from dataclasses import dataclass
from enum import StrEnum


class PauseMode(StrEnum):
    """How exporting is paused."""

    HARD = "hard"  # nothing is exported
    SOFT = "soft"  # exporting goes on, the acknowledged position stays


class Stage(StrEnum):
    """A step of the backup window; its components are made side by side."""

    ZEEBE = "zeebe"
    WEB_APPS = "web_apps"
    OPTIMIZE = "optimize"
    RECORDS = "records"


@dataclass(frozen=True, slots=True)
class Order:
    """An order of stages and the pause that makes it safe.

    :param steps: one after the other; the stages of one step run side by side
    """

    pause: PauseMode
    steps: tuple[tuple[Stage, ...], ...]


ORDERS = {
    # Only a hard pause keeps the snapshots from containing what Zeebe's backup does not.
    "zeebe-first": Order(PauseMode.HARD, ((Stage.ZEEBE,), (Stage.WEB_APPS,), (Stage.OPTIMIZE,), (Stage.RECORDS,))),
    # The vendor's order: everything exported so far is in the snapshots before Zeebe is backed up.
    "secondary-first": Order(PauseMode.SOFT, ((Stage.WEB_APPS, Stage.OPTIMIZE), (Stage.RECORDS,), (Stage.ZEEBE,))),
}
