"""Waiting for backups without a worker."""
