"""Tests; `tests/real` needs the embedded cluster."""
