"""OpenSearch 2 and 3."""

from camunda_backup.storage.engine import Engine

ENGINE = Engine("opensearch", (2, 3), "opensearch", "/_plugins/_ism/policies")
