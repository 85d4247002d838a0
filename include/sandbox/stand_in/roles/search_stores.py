"""The store behind a snapshot repository: what it lets the search engine do."""

from collections import Counter

from sandbox.stand_in.answers.stores import CAUSES, CAUSES_ON_ELASTICSEARCH, TROUBLES, Cause, refusal
from sandbox.stand_in.messages import Reply
from sandbox.stand_in.world import World

VERIFIED = ("write", "read", "list", "delete")
LEFT_BY_A_SNAPSHOT = 8  # files; recorded


class Stores:
    """Answers in the store's place when it refuses, by the conditions a test has set."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._left: Counter[str] = Counter()

    def verify(self, repository: str) -> Reply | None:
        """Refuse a verification, unless every operation is allowed."""
        if trouble := TROUBLES.get(self._world.conditions.store_trouble):
            return self._refusal(repository, "", "verify.write", trouble)
        for operation in VERIFIED:
            if refused := self._denied(repository, "", operation, f"verify.{operation}"):
                return refused
        return None

    def refuse(self, repository: str, name: str, *operations: str) -> Reply | None:
        """Refuse a call that needs these operations, one after the other."""
        for operation in operations:
            if refused := self._denied(repository, name, operation, operation):
                return refused
        return None

    def deleted(self, repository: str) -> None:
        """Remember the files of a deleted snapshot that the store kept without a word."""
        if "delete" in self._world.conditions.store_denies:
            self._left[repository] += LEFT_BY_A_SNAPSHOT

    def clean_up(self, repository: str) -> int:
        """Say how many files were deleted; a store that denies it has them again the next time."""
        if "delete" in self._world.conditions.store_denies:
            return self._left[repository] + 1
        return self._left.pop(repository, 0)

    def _denied(self, repository: str, name: str, operation: str, reason: str) -> Reply | None:
        if operation not in self._world.conditions.store_denies:
            return None
        kind = self._world.repositories.definitions[repository]["type"]
        behind = CAUSES.get(kind, {}).get(operation)
        if self._world.engine.name == "elasticsearch":
            behind = behind or CAUSES_ON_ELASTICSEARCH.get((kind, operation))
        if behind is None or (operation == "delete" and reason == "delete"):
            return None  # engines delete in the background, and say nothing
        return self._refusal(repository, name, reason, behind)

    def _refusal(self, repository: str, name: str, reason: str, behind: Cause) -> Reply:
        entry = refusal(self._world.engine.name, reason, behind, {"repository": repository, "name": name})
        return Reply(entry.status, entry.body, entry.content_type)
