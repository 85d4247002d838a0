"""One backup endpoint: what to ask, and what its answers mean. The tables come from the generation's file."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from camunda_backup.api.messages import UNREADABLE, Answer, Request, moment
from camunda_backup.errors import Conflict, Rejected, Unreachable
from camunda_backup.states import Component, Phase, Piece, Report

VERSION_IN_NAME = re.compile(r"_(?P<version>\d+\.\d+\.\d+[^_]*)_part_\d+_of_\d+$")


class Refusal(StrEnum):
    """What an answer other than success to a start request means."""

    TAKEN = "the backup ID is taken"
    BUSY = "another operation runs"
    FAULT = "no usable answer"
    REFUSED = "refused"


Meaning = TypeVar("Meaning", Phase, Refusal)


@dataclass(frozen=True)
class Rule(Generic[Meaning]):
    """An answer that has a meaning of its own.

    :param status: the HTTP status code
    :param pattern: found in the body's message, as a regular expression
    """

    status: int
    pattern: str
    meaning: Meaning

    def fits(self, answer: Answer) -> bool:
        """Return whether this rule speaks of the answer."""
        return answer.status == self.status and re.search(self.pattern, answer.message) is not None


class PartApi(Protocol):
    """How to make, watch and delete one component's part of a backup set."""

    @property
    def component(self) -> Component:
        """Whose part it is."""

    def start(self, backup_id: int) -> Request:
        """Return the request that starts the part."""

    def status(self, backup_id: int) -> Request:
        """Return the request that asks for the part's state."""

    def read_start(self, backup_id: int, answer: Answer) -> tuple[str, ...]:
        """Return the names of the snapshots that will be made; raise when the answer is no success."""

    def read_status(self, backup_id: int, answer: Answer) -> Report:
        """Return what the answer says."""


@dataclass(frozen=True, slots=True)
class BackupApi:
    """A component's own backup endpoint.

    :param path: of the endpoint, below the management port's base URL
    :param words: the component's state words; a word that is not here is a failure
    :param done: the word of a finished piece
    :param readings: answers to a status request that are not 200, most specific first
    :param refusals: answers to a start request that are no success, most specific first
    :param listing: what the request for all backups says beyond its path
    :param guarded: what a client needs permissions for there, e.g. BACKUP, where the component knows permissions
    """

    component: Component
    path: str
    words: Mapping[str, Phase]
    done: str
    readings: tuple[Rule[Phase], ...] = ()
    refusals: tuple[Rule[Refusal], ...] = ()
    listing: Mapping[str, str] | None = None
    guarded: str | None = None

    def list(self) -> Request:
        """Ask for all backups, with their true states: the fast listing reports wrong ones."""
        return Request("GET", self.path, self.listing, permission=self._to("READ"))

    def status(self, backup_id: int) -> Request:
        """Ask for one backup."""
        return Request("GET", f"{self.path}/{backup_id}", permission=self._to("READ"))

    def start(self, backup_id: int) -> Request:
        """Ask for a backup to be made."""
        return Request("POST", self.path, body={"backupId": backup_id}, permission=self._to("CREATE"))

    def read_start(self, backup_id: int, answer: Answer) -> tuple[str, ...]:
        """Return the scheduled snapshots' names; none for Zeebe and Optimize, which do not tell.

        :raises Conflict: the ID is taken
        :raises Unreachable: the component could not say; it may or may not have begun
        :raises Rejected: it refused
        """
        if answer.ok:
            scheduled = answer.body.get("scheduledSnapshots") if isinstance(answer.body, dict) else None
            return tuple(scheduled or ())
        match _meaning(self.refusals, answer) or _refusal(answer):
            case Refusal.TAKEN:
                raise Conflict(f"{self.component}: backup ID {backup_id} is taken: {answer}")
            case Refusal.BUSY:
                raise Rejected(
                    f"{self.component}: another operation runs: {answer}. Wait for it; when it never ends, restart"
                    f" {self.component}."
                )
            case Refusal.FAULT:
                raise Unreachable(f"{self.component} could not start backup {backup_id}: {answer}")
            case _:
                raise Rejected(f"{self.component} refused backup {backup_id}: {answer}")

    def read_status(self, backup_id: int, answer: Answer) -> Report:
        """Return what the answer says of the backup; an answer that says nothing is a fault or a failure."""
        if answer.status != 200:
            phase = _meaning(self.readings, answer) or _reading(answer)
            word = {Phase.PENDING: "not visible", Phase.RUNNING: f"running (HTTP {answer.status})"}.get(
                phase, f"HTTP {answer.status}"
            )
            found = phase is Phase.RUNNING
            return Report(self.component, backup_id, phase, word, (), _why(answer), found)
        try:
            report = self._report(answer.body)
        except UNREADABLE as error:
            return Report.unreadable(self.component, backup_id, answer.body, error)
        if report.backup_id != backup_id:
            other = ValueError(f"it speaks of backup {report.backup_id}")
            return Report.unreadable(self.component, backup_id, answer.body, other)
        return report

    def read_list(self, answer: Answer) -> tuple[Report, ...]:
        """Return all backups of the component.

        :raises Unreachable, Rejected: when the answer is no list
        """
        trouble = f"{self.component} does not list its backups: {answer}"
        if answer.status == 200 and isinstance(answer.body, list):
            try:
                return tuple(self._report(entry) for entry in answer.body)
            except UNREADABLE as error:
                raise Unreachable(f"{trouble}: {error!r}") from error
        phase = _meaning(self.readings, answer) or _reading(answer)
        raise (Unreachable if phase is Phase.FAULT else Rejected)(trouble)

    def _to(self, do: str) -> str | None:
        return f"{self.guarded}:{do}" if self.guarded else None

    def _report(self, body: dict[str, Any]) -> Report:
        word = str(body["state"])
        pieces = tuple(sorted(self._pieces(body.get("details") or ()), key=lambda piece: _natural(piece.name)))
        phase, reason = self.words.get(word, Phase.FAILED), body.get("failureReason")
        if phase is Phase.COMPLETED and not all(piece.done for piece in pieces):
            unfinished = ", ".join(f"{piece.name} is {piece.state}" for piece in pieces if not piece.done)
            phase, reason = Phase.FAILED, f"it says {word}, but {unfinished}"
        elif word not in self.words:
            reason = f"unknown state; {reason or 'known are ' + ', '.join(self.words)}"
        return Report(self.component, int(body["backupId"]), phase, word, pieces, reason)

    def _pieces(self, details: Iterable[dict[str, Any]]) -> Iterable[Piece]:
        for detail in details:
            state = str(detail["state"])
            if "partitionId" in detail:
                yield Piece(
                    f"partition {detail['partitionId']}",
                    state,
                    state == self.done,
                    moment(detail.get("createdAt")),
                    detail.get("brokerVersion"),
                    detail.get("checkpointPosition"),
                )
            else:
                name = detail["snapshotName"]
                found = VERSION_IN_NAME.search(name)
                version = found["version"] if found else None
                yield Piece(name, state, state == self.done, moment(detail.get("startTime")), version)


def _meaning(rules: tuple[Rule[Meaning], ...], answer: Answer) -> Meaning | None:
    return next((rule.meaning for rule in rules if rule.fits(answer)), None)


def _reading(answer: Answer) -> Phase:
    if answer.status == 404:
        return Phase.PENDING
    return Phase.FAULT if answer.transient else Phase.FAILED


def _why(answer: Answer) -> str:
    return f"{answer.message}; {answer.refusal}" if answer.refusal else answer.message


def _refusal(answer: Answer) -> Refusal:
    return Refusal.FAULT if answer.transient else Refusal.REFUSED


def _natural(name: str) -> list[int]:
    """Order names by their numbers: partition 2 comes before partition 10."""
    return [int(number) for number in re.findall(r"\d+", name)]
