"""What the facts say: a row of numbers for each thing that has to hold. Nothing here asks anybody."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from .facts import Facts, Word
from .ledger import Kind, acknowledged_before, partition_of
from .shown import Shown

ENDED = frozenset({"COMPLETED", "CANCELED"})
RUNNING_IN_ZEEBE = frozenset({Word.COMPLETED, Word.CANCELED, Word.UNCLEAR})
COUNTED = ("ACTIVE", "COMPLETED", "CANCELED")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    :param what: what was looked for
    :param found: how many there are; a text where nothing is judged
    :param among: how many were looked at; None where nothing is judged
    """

    what: str
    found: int | str
    among: int | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong, and something was there to be wrong."""
        return self.among is None or (self.found == 0 and self.among > 0)

    @property
    def cell(self) -> str:
        """The number as the table shows it."""
        return str(self.found) if self.among is None else f"{self.found} of {self.among}"


def judge(facts: Facts) -> list[Row]:
    """Return all rows: first what the load was, then what must be 0."""
    return [*_load(facts), *_before_the_pause(facts), *_ahead_of_zeebe(facts), *_afterwards(facts)]


def _load(facts: Facts) -> Iterator[Row]:
    starts = [entry.instance for entry in facts.entries if entry.kind is Kind.START]
    before = _before(facts, Kind.START)
    partitions = Counter(partition_of(key) for key in before)
    acknowledged = Counter(entry.kind for entry in facts.entries if entry.acknowledged is not None)
    yield Row("instances started: before the pause / later", f"{len(before)} / {len(starts) - len(before)}")
    yield Row("those before the pause, by partition", " / ".join(str(partitions[one]) for one in sorted(partitions)))
    for kind, what in ((Kind.COMPLETION, "user tasks completed"), (Kind.CHANGE, "variables changed")):
        earlier = len(acknowledged_before(facts.entries, kind, facts.paused_at))
        yield Row(f"{what}: before the pause / later", f"{earlier} / {acknowledged[kind] - earlier}")
    unanswered = (str(number) for _, number in sorted(facts.unanswered.items()))
    yield Row("commands after the restore without an answer, by partition", " / ".join(unanswered))
    yield Row("partitions without an instance", len(facts.next_keys.keys() - partitions.keys()), len(facts.next_keys))


def _before_the_pause(facts: Facts) -> Iterator[Row]:
    """What Zeebe had acknowledged before the pause must be there."""
    first, running = facts.first, _running(facts)
    started = _before(facts, Kind.START)
    completed = _before(facts, Kind.COMPLETION)
    tried = {entry.instance for entry in facts.entries if entry.kind is Kind.COMPLETION}
    revisions: dict[int, int] = {}
    for entry in acknowledged_before(facts.entries, Kind.CHANGE, facts.paused_at):
        revisions[entry.instance] = max(entry.revision, revisions.get(entry.instance, 0))
    older = [key for key, revision in revisions.items() if first.revisions.get(key, -1) < revision]
    not_done = [key for key in completed if key not in first.instances or first.instances[key].state != "COMPLETED"]
    open_task = [key for key in completed if key not in first.tasks or first.tasks[key].state != "COMPLETED"]
    yield _row("started before the pause, still to do, not in Zeebe", started - tried - running, started - tried)
    yield _row("started before the pause, not in Operate", started - first.instances.keys(), started)
    yield _row("started before the pause, not in Tasklist", started - first.tasks.keys(), started)
    yield _row("completed before the pause, running again in Zeebe", completed & running, completed)
    yield _row("completed before the pause, not COMPLETED in Operate", not_done, completed)
    yield _row("completed before the pause, not COMPLETED in Tasklist", open_task, completed)
    yield _row("variable changed before the pause, older value in Operate", older, revisions)


def _ahead_of_zeebe(facts: Facts) -> Iterator[Row]:
    """What is shown must be what Zeebe has: neither more nor less."""
    first, running = facts.first, _running(facts)
    gone = {key for key, word in facts.words.items() if word is Word.GONE}
    active = {key for key, one in first.instances.items() if one.state == "ACTIVE"}
    ended = {key for key, one in first.instances.items() if one.state in ENDED}
    to_do = {key for key, task in first.tasks.items() if task.state == "CREATED"}
    done = {key for key, task in first.tasks.items() if task.state in ENDED}
    shown = first.instances.keys() | first.tasks.keys()
    too_new = {key for key in shown if not _given_out(facts, key)}
    yield _row("ACTIVE in Operate, unknown to Zeebe", active & gone, active)
    yield _row("open in Tasklist, unknown to Zeebe", to_do & gone, to_do)
    yield _row("ended in Operate, running in Zeebe", ended & running, ended)
    yield _row("done in Tasklist, running in Zeebe", done & running, done)
    yield _row("running in Zeebe, not in Operate", running - first.instances.keys(), running)
    yield _row("running in Zeebe, not in Tasklist", running - first.tasks.keys(), running)
    yield _row("shown with a key that Zeebe has not given out yet", too_new, shown)
    yield _differing("state in Operate other than by Zeebe's records, as restored", first)


def _afterwards(facts: Facts) -> Iterator[Row]:
    """All that Zeebe has can be completed, arrives as such, and so does new work."""
    last, running = facts.last, _running(facts)
    unfinished = {key for key in running if facts.words[key] is not Word.COMPLETED}
    finished = running - unfinished
    stuck = [key for key in finished if key not in last.instances or last.instances[key].state != "COMPLETED"]
    open_task = [key for key in finished if key not in last.tasks or last.tasks[key].state != "COMPLETED"]
    new = facts.arrivals
    yield _row("running in Zeebe, could not be completed", unfinished, running)
    yield _row("completed after the restore, not COMPLETED in Operate", stuck, finished)
    yield _row("completed after the restore, not COMPLETED in Tasklist", open_task, finished)
    yield _row("new work not in Operate within a minute", [one for one in new if one.operate is None], new)
    yield _row("new work not in Tasklist within a minute", [one for one in new if one.tasklist is None], new)
    yield _row("new work not COMPLETED in Operate within a minute", [one for one in new if one.completed is None], new)
    yield Row("slowest new work to arrive in both, seconds", _slowest(facts))
    yield _differing("state in Operate other than by Zeebe's records, in the end", last)
    for what, states in (
        ("Operate", Counter(one.state for one in last.instances.values())),
        ("Zeebe's records", Counter(last.recorded.values())),
    ):
        numbers = " / ".join(str(states[state]) for state in COUNTED)
        yield Row(f"{' / '.join(COUNTED)} in the end, by {what}", numbers)
    yield Row("incidents", last.incidents, max(1, len(last.instances)))


def _row(what: str, wrong: Collection[object], among: Collection[object]) -> Row:
    return Row(what, len(wrong), len(among))


def _before(facts: Facts, kind: Kind) -> set[int]:
    return {entry.instance for entry in acknowledged_before(facts.entries, kind, facts.paused_at)}


def _running(facts: Facts) -> set[int]:
    """Return the instances that ran in the restored Zeebe, by its own word."""
    return {key for key, word in facts.words.items() if word in RUNNING_IN_ZEEBE}


def _given_out(facts: Facts, key: int) -> bool:
    """Return whether a key is older than the first one after the restore: Zeebe counts upwards in each partition."""
    return key < facts.next_keys[partition_of(key)]


def _differing(what: str, shown: Shown) -> Row:
    operate: Mapping[int, str] = {key: one.state for key, one in shown.instances.items()}
    keys = operate.keys() | shown.recorded.keys()
    return _row(what, [key for key in keys if operate.get(key) != shown.recorded.get(key)], keys)


def _slowest(facts: Facts) -> str:
    waits = [wait for one in facts.arrivals for wait in (one.operate, one.tasklist) if wait is not None]
    return f"{max(waits):.0f}" if waits else "none arrived"
