"""Writes the JSON schema of cluster files for editors: ``python -m camunda_backup.schema > cluster.schema.json``."""

import json
import sys
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from camunda_backup.clusters import Cluster
from camunda_backup.fields import written
from camunda_backup.rdbms_clusters import RdbmsCluster


class _AsWritten(GenerateJsonSchema):
    def encode_default(self, dft: Any) -> Any:
        return written(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def cluster_schema() -> str:
    """Return the schema as JSON text."""
    keys, schema = models_json_schema(
        [(kind, "validation") for kind in (Cluster, RdbmsCluster)], schema_generator=_AsWritten
    )
    for kind in (Cluster, RdbmsCluster):
        own = schema["$defs"][kind.__name__]
        del own["properties"]["name"]
        own["required"].remove("name")
    choice = {
        "if": {
            "properties": {"secondary_storage": {"properties": {"engine": {"const": "rdbms"}}, "required": ["engine"]}}
        },
        "then": keys[RdbmsCluster, "validation"],
        "else": keys[Cluster, "validation"],
    }
    return json.dumps({"title": "Camunda cluster", "type": "object", **choice, **schema}, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(cluster_schema())
