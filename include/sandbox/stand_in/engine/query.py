"""The part of the query language that counting and looking up needs."""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.stand_in.engine.indices import Document


class UnknownQuery(Exception):
    """The stand-in does not know this kind of query or aggregation."""


def fits(document: Document, query: Mapping[str, Any] | None) -> bool:
    """Whether a document is found by a query that ``check`` has passed; none at all finds everything."""
    if not query:
        return True
    kind, body = next(iter(query.items()))
    return QUERIES[kind](document, body)


def check(query: Mapping[str, Any] | None) -> None:
    """Raise UnknownQuery when any part of a query is unknown, whether or not a document would reach it."""
    for kind, body in (query or {}).items():
        if kind not in QUERIES:
            raise UnknownQuery(kind)
        if kind == "bool":
            for name in CLAUSES:
                for clause in clauses(body, name):
                    check(clause)


def term(document: Document, body: Mapping[str, Any]) -> bool:
    """Whether a field holds one value."""
    name, wanted = next(iter(body.items()))
    if isinstance(wanted, Mapping):
        wanted = wanted.get("value", wanted.get("query"))
    return same(field(document, name), wanted)


def terms(document: Document, body: Mapping[str, Any]) -> bool:
    """Whether a field holds one of several values."""
    name, choices = next((k, v) for k, v in body.items() if k != "boost")
    return any(same(field(document, name), wanted) for wanted in choices)


def exists(document: Document, body: Mapping[str, Any]) -> bool:
    """Whether a field holds anything."""
    return field(document, body["field"]) not in {None, ()}


def in_range(document: Document, body: Mapping[str, Any]) -> bool:
    """Whether a field lies within bounds."""
    name, bounds = next(iter(body.items()))
    value = field(document, name)
    return value is not None and all(BOUNDS[n](value, b) for n, b in bounds.items() if n in BOUNDS)


def all_of(document: Document, body: Mapping[str, Any]) -> bool:
    """Whether a document fits a bool query."""
    needed = [*clauses(body, "filter"), *clauses(body, "must")]
    choices = clauses(body, "should")
    enough = body.get("minimum_should_match", 0 if needed else 1)
    return (
        all(fits(document, q) for q in needed)
        and not any(fits(document, q) for q in clauses(body, "must_not"))
        and (not choices or sum(fits(document, q) for q in choices) >= enough)
    )


def clauses(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Clauses of a bool query; a single one may stand without a list."""
    found = body.get(name, [])
    return found if isinstance(found, list) else [found]


def field(document: Document, name: str) -> Any:
    """Value of a field; dots lead into objects, and a join field is its relation's name."""
    value: Any = document
    for piece in name.removesuffix(".keyword").split("."):
        value = value.get(piece) if isinstance(value, Mapping) else None
    return value.get("name") if isinstance(value, Mapping) else value


def same(value: Any, wanted: Any) -> bool:
    """Whether a field holds a value; a number or boolean may be written as text."""
    if isinstance(value, list):
        return any(same(item, wanted) for item in value)
    if isinstance(value, str) and isinstance(wanted, str):
        return value == wanted
    return value is not None and str(value).lower() == str(wanted).lower()


def aggregate(documents: Iterable[Document], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Answer terms, max, min and value_count aggregations, nested ones too."""
    found = list(documents)
    return {name: one_aggregation(found, body) for name, body in wanted.items()}


def one_aggregation(documents: list[Document], body: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one aggregation."""
    inner = body.get("aggs", body.get("aggregations", {}))
    kind = next(k for k in body if k not in {"aggs", "aggregations"})
    values = [(d, field(d, body[kind]["field"])) for d in documents]
    values = [(d, v) for d, v in values if v is not None]
    match kind:
        case "terms":
            groups: dict[Any, list[Document]] = {}
            for document, value in values:
                groups.setdefault(value, []).append(document)
            ordered = sorted(groups.items(), key=lambda g: (-len(g[1]), str(g[0])))
            kept = ordered[: body[kind].get("size", 10)]
            buckets = [{"key": v, "doc_count": len(ds), **aggregate(ds, inner)} for v, ds in kept]
            rest = sum(len(ds) for _, ds in ordered[len(kept) :])
            return {"doc_count_error_upper_bound": 0, "sum_other_doc_count": rest, "buckets": buckets}
        case "max":
            return {"value": max((v for _, v in values), default=None)}
        case "min":
            return {"value": min((v for _, v in values), default=None)}
        case "value_count":
            return {"value": len(values)}
        case _:
            raise UnknownQuery(kind)


CLAUSES = ("filter", "must", "must_not", "should")
BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
QUERIES: Mapping[str, Callable[[Document, Mapping[str, Any]], bool]] = {
    "match_all": lambda _document, _body: True,
    "match_none": lambda _document, _body: False,
    "term": term,
    "match": term,
    "terms": terms,
    "exists": exists,
    "range": in_range,
    "bool": all_of,
    "constant_score": lambda document, body: fits(document, body["filter"]),
}
