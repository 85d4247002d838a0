"""Waiting for backups."""
