"""Operators, each in a small DAG of its own, on a stand-in."""
