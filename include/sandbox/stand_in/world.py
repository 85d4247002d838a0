"""Everything the stand-in knows: its line, its model, and what a test has arranged."""

import asyncio
import time
from collections.abc import Coroutine
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from sandbox.stand_in.answers import ENGINES, LINES, Answers
from sandbox.stand_in.archives import Archives
from sandbox.stand_in.conditions import Conditions
from sandbox.stand_in.engine.indices import Index, Indices
from sandbox.stand_in.engine.optimize import FIRST_DOCUMENTS
from sandbox.stand_in.engine.snapshots import Repositories, Snapshot
from sandbox.stand_in.faults import Faults
from sandbox.stand_in.journal import Journal
from sandbox.stand_in.messages import Reply
from sandbox.stand_in.model.backups import ZeebeBackups
from sandbox.stand_in.model.exporting import Exporter
from sandbox.stand_in.model.processes import ZEEBE, Processes
from sandbox.stand_in.model.recovery import PROCESSING, Recovery
from sandbox.stand_in.model.zeebe import Checkpoint, Zeebe
from sandbox.stand_in.outcomes import Outcomes, Plan
from sandbox.stand_in.pace import Pace

REPOSITORY = "backups"


@dataclass(frozen=True, slots=True)
class Play:
    """What a stand-in plays.

    :param line: line of Camunda
    :param engine: search engine
    :param pace: seconds one part of a backup takes
    :param version: version to report instead of the line's own
    :param context_path: what Camunda's paths begin with, except Optimize's
    :param client_secret: what the issuer gives tokens for; None: there is no issuer
    """

    line: str = "8.6"
    engine: str = "opensearch"
    brokers: int = 1
    partitions: int = 2
    pace: float = 0.2
    version: str | None = None
    context_path: str = ""
    client_secret: str | None = None


class World:
    """State of one stand-in. ``reset`` makes all of it anew; the roles look it up at every request."""

    conditions: Conditions
    faults: Faults
    outcomes: Outcomes
    journal: Journal
    pace: Pace
    zeebe: Zeebe
    zeebe_backups: ZeebeBackups
    recovery: Recovery
    data_directory: set[str]
    processes: Processes
    indices: Indices
    repositories: Repositories
    exporter: Exporter
    database: dict[int, int] | None
    optimize_plans: dict[int, Plan]
    tokens: dict[str, float]

    def __init__(self, play: Play) -> None:
        """Choose what to play; ``reset`` must be called, in a running event loop, before anything else."""
        self.line = LINES[play.line]
        self.engine = ENGINES[play.engine]
        self.answers = Answers(self.line, self.engine)
        self.archives = Archives(self)
        self.search_url = ""
        self.down: set[str] = set()
        self.client_secret = play.client_secret
        self.context_path = play.context_path
        self._play = play
        self._kept: tuple[dict[int, Checkpoint], list[Index], ZeebeBackups, Repositories] | None = None
        self._version = play.version or self.line.version
        self._background: set[asyncio.Task[None]] = set()

    def reset(self, *, repository: bool) -> None:
        """Begin again with an empty cluster; with ``repository`` the snapshot repository is registered already."""
        for task in self._background:
            task.cancel()
        self.conditions, self.faults, self.outcomes = Conditions(), Faults(), Outcomes()
        self.journal, self.pace = Journal(), Pace(self._play.pace)
        self.zeebe = Zeebe(self._play.brokers, self._play.partitions)
        self.zeebe_backups, self.recovery = ZeebeBackups(), Recovery()
        self.data_directory = {"raft-partition"}
        apart = (app.role for app in self.line.web_apps if not self.line.unified)
        self.processes = Processes((ZEEBE, *apart, "optimize"))
        self.optimize_plans, self.tokens = {}, {}
        self.database = None
        self.indices, self.repositories = Indices(), Repositories()
        for process in self.processes.known:
            self.make_indices(process)
        if repository:
            self.repositories.register(REPOSITORY, {"type": "fs", "settings": {"location": REPOSITORY}})
        self.exporter = Exporter(self.line, self._version, self.zeebe, self.indices, works=self.works)
        self.run(self.exporter.run())

    def vouch(self, token: str, seconds: float) -> None:
        """Take a token for some seconds."""
        self.tokens[token] = time.monotonic() + seconds

    def vouches_for(self, token: str) -> bool:
        """Whether a token was given by the issuer and has not ended."""
        return time.monotonic() < self.tokens.get(token, 0)

    def make_indices(self, process: str) -> None:
        """Make the indices that a process creates when it starts; those that are there stay as they are."""
        own = "" if self.line.unified else f"{process}-"
        for name in self.line.indices:
            if process != "optimize" and name.startswith(own):
                self.indices.create(name)
        first = FIRST_DOCUMENTS if process == "optimize" else {}
        for index, documents in first.items():
            for identity, document in documents.items():
                if self.indices.document(index, identity) is None:
                    self.indices.put(index, identity, document)

    def make_session_index(self, deleted: str) -> None:
        """Make the index for web sessions again when it was deleted under a running gateway, as often as wanted."""
        again = self.conditions.sessions_return > 0 and self.processes.healthy(ZEEBE)
        if again and deleted.startswith("camunda-web-session-"):
            self.conditions.sessions_return -= 1
            self.indices.create(deleted)

    @property
    def zeebe_healthy(self) -> bool:
        """Whether Zeebe runs with all its brokers and partitions."""
        trouble = self.conditions.unhealthy_partitions or self.conditions.missing_brokers
        return self.works(ZEEBE) and not trouble

    def works(self, role: str) -> bool:
        """Whether a role does its work now."""
        if role == ZEEBE and self.recovery.mode != PROCESSING:
            return False
        return "search" not in self.down if role == "search" else self.processes.healthy(role)

    def keep(self) -> None:
        """Remember the cluster's data as they are now, for ``bring_back``."""
        checkpoints = {n: self.zeebe.checkpoint(n) for n in self.zeebe.partitions}
        indices = [index.frozen() for index in self.indices]
        self._kept = (checkpoints, indices, deepcopy(self.zeebe_backups), self.repositories.copy())

    def bring_back(self) -> None:
        """Bring back what ``keep`` remembered, after a reset; a ValueError says that there is nothing."""
        if self._kept is None:
            raise ValueError("nothing was kept")
        checkpoints, indices, backups, repositories = self._kept
        self.zeebe.load(checkpoints)
        self.zeebe.commands_since_restore = None
        self.zeebe_backups, self.repositories = deepcopy(backups), repositories.copy()
        for index in indices:
            self.indices.add(index.frozen())
        self.exporter.notice()

    def exported_positions(self) -> dict[int, int]:
        """Position up to which each partition was exported into a database, by the database's own word.

        It outlives Zeebe's data, and goes back when the database is restored.
        """
        if self.database is not None:
            return self.database
        return {number: partition.acknowledged for number, partition in self.zeebe.partitions.items()}

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background until it is done or the world is reset."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def plant(self, role: str, number: int) -> None:
        """Put a finished backup there that nobody here has made; a ValueError names an unknown role."""
        if role == "zeebe":
            self.zeebe_backups.plant(number, self.zeebe, self.version(role))
            return
        prefix, parts = self._snapshots_of(role)
        for place in range(1, parts + 1):
            name = f"{prefix}_{number}_{self.version(role).lower()}_part_{place}_of_{parts}"
            snapshot = Snapshot(name, (), None, include_global_state=False)
            snapshot.finish("SUCCESS")
            self.repositories.snapshots(REPOSITORY)[name] = snapshot

    def _snapshots_of(self, role: str) -> tuple[str, int]:
        known = {app.role: (app.snapshots, len(app.parts)) for app in self.line.web_apps}
        known["optimize"] = ("camunda_optimize", 2)
        if role not in known:
            raise ValueError(f"{role!r} makes no backups; those that do are {sorted({'zeebe', *known})}")
        return known[role]

    def version(self, role: str) -> str:
        """Version a role reports."""
        return self.conditions.version.get(role, self.line.patches.get(role, self._version))

    def minor(self, role: str) -> tuple[int, int]:
        """Version a role reports, as far as behaviour depends on it."""
        major, minor = self.version(role).split(".")[:2]
        return int(major), int(minor)

    def repository(self, role: str) -> str | None:
        """Snapshot repository a role is configured with."""
        return self.conditions.repository.get(role, REPOSITORY)

    def give(self, name: str, /, **values: Any) -> Reply:
        """Give an answer out of the line's tables."""
        return self.answers.give(name, **values)
