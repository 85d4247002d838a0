"""When a wait is over: the decision that sensors and triggers share. Time comes in as arguments."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from camunda_backup.errors import BackupFailed
from camunda_backup.states import Phase, Report

SHORTEST, LONGEST, GROWTH = 0.2, 15.0, 0.1  # seconds, seconds, share of the age


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what is not final is put up with; all in seconds.

    :param grace: a backup that is not visible yet, or INCOMPLETE
    :param faults: a component that gives no usable answer
    :param stall: a running backup that makes no progress
    :param deadline: the wait as a whole
    """

    grace: float = 60
    faults: float = 120
    stall: float = 900
    deadline: float = 3600


@dataclass(slots=True)
class Wait:
    """One wait for one backup; JSON in, JSON out, so that it goes on where a worker left it.

    :param began_at: when waiting began, in seconds since the epoch
    :param not_before: a piece begun before this time belongs to another timeline's backup of the same ID
    :param give_up_at: when the exporter pause ends whatever happens, or None outside a pause
    """

    patience: Patience
    began_at: float
    not_before: float
    give_up_at: float | None = None
    told: str = ""  # the last line of progress
    seen: str = ""
    moved_at: float = 0  # the last time something new was told
    well_at: float = 0  # the last time the backup was seen running or moving

    def news(self, report: Report) -> str | None:
        """Return the report's progress when it is not what was told last."""
        if report.progress == self.told:
            return None
        self.told = report.progress
        return self.told

    def settled(self, report: Report, now: float) -> bool:
        """Return whether the backup is complete.

        :param now: seconds since the epoch
        :raises BackupFailed: when it failed, can no longer complete, or took too long
        """
        self._note(report, now)
        started_at = report.started_at
        if started_at and started_at.timestamp() < self.not_before:
            raise BackupFailed(
                f"{report.component}: backup {report.backup_id} was begun {started_at:%Y-%m-%d %H:%M:%S} UTC, before"
                f" this run asked for it at {datetime.fromtimestamp(self.not_before, UTC):%H:%M:%S} UTC: it is an"
                " older backup with the same ID. Clear the run from its mint task to take a new ID."
            )
        match report.phase:
            case Phase.COMPLETED:
                return True
            case Phase.FAILED:
                raise BackupFailed(f"{report.component}: backup {report.backup_id} is {report.state}{_why(report)}")
            case Phase.PENDING:
                since, limit, trouble = self.well_at, self.patience.grace, f"has been {report.state}"
            case Phase.FAULT:
                since, limit, trouble = (
                    self.well_at,
                    self.patience.faults,
                    f"could not be asked ({report.state})",
                )
            case Phase.RUNNING:
                since, limit, trouble = self.moved_at, self.patience.stall, "made no progress"
        if now - since >= limit:
            raise BackupFailed(
                f"{report.component}: backup {report.backup_id} {trouble} for {limit:.0f} s{_why(report)}"
            )
        if now - self.began_at >= self.patience.deadline:
            raise BackupFailed(
                f"{report.component}: backup {report.backup_id} is {report.state} after"
                f" {self.patience.deadline:.0f} s, the deadline in the cluster file"
            )
        if self.give_up_at is not None and now >= self.give_up_at:
            raise BackupFailed(
                f"{report.component}: backup {report.backup_id} is given up so that exporting resumes: the pause"
                " reached max_pause of the cluster file"
            )
        return False

    def interval(self, now: float) -> float:
        """Return the seconds until the next poll: short for a young backup, growing with its age."""
        age = now - self.began_at
        pause = min(LONGEST, max(SHORTEST, age * GROWTH))
        last = self.began_at + self.patience.deadline
        end = last if self.give_up_at is None else min(last, self.give_up_at)
        return max(SHORTEST, min(pause, end - now))

    def _note(self, report: Report, now: float) -> None:
        told = f"{report.state} {[(piece.name, piece.state) for piece in report.pieces]}"
        moved = report.phase is not Phase.FAULT and told != self.seen
        if moved or not self.moved_at:
            self.moved_at = now
        if report.phase is Phase.RUNNING or (moved and report.pieces) or not self.well_at:
            self.well_at = now
        if report.phase is not Phase.FAULT:
            self.seen = told

    def as_json(self) -> dict[str, Any]:
        """Return the wait as JSON types, for a trigger's keyword arguments."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Wait":
        """Rebuild a wait from :meth:`as_json`."""
        return cls(**{**fields, "patience": Patience(**fields["patience"])})


def _why(report: Report) -> str:
    return f": {report.reason}" if report.reason else ""
