"""Writes the JSON schema of cluster files for editors: ``python -m camunda_backup.schema > cluster.schema.json``."""

import json
import sys
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from camunda_backup.clusters import Cluster
from camunda_backup.fields import written


class _AsWritten(GenerateJsonSchema):
    def encode_default(self, dft: Any) -> Any:
        return written(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def cluster_schema() -> str:
    """Return the schema as JSON text."""
    schema = Cluster.model_json_schema(schema_generator=_AsWritten)
    del schema["properties"]["name"]
    schema["required"].remove("name")
    return json.dumps({**schema, "title": "Camunda cluster", "description": Cluster.__doc__}, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(cluster_schema())
