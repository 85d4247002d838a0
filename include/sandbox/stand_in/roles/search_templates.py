"""The search engine's index templates and life cycle policies."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.routes import Handler
from sandbox.stand_in.world import World


class SearchTemplates:
    """What the components put there at their first start, and what no snapshot of theirs brings back."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, add: Callable[[str, str, Handler], None]) -> None:
        """Add the paths."""
        add("GET", "/_index_template", self._templates)
        add("GET HEAD", "/_index_template/{name}", self._templates)
        for path in ("/_plugins/_ism/policies", "/_ilm/policy"):
            add("GET", path, self._policies)

    async def _templates(self, call: Call) -> Reply:
        wanted, known = call.parts.get("name", "*"), self._known()
        if "*" in wanted:
            prefix = wanted.partition("*")[0]
            found = {n: pattern for n, pattern in known.items() if n.startswith(prefix)}
        else:
            found = {n: pattern for n, pattern in known.items() if n == wanted}
            if not found:
                return self._world.give("search.template_missing", name=wanted)
        described = [
            {"name": name, "index_template": {"index_patterns": [pattern], "composed_of": []}}
            for name, pattern in found.items()
        ]
        status = 200 if found or wanted == "*" else 404
        return Reply(status, {"index_templates": described}, self._world.engine.content_type)

    def _known(self) -> Mapping[str, str]:
        """Patterns by template name."""
        known = self._world.templates() | self._world.record_templates()
        return {n: pattern for n, pattern in known.items() if n not in self._world.conditions.templates_missing}

    async def _policies(self, call: Call) -> Reply:
        """List policies in the engine's own form; without any, OpenSearch has no plugin for them."""
        engine, names = self._world.engine, self._world.conditions.policies
        if call.path != engine.policies or (engine.policies_optional and not names):
            return self._world.give("search.no_plugin", path=call.path, method=call.method)
        body: dict[str, Any] = {name: {"version": 1, "policy": {"phases": {}}} for name in names}
        if engine.name == "opensearch":
            listed = [{"_id": name, "policy": {"policy_id": name, "states": []}} for name in names]
            body = {"policies": listed, "total_policies": len(names)}
        return Reply(200, body, engine.content_type)
