"""Everything the stand-in knows: its line, its model, and what a test has arranged."""

import asyncio
import time
from collections.abc import Coroutine
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.stand_in.answers import ENGINES, LINES, Answers
from sandbox.stand_in.answers.record_types import RECORD_TYPES
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
from sandbox.stand_in.snapshot_client import Refused, Unreachable
from sandbox.stand_in.storage import OwnEngine, RealEngine, Storage

REPOSITORY = "backups"
CLIENT = "camunda-backup"
RETRY_SECONDS = 0.5

if TYPE_CHECKING:
    from sandbox.stand_in.provider import Provider


@dataclass(frozen=True, slots=True)
class Play:
    """What a stand-in plays.

    :param line: line of Camunda
    :param engine: search engine
    :param pace: seconds one part of a backup takes
    :param version: version to report instead of the line's own
    :param context_path: what Camunda's paths begin with, except Optimize's
    :param client_secret: what the issuer gives tokens for; None: there is no issuer
    :param provider: URL of an identity provider beside the stand-in, where that secret is the client's
    :param search: URL of the search engine that all is in; None: the stand-in plays one
    :param store: URL of the S3 store that Zeebe's backups are in; None: the stand-in remembers them
    :param bucket: the bucket in it
    """

    line: str = "8.6"
    engine: str = "opensearch"
    brokers: int = 1
    partitions: int = 2
    pace: float = 0.2
    version: str | None = None
    context_path: str = ""
    client_secret: str | None = None
    provider: str | None = None
    search: str | None = None
    store: str | None = None
    bucket: str | None = None


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
    storage: Storage
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
        self.client_secret = None if play.provider else play.client_secret
        self.provider = self._provider_of(play)
        self.context_path = play.context_path
        self._play = play
        self._kept: dict[str, tuple[dict[int, Checkpoint], list[Index], ZeebeBackups, Repositories]] = {}
        self._version = play.version or self.line.version
        self._background: set[asyncio.Task[None]] = set()

    @property
    def real_search(self) -> bool:
        """Whether the secondary storage is in a search engine of its own."""
        return self._play.search is not None

    def reset(self, *, repository: bool) -> None:
        """Make an empty cluster, for which ``begin`` is the next call.

        With ``repository`` the snapshot repository is registered already.
        """
        for task in self._background:
            task.cancel()
        self.conditions, self.faults, self.outcomes = Conditions(), Faults(), Outcomes()
        self.journal, self.pace = Journal(), Pace(self._play.pace)
        self.zeebe = Zeebe(self._play.brokers, self._play.partitions)
        self.zeebe_backups, self.recovery = self._new_backups(), Recovery()
        self.data_directory = {"raft-partition"}
        apart = (app.role for app in self.line.web_apps if not self.line.unified)
        self.processes = Processes((ZEEBE, *apart, "optimize"))
        self.optimize_plans, self.tokens = {}, {}
        self.database = None
        self.indices, self.repositories = Indices(), Repositories()
        self.storage = self._new_storage()
        if repository:
            self.repositories.register(REPOSITORY, {"type": "fs", "settings": {"location": REPOSITORY}})
        self.exporter = Exporter(self.line, self._version, self.zeebe, self.storage, works=self.works)

    async def begin(self) -> None:
        """Let every process make its indices, then let exporter and importers work."""
        for process in self.processes.known:
            await self.make_indices(process)
        self.run(self.exporter.run())

    def _new_storage(self) -> Storage:
        if self._play.search is None:
            return OwnEngine(self.indices, self.zeebe.partitions)
        return RealEngine(self._play.search)

    def _new_backups(self) -> ZeebeBackups:
        if self._play.store is None or self._play.bucket is None:
            return ZeebeBackups()
        from sandbox.stand_in.s3_backups import S3Backups  # noqa: PLC0415 - needs a package that `make test` may lack

        return S3Backups(self._play.store, self._play.bucket, tuple(self.zeebe.partitions))

    @staticmethod
    def _provider_of(play: Play) -> "Provider | None":
        if play.provider is None:
            return None
        from sandbox.stand_in.provider import Provider  # noqa: PLC0415 - only where there is one

        return Provider(play.provider, CLIENT, play.client_secret or "")

    def vouch(self, token: str, seconds: float) -> None:
        """Take a token for some seconds."""
        self.tokens[token] = time.monotonic() + seconds

    def vouches_for(self, token: str) -> bool:
        """Whether a token was given by the issuer and has not ended."""
        return time.monotonic() < self.tokens.get(token, 0)

    async def make_indices(self, process: str) -> None:
        """Make the indices that a process creates when it starts; those that are there stay as they are.

        It waits for a search engine that is away, or that is not ready for that yet.
        """
        own = "" if self.line.unified and process == ZEEBE else f"{process}-"
        first = FIRST_DOCUMENTS if process == "optimize" else {}
        indices = [*first] or [name for name in self.line.indices if name.startswith(own)]
        templates = {name: pattern for name, pattern in self.templates().items() if pattern.startswith(own)}
        if process == ZEEBE:
            templates |= self.record_templates()
        while True:
            try:
                await self.storage.make(indices, templates)
                for index, documents in first.items():
                    await self.storage.begin(index, documents)
            except (Unreachable, Refused):
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    def templates(self) -> dict[str, str]:
        """Return the patterns of the web apps' index templates by name."""
        return {f"{name}template": f"{name}*" for name in self.line.templates}

    def record_templates(self) -> dict[str, str]:
        """Return the patterns of the exporter's index templates by name."""
        version = self.version(ZEEBE)
        return {f"zeebe-record_{name}_{version}": f"zeebe-record_{name}_{version}_*" for name in RECORD_TYPES}

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
        if role == "search":
            return "search" not in self.down
        return role not in self.conditions.frozen and self.processes.healthy(role)

    @property
    def search_answers(self) -> bool:
        """Whether the search engine answers."""
        return "search" not in self.down and self.exporter.engine_answers

    def keep(self, name: str) -> None:
        """Remember the cluster's data as they are now under a name, for ``bring_back``."""
        checkpoints = {n: self.zeebe.checkpoint(n) for n in self.zeebe.partitions}
        indices = [index.frozen() for index in self.indices]
        self._kept[name] = (checkpoints, indices, deepcopy(self.zeebe_backups), self.repositories.copy())

    def bring_back(self, name: str) -> None:
        """Bring back what ``keep`` remembered, after a reset; a ValueError says that there is nothing."""
        if name not in self._kept:
            raise ValueError(f"nothing was kept as {name!r}")
        checkpoints, indices, backups, repositories = self._kept[name]
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

    async def plant(self, role: str, number: int) -> None:
        """Put a finished backup there that nobody here has made; a ValueError names an unknown role."""
        if role == "zeebe":
            await self.zeebe_backups.plant(number, self.zeebe, self.version(role))
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
