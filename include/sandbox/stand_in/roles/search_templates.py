"""The search engine's index templates and life cycle policies."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.stand_in.messages import Call, Reply
from sandbox.stand_in.model.documents import RECORD_TYPES
from sandbox.stand_in.routes import Handler
from sandbox.stand_in.world import World


class SearchTemplates:
    """What the components put there at their first start, and what no snapshot of theirs brings back."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, add: Callable[[str, str, Handler], None]) -> None:
        """Add the paths; each engine has policies of its own kind."""
        add("GET", "/_index_template", self._templates)
        add("GET HEAD", "/_index_template/{name}", self._templates)
        if self._world.engine.name == "opensearch":
            add("GET", "/_plugins/_ism/policies", self._ism)
        else:
            add("GET", "/_ilm/policy", self._ilm)

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
        version = self._world.version("zeebe")
        names = [name for name in self._world.line.indices if name.endswith("_")]
        known = {f"{name}template": f"{name}*" for name in names}
        known |= {
            f"zeebe-record_{alias}_{version}": f"zeebe-record_{alias}_{version}_*" for alias in RECORD_TYPES.values()
        }
        return {n: pattern for n, pattern in known.items() if n not in self._world.conditions.templates_missing}

    async def _ism(self, _call: Call) -> Reply:
        body: dict[str, Any] = {"policies": [], "total_policies": 0}
        return Reply(200, body, self._world.engine.content_type)

    async def _ilm(self, _call: Call) -> Reply:
        return Reply(200, {}, self._world.engine.content_type)
