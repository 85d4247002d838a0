"""The proof: under load, a restored cluster is consistent. Its checks use plain HTTP and none of the DAGs' code."""
