"""Camunda 8 on this machine alone, to try backups on: a program of its own (`python -m sandbox`).

The search engine is a real OpenSearch; a stand-in plays Camunda, or a distribution of the user's own is run
(`CAMUNDA_HOME`), beside which only Optimize is a stand-in.
Nothing in `dags/` or `plugins/` imports this package.
"""
