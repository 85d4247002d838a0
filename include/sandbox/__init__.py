"""Camunda 8 on this machine alone, to try backups on: a program of its own (`python -m sandbox`).

The embedded cluster is OpenSearch and an S3 store, run from Python, and before them a stand-in for Camunda 8.6.
Nothing in `dags/` or `plugins/` imports this package.
"""
