"""A stand-in for Camunda 8 and its search engine: one process that answers like the real ones, on loopback only."""
