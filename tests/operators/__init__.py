"""Operators, each alone on a stand-in."""
