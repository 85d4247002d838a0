"""Indices and their documents."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from uuid import uuid4

Document = Mapping[str, Any]
STARTED = "STARTED"


class IndexMissing(Exception):
    """A named index does not exist."""


@dataclass(slots=True)
class Index:
    """One index. Documents are never changed in place, so that a snapshot may share them.

    :param state: state of its shards, UNASSIGNED, INITIALIZING or STARTED
    :param unassigned: reason and details of shards that are not started
    """

    name: str
    documents: dict[str, Document] = field(default_factory=dict)
    uuid: str = field(default_factory=lambda: uuid4().hex[:22])
    shards: int = 1
    state: str = STARTED
    unassigned: tuple[str, str] | None = None

    def frozen(self) -> "Index":
        """Copy that later writes do not reach."""
        return Index(self.name, dict(self.documents), self.uuid, self.shards)


class Indices:
    """All indices of the engine, by name; one is made when something is written to it."""

    def __init__(self) -> None:
        self._indices: dict[str, Index] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._indices

    def __iter__(self) -> Iterator[Index]:
        return iter(self._indices.values())

    def create(self, name: str) -> Index:
        """Make an index, or give the one there is."""
        return self._indices.setdefault(name, Index(name))

    def add(self, index: Index) -> None:
        """Add an index, in the place of one that has its name."""
        self._indices[index.name] = index

    def delete(self, name: str) -> None:
        """Remove an index."""
        del self._indices[name]

    def get(self, name: str) -> Index:
        """Find an index by name; raises IndexMissing."""
        if name not in self._indices:
            raise IndexMissing(name)
        return self._indices[name]

    def resolve(self, expression: str, *, ignore_missing: bool = False) -> list[Index]:
        """Find indices by an expression as ``choose`` knows it."""
        return [self._indices[n] for n in choose(self._indices, expression, ignore_missing=ignore_missing)]

    def document(self, index: str, identity: str) -> Document | None:
        """Return a document, None when it or its index is missing."""
        found = self._indices.get(index)
        return found.documents.get(identity) if found else None

    def put(self, index: str, identity: str, document: Document) -> bool:
        """Write a document; returns whether it is new."""
        documents = self.create(index).documents
        is_new = identity not in documents
        documents[identity] = dict(document)
        return is_new

    def update(self, index: str, identity: str, fields: Document) -> None:
        """Set fields of a document, which is made when it is missing."""
        self.put(index, identity, {**(self.document(index, identity) or {}), **fields})


def choose(names: Iterable[str], expression: str, *, ignore_missing: bool = False) -> list[str]:
    """Choose index names by a comma list of names and patterns, ``-`` before one excluding it.

    :param ignore_missing: leave out plain names that do not exist instead of raising IndexMissing
    """
    known = sorted(names)
    chosen: dict[str, None] = {}
    for item in filter(None, expression.split(",")):
        pattern = "*" if item == "_all" else item
        if pattern.startswith("-"):
            chosen = {n: None for n in chosen if not fnmatchcase(n, pattern[1:])}
            continue
        fitting = [n for n in known if fnmatchcase(n, pattern)]
        if not fitting and "*" not in pattern and not ignore_missing:
            raise IndexMissing(pattern)
        chosen |= dict.fromkeys(fitting)
    return list(chosen)
