"""Restoring snapshots into the search engine."""

from collections.abc import Sequence
from typing import Any

from sandbox.stand_in.engine.indices import STARTED, Index, choose
from sandbox.stand_in.engine.snapshots import IN_PROGRESS, Snapshot
from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.world import World

UNRESTORABLE = {"FAILED"}
FAILURE = (
    "failed shard on node [stand-in]: failed recovery, failure RecoveryFailedException[[{index}][0]: Recovery failed "
    "on {{stand-in}}]; nested: IndexShardRestoreFailedException[injected by the stand-in]"
)


class Restores:
    """Brings indices back, one after the other, as fast as the pace lets it."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def restore(self, call: Call) -> Reply:
        """Answer a restore: at once, or after its end with ``wait_for_completion``."""
        repository, name, body = call.parts["repository"], call.parts["name"], call.json() or {}
        snapshot = self._world.repositories.snapshots(repository).get(name)
        if snapshot is None or snapshot.state == IN_PROGRESS:
            return self._world.give("search.restore_missing", repository=repository, name=name)
        held = {i.name: i for i in snapshot.indices}
        lenient = bool(body.get("ignore_unavailable", False))
        wanted = [held[n] for n in choose(held, expression(body), ignore_missing=lenient)]
        if refusal := self._refusal(repository, snapshot, wanted, body):
            return refusal
        restored = [Index(i.name, shards=i.shards) for i in wanted]
        for index in restored:
            index.state = "UNASSIGNED"
            index.unassigned = ("NEW_INDEX_RESTORED", f"restore_source[{repository}/{name}]")
            self._world.indices.add(index)
        work = self._recover(restored, wanted)
        if not call.flag("wait_for_completion"):
            self._world.run(work)
            return Reply(200, {"accepted": True}, self._world.engine.content_type)
        await work
        done = sum(i.shards for i in restored if i.state == STARTED)
        total = sum(i.shards for i in restored)
        shards = {"total": total, "failed": total - done, "successful": done}
        told = {"snapshot": name, "indices": [i.name for i in restored], "shards": shards}
        return Reply(200, {"snapshot": told}, self._world.engine.content_type)

    def _refusal(
        self, repository: str, snapshot: Snapshot, wanted: Sequence[Index], body: dict[str, Any]
    ) -> Reply | None:
        """Why the engine refuses the restore, None when it does not."""
        told = {"repository": repository, "name": snapshot.name, "uuid": snapshot.uuid}
        if snapshot.state in UNRESTORABLE:
            return self._world.give("search.restore_state", **told, state=snapshot.state)
        if body.get("include_global_state") and not snapshot.include_global_state:
            return self._world.give("search.restore_global_state", **told)
        partial = {failure["index"] for failure in snapshot.failures}
        for index in wanted:
            if index.name in partial and not body.get("partial"):
                return self._world.give("search.restore_partial_index", **told, index=index.name)
            if index.name in self._world.indices:
                return self._world.give("search.restore_open_index", **told, index=index.name)
        return None

    async def _recover(self, restored: Sequence[Index], held: Sequence[Index]) -> None:
        for index, source in zip(restored, held, strict=True):
            index.state = "INITIALIZING"
            await self._world.pace.parts(1 / len(restored))
            if index.name in self._world.conditions.restore_shards_fail:
                index.state = "UNASSIGNED"
                index.unassigned = ("ALLOCATION_FAILED", FAILURE.format(index=index.name))
                continue
            index.documents = dict(source.documents)
            index.state, index.unassigned = STARTED, None
        self._world.exporter.notice()


def expression(body: dict[str, Any]) -> str:
    """Index expression of a request; a list is as good as a comma list."""
    wanted = body.get("indices", "_all")
    return ",".join(wanted) if isinstance(wanted, list) else str(wanted)
