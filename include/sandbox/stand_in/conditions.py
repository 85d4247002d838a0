"""The state of affairs a test can put the stand-in in, beside faults of single requests."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(slots=True)
class Conditions:
    """What differs from a healthy cluster.

    :param version: version a role reports instead of its line's
    :param repository: snapshot repository a role is configured with instead of ``backups``; None: none configured
    :param index_prefix: index prefix a role shows instead of its own
    :param stores: what a broker (as text) shows of its backup store instead, e.g. {"1": {"store": "GCS"}}
    :param backup_store: Zeebe's store: ready, none (not configured), refusing (connections), hanging, wrong (answers)
    :param busy: roles that say "another backup is running"
    :param unhealthy_partitions: partitions that report themselves unhealthy and dead
    :param missing_brokers: brokers that are not in the topology
    :param pending_change: a topology change is under way
    :param exporting_hangs: pausing and resuming on 8.10 do not end in time; the change stays pending
    :param generates_ids: Zeebe mints its own backup IDs and refuses a caller's (8.9)
    :param rdbms: the secondary storage is a database: Zeebe is restored by the exported positions in it
    :param backup_gaps: partitions whose newest backup does not join the ones before it (8.9)
    :param partitions_without_backup: partitions of which Zeebe has taken no backup (8.9)
    :param repository_broken: the repository's folder is gone: it is registered but does not verify
    :param store_denies: what the store behind the repository refuses the engine: write, read, list, delete
    :param store_trouble: what else is wrong with that store: no_bucket, no_container, no_key_service, wrong_key,
        no_credentials, no_client or unreachable
    :param search_health: status of the search engine's cluster
    :param incomplete_after: seconds after which web apps of 8.8 and later say INCOMPLETE of a backup that is dead (the
        real ones: 300)
    :param optimize_completed: Optimize's word for a complete backup; the manual says COMPLETE, the source COMPLETED
    :param frozen: processes that hang: they take connections and answer nothing until they are thawed
    :param stays_running: processes that go on when they are stopped
    :param data_left: emptying Zeebe's data directory leaves a file
    :param restore_store: Zeebe's backup store as the restore application finds it: ready or refusing
    :param swallowed: how many first commands a partition (as text) lets time out after a restore
    :param restore_shards_fail: indices whose shard does not come back with a restore
    :param templates_missing: index templates that are not there
    :param policies: policies for the life of indices; without any, OpenSearch has no plugin for them
    :param restore_refusal: why the Restore API refuses: missing, partitions, store_none, forbidden; empty: it does not
    :param validates_late: the Restore API validates in recovering mode only, also a dry run
    :param sessions_return: how often a running gateway makes the index for web sessions again after it was deleted
    :param sign_in: what the web ports want: "own" (the line's own way), "bearer" (a token of the issuer) or "basic"
    :param guarded: what "management" ports (``/actuator``) and "search" want: "bearer" or "basic"; nothing otherwise
    :param token_seconds: how long the issuer's tokens are good
    :param pages: what a role's pages are instead of right: login (whoever has logged in), error or blank
    """

    version: dict[str, str] = field(default_factory=dict)
    repository: dict[str, str | None] = field(default_factory=dict)
    index_prefix: dict[str, str] = field(default_factory=dict)
    stores: dict[str, dict[str, Any]] = field(default_factory=dict)
    backup_store: str = "ready"
    busy: list[str] = field(default_factory=list)
    unhealthy_partitions: list[int] = field(default_factory=list)
    missing_brokers: list[int] = field(default_factory=list)
    pending_change: bool = False
    exporting_hangs: bool = False
    generates_ids: bool = False
    rdbms: bool = False
    backup_gaps: list[int] = field(default_factory=list)
    partitions_without_backup: list[int] = field(default_factory=list)
    repository_broken: bool = False
    store_denies: list[str] = field(default_factory=list)
    store_trouble: str = ""
    search_health: str = "green"
    incomplete_after: float = 0.0
    optimize_completed: str = "COMPLETED"
    frozen: list[str] = field(default_factory=list)
    stays_running: list[str] = field(default_factory=list)
    data_left: bool = False
    restore_store: str = "ready"
    swallowed: dict[str, int] = field(default_factory=dict)
    restore_shards_fail: list[str] = field(default_factory=list)
    templates_missing: list[str] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)
    restore_refusal: str = ""
    validates_late: bool = False
    sessions_return: int = 0
    sign_in: str = "own"
    guarded: dict[str, str] = field(default_factory=dict)
    token_seconds: int = 300
    pages: dict[str, str] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Set some of them, or none: one that does not exist is a ValueError, a wrong type a TypeError."""
        known = {f.name: type(getattr(self, f.name)) for f in fields(self) if not f.name.startswith("_")}
        for name, value in wanted.items():
            kind = known.get(name)
            if kind is None:
                raise ValueError(f"unknown condition {name!r}; known are {sorted(known)}")
            if not isinstance(value, kind):
                raise TypeError(f"condition {name!r} wants a {kind.__name__}")
        for name, value in wanted.items():
            setattr(self, name, value)
        self._changed.set()
        self._changed = asyncio.Event()

    async def thawed(self, role: str) -> None:
        """Wait as long as a process hangs."""
        while role in self.frozen:
            await self._changed.wait()

    async def store_answers(self) -> None:
        """Wait as long as Zeebe's backup store hangs."""
        while self.backup_store == "hanging":
            await self._changed.wait()
