"""What a component says about one backup, in the project's own words."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

PART_OF = re.compile(r"_part_(?P<part>\d+)_of_(?P<parts>\d+)$")


class Component(StrEnum):
    """A part of a backup set, named as Camunda names the application that makes it."""

    ZEEBE = "zeebe"
    OPERATE = "operate"
    TASKLIST = "tasklist"
    WEB_APPS = "webapps"
    OPTIMIZE = "optimize"
    RECORDS = "records"


class Companion(StrEnum):
    """What runs beside the components and has no part in a backup set, but must not work while everything is down."""

    WEB_MODELER = "web_modeler"
    CONNECTORS = "connectors"
    IDENTITY = "identity"


Runs = Component | Companion


def runs_as(name: str) -> Runs:
    """Return what is called so; a ValueError says that nothing is."""
    return Component(name) if name in set(Component) else Companion(name)


class Phase(StrEnum):
    """How far a backup is, whatever word the component's generation uses for it."""

    COMPLETED = "completed"
    RUNNING = "running"
    PENDING = "pending"  # not visible yet, or between two parts: final only when it lasts
    FAULT = "fault"  # the component cannot tell just now
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Piece:
    """One partition of a Zeebe backup, or one snapshot of a secondary storage backup.

    :param name: the snapshot's name, or ``partition N``
    :param state: the component's own word
    :param done: whether that word means success
    :param started_at: when it was begun, by the component's clock
    :param version: the Camunda version that made it, where the answer tells
    :param position: of a Zeebe partition's checkpoint: the backup holds every record before it
    """

    name: str
    state: str
    done: bool
    started_at: datetime | None = None
    version: str | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One answer to "how is backup N?".

    :param state: the component's own word, or a short form of the answer when it had none
    :param reason: why it failed, or why nothing can be told, in the component's words
    :param found: whether the component knows a backup of this ID
    """

    component: Component
    backup_id: int
    phase: Phase
    state: str
    pieces: tuple[Piece, ...] = ()
    reason: str | None = None
    found: bool = True

    @property
    def started_at(self) -> datetime | None:
        """When the first piece was begun, or None when no piece tells."""
        return min((p.started_at for p in self.pieces if p.started_at), default=None)

    @property
    def progress(self) -> str:
        """One line for logs: state, pieces done, and the pieces that are being made."""
        if not self.pieces:
            return f"{self.component}: {self.state}"
        kind = "partitions" if self.component is Component.ZEEBE else "snapshots"
        of = PART_OF.search(self.pieces[0].name)
        total = int(of["parts"]) if of else len(self.pieces)
        current = ", ".join(f"{_short(piece.name)} {piece.state}" for piece in self.pieces if not piece.done)
        done = f"{self.component}: {self.state}, {sum(piece.done for piece in self.pieces)} of {total} {kind}"
        return f"{done}, {current}" if current else done

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON types, for XCom, events and manifests."""
        fields = asdict(self)
        for piece in fields["pieces"]:
            piece["started_at"] = piece["started_at"] and piece["started_at"].isoformat()
        return {**fields, "pieces": list(fields["pieces"])}

    @classmethod
    def unreachable(cls, component: Component, backup_id: int, error: Exception) -> "Report":
        """Return the report of a component that did not answer."""
        return cls(component, backup_id, Phase.FAULT, "no answer", (), str(error), found=False)

    @classmethod
    def unreadable(cls, component: Component, backup_id: int, body: Any, error: Exception) -> "Report":
        """Return the report of a success whose body is not what it should be."""
        told = f"{error!r} in {body!r:.200}"
        return cls(component, backup_id, Phase.FAULT, "unreadable answer", (), told, found=False)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Report":
        """Rebuild a report from :meth:`as_json`.

        :raises KeyError, ValueError: when the fields are not those of a report
        """
        pieces = tuple(
            Piece(**{**piece, "started_at": piece["started_at"] and datetime.fromisoformat(piece["started_at"])})
            for piece in fields["pieces"]
        )
        return cls(
            Component(fields["component"]),
            int(fields["backup_id"]),
            Phase(fields["phase"]),
            str(fields["state"]),
            pieces,
            fields["reason"],
            bool(fields["found"]),
        )


def _short(name: str) -> str:
    of = PART_OF.search(name)
    return f"part {of['part']}" if of else name
