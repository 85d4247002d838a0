"""Indices, queries and snapshots of the search engine the stand-in plays."""
