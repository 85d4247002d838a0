"""Sensors, each alone against a stand-in."""
