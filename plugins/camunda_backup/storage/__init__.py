"""Search engines: one file and one line here for each."""

from camunda_backup.storage import elasticsearch, opensearch
from camunda_backup.storage.engine import Engine

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (elasticsearch.ENGINE, opensearch.ENGINE)}
