"""Camunda 8 on this machine alone, to try backups on: a program of its own (`python -m sandbox`).

The embedded cluster is the real Camunda 8.6 and OpenSearch, run from Python; only Optimize is a stand-in.
Nothing in `dags/` or `plugins/` imports this package.
"""
