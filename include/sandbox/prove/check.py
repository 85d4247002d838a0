"""The check of a restored cluster: look, ask Zeebe about every instance, bring new work, look again."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from sandbox.camunda import PARTITIONS
from sandbox.errors import SandboxError

from .facts import Arrival, Facts, Word
from .ledger import Entry, partition_of
from .shown import Instance, Looking, Shown
from .zeebe import Zeebe

Report = Callable[[str], None]

COMMAND_PATIENCE = 300.0  # seconds
WARM_ANSWERS = 10  # clear answers in a row of each partition, before an instance is asked for
WARM_TIMEOUT = 2.0  # seconds; after a restore a partition was seen to leave its first commands without an answer
PADDING = 256 * 1024  # bytes; a command of this size writes over what such a partition stumbles on
LOOK_INTERVAL = 1.0
UNCHANGED = 15.0  # seconds without a change until what is shown counts as settled
SETTLE_PATIENCE = 600.0
IN_THE_END = 120.0  # seconds for Operate and Tasklist to show what Zeebe completed
A_MINUTE = 60.0
NEW_INSTANCES = 20
ASKING = 4  # threads
CLOCK_SLACK = 1.0  # seconds, between this program's clock and the broker's rounding


@dataclass(frozen=True, slots=True)
class Check:
    """The check of one restored cluster.

    :param urls: its addresses by the names of `ports.py`
    :param report: is told how far it is
    """

    urls: Mapping[str, str]
    report: Report

    def collect(self, entries: Sequence[Entry], paused_at: float) -> Facts:
        """Return everything that can be found out; the cluster's instances are ended by it.

        :param entries: what Zeebe had acknowledged before the disaster
        :param paused_at: the last moment before the pause, in seconds since the epoch
        :raises SandboxError: a component does not answer
        """
        unanswered = self._warm_up()
        first = self._settled()
        self.report(f"Operate shows {len(first.instances)} instances, Tasklist {len(first.tasks)} tasks")
        new = self._one_on_each_partition()
        next_keys = {partition_of(key): key for key in reversed(new)}
        words = self._words(first, {entry.instance for entry in entries}, next_keys)
        self.report(f"Zeebe was asked about {len(words)} instances")
        self._settled()  # or else new work would stand in a queue behind all that
        arrivals = self._new_work(new)
        self.report(f"{sum(one.completed is not None for one in arrivals)} of {len(arrivals)} new ones were completed")
        last = self._in_the_end([key for key, word in words.items() if word is Word.COMPLETED])
        return Facts(entries, paused_at, unanswered, first, next_keys, words, arrivals, last)

    def _warm_up(self) -> dict[int, int]:
        """Ask each partition for what cannot be there, until it answers every time; return how often it did not."""
        unanswered = dict.fromkeys(range(1, PARTITIONS + 1), 0)
        with Zeebe(self.urls["zeebe_rest"], timeout=WARM_TIMEOUT) as zeebe:
            deadline = time.monotonic() + COMMAND_PATIENCE
            for number in unanswered:
                in_a_row = 0
                while in_a_row < WARM_ANSWERS:
                    if zeebe.knows_not(number):
                        in_a_row += 1
                    else:
                        in_a_row = 0
                        unanswered[number] += 1
                        zeebe.knows_not(number, PADDING)
                    if time.monotonic() > deadline:
                        raise SandboxError(f"Partition {number} takes no commands after {COMMAND_PATIENCE:.0f} s.")
        return unanswered

    def _settled(self) -> Shown:
        """Look until Zeebe has exported everything and nothing has changed for a while, or for long enough."""
        with Looking(self.urls) as looking:
            deadline = time.monotonic() + SETTLE_PATIENCE
            shown, since = looking.look(), time.monotonic()
            while (now := time.monotonic()) - since < UNCHANGED and now < deadline:
                time.sleep(LOOK_INTERVAL)
                if (again := looking.look()) != shown or not looking.all_exported():
                    shown, since = again, time.monotonic()
        return shown

    def _one_on_each_partition(self) -> list[int]:
        """Start instances until each partition has given out a key; return them."""
        new: list[int] = []
        with Zeebe(self.urls["zeebe_rest"], COMMAND_PATIENCE) as zeebe:
            while len({partition_of(key) for key in new}) < PARTITIONS:
                new.append(zeebe.start())
        return new

    def _words(self, shown: Shown, acknowledged: set[int], next_keys: Mapping[int, int]) -> dict[int, Word]:
        """Ask Zeebe to complete every instance, or, where it cannot, to cancel it."""
        everything = acknowledged | shown.instances.keys() | shown.tasks.keys() | shown.recorded.keys()
        # A key that is given out only now is another instance's: the one it was before the disaster is lost.
        known = [key for key in sorted(everything) if key < next_keys[partition_of(key)]]
        tasks = dict(shown.recorded_tasks) | {key: task.key for key, task in shown.tasks.items()}
        with ThreadPoolExecutor(ASKING) as pool:
            ask = partial(words_on, self.urls["zeebe_rest"], tasks)
            shares = pool.map(ask, [known[share::ASKING] for share in range(ASKING)])
            words = {key: word for share in shares for key, word in share.items()}
        return words | dict.fromkeys(everything - words.keys(), Word.GONE)

    def _new_work(self, started: Sequence[int]) -> list[Arrival]:
        """Start more instances, wait for all of them, and complete those that arrive."""
        since = time.time() - CLOCK_SLACK
        with Zeebe(self.urls["zeebe_rest"], COMMAND_PATIENCE) as zeebe, Looking(self.urls) as looking:
            new = [zeebe.start() for _ in range(NEW_INSTANCES)]
            operate, tasklist = Waiting(new), Waiting(new)
            tasks: dict[int, int] = {}
            while operate.goes_on() or tasklist.goes_on():
                time.sleep(LOOK_INTERVAL)
                operate.arrived(_since(since, looking.instances()))
                tasks = {key: task.key for key, task in looking.tasks().items() if task.since >= since}
                tasklist.arrived(tasks)
            ended = {key for key in new if key in tasks and zeebe.complete(tasks[key]).ok}
            done = Waiting(ended)
            while done.goes_on():
                time.sleep(LOOK_INTERVAL)
                instances = looking.instances()
                done.arrived(key for key in _since(since, instances) if instances[key].state == "COMPLETED")
            for key in started:
                zeebe.cancel(key)
        return [Arrival(key, operate.seconds.get(key), tasklist.seconds.get(key), done.seconds.get(key)) for key in new]

    def _in_the_end(self, completed: Sequence[int]) -> Shown:
        """Look until everything that Zeebe completed is shown so and agrees with the records, or for long enough."""
        deadline = time.monotonic() + IN_THE_END
        with Looking(self.urls) as looking:
            while not _is_done(shown := looking.look(), completed) and time.monotonic() < deadline:
                time.sleep(LOOK_INTERVAL)
        return shown


class Waiting:
    """A minute in which several instances may arrive somewhere.

    :param wanted: their keys
    """

    def __init__(self, wanted: Collection[int]) -> None:
        self.seconds: dict[int, float] = {}
        """How long each took that has arrived."""
        self._wanted = frozenset(wanted)
        self._began = time.monotonic()

    def goes_on(self) -> bool:
        """Return whether some are missing and there is time left."""
        return self._wanted > self.seconds.keys() and time.monotonic() - self._began < A_MINUTE

    def arrived(self, seen: Iterable[int]) -> None:
        """Note what is there."""
        for key in self._wanted.intersection(seen) - self.seconds.keys():
            self.seconds[key] = time.monotonic() - self._began


def words_on(url: str, tasks: Mapping[int, int], keys: Sequence[int]) -> dict[int, Word]:
    """Return Zeebe's word on each instance.

    :param url: of Zeebe's REST API
    :param tasks: the user task of each instance, as far as it is known
    :param keys: the instances
    """
    with Zeebe(url, COMMAND_PATIENCE) as zeebe:
        return {key: word_on(zeebe, key, tasks.get(key)) for key in keys}


def word_on(zeebe: Zeebe, instance: int, task: int | None) -> Word:
    """Return Zeebe's word on one instance; it has ended afterwards."""
    tries = 0
    if task is not None:
        completed = zeebe.complete(task)
        if completed.ok:
            return Word.COMPLETED
        tries += completed.tries - 1
    canceled = zeebe.cancel(instance)
    if canceled.ok:
        return Word.CANCELED
    return Word.GONE if tries + canceled.tries == 1 else Word.UNCLEAR


def _since(moment: float, instances: Mapping[int, Instance]) -> list[int]:
    """Return those that started since; a lost one may have had the same key, so the key alone says nothing."""
    return [key for key, one in instances.items() if one.since is not None and one.since >= moment]


def _is_done(shown: Shown, completed: Sequence[int]) -> bool:
    operate = {key: one.state for key, one in shown.instances.items()}
    return operate == shown.recorded and all(
        operate.get(key) == "COMPLETED" and key in shown.tasks and shown.tasks[key].state == "COMPLETED"
        for key in completed
    )
