"""Elasticsearch 8 and 9."""

from camunda_backup.storage.engine import Engine

# Without "none" a snapshot also takes the feature states of the engine's own plugins.
ENGINE = Engine("elasticsearch", (8, 9), None, "/_ilm/policy", {"feature_states": ["none"]})
