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
    :param stall: a backup of which no piece advances
    :param deadline: the wait as a whole
    """

    grace: float
    faults: float
    stall: float
    deadline: float


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
    pieces: str = ""  # the pieces when they were seen last
    moved_at: float = 0  # when they changed last
    phase: str = ""
    phase_since: float = 0
    polled_at: float = 0

    def news(self, report: Report) -> str | None:
        """Return the report's progress when it is not what was told last."""
        if report.progress == self.told:
            return None
        self.told = report.progress
        return self.told

    def settled(self, report: Report, now: float, asked_at: float | None = None) -> bool:
        """Return whether the backup is complete.

        :param now: when the report came, in seconds since the epoch
        :param asked_at: when it was asked for, which may be much earlier; default: now
        :raises BackupFailed: when it failed, can no longer complete, or took too long
        """
        self._note(report, now, asked_at or now)
        started_at = report.started_at
        if started_at and started_at.timestamp() < self.not_before:
            raise BackupFailed(
                f"{report.component}: backup {report.backup_id} was begun {started_at:%Y-%m-%d %H:%M:%S} UTC, before"
                f" this run asked for it (after {datetime.fromtimestamp(self.not_before, UTC):%H:%M:%S} UTC): it is an"
                " older backup with the same ID. Clear the run from its mint task to take a new ID."
            )
        match report.phase:
            case Phase.COMPLETED:
                return True
            case Phase.FAILED:
                raise BackupFailed(f"{report.component}: backup {report.backup_id} is {report.state}{_why(report)}")
            case Phase.PENDING:
                self._bear(report, f"has been {report.state}", now - self.phase_since, self.patience.grace)
            case Phase.FAULT:
                self._bear(report, f"could not be asked ({report.state})", now - self.phase_since, self.patience.faults)
        self._bear(report, "made no progress", now - self.moved_at, self.patience.stall)
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

    def _note(self, report: Report, now: float, asked_at: float) -> None:
        gap = asked_at - (self.polled_at or asked_at)
        if gap > 2 * LONGEST:  # nobody looked: that time is held against nobody
            self.moved_at += gap
            self.phase_since += gap
        self.polled_at = now
        pieces = str([(piece.name, piece.state) for piece in report.pieces]) if report.pieces else self.pieces
        if pieces != self.pieces or not self.moved_at:
            self.pieces, self.moved_at, self.phase_since = pieces, now, now
        if report.phase != self.phase:
            self.phase, self.phase_since = report.phase.value, now

    @staticmethod
    def _bear(report: Report, trouble: str, seconds: float, limit: float) -> None:
        if seconds >= limit:
            raise BackupFailed(
                f"{report.component}: backup {report.backup_id} {trouble} for {limit:.0f} s{_why(report)}"
            )

    def as_json(self) -> dict[str, Any]:
        """Return the wait as JSON types, for a trigger's keyword arguments."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Wait":
        """Rebuild a wait from :meth:`as_json`."""
        return cls(**{**fields, "patience": Patience(**fields["patience"])})


def _why(report: Report) -> str:
    return f": {report.reason}" if report.reason else ""
