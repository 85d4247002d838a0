"""Snapshot repositories as search engines register and show them."""

from typing import Any

from camunda_backup.secrets import looks_secret
from camunda_backup.storage.stores import Store


def as_registered(repository: Store) -> dict[str, Any]:
    """Return the body that registers the repository, as the search engine shows it: values are strings."""
    told = repository.model_dump(exclude_none=True)
    settings = {
        key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in told["settings"].items()
    }
    return {"type": told["type"], "settings": settings}


def differences(wanted: dict[str, Any], existing: dict[str, Any]) -> list[str]:
    """Return one line for each field in which two repository definitions differ; existing extras count."""
    lines = []
    if wanted["type"] != existing.get("type"):
        lines.append(f"type: cluster file {wanted['type']}, registered {existing.get('type')}")
    ours, theirs = wanted["settings"], existing.get("settings") or {}
    for key in sorted(ours.keys() | theirs.keys()):
        mine, registered = ours.get(key), theirs.get(key)
        if mine is None or registered is None or str(mine) != str(registered):
            shown = [_shown(key, value) for value in (mine, registered)]
            lines.append(f"{key}: cluster file {shown[0]}, registered {shown[1]}")
    return lines


def _shown(key: str, value: Any) -> str:
    if value is None:
        return "not set"
    return "(hidden)" if looks_secret(key, value) else repr(value)
