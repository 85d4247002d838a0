"""Stopping, starting and restoring components, with real commands."""
